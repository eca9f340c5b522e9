/** Attack traffic: queries to each target at a steady rate, whose answers nobody waits for. Ends with the parent. */
import { createSocket } from "node:dgram";
import { Agent, request } from "node:http";
import { type Clock, systemClock, type Timer } from "../../base/clock.ts";
import { type Random, secureRandom } from "../../base/random.ts";
import { TYPE } from "../../dns/codes.ts";
import { encodeMessage } from "../../dns/encode.ts";
import { createQuery } from "../../dns/message.ts";
import { encodeQuery } from "../../protocol/json.ts";
import { runChild, tellParent } from "./childMain.ts";

export interface FloodTarget {
  readonly kind: "dns" | "rpc" | "gateway";
  readonly host: string;
  readonly port: number;
  readonly perSecond: number;
  /** The domain or name below which random ones are asked for. */
  readonly below: string;
}

/** What the parent sends: where to send from now on, or, without targets, how much of it was sent in time. */
export interface FloodOrder {
  readonly targets?: readonly FloodTarget[];
}

/** What the parent is told. */
export interface FloodTally {
  /** Share of what was due since the last order that was sent when it was due. */
  readonly inTimeRatio: number;
}

/** A question to an RPC provider. */
const CALL = { path: "/", body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_blockNumber", params: [] }) };
const queryFor = (name: string) => encodeQuery({ name, records: [], evidence: "signature" });

const BEAT_MS = 50;
/** What is sent later than this many beats does not count as sent in time. */
const BEATS_LATE_MAX = 4;
/** Connections to a target that answers nothing are given up, or they would pile up. */
const GIVE_UP_MS = 1_000;
const IN_FLIGHT_MAX = 512;

class Flood {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #socket = createSocket("udp4");
  readonly #agent = new Agent({ keepAlive: true });
  #targets: readonly FloodTarget[] = [];
  #timer: Timer | undefined;
  #inFlight = 0;
  #sentSinceMs = 0;
  #sent = 0;
  #inTime = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
    // A port that closed meanwhile is no reason to end.
    this.#socket.on("error", () => {});
    this.#socket.unref();
  }

  /** Sends to these targets from now on. */
  aim(targets: readonly FloodTarget[]): void {
    this.#timer?.cancel();
    this.#targets = targets;
    this.#sentSinceMs = this.#clock.monotonicMs();
    this.#sent = 0;
    this.#inTime = 0;
    if (targets.length > 0) this.#beat();
  }

  tally(): FloodTally {
    const due = this.#due();
    return { inTimeRatio: due < 1 ? 1 : Math.min(1, this.#inTime / due) };
  }

  /** Queries a second to all targets together. */
  #rate(): number {
    return this.#targets.reduce((sum, { perSecond }) => sum + perSecond, 0);
  }

  #due(): number {
    return ((this.#clock.monotonicMs() - this.#sentSinceMs) / 1_000) * this.#rate();
  }

  #beat(): void {
    // By what is due since the start, so that a late beat is made up for; but a burst after a silence is no steady flood.
    const due = this.#due();
    const inTimeMax = (this.#rate() * BEATS_LATE_MAX * BEAT_MS) / 1_000;
    let inTime = 0;
    for (; this.#sent < due; this.#sent += 1) {
      if (this.#send(this.#targets[this.#sent % this.#targets.length]!)) inTime += 1;
    }
    this.#inTime += Math.min(inTime, inTimeMax);
    this.#timer = this.#clock.schedule(BEAT_MS, () => this.#beat());
  }

  /** Whether the query went out. */
  #send({ kind, host, port, below }: FloodTarget): boolean {
    const name = `x${this.#random.below(2 ** 32)}.${below}`;
    if (kind === "dns") {
      const query = createQuery(this.#random.below(65_536), { name, type: TYPE.A });
      this.#socket.send(encodeMessage(query), port, host);
      return true;
    }
    if (this.#inFlight >= IN_FLIGHT_MAX) return false;
    this.#inFlight += 1;
    const { path, body } = kind === "rpc" ? CALL : { path: "/v1/answer", body: queryFor(name) };
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const options = {
      host,
      port,
      method: "POST",
      path,
      agent: this.#agent,
      headers,
      timeout: GIVE_UP_MS,
    };
    const one = request(options, (answer) => answer.resume());
    one.on("timeout", () => one.destroy());
    one.on("error", () => {});
    one.on("close", () => {
      this.#inFlight -= 1;
    });
    one.end(body);
    return true;
  }

  close(): void {
    this.aim([]);
    this.#socket.close();
    this.#agent.destroy();
  }
}

runChild(async () => {
  const flood = new Flood(systemClock, secureRandom);
  return {
    ready: {},
    onMessage: (message) => {
      const tally = flood.tally();
      const { targets } = message as FloodOrder;
      if (targets !== undefined) flood.aim(targets);
      tellParent(tally);
    },
    close: async () => flood.close(),
  };
});
