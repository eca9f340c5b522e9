import { expect } from "chai";
import { seededRandom } from "../../src/base/random.ts";
import {
  type Assignment,
  type AssignOptions,
  type Attack,
  assignNames,
  drawFleet,
  drawWorkers,
  expectedTries,
  fullSchemeOverlapCounts,
  PerNameTooLargeError,
  playBlast,
  predictLosses,
  type SchemeName,
  SubsetImpossibleError,
  statesOf,
  UnknownAttackTargetError,
} from "../../src/sharding/index.ts";
import { chiSquareP, upperGamma } from "./chiSquare.ts";

const SEED = Number(process.env.SHARDING_SEED ?? 20_261_122);
/** A fair simulator fails a test of this level once in a thousand seeds. */
const LEVEL = 0.001;
const PLENTY = 1e9;

function random(purpose: string) {
  return seededRandom(SEED, `test/${purpose}`);
}

function play(assignment: Assignment, attack: Attack, purpose: string, options: Partial<playBlast.Options> = {}) {
  const base = {
    assignment,
    attack,
    ticks: 2,
    attackFrom: 0,
    capacity: PLENTY,
    requestsPerTick: 1,
    random: random(purpose),
  };
  return playBlast({ ...base, ...options });
}

describe("chiSquare", () => {
  it("returns the published quantiles", () => {
    expect(upperGamma(1 / 2, 3.841459 / 2)).to.be.closeTo(0.05, 1e-6);
    expect(upperGamma(5, 18.307038 / 2)).to.be.closeTo(0.05, 1e-6);
    expect(upperGamma(2, 0.1)).to.be.closeTo(Math.exp(-0.1) * 1.1, 1e-12);
    expect(chiSquareP([900, 100], [0.8, 0.2])).to.be.below(1e-9);
  });
});

describe("blast", () => {
  before(() => {
    console.log(`      seed ${SEED} (SHARDING_SEED)`);
  });

  /** One other name out of each of many runs: independent samples of the unconditional law. */
  function sampleLosses(
    scheme: SchemeName,
    shape: Pick<AssignOptions, "gatewayCount" | "perName">,
    attackedCount: number,
    runs: number,
  ): number[] {
    const source = random(`losses/${scheme}/${attackedCount}`);
    const counts: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const assignment = assignNames({ scheme, ...shape, nameCount: attackedCount + 1, random: source });
      const names = Array.from({ length: attackedCount }, (_, n) => n);
      const { lostMembers } = playBlast({
        assignment,
        attack: { kind: "poison", names },
        ticks: 1,
        attackFrom: 0,
        capacity: PLENTY,
        requestsPerTick: 1,
        random: source,
      });
      const lost = lostMembers[attackedCount]!;
      counts[lost] = (counts[lost] ?? 0) + 1;
    }
    return Array.from(counts, (count) => count ?? 0);
  }

  for (const [scheme, gatewayCount, perName, attackedCount] of [
    ["shuffle", 8, 2, 1],
    ["shuffle", 8, 2, 3],
    ["shuffle", 16, 4, 2],
    ["plain", 8, 2, 1],
    ["plain", 12, 3, 2],
  ] as const) {
    it(`returns losses within sampling error of the closed form: ${scheme}, ${perName} of ${gatewayCount}, ${attackedCount} attacked`, () => {
      const counts = sampleLosses(scheme, { gatewayCount, perName }, attackedCount, 4000);
      const predicted = predictLosses(
        { scheme, gatewayCount, perName },
        { kind: "poison", names: counts.slice(0, attackedCount).map((_, n) => n) },
      );
      expect(chiSquareP(counts, predicted), `seed ${SEED}`).to.be.above(LEVEL);
    });
  }

  it("returns losses within sampling error for random names of the 4 x 512 fleet", () => {
    const source = random("holdfast");
    const assignment = assignNames({
      scheme: "holdfast",
      nameCount: 200_000,
      gatewayCount: 2048,
      perName: 4,
      random: source,
    });
    const names = Array.from({ length: 300 }, () => source.below(200_000));
    const run = play(assignment, { kind: "poison", names }, "holdfast-play", { ticks: 1 });
    const others = Array.from({ length: 5000 }, () => source.below(200_000)).filter((name) => !names.includes(name));
    const counts = [0, 0, 0, 0, 0];
    for (const name of others) counts[run.lostMembers[name]!]! += 1;
    const predicted = predictLosses({ scheme: "holdfast", gatewayCount: 2048, perName: 4 }, { kind: "poison", names });
    expect(chiSquareP(counts, predicted), `seed ${SEED}`).to.be.above(LEVEL);
  });

  it("returns exactly the closed form's counts where it is exact: one name of a full prefix", () => {
    const nameCount = 512 ** 2;
    const assignment = assignNames({
      scheme: "holdfast",
      nameCount,
      gatewayCount: 2048,
      perName: 4,
      random: random("exact"),
    });
    const run = play(assignment, { kind: "poison", names: [4711] }, "exact-play");
    expect(run.ticks[1]!.nameCounts).to.deep.equal(fullSchemeOverlapCounts(4, 512, 1).map(Number));
  });

  it("returns losses within sampling error for random dead gateways, and the mean number of tries", () => {
    const source = random("outage");
    const assignment = assignNames({
      scheme: "shuffle",
      nameCount: 20_000,
      gatewayCount: 40,
      perName: 4,
      random: source,
    });
    const gateways = [3, 5, 8, 13, 21, 34, 39, 0, 1, 2];
    const run = play(assignment, { kind: "outage", gateways }, "outage-play", { ticks: 1 });
    const predicted = predictLosses({ scheme: "shuffle", gatewayCount: 40, perName: 4 }, { kind: "outage", gateways });
    const { nameCounts, tryCount, answeredCount, requestCount } = run.ticks[0]!;
    expect(chiSquareP(nameCounts, predicted), `seed ${SEED}`).to.be.above(LEVEL);
    expect(answeredCount).to.equal(requestCount - nameCounts[4]!);
    const tries = nameCounts.reduce((sum, count, lost) => sum + count * (lost === 4 ? 4 : expectedTries(4, lost)), 0);
    // 20,000 requests with a deviation of at most one try each: five standard errors.
    expect(Math.abs(tryCount - tries)).to.be.below(5 * Math.sqrt(20_000));
  });

  it("keeps rose and sunflower alive when rainbow poisons its workers", () => {
    const customers = [
      [0, 3],
      [0, 7],
      [3, 5],
    ];
    const assignment = { gatewayCount: 8, nameCount: 3, perName: 2, members: Uint16Array.from(customers.flat()) };
    const run = play(assignment, { kind: "poison", names: [0] }, "rainbow", {
      ticks: 12,
      attackFrom: 3,
      attackUntil: 9,
      requestsPerTick: 20,
    });
    expect([...run.lostGateways]).to.deep.equal([1, 0, 0, 1, 0, 0, 0, 0]);
    const during = run.ticks[7]!;
    expect(during.downCount).to.equal(2);
    expect(during.nameCounts).to.deep.equal([0, 2, 0]);
    expect(during.answeredCount).to.equal(during.requestCount);
    expect(run.ticks[2]!.nameCounts).to.deep.equal([2, 0, 0]);
    expect(run.ticks[9]!.nameCounts).to.deep.equal([2, 0, 0]);
    expect(run.worst.tick).to.equal(8);
  });

  it("returns everybody dead without sharding, and a quarter with plain shards", () => {
    const lossesOf = (scheme: SchemeName) => {
      const assignment = assignNames({ scheme, nameCount: 4000, gatewayCount: 8, perName: 2, random: random(scheme) });
      return statesOf(play(assignment, { kind: "poison", names: [0] }, `play-${scheme}`).ticks[1]!.nameCounts);
    };
    expect(lossesOf("none")).to.deep.equal({ untouched: 0, degraded: 0, dead: 3999 });
    expect(lossesOf("plain").dead / 3999).to.be.closeTo(1 / 4, 0.04);
    expect(lossesOf("shuffle").dead / 3999).to.be.closeTo(1 / 28, 0.02);
  });

  it("keeps a flood from names that share none of its members, and sheds at those that do", () => {
    const assignment = { gatewayCount: 4, nameCount: 3, perName: 2, members: Uint16Array.of(0, 1, 1, 2, 2, 3) };
    const run = play(assignment, { kind: "flood", names: [0], requestsPerTick: 10_000 }, "flood", {
      capacity: 100,
      requestsPerTick: 30,
    });
    const last = run.ticks[1]!;
    expect(last).to.include({ downCount: 0, sheddingCount: 2 });
    expect([...run.lostMembers]).to.deep.equal([2, 1, 0]);
    expect(last.answeredCount).to.be.at.least(last.requestCount - 1);
    expect(last.tryCount).to.be.above(last.requestCount);
  });

  it("keeps counting a fraction of a request as a chance", () => {
    const assignment = assignNames({
      scheme: "shuffle",
      nameCount: 10_000,
      gatewayCount: 20,
      perName: 3,
      random: random("fraction"),
    });
    const run = play(assignment, { kind: "outage", gateways: [] }, "fraction-play", { requestsPerTick: 0.25 });
    expect(run.ticks[0]!.requestCount).to.be.within(2200, 2800);
  });

  it("returns the same run for the same seed", () => {
    const assignment = assignNames({
      scheme: "shuffle",
      nameCount: 300,
      gatewayCount: 20,
      perName: 3,
      random: random("same"),
    });
    const once = () =>
      play(assignment, { kind: "flood", names: [1], requestsPerTick: 500 }, "same-play", { capacity: 60 }).ticks;
    expect(once()).to.deep.equal(once());
  });

  it("rejects targets and shapes that do not exist", () => {
    const assignment = { gatewayCount: 4, nameCount: 1, perName: 2, members: Uint16Array.of(0, 1) };
    expect(() => play(assignment, { kind: "poison", names: [1] }, "x")).to.throw(UnknownAttackTargetError, "0 to 0");
    expect(() => play({ ...assignment, perName: 3 }, { kind: "poison", names: [0] }, "x")).to.throw(
      PerNameTooLargeError,
      "1 to 31",
    );
    const assign = (scheme: SchemeName, perName: number) => () =>
      assignNames({ scheme, nameCount: 2, gatewayCount: 8, perName, random: random("x") });
    expect(assign("plain", 3)).to.throw(SubsetImpossibleError);
    expect(assign("shuffle", 9)).to.throw(SubsetImpossibleError, "1 to 8");
  });
});

describe("picture", () => {
  it("returns well-formed SVG that shows the run", () => {
    const assignment = assignNames({
      scheme: "holdfast",
      nameCount: 2000,
      gatewayCount: 2048,
      perName: 4,
      random: random("picture"),
    });
    const attack = { kind: "poison", names: [1, 2] } as const;
    const run = play(assignment, attack, "picture-play");
    const svg = drawFleet({
      title: "A < B",
      run,
      predicted: predictLosses({ scheme: "holdfast", gatewayCount: 2048, perName: 4 }, attack),
    });
    expect(svg)
      .to.match(/^<svg [^>]*role="img"/)
      .and.to.match(/<\/svg>\n$/);
    expect(svg).to.include("A &lt; B").and.to.include("zone 3: 2 of 512 lost");
    expect(svg).not.to.include("NaN");
    const opened = svg.match(/<(svg|g|text|title)[ >]/g)!.length;
    expect(svg.match(/<\/(svg|g|text|title)>/g)!.length).to.equal(opened);
  });

  it("returns a panel per scheme with the share of dead customers", () => {
    const members = [
      [0, 3],
      [0, 7],
      [3, 5],
    ];
    const assignment = { gatewayCount: 8, nameCount: 3, perName: 2, members: Uint16Array.from(members.flat()) };
    const run = play(assignment, { kind: "poison", names: [0] }, "panel", { requestsPerTick: 20 });
    const customers = ["rainbow", "rose", "sunflower"].map((name, n) => ({ name, members: members[n]! }));
    const svg = drawWorkers([{ title: "Shuffle sharding", customers, attacked: 0, run }]);
    expect(svg).to.include("Shuffle sharding: 0 of 2 other customers dead").and.to.include("4 down");
    expect(svg).not.to.include("NaN");
  });
});
