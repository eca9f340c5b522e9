import { expect } from "chai";
import { delay, withDeadline } from "../../src/base/clock.ts";
import { FalseClock, StalledError } from "../../src/simulation/falseClock.ts";

describe("FalseClock", () => {
  it("runs events in order of time, and of scheduling among equals", async () => {
    const clock = new FalseClock(0);
    const seen: string[] = [];
    clock.schedule(20, () => seen.push("late"));
    clock.schedule(10, () => seen.push("first"));
    clock.schedule(10, () => seen.push("second"));
    clock.schedule(15, () => seen.push("cancelled")).cancel();
    await clock.runUntil(30);
    expect(seen).to.deep.equal(["first", "second", "late"]);
    expect(clock.monotonicMs()).to.equal(30);
  });

  it("lets every promise settle before time moves on", async () => {
    const clock = new FalseClock(1_000);
    const seen: string[] = [];
    const worker = async (name: string) => {
      await delay(clock, 10);
      for (let step = 0; step < 50; step += 1) await Promise.resolve();
      seen.push(`${name} at ${clock.nowMs()}`);
      await delay(clock, 0);
      seen.push(`${name} again at ${clock.nowMs()}`);
    };
    const all = Promise.all([worker("a"), worker("b")]);
    clock.schedule(10.5, () => seen.push("later event"));
    await clock.runUntilSettled("the workers", all);
    await clock.runUntil(11);
    expect(seen).to.deep.equal(["a at 1010", "b at 1010", "a again at 1010", "b again at 1010", "later event"]);
  });

  it("carries deadlines of the code under test", async () => {
    const clock = new FalseClock(0);
    const hanging = withDeadline(clock, 300, "The gateway", () => new Promise<never>(() => {}));
    const outcome = await clock.runUntilSettled(
      "the deadline",
      hanging.catch((error: Error) => error.name),
    );
    expect(outcome).to.equal("DeadlineError");
    expect(clock.monotonicMs()).to.equal(300);
  });

  it("rejects when what it waits for can never settle", async () => {
    const clock = new FalseClock(0);
    const error = await clock.runUntilSettled("a promise", new Promise(() => {})).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(StalledError);
  });

  it("orders ten thousand shuffled events", async () => {
    const clock = new FalseClock(0);
    const seen: number[] = [];
    for (let index = 0; index < 10_000; index += 1) {
      const atMs = (index * 7919) % 10_007;
      clock.schedule(atMs, () => seen.push(atMs));
    }
    await clock.runUntil(20_000);
    expect(seen).to.deep.equal([...seen].sort((left, right) => left - right));
    expect(seen.length).to.equal(10_000);
  });
});
