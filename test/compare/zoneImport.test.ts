import { readFileSync } from "node:fs";
import { expect } from "chai";
import { NameClashError, parseNameMap, planImport } from "../../src/compare/zoneImport.ts";
import { TYPE, typeName } from "../../src/dns/codes.ts";
import { formatRdata } from "../../src/dns/rdataText.ts";
import { parseZoneFile } from "../../src/dns/zoneFile.ts";

const ZONE = `$TTL 300
$ORIGIN shop.co.uk.
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ NS ns1
ns1 A 192.0.2.53
@ MX 10 mail
mail A 192.0.2.25
www CNAME @
@ A 192.0.2.1
@ MX 20 mail.example.org.
`;

function plan(text: string, map?: string) {
  return planImport(parseZoneFile(text, "test.zone"), "hold", map ? parseNameMap(map, "map.txt", "hold") : undefined);
}

describe("planImport", () => {
  it("returns one name for each registrable domain, with its records moved", () => {
    const { names, skipped } = plan(ZONE);
    expect(names.map(({ name, domain }) => [name, domain])).to.deep.equal([["shop.hold", "shop.co.uk"]]);
    const text = names[0]!.rrsets.map(
      (set) =>
        `${set.name} ${typeName(set.type)} ${set.rdatas.map((rdata) => formatRdata(set.type, rdata)).join(", ")}`,
    );
    expect(text).to.deep.equal([
      "ns1.shop.hold A 192.0.2.53",
      "shop.hold MX 10 mail.shop.hold., 20 mail.example.org.",
      "mail.shop.hold A 192.0.2.25",
      "www.shop.hold CNAME shop.hold.",
      "shop.hold A 192.0.2.1",
    ]);
    expect(names[0]!.probe).to.deep.equal({ owner: "shop.hold", type: TYPE.A });
    expect(skipped).to.deep.equal([]);
  });

  it("rejects two domains that would become one name, and takes the map's word", () => {
    const two = `${ZONE}$ORIGIN shop.com.\n@ SOA ns1 hostmaster 1 7200 900 1209600 300\nwww A 192.0.2.9\n`;
    expect(() => plan(two)).to.throw(NameClashError, "shop.co.uk and shop.com would both become shop.hold.");
    expect(plan(two, "shop.com shop-us.hold # the other one").names.map(({ name }) => name)).to.deep.equal([
      "shop.hold",
      "shop-us.hold",
    ]);
  });

  it("rejects a map line that maps nothing, by its number", () => {
    expect(() => parseNameMap("\nshop.com\n", "map.txt", "hold")).to.throw('map.txt:2: "shop.com" maps nothing.');
    expect(() => parseNameMap("shop.com shop.eth", "map.txt", "hold")).to.throw("map.txt:1");
  });

  it("rejects a label that cannot be a name, naming what is wrong", () => {
    const text = "$TTL 60\n$ORIGIN a_b.com.\n@ SOA ns1 hostmaster 1 7200 900 1209600 300\nwww A 192.0.2.9\n";
    expect(() => plan(text)).to.throw("cannot be a name");
  });

  it("keeps the zone file that comes with Holdfast whole: 200 domains and more, the outage's first", () => {
    const file = "src/compare/zones/services.zone";
    const { names, skipped } = plan(readFileSync(file, "utf8"));
    expect(names.length).to.be.at.least(200);
    expect(skipped).to.deep.equal([]);
    expect(names[0]).to.deep.include({ name: "coindeskkorea.hold", domain: "coindeskkorea.com" });
    const www = names[0]!.rrsets.find((set) => set.name === "www.coindeskkorea.hold" && set.type === TYPE.A);
    expect(formatRdata(TYPE.A, www!.rdatas[0]!)).to.equal("52.79.105.202");
    const types = new Set(names.flatMap(({ rrsets }) => rrsets.map((set) => typeName(set.type))));
    expect([...types]).to.include.members(["A", "AAAA", "CNAME", "MX", "TXT", "SRV", "CAA"]);
  });
});
