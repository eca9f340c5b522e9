import { expect } from "chai";
import { createCache } from "../../src/client/cache.ts";
import type { Resolution } from "../../src/client/resolution.ts";
import { FalseClock } from "../../src/simulation/falseClock.ts";
import { addName, createWorld, type World } from "../support/client/gatewayWorld.ts";

const ADDR = { kind: "addr", coinType: 60n } as const;
const VALUE = `0x${"aa".repeat(20)}`;

describe("cache", () => {
  let world: World;
  const hitCount = () => [...world.hits.values()].reduce((sum, count) => sum + count, 0);
  /** Time passes, and blocks with it. */
  const pass = async (ms: number) => {
    await world.clock.runUntil(world.clock.monotonicMs() + ms);
    const timestamp = BigInt(Math.floor(world.clock.nowMs() / 1000));
    world.block.current = { ...world.block.current, number: world.block.current.number + 1n, timestamp };
  };
  const down = () => {
    for (const id of world.directory.gateways.keys()) world.behaviours.set(id, "unreachable");
  };
  beforeEach(() => {
    world = createWorld();
    addName(world, "shop.hold", 5);
  });

  it("answers for as long as the TTL says, counting it down", async () => {
    const client = world.client();
    await world.run(client.resolve("shop.hold", ADDR));
    const before = hitCount();
    await pass(100_000);
    const told = await world.run(client.resolve("SHOP.hold", ADDR));
    expect(told).to.include({ value: VALUE, cached: "fresh", evidence: "signature" });
    expect(told.ttlSeconds).to.be.closeTo(200, 1);
    expect(told.ageSeconds).to.be.closeTo(100, 1);
    expect(hitCount()).to.equal(before);
  });

  it("serves at once and refreshes behind the caller's back just after the TTL", async () => {
    const client = world.client();
    await world.run(client.resolve("shop.hold", ADDR));
    await pass(310_000);
    world.records.get("shop.hold")!.set("addr:60", "0xbb");
    const before = hitCount();
    expect(await world.run(client.resolve("shop.hold", ADDR))).to.include({
      cached: "stale",
      value: VALUE,
      ttlSeconds: 30,
    });
    await pass(1_000);
    expect(hitCount()).to.be.above(before);
    expect(await world.run(client.resolve("shop.hold", ADDR))).to.include({ cached: "fresh", value: "0xbb" });
  });

  it("serves stale when nobody can be reached, and not forever", async () => {
    const client = world.client({ cache: { staleSecondsMax: 3_600 } });
    await world.run(client.resolve("shop.hold", ADDR));
    down();
    await pass(1_000_000);
    expect(await world.run(client.resolve("shop.hold", ADDR))).to.include({
      outcome: "answered",
      cached: "stale",
      value: VALUE,
    });
    await pass(4_000_000);
    expect(await world.run(client.resolve("shop.hold", ADDR))).to.include({ outcome: "unreachable", value: null });
  });

  it("prefers a fresh answer to a stale one when it comes soon", async () => {
    const client = world.client();
    await world.run(client.resolve("shop.hold", ADDR));
    await pass(1_000_000);
    world.records.get("shop.hold")!.set("addr:60", "0xbb");
    expect(await world.run(client.resolve("shop.hold", ADDR))).to.include({ cached: false, value: "0xbb" });
  });

  it("keeps proven absence for its own TTL, and never an outage", async () => {
    const client = world.client();
    expect((await world.run(client.resolve("nobody.hold", ADDR))).outcome).to.equal("absent");
    const before = hitCount();
    expect(await world.run(client.resolve("nobody.hold", ADDR))).to.include({ outcome: "absent", cached: "fresh" });
    expect(hitCount()).to.equal(before);
    const other = world.client();
    down();
    expect((await world.run(other.resolve("shop.hold", ADDR))).outcome).to.equal("unreachable");
    expect(other.cache?.size()).to.equal(0);
  });

  it("shares one exchange between callers of the same instant", async () => {
    const client = world.client();
    await world.run(client.resolve("shop.hold", { kind: "contenthash" }));
    world.hits.clear();
    const told = await world.run(Promise.all(Array.from({ length: 50 }, () => client.resolve("shop.hold", ADDR))));
    expect(new Set(told.map(({ value }) => value))).to.deep.equal(new Set([VALUE]));
    expect(hitCount()).to.equal(2);
  });

  it("leaves the cache aside when told to, and for probes", async () => {
    const client = world.client();
    await world.run(client.resolve("shop.hold", ADDR));
    for (const ask of [
      () => client.resolve("shop.hold", ADDR, { cache: "bypass" }),
      () => client.resolve("shop.hold", ADDR, { cache: "refresh" }),
      () => client.probe({ name: "shop.hold", record: ADDR, path: "gateways" }),
    ]) {
      const before = hitCount();
      expect((await world.run(ask())).cached).to.equal(false);
      expect(hitCount()).to.be.above(before);
    }
  });

  describe("createCache", () => {
    const resolution = (fields: Partial<Resolution>) =>
      ({ value: "0x01", evidence: "proof", outcome: "answered", ttlSeconds: 60, ...fields }) as Resolution;

    it("keeps what nobody vouched for apart from what was verified", () => {
      const cache = createCache(new FalseClock(0));
      cache.put("a", resolution({ evidence: "none", value: "0x02" }));
      expect(cache.get("a", "verified")).to.equal(undefined);
      expect(cache.get("a", "any")?.resolution.value).to.equal("0x02");
      cache.put("a", resolution({}));
      expect(cache.get("a", "any")?.resolution.value).to.equal("0x01");
    });

    it("never keeps an absence that nobody proved", () => {
      const cache = createCache(new FalseClock(0));
      cache.put("a", resolution({ evidence: "none", value: null, outcome: "absent" }));
      expect(cache.get("a", "any")).to.equal(undefined);
    });

    it("stays within its bounds, keeps what is used, and lets absences push out absences only", () => {
      const cache = createCache(new FalseClock(0), { entryCountMax: 100, absentCountMax: 10 });
      cache.put("used", resolution({}));
      for (let index = 0; index < 1_000; index += 1) {
        cache.get("used", "any");
        cache.put(`value${index}`, resolution({}));
        cache.put(`absent${index}`, resolution({ value: null, outcome: "absent" }));
      }
      expect(cache.size()).to.equal(110);
      expect(cache.get("used", "any")).to.not.equal(undefined);
    });
  });
});
