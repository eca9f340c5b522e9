import { expect } from "chai";
import {
  createLattice,
  createSearcher,
  DomainTooSmallError,
  DuplicateMemberError,
  ExhaustedSchemeError,
  type LatticeGateway,
  latticeShard,
  MissingDomainError,
  NoLatticeShardError,
  OverlapCapError,
  OverlapExceededError,
  simulateFailure,
  TooFewDomainsError,
  UnknownDimensionError,
  UnknownDomainError,
  UnknownMemberError,
  UnknownNameError,
  UnknownShardError,
} from "../../src/sharding/index.ts";

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, n) => from + n);
const shared = (left: readonly number[], right: readonly number[]) =>
  left.filter((member) => right.includes(member)).length;

describe("search", () => {
  it("keeps every pair within the cap on irregular domains, never beyond the packing bound", () => {
    const domains = [{ members: numbers(5) }, { members: numbers(7, 10) }, { members: numbers(11, 20) }];
    for (const overlapMax of [0, 1, 2]) {
      const searcher = createSearcher({ domains, overlapMax, seed: 3 });
      const shards: number[][] = [];
      expect(() => {
        for (;;) shards.push(searcher.assign());
      }).to.throw(ExhaustedSchemeError, `overlap ${overlapMax} exceeds ${[5, 35, 385][overlapMax]}`);
      shards.forEach((left, n) => {
        for (const right of shards.slice(0, n)) expect(shared(left, right)).to.be.at.most(overlapMax);
      });
      expect(searcher.capacityMax).to.equal([5n, 35n, 385n][overlapMax]);
      expect(shards.length).to.be.at.most(Number(searcher.capacityMax));
      expect(shards.length).to.be.at.least([5, 30, 385][overlapMax]!);
      expect(searcher.assignedCount).to.equal(shards.length);
    }
  });

  it("keeps shards whole with several members of one domain", () => {
    const searcher = createSearcher({ domains: [{ members: numbers(9), perShard: 3 }], overlapMax: 1, seed: 1 });
    expect(searcher.capacityMax).to.equal(12n);
    const shards: number[][] = [];
    expect(() => {
      for (;;) shards.push(searcher.assign());
    }).to.throw(ExhaustedSchemeError, "no scheme with overlap 1 exceeds 12");
    for (const shard of shards) expect(new Set(shard).size).to.equal(3);
    expect(shards.length).to.be.within(7, 12);
  });

  it("keeps the cap across a restart, and gives shards back", () => {
    const domains = [{ members: ["a1", "a2"] }, { members: ["b1", "b2"] }];
    const searcher = createSearcher({ domains, overlapMax: 0, seed: 1 });
    searcher.restore(["a1", "b2"]);
    expect(searcher.assign()).to.deep.equal(["a2", "b1"]);
    expect(() => searcher.assign()).to.throw(ExhaustedSchemeError);
    searcher.release(["a1", "b2"]);
    expect(searcher.assign()).to.deep.equal(["a1", "b2"]);
    expect(() => searcher.restore(["a1", "b1"])).to.throw(OverlapExceededError, "more than 0");
    expect(() => searcher.release(["a1", "b1"])).to.throw(UnknownShardError, "[a1, b1]");
    expect(() => searcher.restore(["a1", "zz"])).to.throw(UnknownMemberError, "zz");
  });

  it("rejects what cannot be, naming the bound", () => {
    const create = (members: number[], perShard: number, overlapMax: number) => () =>
      createSearcher({ domains: [{ members, perShard }], overlapMax, seed: 1 });
    expect(create([1, 2], 3, 0)).to.throw(DomainTooSmallError, "From 1 to 2");
    expect(create([1, 1], 1, 0)).to.throw(DuplicateMemberError, '"1"');
    expect(create([1, 2, 3], 2, 2)).to.throw(OverlapCapError, "0 to 1");
  });
});

/** Gateways on a grid of regions and operators, `perCell` in each. */
function grid(regions: number, operators: number, perCell: number): LatticeGateway[] {
  return numbers(regions * operators * perCell).map((id) => ({
    id,
    domains: { region: `r${id % regions}`, operator: `o${Math.floor(id / regions) % operators}` },
  }));
}

describe("lattice", () => {
  const lattice = createLattice(["region", "operator"], grid(4, 5, 3));
  const domains = new Map(lattice.gateways.map((gateway) => [gateway.id, gateway.domains]));
  const shards = new Map(
    numbers(500).map((n) => [`n${n}.hold`, latticeShard(lattice, { size: 4, key: `n${n}.hold`, seed: 9 })]),
  );

  it("returns shards of which no two members share a domain, the same every time", () => {
    for (const [name, shard] of shards) {
      for (const dimension of lattice.dimensions) {
        expect(new Set(shard.map((id) => domains.get(id)![dimension])).size).to.equal(4);
      }
      expect(latticeShard(lattice, { size: 4, key: name, seed: 9 })).to.deep.equal(shard);
    }
    expect(new Set([...shards.values()].map(String)).size).to.be.above(400);
  });

  it("returns exactly one lost member at most for the failure of any one domain", () => {
    for (const [dimension, value] of [
      ["region", "r2"],
      ["operator", "o4"],
    ] as const) {
      const report = simulateFailure(lattice, shards, { kind: "domain", dimension, value });
      for (const [name, lost] of report.lostMembers) {
        expect(lost).to.equal(shards.get(name)!.filter((id) => domains.get(id)![dimension] === value).length);
        expect(lost).to.be.at.most(1);
      }
      expect(report.deadNames).to.deep.equal([]);
    }
    const region = simulateFailure(lattice, shards, { kind: "domain", dimension: "region", value: "r2" });
    expect(region.nameCounts).to.deep.equal([0, 500, 0, 0, 0]);
  });

  it("returns the names that an attack on one name takes along", () => {
    const report = simulateFailure(lattice, shards, { kind: "names", names: ["n7.hold"] });
    expect(report.deadGateways).to.deep.equal(shards.get("n7.hold"));
    expect(report.deadNames).to.include("n7.hold");
    expect(report.nameCounts.reduce((sum, count) => sum + count)).to.equal(500);
    expect(simulateFailure(lattice, shards, { kind: "gateways", ids: [] }).nameCounts[0]).to.equal(500);
  });

  it("returns a shard on a lattice with empty cells where there is one", () => {
    const cells = [
      ["eu", "a"],
      ["us", "a"],
      ["us", "b"],
    ] as const;
    const sparse = createLattice(
      ["region", "operator"],
      cells.map(([region, operator], id) => ({ id: id + 1, domains: { region, operator } })),
    );
    for (const key of ["x", "y", "z"]) expect(latticeShard(sparse, { size: 2, key, seed: 1 })).to.deep.equal([1, 3]);
  });

  it("rejects what cannot be, naming the bound", () => {
    const place = (size: number) => () => latticeShard(lattice, { size, key: "x", seed: 1 });
    expect(place(5)).to.throw(TooFewDomainsError, /pigeonhole .* 1 to 4/);
    const line = createLattice(
      ["region", "operator"],
      [
        { id: 1, domains: { region: "eu", operator: "a" } },
        { id: 2, domains: { region: "us", operator: "a" } },
        { id: 3, domains: { region: "eu", operator: "b" } },
        { id: 4, domains: { region: "eu", operator: "c" } },
      ]
        .slice(0, 2)
        .concat([{ id: 5, domains: { region: "us", operator: "a" } }]),
    );
    expect(() => latticeShard(line, { size: 2, key: "x", seed: 1 })).to.throw(TooFewDomainsError, "1 of operator");
    const cross = createLattice(
      ["a", "b"],
      [
        { id: 1, domains: { a: "0", b: "0" } },
        { id: 2, domains: { a: "0", b: "1" } },
        { id: 3, domains: { a: "0", b: "2" } },
        { id: 4, domains: { a: "1", b: "0" } },
        { id: 5, domains: { a: "2", b: "0" } },
      ],
    );
    expect(() => latticeShard(cross, { size: 3, key: "x", seed: 1 })).to.throw(NoLatticeShardError, "No 3 gateways");
    expect(() => createLattice(["region"], [{ id: 1, domains: {} }])).to.throw(
      MissingDomainError,
      "Gateway 1 has no region",
    );
    const fail = (failure: Parameters<typeof simulateFailure>[2]) => () => simulateFailure(lattice, shards, failure);
    expect(fail({ kind: "domain", dimension: "colour", value: "red" })).to.throw(
      UnknownDimensionError,
      "region, operator",
    );
    expect(fail({ kind: "domain", dimension: "region", value: "mars" })).to.throw(UnknownDomainError, "mars");
    expect(fail({ kind: "names", names: ["nobody"] })).to.throw(UnknownNameError, "nobody");
  });
});
