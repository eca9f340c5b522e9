import { expect } from "chai";
import { bench } from "../../scripts/bench/sharding.bench.ts";

describe("bench sharding", () => {
  it("returns rows beside every peer, with guarantees kept", async () => {
    const rows = await bench({ small: true, say: () => {}, args: [] });
    for (const peer of ["kubernetes dealer", "infima simple", "dskit ring"]) {
      expect(rows.find((row) => row.id === "shards-per-second" && row.peer === peer)!.peerValue).to.be.above(0);
    }
    // Times depend on the machine; what the shards promise does not.
    for (const row of rows.filter(({ id }) => /changed|pairs/.test(id))) expect(row.ok, row.id).to.equal(true);
  });
});
