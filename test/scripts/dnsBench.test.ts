import { expect } from "chai";
import { bench } from "../../scripts/bench/dns.bench.ts";
import { programOf } from "../../scripts/bench/dnsPeers.ts";

describe("bench dns", () => {
  it("returns its rows in a small run", async function () {
    if (!programOf("dnsperf")) {
      console.log("      skipped: dnsperf is not installed");
      this.skip();
    }
    const rows = await bench({ small: true, say: () => {}, args: [] });
    expect(rows.map(({ id }) => id.split(",")[0])).to.include.members([
      "dns.udp.batch",
      "dns.udp.dgram",
      "dns.tcp.pipelined",
    ]);
    for (const row of rows) expect(row.value).to.be.above(0);
  });
});
