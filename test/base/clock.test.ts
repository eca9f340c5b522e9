import { expect } from "chai";
import type { Clock } from "../../src/base/clock.ts";
import { AbortedError, DeadlineError, delay, nowSeconds, systemClock, withDeadline } from "../../src/base/clock.ts";

/** A clock that only moves when told to. */
function handClock(): Clock & { advance(ms: number): void; readonly pending: number } {
  let now = 0;
  let timers: { at: number; callback: () => void }[] = [];
  return {
    nowMs: () => 1_700_000_000_000 + now,
    monotonicMs: () => now,
    schedule(delayMs, callback) {
      const timer = { at: now + delayMs, callback };
      timers.push(timer);
      return {
        cancel: () => {
          timers = timers.filter((other) => other !== timer);
        },
      };
    },
    advance(ms) {
      now += ms;
      const due = timers.filter((timer) => timer.at <= now);
      timers = timers.filter((timer) => timer.at > now);
      for (const timer of due) timer.callback();
    },
    get pending() {
      return timers.length;
    },
  };
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => expect.fail("the promise resolved"),
    (error: unknown) => error,
  );
}

describe("base/clock", () => {
  it("counts whole seconds as block timestamps do", () => {
    expect(nowSeconds({ ...handClock(), nowMs: () => 1_999 })).to.equal(1);
  });

  it("runs and cancels timers of the machine", async () => {
    await new Promise<void>((resolve) => {
      systemClock.schedule(1, () => expect.fail("a cancelled timer ran")).cancel();
      systemClock.schedule(2, resolve);
    });
  });

  describe("delay", () => {
    it("resolves when the time has come", async () => {
      const clock = handClock();
      const wait = delay(clock, 100);
      clock.advance(100);
      await wait;
    });

    it("rejects at once when its signal fires, and leaves no timer behind", async () => {
      const clock = handClock();
      const controller = new AbortController();
      const wait = delay(clock, 100, controller.signal);
      controller.abort();
      expect(await rejection(wait)).to.be.instanceOf(AbortedError);
      expect(clock.pending).to.equal(0);
    });

    it("rejects when its signal has fired before", async () => {
      expect(await rejection(delay(handClock(), 100, AbortSignal.abort()))).to.be.instanceOf(AbortedError);
    });
  });

  describe("withDeadline", () => {
    it("returns what the work returns and cancels its timer", async () => {
      const clock = handClock();
      expect(await withDeadline(clock, 50, "The work", async () => 7)).to.equal(7);
      expect(clock.pending).to.equal(0);
    });

    it("passes on what the work throws", async () => {
      const error = new RangeError("broken");
      const work = withDeadline(handClock(), 50, "The work", async () => {
        throw error;
      });
      expect(await rejection(work)).to.equal(error);
    });

    it("rejects at the deadline though the work ignores its signal", async () => {
      const clock = handClock();
      let seen: AbortSignal | undefined;
      const work = withDeadline(clock, 50, "The gateway", (signal) => {
        seen = signal;
        return new Promise(() => {});
      });
      clock.advance(50);
      const error = (await rejection(work)) as DeadlineError;
      expect(error).to.be.instanceOf(DeadlineError);
      expect(error.retriable).to.equal(true);
      expect(error.shortMessage).to.equal("The gateway took longer than 50 ms.");
      expect(seen?.aborted).to.equal(true);
    });

    it("rejects when the caller aborts, before the deadline", async () => {
      const clock = handClock();
      const controller = new AbortController();
      const work = withDeadline(clock, 50, "The gateway", () => new Promise(() => {}), controller.signal);
      controller.abort();
      expect(await rejection(work)).to.be.instanceOf(AbortedError);
      expect(clock.pending).to.equal(0);
    });

    it("never starts the work when the caller aborted before", async () => {
      let started = false;
      const work = withDeadline(
        handClock(),
        50,
        "The gateway",
        async () => {
          started = true;
        },
        AbortSignal.abort(),
      );
      expect(await rejection(work)).to.be.instanceOf(AbortedError);
      expect(started).to.equal(false);
    });
  });
});
