import { expect } from "chai";
import type { Outcome, PathName } from "../../src/availability/outcome.ts";
import { delay } from "../../src/base/clock.ts";
import { seededRandom } from "../../src/base/random.ts";
import { createHealth } from "../../src/client/health.ts";
import type { PathReply } from "../../src/client/paths/pathReply.ts";
import { POLICIES, type PolicyName, sameSetKey } from "../../src/client/policy.ts";
import { createRetryBudget } from "../../src/client/retryBudget.ts";
import type { Run } from "../../src/client/run.ts";
import { encodeRRset } from "../../src/protocol/rrset.ts";
import { FalseClock } from "../../src/simulation/falseClock.ts";
import { createWorld } from "../support/client/gatewayWorld.ts";

interface Told {
  readonly value?: `0x${string}` | null;
  readonly outcome?: Exclude<Outcome, "absent">;
  readonly afterMs?: number;
}

const RECORD = { kind: "addr", coinType: 60n } as const;

async function decide(policy: PolicyName, paths: Partial<Record<PathName, Told>>, allowsUnverified = true) {
  const clock = new FalseClock(0);
  const asked: PathName[] = [];
  const controller = new AbortController();
  const run: Run = {
    clock,
    random: seededRandom(1, "policy"),
    transport: createWorld().transport,
    health: createHealth(clock),
    budget: createRetryBudget(),
    startedAtMs: 0,
    deadlineAtMs: 3_000,
    signal: controller.signal,
    trace: [],
  };
  const reply = await clock.runUntilSettled(
    "the policy",
    POLICIES[policy]({
      run,
      paths: Object.keys(paths) as PathName[],
      allowsUnverified,
      unverifiedAfterMs: 1_000,
      async ask(path): Promise<PathReply> {
        asked.push(path);
        const { value, outcome = "answered", afterMs = 10 } = paths[path]!;
        await delay(clock, afterMs);
        const results = value === undefined ? null : [{ record: RECORD, value, ttlSeconds: 60 }];
        const evidence = results === null || path === "dns" ? "none" : "proof";
        return {
          path,
          outcome: results === null && outcome === "answered" ? "refused" : outcome,
          results,
          evidence,
          block: null,
          status: null,
          reason: "",
        };
      },
    }),
  );
  return { reply, asked, atMs: clock.monotonicMs() };
}

describe("policies", () => {
  it("verified-first asks the gateways alone when they answer", async () => {
    const { reply, asked } = await decide("verified-first", {
      dns: { value: "0x02" },
      chain: { value: "0x01" },
      gateways: { value: "0x01" },
    });
    expect(asked).to.deep.equal(["gateways"]);
    expect(reply.path).to.equal("gateways");
  });

  it("verified-first goes on when one fails, and when one is slow", async () => {
    const failed = await decide("verified-first", { dns: {}, chain: { value: "0x01" }, gateways: {} });
    expect([failed.reply.path, failed.asked]).to.deep.equal(["chain", ["gateways", "chain"]]);
    const slow = await decide("verified-first", {
      chain: { value: "0x01" },
      gateways: { value: "0x01", afterMs: 2_900 },
    });
    expect(slow.reply.path).to.equal("chain");
    expect(slow.atMs).to.be.below(400);
  });

  it("verified-first believes plain DNS only when nobody else answers, or takes too long", async () => {
    const failed = await decide("verified-first", { dns: { value: "0x02" }, chain: {}, gateways: {} });
    expect([failed.reply.path, failed.reply.evidence]).to.deep.equal(["dns", "none"]);
    const slow = await decide("verified-first", {
      dns: { value: "0x02" },
      chain: { afterMs: 2_900 },
      gateways: { afterMs: 2_900 },
    });
    expect(slow.reply.path).to.equal("dns");
    expect(slow.atMs).to.be.within(1_000, 1_100);
  });

  it("never returns what nobody vouches for where that is refused", async () => {
    for (const policy of ["verified-first", "dns-first", "race", "cross-check"] as const) {
      const { reply } = await decide(policy, { dns: { value: "0x02" }, chain: {} }, false);
      expect([reply.results, reply.outcome], policy).to.deep.equal([null, "wrong"]);
    }
  });

  it("dns-first takes a value at once, and checks an absence by the others", async () => {
    expect((await decide("dns-first", { dns: { value: "0x02" }, gateways: { value: "0x01" } })).asked).to.deep.equal([
      "dns",
    ]);
    const { reply } = await decide("dns-first", { dns: { value: null }, gateways: { value: "0x01" } });
    expect(reply.path).to.equal("gateways");
  });

  it("race takes the first value, and no unproven absence", async () => {
    const { reply } = await decide("race", {
      dns: { value: null, afterMs: 1 },
      chain: { value: "0x01", afterMs: 90 },
      gateways: { value: "0x01", afterMs: 50 },
    });
    expect(reply.path).to.equal("gateways");
  });

  it("cross-check reports who told what when they differ", async () => {
    const same = await decide("cross-check", { dns: { value: "0x01" }, gateways: { value: "0x01" } });
    expect(same.reply.disagreement).to.equal(undefined);
    const { reply } = await decide("cross-check", { dns: { value: "0x02" }, gateways: { value: "0x01" } });
    expect(reply.path).to.equal("gateways");
    expect(reply.disagreement).to.deep.equal([
      { path: "dns", outcome: "answered", value: "0x02" },
      { path: "gateways", outcome: "answered", value: "0x01" },
    ]);
  });

  it("compares sets by their data, whatever their TTLs and order", () => {
    const one = Uint8Array.of(192, 0, 2, 1);
    const two = Uint8Array.of(192, 0, 2, 2);
    const set = (ttlSeconds: number, ...rdatas: Uint8Array[]) =>
      encodeRRset({ name: "a.hold", type: 1, ttlSeconds, rdatas });
    expect(sameSetKey(set(1, one, two))).to.equal(sameSetKey(set(9, two, one)));
    expect(sameSetKey(set(1, one))).to.not.equal(sameSetKey(set(1, two)));
  });
});
