import { expect } from "chai";
import { bench } from "../../scripts/bench/simulation.bench.ts";

describe("the benchmark simulation", function () {
  this.timeout(120_000);

  it("returns a good row for every figure, on a small run", async () => {
    const rows = await bench({ small: true, say: () => {}, args: [] });
    // How fast this machine is just now is no matter of right or wrong.
    const judged = rows.filter((row) => !row.id.startsWith("million-probes"));
    expect(
      judged.filter((row) => row.ok !== true).map(({ id, value, peerValue }) => `${id}: ${value} ${peerValue}`),
    ).to.deep.equal([]);
    for (const start of [
      "dike-a-",
      "codns-",
      "tail-",
      "uy-ttl-",
      "recursives-",
      "burn-rate-",
      "rssac047-",
      "shards-",
      "kubernetes-",
      "live-",
      "interval-",
      "same-seed",
    ]) {
      expect(
        rows.some((row) => row.id.startsWith(start)),
        start,
      ).to.equal(true);
    }
  });
});
