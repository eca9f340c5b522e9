import { expect } from "chai";
import { delay } from "../../src/base/clock.ts";
import { seededRandom } from "../../src/base/random.ts";
import { askSeveral, type Target } from "../../src/client/askSeveral.ts";
import { createHealth } from "../../src/client/health.ts";
import { createRetryBudget } from "../../src/client/retryBudget.ts";
import { type Shared, withRun } from "../../src/client/run.ts";
import { FalseClock } from "../../src/simulation/falseClock.ts";
import { createWorld } from "../support/client/gatewayWorld.ts";

const HEDGE_DELAY_MS = 150;
const ANSWER_MS = 50;

/** A clock on which a hedge delay passes between the reading with that number and the one before it, as on a busy machine. */
class JumpingClock extends FalseClock {
  readonly #jumpAt: number;
  #readings = 0;
  constructor(jumpAt: number) {
    super(1_700_000_000_000);
    this.#jumpAt = jumpAt;
  }
  get readings(): number {
    return this.#readings;
  }
  override monotonicMs(): number {
    this.#readings += 1;
    return super.monotonicMs() + (this.#readings >= this.#jumpAt ? HEDGE_DELAY_MS : 0);
  }
}

/** Asks one that never answers and then, once that is overdue, one that does. */
async function askHangingFirst(clock: JumpingClock) {
  const shared: Shared = {
    clock,
    random: seededRandom(1, "askSeveral"),
    transport: createWorld().transport,
    health: createHealth(clock, { hedgeDelayMs: HEDGE_DELAY_MS }),
    budget: createRetryBudget(),
  };
  const work = withRun(shared, { what: "The question", deadlineMs: 3_000 }, (run) =>
    askSeveral<Target, string, string>(run, {
      path: "gateways",
      targets: [{ endpoint: "hangs" }, { endpoint: "answers" }],
      async ask({ endpoint }, signal) {
        await delay(clock, endpoint === "hangs" ? 1e9 : ANSWER_MS, signal);
        return { outcome: "answered", value: endpoint, reason: "it did" };
      },
      judge: ([value]) => (value === undefined ? { missing: 1 } : { done: value }),
    }),
  );
  const { result } = await clock.runUntilSettled("the question", work);
  return result.result;
}

describe("askSeveral", () => {
  it("asks the next one when the first is overdue, wherever between two readings of the clock that happens", async () => {
    const still = new JumpingClock(Number.POSITIVE_INFINITY);
    expect(await askHangingFirst(still)).to.equal("answers");
    expect(still.readings).to.be.greaterThan(5);
    for (let jumpAt = 1; jumpAt <= still.readings; jumpAt += 1) {
      expect(await askHangingFirst(new JumpingClock(jumpAt)), `reading ${jumpAt}`).to.equal("answers");
    }
  });
});
