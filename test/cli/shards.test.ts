import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { CommanderError } from "commander";
import { UsageError } from "../../src/cli/command.ts";
import { namehash } from "../../src/naming/index.ts";
import {
  bootstrapIndexOf,
  EmptyZoneError,
  IndexOutOfRangeError,
  SubsetImpossibleError,
} from "../../src/sharding/index.ts";
import { failureOf, runHoldfast } from "../support/program.ts";

const run = async (...args: string[]): Promise<string> => (await runHoldfast(args)).out;
const failure = (...args: string[]) => failureOf(run(...args));

describe("holdfast shard", () => {
  it("returns the slots of an index as JSON", async () => {
    const report = JSON.parse(await run("shard", "512", "--json"));
    expect(report).to.deep.equal({
      name: null,
      index: 512,
      kind: "registered",
      slots: [0, 1, 2, 4],
      virtualGateways: [0, 545, 1090, 1636],
    });
    expect(JSON.parse(await run("shard", "4294967295", "--json"))).to.include({ kind: "isolation" });
  });

  it("returns the bootstrap shard of the name under the TLD", async () => {
    const report = JSON.parse(await run("shard", "WWW.shop.hold", "--json"));
    expect(report).to.include({ name: "shop.hold", kind: "bootstrap", index: bootstrapIndexOf(namehash("shop.hold")) });
    expect(await run("shard", "shop.hold"))
      .to.include(`index ${report.index}`)
      .and.to.include("zone 3");
  });

  it("rejects what is no index and no name below the TLD", async () => {
    expect(await failure("shard", "4294967296")).to.be.instanceOf(IndexOutOfRangeError);
    expect(await failure("shard", "shop.example")).to.be.instanceOf(UsageError);
  });
});

describe("holdfast shards", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-shards-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("predicts", async () => {
    const prediction = JSON.parse(
      await run("shards", "predict", "--gateways", "64", "--per-name", "8", "--attack", "4", "--json"),
    );
    expect(prediction.attack.blastRadius).to.be.closeTo(0.0004886697053040446, 1e-15);
    expect(prediction.shardCount).to.equal("4426165368");
    const zoned = await run("shards", "predict", "--gateways", "2048", "--per-name", "4", "--zones", "4");
    expect(zoned).to.include("68719476736 shards").and.to.include("and a zone: lost");
    expect(zoned).to.include("at most 1 of 1000000 names");
    expect(await failure("shards", "predict", "--gateways", "3", "--per-name", "4")).to.be.instanceOf(
      SubsetImpossibleError,
    );
    expect(await failure("shards", "predict", "--gateways", "9", "--per-name", "4", "--zones", "4")).to.be.instanceOf(
      UsageError,
    );
    expect(await failure("shards", "predict", "--gateways", "x", "--per-name", "4")).to.be.instanceOf(CommanderError);
  });

  it("plans a join with the call the directory takes", async () => {
    const plan = JSON.parse(
      await run("shards", "plan", "join", "--per-zone", "2", "--zone", "0", "--seed", "7", "--json"),
    );
    expect(plan.moves).to.have.length(180);
    expect(plan.moveCountMin).to.equal(180);
    const [join, ...reserved] = plan.calls;
    const bits = join.slotSet.map((word: string) => BigInt(word).toString(2).replaceAll("0", "").length);
    expect([join.method, join.gatewayId, bits[0] + bits[1]]).to.deep.equal(["joinZone", 9, 170]);
    expect(reserved.map((call: { method: string }) => call.method)).to.deep.equal(
      new Array(10).fill("assignReservedSlot"),
    );
    expect(await run("shards", "plan", "join", "--per-zone", "2", "--zone", "0", "--seed", "7")).to.include(
      "180 slots of zone 0 move",
    );
  });

  it("plans a leave, a drain and a weight", async () => {
    const leave = JSON.parse(
      await run("shards", "plan", "leave", "--per-zone", "3", "--gateway", "5", "--seed", "7", "--json"),
    );
    expect(leave.calls[0].method).to.equal("leaveZone");
    const ordinary = leave.moves.filter((move: { slot: number }) => move.slot < 512);
    expect(leave.calls[0].successors).to.have.length(2 + 4 * ordinary.length);
    expect(Number(`0x${leave.calls[0].successors.slice(2, 6)}`)).to.equal(ordinary[0].to);
    expect(await run("shards", "plan", "drain", "--per-zone", "3", "--gateway", "5", "--seed", "7")).to.match(
      /5\s+171\s+0|5\s+170\s+0/,
    );
    const weigh = JSON.parse(
      await run(
        "shards",
        "plan",
        "weigh",
        "--per-zone",
        "2",
        "--gateway",
        "1",
        "--weight",
        "3",
        "--seed",
        "7",
        "--json",
      ),
    );
    expect(weigh.calls).to.equal(null);
    expect(weigh.moves.filter((move: { slot: number }) => move.slot < 512)).to.have.length(384 - 256);
    expect(
      await failure("shards", "plan", "leave", "--per-zone", "1", "--gateway", "1", "--seed", "7"),
    ).to.be.instanceOf(EmptyZoneError);
  });

  it("plans for the fleet of a file", async () => {
    const file = join(folder, "fleet.json");
    const gateways = [0, 1, 2, 3].map((zone) => ({ id: zone + 1, zone }));
    const table = Array.from({ length: 4 * 544 }, (_, id) => Math.floor(id / 544) + 1);
    writeFileSync(file, JSON.stringify({ gateways, table }));
    const plan = JSON.parse(
      await run("shards", "plan", "join", "--fleet", file, "--zone", "2", "--gateway", "77", "--seed", "1", "--json"),
    );
    expect(plan.moves.every((move: { from: number; to: number }) => move.from === 3 && move.to === 77)).to.equal(true);
    writeFileSync(file, JSON.stringify({ gateways, table: [1] }));
    expect(await failure("shards", "plan", "join", "--fleet", file, "--zone", "2", "--seed", "1")).to.be.instanceOf(
      UsageError,
    );
    expect(await failure("shards", "plan", "join", "--zone", "2", "--seed", "1")).to.be.instanceOf(UsageError);
    expect(await failure("shards", "plan", "join", "--per-zone", "2", "--seed", "1")).to.be.instanceOf(UsageError);
  });

  it("sizes a fleet beside what others do", async () => {
    const args = [
      "--availability",
      "0.9999",
      "--gateway-down",
      "0.01",
      "--zone-down",
      "0.001",
      "--price",
      "20",
      "--attack-time",
      "0.01",
    ];
    const sizing = JSON.parse(await run("shards", "size", ...args, "--json"));
    expect(sizing.best).to.include({ zoneCount: 4, gatewaysPerZone: 4, perName: 4, cost: 320 });
    const text = await run("shards", "size", ...args, "--any-shape");
    expect(text).to.include("full replication").and.to.include("2 x 6");
  });

  it("simulates an attack, beside its prediction, with a picture", async () => {
    const svg = join(folder, "blast.svg");
    const args = ["shards", "simulate", "--names", "5000", "--attacked", "3", "--seed", "5"];
    const report = JSON.parse(await run(...args, "--svg", svg, "--json"));
    expect(report.attack.names).to.have.length(3);
    expect(report.ticks[8].downCount).to.be.at.most(12);
    expect(readFileSync(svg, "utf8")).to.include("5,000 names, poison, seed 5");
    expect(await run(...args)).to.include("At the height");
    expect(JSON.parse(await run(...args, "--json"))).to.deep.equal(report);
    expect(await failure("shards", "simulate", "--scheme", "plain", "--svg", svg)).to.be.instanceOf(UsageError);
    expect(await run("shards", "simulate", "--kind", "outage", "--dead", "600", "--names", "2000")).to.include("600");
    expect(await run("shards", "simulate", "--kind", "flood", "--names", "2000", "--capacity", "50")).to.include(
      "shedding",
    );
  });

  it("draws eight workers without, with plain and with shuffle shards", async () => {
    const svg = join(folder, "workers.svg");
    const reports = JSON.parse(await run("shards", "simulate", "--workers", "--svg", svg, "--json"));
    expect(reports.map((report: { workersDown: number }) => report.workersDown)).to.deep.equal([8, 2, 2]);
    const shuffle = reports[2].customers.slice(0, 3);
    expect(shuffle).to.deep.equal([
      { name: "rainbow", members: [1, 4], lost: 2 },
      { name: "rose", members: [1, 8], lost: 1 },
      { name: "sunflower", members: [4, 6], lost: 1 },
    ]);
    expect(reports[2].answeredRatio).to.equal(1);
    expect(reports[1].answeredRatio).to.be.closeTo(6 / 7, 1e-12);
    expect(readFileSync(svg, "utf8")).to.include("No sharding: 7 of 7 other customers dead");
    expect(await run("shards", "simulate", "--workers")).to.include("8 of 8 workers down");
  });
});
