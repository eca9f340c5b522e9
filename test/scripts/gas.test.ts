import { expect } from "chai";
import { bench, json } from "../../scripts/bench/gas.bench.ts";

const IDS = [
  "commit",
  "register.bare.holder",
  "register.bare.first",
  "register.full.first",
  "register.full.holder",
  "renew",
  "renewMany.per",
  "transfer",
  "subname",
  "setAddr.first",
  "setAddr.update",
  "setText31.first",
  "setText31.update",
  "setText66.first",
  "setContenthash.first",
  "setContenthash.update",
  "dnsA.first",
  "dnsA.update",
  "primary.first",
  "primary.update",
  "multicall.first",
  "resolve.addr",
  "reverse.addr",
  "shard.index",
  "shard.gateways",
];

describe("npm run gas", () => {
  it("returns every row in the table's order, as committed in .gas-snapshot, each below ENS v1 but commit", async () => {
    const rows = json(await bench({ small: true, say: () => {}, args: ["--check"] }));
    expect(rows.map((row) => row.id)).to.deep.equal(IDS);
    for (const row of rows) {
      expect(Object.keys(row)).to.deep.equal(["id", "gas", "goal", "ensV1", "ratio"]);
      if (row.ratio !== null && row.id !== "commit") expect(row.ratio, row.id).to.be.below(0.9);
    }
  });
});
