import { expect } from "chai";
import { encodeFunctionData, type Hex } from "viem";
import { systemClock } from "../../src/base/clock.ts";
import { secureRandom } from "../../src/base/random.ts";
import { TYPE } from "../../src/dns/codes.ts";
import { decodeMessage } from "../../src/dns/decode.ts";
import { encodeMessage } from "../../src/dns/encode.ts";
import { createQuery, type Message } from "../../src/dns/message.ts";
import { formatRecord } from "../../src/dns/rdataText.ts";
import { createDnsHandler, type DnsHandler } from "../../src/gateway/dns/handler.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { domainOf, nameOf } from "../../src/gateway/zone/domain.ts";
import { createReplicaZones } from "../../src/gateway/zone/replicaZones.ts";
import { namehash } from "../../src/naming/namehash.ts";
import type { Replica } from "../../src/replica/replica.ts";
import { type Chain, deployWithDirectory, replicaOf } from "../support/gateway/chain.ts";

const wire = (name: string) => `${domainLabelsHex(name)}00`;
function domainLabelsHex(name: string): string {
  return name
    .split(".")
    .map((label) => `${label.length.toString(16).padStart(2, "0")}${Buffer.from(label).toString("hex")}`)
    .join("");
}

function record(name: string, rrtype: number, rdata: string): string {
  const length = (rdata.length / 2).toString(16).padStart(4, "0");
  return `${wire(name)}${rrtype.toString(16).padStart(4, "0")}00010000012c${length}${rdata}`;
}

const RECORDS = [
  record("shop.hold", 1, "c0000201"),
  record("www.shop.hold", 1, "c0000202"),
  record("*.wild.shop.hold", 16, "0378797a"),
  record("a.b.shop.hold", 1, "c0000203"),
];

describe("replica zones", function () {
  this.timeout(60_000);
  let chain: Chain;
  let replica: Replica;
  let handler: DnsHandler;
  /** Names that the gateway under test serves. */
  const own = new Set(["shop.hold"]);

  before(async () => {
    chain = await deployWithDirectory();
    const { registry, directory, register, governor, alice } = chain;
    await directory.write.registerGateway([
      {
        operator: governor.account.address,
        signer: governor.account.address,
        zone: 0,
        httpUrl: "http://g1.example.org",
        dnsEndpoint: "192.0.2.53:53",
      },
    ]);
    await directory.write.seedZone([0, Array(32).fill(BigInt(`0x${"0001".repeat(16)}`)) as never]);
    const data = encodeFunctionData({
      abi: registry.abi,
      functionName: "setDNSRecords",
      args: [namehash("shop.hold"), `0x${RECORDS.join("")}` as Hex],
    });
    await register({ label: "shop", owner: alice.account.address, data: [data] });
    await register({ label: "other", owner: alice.account.address });
    replica = replicaOf(chain).replica;
    await replica.step();
    const gateway = { serves: (name: string) => own.has(name) } as Gateway;
    const source = createReplicaZones({
      replica,
      gateway,
      registry: registry.address as Hex,
      tld: "hold",
      mirrorSuffix: "names.example.com",
    });
    handler = createDnsHandler({ source, clock: systemClock, random: secureRandom });
  });

  const ask = (name: string, type: number): Message => {
    const query = encodeMessage(createQuery(7, { name, type }));
    const reply = handler.handle(query, { address: "127.0.0.1", port: 5353 }, "tcp");
    if (!(reply instanceof Uint8Array)) throw new Error("no immediate reply");
    return decodeMessage(reply);
  };
  const lines = (records: Message["answers"]) => records.map(formatRecord).map((line) => line.replace(/\s+/g, " "));

  it("answers authoritatively for a name it serves", () => {
    const reply = ask("www.shop.hold", TYPE.A);
    expect(reply.isAuthoritative).to.equal(true);
    expect(lines(reply.answers)).to.deep.equal(["www.shop.hold. 300 IN A 192.0.2.2"]);
  });

  it("answers the same under the mirror suffix", () => {
    const reply = ask("www.shop.names.example.com", TYPE.A);
    expect(lines(reply.answers)).to.deep.equal(["www.shop.names.example.com. 300 IN A 192.0.2.2"]);
  });

  it("refers to the four virtual gateways of a name it does not serve, with glue", () => {
    const reply = ask("www.other.hold", TYPE.A);
    expect(reply.isAuthoritative).to.equal(false);
    expect(reply.answers).to.have.length(0);
    expect(reply.authorities).to.have.length(4);
    expect(lines(reply.authorities)[0]).to.match(/^other\.hold\. 300 IN NS g-0-\d+\.hold\.$/);
    expect(lines(reply.additionals)[0]).to.match(/^g-0-\d+\.hold\. 300 IN A 192\.0\.2\.53$/);
  });

  it("denies names that nobody registered, with the TLD's SOA", () => {
    const reply = ask("www.nobody.hold", TYPE.A);
    expect(reply.rcode).to.equal(3);
    expect(lines(reply.authorities)[0]).to.match(/^hold\. 60 IN SOA /);
  });

  it("denies them so too where this gateway is in the shard of those that nobody registered", () => {
    own.add("nobody.hold");
    expect(ask("nobody.hold", TYPE.A).rcode).to.equal(3);
    const reply = ask("www.nobody.hold", TYPE.A);
    expect(reply.rcode).to.equal(3);
    expect(lines(reply.authorities)[0]).to.match(/^hold\. 60 IN SOA /);
    own.delete("nobody.hold");
  });

  it("denies names that a served zone does not have, and tells empty ones apart", () => {
    expect(ask("nothing.shop.hold", TYPE.A).rcode).to.equal(3);
    const empty = ask("b.shop.hold", TYPE.A);
    expect([empty.rcode, empty.answers.length]).to.deep.equal([0, 0]);
  });

  it("expands wildcards", () => {
    expect(lines(ask("x.wild.shop.hold", TYPE.TXT).answers)).to.deep.equal(['x.wild.shop.hold. 300 IN TXT "xyz"']);
  });

  it("names the shard as the servers of a served zone", () => {
    const reply = ask("shop.hold", TYPE.NS);
    expect(lines(reply.answers)).to.have.length(4);
    expect(lines(reply.answers)[0]).to.match(/NS g-0-0\.hold\.$/);
  });

  it("sees a changed record with the next step, and not before", async () => {
    const { registry, alice } = chain;
    const rr: Hex = `0x${record("www.shop.hold", 1, "c0000263")}`;
    await registry.write.setDNSRecords([namehash("shop.hold"), rr], { account: alice.account });
    expect(lines(ask("www.shop.hold", TYPE.A).answers)).to.deep.equal(["www.shop.hold. 300 IN A 192.0.2.2"]);
    await replica.step();
    expect(lines(ask("www.shop.hold", TYPE.A).answers)).to.deep.equal(["www.shop.hold. 300 IN A 192.0.2.99"]);
  });

  it("serves no name after its lease is over", async () => {
    await chain.time.increase(366n * 86_400n);
    await chain.mine(1);
    await replica.step();
    expect(ask("other.hold", TYPE.A).rcode).to.equal(3);
    expect(ask("www.shop.hold", TYPE.A).rcode).to.equal(3);
  });

  it("returns names beyond ASCII in their A-label form, and back", () => {
    expect(domainOf("münchen.hold")).to.equal("xn--mnchen-3ya.hold");
    expect(nameOf("xn--mnchen-3ya.hold")).to.equal("münchen.hold");
    expect(nameOf("m\\195\\188nchen.hold")).to.equal("münchen.hold");
    expect(nameOf("_dmarc.shop.hold")).to.equal("_dmarc.shop.hold");
  });
});
