import { expect } from "chai";
import { PAUSE_MICROSECONDS, Pace } from "../../../src/gateway/dns/pace.ts";

/** Rounds of `count` datagrams each, `everyMs` apart; says how many of them asked for a wait. */
function pausesIn(pace: Pace, rounds: number, count: number, everyMs: number, fromMs = 0): number {
  let pauses = 0;
  for (let round = 1; round <= rounds; round += 1) {
    if (pace.shouldPause(count, fromMs + round * everyMs)) pauses += 1;
  }
  return pauses;
}

describe("Pace", () => {
  it("never waits while few queries arrive", () => {
    expect(pausesIn(new Pace(0), 1000, 1, 0.1)).to.equal(0);
    expect(pausesIn(new Pace(0), 1000, 6, 0.1)).to.equal(0);
  });

  it("never makes the first query after a silence wait, however fast they came before", () => {
    const pace = new Pace(0);
    expect(pausesIn(pace, 100, 30, 0.1)).to.be.above(0);
    expect(pace.shouldPause(1, 1000)).to.equal(false);
  });

  it("waits once queries have arrived fast for a while, and not before", () => {
    const pace = new Pace(0);
    expect(pausesIn(pace, 10, 30, 0.1)).to.equal(0);
    expect(pausesIn(pace, 50, 30, 0.1, 1)).to.be.above(30);
  });

  it("never waits after a round that found nothing, or more than enough", () => {
    const pace = new Pace(0);
    pausesIn(pace, 50, 30, 0.1);
    expect(pace.shouldPause(200, 5.1)).to.equal(false);
    expect(pace.shouldPause(0, 5.2)).to.equal(false);
  });

  it("gives up for a while on waits that bring little: those who ask are waiting for answers", () => {
    const pace = new Pace(0);
    pausesIn(pace, 50, 30, 0.1);
    expect(pace.shouldPause(5, 5.1)).to.equal(false);
    expect(pausesIn(pace, 90, 30, 0.1, 5.1)).to.equal(0);
    expect(pausesIn(pace, 50, 30, 0.1, 15)).to.be.above(0);
  });

  it("waits for far less than a millisecond", () => {
    expect(PAUSE_MICROSECONDS).to.be.at.most(250);
  });
});
