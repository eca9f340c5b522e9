import { expect } from "chai";
import { TYPE } from "../../src/dns/codes.ts";
import { formatRecord } from "../../src/dns/rdataText.ts";
import { formatZoneFile, parseZoneFile, ZoneFileError } from "../../src/dns/zoneFile.ts";

const SOA = "@ 60 IN SOA ns1 hostmaster 1 2 3 4 5\n";

function linesOf(text: string, origin = "example.org"): string[] {
  return parseZoneFile(text, "test.zone", { origin }).flatMap(({ records }) => records.map(formatRecord));
}

function errorOf(text: string): ZoneFileError {
  try {
    parseZoneFile(text, "bad.zone", { origin: "example.org" });
  } catch (error) {
    if (error instanceof ZoneFileError) return error;
    throw error;
  }
  throw new Error("no error");
}

/** Presentation form in, presentation form out; `=` where it comes out as it went in. */
const RECORDS: [type: string, text: string, out?: string][] = [
  ["A", "192.0.2.1"],
  ["AAAA", "2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"],
  ["AAAA", "::", "::"],
  ["AAAA", "::ffff:192.0.2.1", "::ffff:192.0.2.1"],
  ["NS", "ns1", "ns1.example.org."],
  ["MX", "10 mail.example.net."],
  [
    "TXT",
    `"hello world" plain "semi;colon" "quote\\"d" "\\200"`,
    `"hello world" "plain" "semi;colon" "quote\\"d" "\\200"`,
  ],
  ["TXT", '""'],
  ["SRV", "1 2 443 www", "1 2 443 www.example.org."],
  ["CAA", '0 issue "ca.example.net; account=1"'],
  ["PTR", "host.example.org."],
  ["DS", "60485 5 1 2BB183AF5F22588179A53B0A 98631FAD1A292118", "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118"],
  [
    "DNSKEY",
    "256 3 5 AQPSKmynfzW4kyBv015MUG2DeIQ3 Cbl+BBZH4b/0PY1kxkmvHjcZc8no",
    "256 3 5 AQPSKmynfzW4kyBv015MUG2DeIQ3Cbl+BBZH4b/0PY1kxkmvHjcZc8no",
  ],
  ["TLSA", "3 1 1 0B9FA5A59EED715C26C1020C711B4F6EC42D58B0015E14337A39DAD301C5AFC3"],
  ["SSHFP", "2 1 123456789ABCDEF67890123456789ABCDEF67890"],
  ["NAPTR", '100 10 "U" "E2U+sip" "!^.*$!sip:info@example.com!" .'],
  [
    "HTTPS",
    '1 . alpn=h2,h3 port=8443 ipv6hint=2001:db8::1 ech="AAQ="',
    '1 . alpn="h2,h3" port=8443 ech=AAQ= ipv6hint=2001:db8::1',
  ],
  [
    "SVCB",
    '16 foo.example.org. mandatory=ipv4hint,alpn alpn="h2" ipv4hint=192.0.2.1',
    '16 foo.example.org. mandatory=alpn,ipv4hint alpn="h2" ipv4hint=192.0.2.1',
  ],
  ["SVCB", '1 . alpn="f\\\\\\\\oo\\\\,bar,h2"'],
  ["SVCB", '1 . key667="hello\\210qoo"'],
  ["NSEC", "host.example.org. A MX RRSIG NSEC TYPE1234"],
  ["NSEC3", "1 1 12 AABBCCDD 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR A RRSIG"],
  ["RRSIG", "A 5 3 86400 20030322173103 20030220173103 2642 example.com. oJB1W6WNGv+ldvQ3WDG0MQkg5IEhjRip8WTr"],
  ["LOC", "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000.00m 10.00m"],
  ["URI", '10 1 "ftp://ftp1.example.com/public"'],
  ["ALIAS", "target.example.net."],
  ["TYPE731", "\\# 6 abcd ( ef 01 23 45 )", "\\# 6 ABCDEF012345"],
  ["TYPE62347", "\\# 0"],
  ["A", "\\# 4 C0000201", "192.0.2.1"],
];

describe("parseZoneFile", () => {
  describe("records", () => {
    for (const [type, text, out] of RECORDS) {
      it(`returns ${type} ${text}`, () => {
        expect(linesOf(`${SOA}r 60 ${type} ${text}\n`)[1]).to.equal(`r.example.org.\t60\tIN\t${type}\t${out ?? text}`);
      });
    }
  });

  describe("syntax", () => {
    it("returns records of a file with every kind of shorthand", () => {
      const lines = linesOf(
        `; a comment
$ORIGIN Example.ORG. ; another
$TTL 1h30m
@ IN SOA ns1 hostmaster (
    2026112201 ; serial (not the end)
    2h 1h 2w 5m )
  NS ns1
  IN 300 NS ns2.example.net.
www 300 IN A 192.0.2.1
    A 192.0.2.2
$ORIGIN sub
a\\.b TXT ( "one"
   two )
* A 192.0.2.3
`,
        "",
      );
      expect(lines).to.deep.equal([
        "example.org.\t5400\tIN\tSOA\tns1.example.org. hostmaster.example.org. 2026112201 7200 3600 1209600 300",
        "example.org.\t5400\tIN\tNS\tns1.example.org.",
        "example.org.\t5400\tIN\tNS\tns2.example.net.",
        "www.example.org.\t300\tIN\tA\t192.0.2.1",
        "www.example.org.\t300\tIN\tA\t192.0.2.2",
        'a\\.b.sub.example.org.\t5400\tIN\tTXT\t"one" "two"',
        "*.sub.example.org.\t5400\tIN\tA\t192.0.2.3",
      ]);
    });

    it("returns several zones, each record in the one that encloses it", () => {
      const zones = parseZoneFile(
        `$TTL 60
$ORIGIN example.org.
@ SOA ns h 1 1 1 1 1
$ORIGIN example.net.
@ SOA ns h 1 1 1 1 1
www A 192.0.2.1
www.example.org. A 192.0.2.2
`,
        "two.zone",
      );
      expect(zones.map(({ apex, records }) => [apex, records.length])).to.deep.equal([
        ["example.org", 2],
        ["example.net", 2],
      ]);
    });

    it("returns what formatZoneFile writes", () => {
      const text = SOA + RECORDS.map(([type, rdata], index) => `r${index} 60 ${type} ${rdata}\n`).join("");
      const zones = parseZoneFile(text, "all.zone", { origin: "example.org" });
      expect(parseZoneFile(zones.map(formatZoneFile).join(""), "again.zone")).to.deep.equal(zones);
    });

    it("returns a repeated record once and one time to live for a set", () => {
      const lines = linesOf(`${SOA}a 60 A 192.0.2.1\na 90 A 192.0.2.1\na 90 A 192.0.2.2\n`);
      expect(lines.slice(1)).to.deep.equal([
        "a.example.org.\t60\tIN\tA\t192.0.2.1",
        "a.example.org.\t60\tIN\tA\t192.0.2.2",
      ]);
    });

    it("returns the records of an included file", () => {
      const [zone] = parseZoneFile(`${SOA}$INCLUDE more.zone sub\nlast 60 A 192.0.2.9\n`, "main.zone", {
        origin: "example.org",
        include: (file) => ({ file, text: "www 60 A 192.0.2.1\n" }),
      });
      expect(zone?.records.map(({ name }) => name)).to.deep.equal([
        "example.org",
        "www.sub.example.org",
        "last.example.org",
      ]);
    });

    it("returns CRLF files as others", () => {
      expect(linesOf(`${SOA}a 60 TXT x\n`.replaceAll("\n", "\r\n"))).to.deep.equal(linesOf(`${SOA}a 60 TXT x\n`));
    });
  });

  describe("errors", () => {
    const cases: [what: string, text: string, place: string, token: string, reason: RegExp][] = [
      ["an unknown type", `${SOA}foo BAR x\n`, "2:5", "BAR", /no record type/],
      ["a bad address", `${SOA}foo A 192.0.2.256\n`, "2:7", "192.0.2.256", /IPv4 address/],
      ["a bad IPv6 address", `${SOA}foo AAAA 2001:db8::1::2\n`, "2:10", "2001:db8::1::2", /IPv6 address/],
      ["a number out of range", `${SOA}foo MX 65536 x\n`, "2:8", "65536", /0 to 65535/],
      ["missing data", `${SOA}foo MX 10\n`, "2:8", "10", /a domain name, found the end/],
      ["a word too many", `${SOA}foo A 192.0.2.1 x\n`, "2:17", "x", /the end of the record/],
      ["an open parenthesis", "@ 60 SOA a b (1 2\n3 4 5\n", "1:14", "(", /never closed/],
      ["a stray parenthesis", `${SOA}a 60 A 192.0.2.1 )\n`, "2:18", ")", /without an opening/],
      ["an open quote", `${SOA}a 60 TXT "abc\n`, "2:10", '"abc', /closing quote/],
      ["an empty label", `${SOA}a..b 60 A 192.0.2.1\n`, "2:1", "a..b", /empty label/],
      ["a long label", `${SOA}${"a".repeat(64)} 60 A 192.0.2.1\n`, "2:1", "a".repeat(64), /63 bytes/],
      ["a bad name in the data", `${SOA}a 60 MX 10 x..y\n`, "2:12", "x..y", /empty label/],
      ["another class", `${SOA}a 60 CH TXT x\n`, "2:6", "CH", /not served/],
      [
        "a name outside",
        `${SOA}www.example.net. 60 A 192.0.2.1\n`,
        "2:1",
        "www.example.net.",
        /none of the file's zones/,
      ],
      ["CNAME and other data", `${SOA}w 60 CNAME x\nw 60 A 192.0.2.1\n`, "3:1", "w", /CNAME and A/],
      ["two CNAMEs", `${SOA}w 60 CNAME x\nw 60 CNAME y\n`, "3:1", "w", /two CNAME/],
      ["a second SOA", SOA + SOA, "2:9", "SOA", /second SOA/],
      ["no SOA", "a 60 A 192.0.2.1\n", "1:1", "a 60 A 192.0.2.1", /no SOA/],
      ["no time to live", "www A 192.0.2.1\n", "1:5", "A", /time to live/],
      ["an unknown directive", `${SOA}$GENERATE 1-2 a A 192.0.2.$\n`, "2:1", "$GENERATE", /unknown directive/],
      ["an include that is not allowed", `${SOA}$INCLUDE x\n`, "2:10", "x", /not allowed/],
      ["a meta type", `${SOA}a 60 ANY x\n`, "2:6", "ANY", /not a type of stored/],
      ["unknown data without \\#", `${SOA}a 60 TYPE999 abc\n`, "2:14", "abc", /hexadecimal/],
      ["a wrong length of unknown data", `${SOA}a 60 TYPE999 \\# 3 abcd\n`, "2:19", "abcd", /3 bytes/],
      ["a missing mandatory parameter", `${SOA}a 60 SVCB 1 . mandatory=alpn\n`, "2:15", "mandatory=alpn", /mandatory/],
      ["a duplicate parameter", `${SOA}a 60 SVCB 1 . port=1 port=2\n`, "2:22", "port=2", /service parameter/],
    ];
    for (const [what, text, place, token, reason] of cases) {
      it(`rejects ${what}, naming file, line, column and word`, () => {
        const error = errorOf(text);
        expect(`${error.file}:${error.line}:${error.column}`).to.equal(`bad.zone:${place}`);
        expect(error.token).to.equal(token);
        expect(error.message).to.match(reason);
        expect(error.code).to.equal("DNS_ZONE_FILE");
      });
    }
  });

  it("keeps the type of every record", () => {
    const [zone] = parseZoneFile(`${SOA}w 60 CNAME x\n`, "z", { origin: "example.org" });
    expect(zone?.records[1]?.type).to.equal(TYPE.CNAME);
  });
});
