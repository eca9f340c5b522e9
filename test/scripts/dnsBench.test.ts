import { expect } from "chai";
import { bench } from "../../scripts/bench/dns.bench.ts";
import { programOf } from "../../scripts/bench/process.ts";
import { needPrograms } from "../support/tools.ts";

describe("bench dns", function () {
  this.timeout(120_000);

  it("returns its rows in a small run", async function () {
    needPrograms(this, "dnsperf");
    const rows = await bench({ small: true, say: () => {}, args: [] });
    expect(rows.map(({ id }) => id.split(",")[0])).to.include.members([
      "dns.udp.batch",
      "dns.udp.dgram",
      "dns.tcp.pipelined",
    ]);
    if (programOf("wrk")) expect(rows.map(({ id }) => id.split(",")[0])).to.include("http.doh.get");
    for (const row of rows) expect(row.value, row.id).to.be.above(0);
  });
});
