import { expect } from "chai";
import fc from "fast-check";
import type { Resolution } from "../../src/client/resolution.ts";
import {
  addName,
  type Behaviour,
  createWorld,
  EXCHANGE_MS,
  gatewayUrl,
  type World,
} from "../support/client/gatewayWorld.ts";

const ADDR = { kind: "addr", coinType: 60n } as const;
const VALUE = `0x${"aa".repeat(20)}`;

function worldWithName(): World {
  const world = createWorld();
  addName(world, "shop.hold", 5);
  return world;
}

/** Teaches a client the name's shard, so that what follows concerns its own four alone. */
async function warmClient(world: World) {
  const client = world.client({ cache: false });
  await world.run(client.resolve("shop.hold", ADDR));
  return client;
}

/** The order in which that client asks the name's four. */
function askedOrder(resolution: Resolution): number[] {
  return [...resolution.trace]
    .sort((left, right) => left.startedAtMs - right.startedAtMs)
    .map((attempt) => Number(/g(\d+)/.exec(attempt.endpoint)?.[1]));
}

async function orderFor(world: World): Promise<number[]> {
  const client = await warmClient(world);
  const first = askedOrder(await world.run(client.resolve("shop.hold", ADDR)));
  return [...first, ...world.shardOf("shop.hold").filter((id) => !first.includes(id))];
}

describe("gateways path", () => {
  it("returns what two of the name's four sign alike", async () => {
    const world = worldWithName();
    const client = await warmClient(world);
    const told = await world.run(client.resolve("shop.hold", ADDR));
    expect(told).to.include({
      outcome: "answered",
      value: VALUE,
      path: "gateways",
      evidence: "signature",
      ttlSeconds: 300,
    });
    expect(told.block?.number).to.equal(1_000n);
    expect(told.trace.map((attempt) => attempt.outcome)).to.deep.equal(["answered", "answered"]);
    expect(told.durationMs).to.be.within(EXCHANGE_MS, EXCHANGE_MS + 1);
  });

  it("asks the name's own four only, once it knows them", async () => {
    const world = worldWithName();
    const client = await warmClient(world);
    world.hits.clear();
    for (let round = 0; round < 5; round += 1) await world.run(client.resolve("shop.hold", ADDR));
    expect(world.shardOf("shop.hold")).to.include.members([...world.hits.keys()]);
  });

  it("returns absence of a record, of an unregistered name and of a subname as proven by two", async () => {
    const world = worldWithName();
    const client = world.client();
    const missing = await world.run(client.resolve("shop.hold", { kind: "contenthash" }));
    expect(missing).to.include({ outcome: "absent", value: null, evidence: "signature" });
    const unregistered = await world.run(client.resolve("nobody.hold", ADDR));
    expect(unregistered).to.include({ outcome: "absent", value: null, evidence: "signature" });
    const below = await world.run(client.resolve("www.shop.hold", ADDR));
    expect(below).to.include({ outcome: "absent", value: null, evidence: "signature" });
    expect(below.status?.closest).to.equal("shop.hold");
  });

  const bad: readonly (readonly [string, Behaviour])[] = [
    ["is down", "unreachable"],
    ["hangs", "hangs"],
    ["says 500", { status: 500 }],
    ["says 404", { status: 404 }],
    ["says 400", { status: 400 }],
    ["says 429", { status: 429, retryAfter: "30" }],
    ["redirects", { status: 302 }],
    ["lies", "lies"],
    ["signs with another key", "badSignature"],
    ["answers for another name", "otherName"],
    ["leaves a record out", "dropsRecord"],
    ["answers from long ago", "old"],
    ["answers from the future", "future"],
    ["sends junk", "junk"],
    ["sends nothing", "empty"],
    ["sends without end", "huge"],
  ];
  for (const [what, behaviour] of bad) {
    it(`returns the right value within 400 ms when the first gateway ${what}`, async () => {
      const world = worldWithName();
      const [first] = await orderFor(world);
      const client = await warmClient(world);
      world.behaviours.set(first!, behaviour);
      const told = await world.run(client.resolve("shop.hold", ADDR));
      expect(told).to.include({ outcome: "answered", value: VALUE });
      expect(told.durationMs).to.be.below(400);
      const tried = told.trace.find((attempt) => attempt.endpoint === gatewayUrl(first!));
      expect(tried?.outcome).to.not.equal("answered");
    });

    // Two that lie alike are what this kind of evidence cannot withstand; proofs do.
    if (behaviour === "lies") continue;
    it(`returns the right value within 700 ms when the first two ${what}`, async () => {
      const world = worldWithName();
      const [first, second] = await orderFor(world);
      const client = await warmClient(world);
      world.behaviours.set(first!, behaviour).set(second!, behaviour);
      const told = await world.run(client.resolve("shop.hold", ADDR));
      expect(told).to.include({ outcome: "answered", value: VALUE });
      expect(told.durationMs).to.be.below(700);
    });
  }

  it("keeps in the trace the block that a reply was rejected for, and no other", async () => {
    const world = worldWithName();
    const [first] = await orderFor(world);
    const client = await warmClient(world);
    world.behaviours.set(first!, "future");
    const { trace } = await world.run(client.resolve("shop.hold", ADDR));
    const told = trace.map(({ endpoint, block }) => [endpoint === gatewayUrl(first!), block !== undefined]);
    expect(told.filter(([isFirst, hasBlock]) => isFirst !== hasBlock)).to.deep.equal([]);
    const rejected = trace.find(({ block }) => block !== undefined)!;
    expect(rejected.outcome).to.equal("wrong");
    expect(Number(rejected.block!.timestamp)).to.be.above(world.clock.nowMs() / 1000 + 120);
  });

  it("returns what was agreed on at an old block only when nobody knows better", async () => {
    const world = worldWithName();
    const [first] = await orderFor(world);
    const client = await warmClient(world);
    world.behaviours.set(first!, "stuck");
    expect((await world.run(client.resolve("shop.hold", ADDR))).outcome).to.equal("answered");
    for (const id of world.shardOf("shop.hold")) world.behaviours.set(id, "stuck");
    const told = await world.run(client.resolve("shop.hold", ADDR));
    expect([told.outcome, told.trace.length]).to.deep.equal(["stale", 4]);
  });

  it("costs nothing once a hanging gateway is known", async () => {
    const world = worldWithName();
    const [first] = await orderFor(world);
    const client = await warmClient(world);
    world.behaviours.set(first!, "hangs");
    await world.run(client.resolve("shop.hold", ADDR));
    for (let round = 0; round < 20; round += 1) {
      const told = await world.run(client.resolve("shop.hold", ADDR));
      expect(told.durationMs, `round ${round}`).to.be.below(EXCHANGE_MS + 2);
      await world.clock.runUntil(world.clock.monotonicMs() + 500);
    }
  });

  it("leaves a gateway alone until its Retry-After is over", async () => {
    const world = worldWithName();
    const [first] = await orderFor(world);
    const client = await warmClient(world);
    world.behaviours.set(first!, { status: 429, retryAfter: "30" });
    await world.run(client.resolve("shop.hold", ADDR));
    world.hits.clear();
    const from = world.clock.monotonicMs();
    while (world.clock.monotonicMs() < from + 29_000) await world.run(client.resolve("shop.hold", ADDR));
    expect(world.hits.get(first!)).to.equal(undefined);
    world.behaviours.delete(first!);
    await world.clock.runUntil(from + 31_000);
    await world.run(client.resolve("shop.hold", ADDR));
    expect(world.hits.get(first!)).to.equal(1);
  });

  it("tells an outage from absence: timed out, unreachable, refused", async () => {
    for (const [behaviour, outcome] of [
      ["hangs", "timedOut"],
      ["unreachable", "unreachable"],
      [{ status: 500 }, "refused"],
      ["junk", "wrong"],
    ] as const) {
      const world = worldWithName();
      const client = await warmClient(world);
      for (const id of world.shardOf("shop.hold")) world.behaviours.set(id, behaviour);
      const told = await world.run(client.resolve("shop.hold", ADDR));
      expect(told).to.include({ outcome, value: null, path: null, evidence: "none" });
      expect(told.durationMs).to.be.at.most(3_001);
    }
  });

  it("never takes one gateway's word", async () => {
    const world = worldWithName();
    const client = await warmClient(world);
    for (const id of world.shardOf("shop.hold").slice(1)) world.behaviours.set(id, "unreachable");
    const told = await world.run(client.resolve("shop.hold", ADDR));
    expect(told).to.include({ outcome: "unreachable", value: null });
  });

  it("never lets one gateway place a name in a shard of its own", async () => {
    const world = worldWithName();
    const told = await world.run(world.client().resolve("shop.hold", ADDR));
    expect(told.outcome).to.equal("answered");
    expect(told.trace.filter((attempt) => attempt.outcome === "answered").length).to.be.at.least(2);
  });

  it("goes back to the bootstrap shard when a name's lease is over", async () => {
    const world = worldWithName();
    const client = await warmClient(world);
    world.shardIndices.delete("shop.hold");
    world.records.delete("shop.hold");
    expect(await world.run(client.resolve("shop.hold", ADDR))).to.include({ outcome: "absent", evidence: "signature" });
  });

  it("follows a name to its new shard", async () => {
    const world = worldWithName();
    const client = await warmClient(world);
    world.shardIndices.set("shop.hold", 77);
    expect(await world.run(client.resolve("shop.hold", ADDR))).to.include({ outcome: "answered", value: VALUE });
  });

  it("stops starting further tries when the retry budget is spent", async () => {
    const world = worldWithName();
    const client = world.client({ cache: false, retryBudget: { ratio: 0.1, tokenCountMax: 5 }, deadlineMs: 500 });
    await world.run(client.resolve("shop.hold", ADDR));
    for (const id of world.directory.gateways.keys()) world.behaviours.set(id, { status: 503 });
    world.hits.clear();
    for (let round = 0; round < 100; round += 1) await world.run(client.resolve("shop.hold", ADDR));
    const hitCount = [...world.hits.values()].reduce((sum, count) => sum + count, 0);
    expect(hitCount).to.be.below(230);
  });

  it("never accepts a wrong value in random worlds with one liar among a name's four", async () => {
    const honestFaults = ["good", "hangs", "unreachable", "junk", "empty", { status: 500 }, { status: 404 }] as const;
    const lies = ["lies", "badSignature", "otherName", "dropsRecord", "old", "future"] as const;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(2 ** 31 - 1),
        fc.array(fc.constantFrom<Behaviour>(...honestFaults), { minLength: 8, maxLength: 8 }),
        fc.constantFrom(...lies),
        fc.nat(3),
        async (index, faults, lie, liar) => {
          const world = createWorld();
          addName(world, "shop.hold", index);
          for (const [id, fault] of faults.entries()) world.behaviours.set(id + 1, fault);
          world.behaviours.set(world.shardOf("shop.hold")[liar]!, lie);
          const client = world.client({ cache: false, deadlineMs: 1_000 });
          for (let round = 0; round < 2; round += 1) {
            const told = await world.run(client.resolve("shop.hold", ADDR));
            expect(told.value).to.be.oneOf([VALUE, null]);
            expect(told.outcome).to.not.equal("absent");
            expect(told.value === null).to.equal(told.outcome !== "answered");
          }
        },
      ),
      { numRuns: Number(process.env.FC_NUM_RUNS ?? 40) },
    );
  });
});
