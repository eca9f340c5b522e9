import { expect } from "chai";
import { TYPE } from "../../../src/dns/codes.ts";
import { parseRdata } from "../../../src/dns/rdataText.ts";
import { ask, handlerOf, queryOf, textOf } from "./support.ts";

const SOA = "au example.org. 300 IN SOA ns1.example.org. hostmaster.example.org. 2026112201 7200 3600 1209600 300";
const WWW2 = "an www2.example.org. 3600 IN A 192.0.2.8";
const SUB = [
  "au sub.example.org. 3600 IN NS ns.sub.example.org.",
  "au sub.example.org. 3600 IN NS ns.other.example.",
  "ad ns.sub.example.org. 3600 IN A 192.0.2.11",
  "ad ns.sub.example.org. 3600 IN AAAA 2001:db8::11",
];

const CASES: [what: string, name: string, type: string, lines: string[]][] = [
  ["an address", "www2.example.org", "A", ["NOERROR aa", WWW2]],
  ["names in any case", "WwW2.eXample.ORG", "A", ["NOERROR aa", WWW2.replace("www2.example.org", "WwW2.eXample.ORG")]],
  ["the SOA", "example.org", "SOA", ["NOERROR aa", SOA.replace("au", "an").replace("300", "3600")]],
  [
    "name servers with the addresses known",
    "example.org",
    "NS",
    [
      "NOERROR aa",
      "an example.org. 3600 IN NS ns1.example.org.",
      "an example.org. 3600 IN NS ns2.example.net.",
      "ad ns1.example.org. 60 IN A 192.0.2.1",
    ],
  ],
  [
    "an alias and where it leads",
    "www.example.org",
    "A",
    ["NOERROR aa", "an www.example.org. 3600 IN CNAME www2.example.org.", WWW2],
  ],
  [
    "an alias alone when that is asked",
    "www.example.org",
    "CNAME",
    ["NOERROR aa", "an www.example.org. 3600 IN CNAME www2.example.org."],
  ],
  [
    "an alias that leads out",
    "ext.example.org",
    "A",
    ["NOERROR aa", "an ext.example.org. 3600 IN CNAME foo.example.com."],
  ],
  [
    "an alias that leads to nothing",
    "dead.example.org",
    "A",
    ["NXDOMAIN aa", "an dead.example.org. 3600 IN CNAME nothing.example.org.", SOA],
  ],
  [
    "an alias that leads below a cut",
    "into.example.org",
    "A",
    ["NOERROR aa", "an into.example.org. 3600 IN CNAME www.sub.example.org.", ...SUB],
  ],
  [
    "a loop of aliases, once around",
    "l1.example.org",
    "A",
    [
      "NOERROR aa",
      "an l1.example.org. 3600 IN CNAME l2.example.org.",
      "an l2.example.org. 3600 IN CNAME l1.example.org.",
    ],
  ],
  ["NODATA", "www2.example.org", "AAAA", ["NOERROR aa", SOA]],
  ["NODATA at an empty non-terminal", "b.c.example.org", "A", ["NOERROR aa", SOA]],
  ["NXDOMAIN", "nothing.example.org", "A", ["NXDOMAIN aa", SOA]],
  ["NXDOMAIN below a leaf", "x.www2.example.org", "A", ["NXDOMAIN aa", SOA]],
  [
    "a wildcard's data under the asked name",
    "foo.bar.wild.example.org",
    "TXT",
    ["NOERROR aa", 'an foo.bar.wild.example.org. 3600 IN TXT "wildcard"'],
  ],
  ["a wildcard's NODATA", "foo.wild.example.org", "A", ["NOERROR aa", SOA]],
  ["no wildcard where a name exists", "host.wild.example.org", "TXT", ["NOERROR aa", SOA]],
  ["no wildcard below a name that exists", "x.host.wild.example.org", "TXT", ["NXDOMAIN aa", SOA]],
  [
    "a wildcard alias",
    "x.cwild.example.org",
    "A",
    ["NOERROR aa", "an x.cwild.example.org. 3600 IN CNAME www2.example.org.", WWW2],
  ],
  [
    "the wildcard itself when asked by name",
    "*.wild.example.org",
    "TXT",
    ["NOERROR aa", 'an *.wild.example.org. 3600 IN TXT "wildcard"'],
  ],
  ["a referral at a cut", "sub.example.org", "A", ["NOERROR", ...SUB]],
  ["a referral below a cut", "a.b.sub.example.org", "TXT", ["NOERROR", ...SUB]],
  ["a referral for glue", "ns.sub.example.org", "A", ["NOERROR", ...SUB]],
  ["NODATA for DS at a cut, from above", "sub.example.org", "DS", ["NOERROR aa", SOA]],
  [
    "what a DNAME stands for",
    "x.dn.example.org",
    "A",
    [
      "NOERROR aa",
      "an dn.example.org. 3600 IN DNAME target.example.org.",
      "an x.dn.example.org. 3600 IN CNAME x.target.example.org.",
      "an x.target.example.org. 3600 IN A 192.0.2.12",
    ],
  ],
  [
    "a service and its host's address",
    "_sip._udp.example.org",
    "SRV",
    [
      "NOERROR aa",
      "an _sip._udp.example.org. 3600 IN SRV 1 2 5060 mail.example.org.",
      "ad mail.example.org. 3600 IN A 192.0.2.7",
    ],
  ],
  [
    "data of an unknown type",
    "unknown.example.org",
    "TYPE731",
    ["NOERROR aa", "an unknown.example.org. 3600 IN TYPE731 \\# 3 ABCDEF"],
  ],
  ["an ALIAS at the apex, flattened", "example.org", "A", ["NOERROR aa", "an example.org. 3600 IN A 192.0.2.8"]],
  ["an ALIAS without data of the type", "example.org", "AAAA", ["NOERROR aa", SOA]],
  [
    "one set for ANY",
    "example.org",
    "ANY",
    [
      "NOERROR aa",
      "an example.org. 3600 IN NS ns1.example.org.",
      "an example.org. 3600 IN NS ns2.example.net.",
      "ad ns1.example.org. 60 IN A 192.0.2.1",
    ],
  ],
  ["REFUSED outside its zones", "www.example.com", "A", ["REFUSED"]],
  ["SERVFAIL for a loop of ALIAS records", "a1.example.org", "A", ["SERVFAIL"]],
  [
    "names stored in upper case",
    "upper.example.org",
    "A",
    ["NOERROR aa", "an upper.example.org. 3600 IN A 192.0.2.13"],
  ],
];

describe("createDnsHandler", () => {
  describe("answers", () => {
    const handler = handlerOf();
    for (const [what, name, type, lines] of CASES) {
      it(`returns ${what}`, async () => {
        expect(textOf(await ask(handler, queryOf(name, type)))).to.deep.equal(lines);
        const [head, ...rest] = textOf(await ask(handler, queryOf(name, type), { transport: "tcp" }));
        expect([head, ...rest]).to.deep.equal(lines);
      });
    }
  });

  describe("ALIAS outside", () => {
    it("returns the addresses the resolver finds, and asks it once while they are fresh", async () => {
      let count = 0;
      const handler = handlerOf(undefined, {
        resolveAddress: async (target, type) => {
          count += 1;
          expect([target, type]).to.deep.equal(["far.example.com", TYPE.A]);
          return { ttlSeconds: 120, rdatas: [parseRdata(TYPE.A, "203.0.113.9")] };
        },
      });
      const both = await Promise.all([
        ask(handler, queryOf("far.example.org", "A")),
        ask(handler, queryOf("far.example.org", "A")),
      ]);
      for (const answer of [...both, await ask(handler, queryOf("far.example.org", "A"))]) {
        expect(textOf(answer)).to.deep.equal(["NOERROR aa", "an far.example.org. 120 IN A 203.0.113.9"]);
      }
      expect(count).to.equal(1);
    });

    it("returns SERVFAIL, not absence, when the resolver fails", async () => {
      const handler = handlerOf(undefined, { resolveAddress: () => Promise.reject(new Error("down")) });
      expect(textOf(await ask(handler, queryOf("far.example.org", "A")))).to.deep.equal(["SERVFAIL"]);
    });

    it("returns NODATA when the target has none", async () => {
      const handler = handlerOf(undefined, { resolveAddress: async () => undefined });
      expect(textOf(await ask(handler, queryOf("far.example.org", "AAAA")))).to.deep.equal(["NOERROR aa", SOA]);
    });
  });
});
