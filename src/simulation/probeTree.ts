/**
 * Probes that meet the same circumstances end the same way. A cold client is a function of what becomes of its exchanges, in
 * the order in which it makes them; so the first probe of each course of events is run for real, client, gateways and all,
 * and its course is kept as a path through a tree: a node for each exchange, a branch for each fate, the outcome at the leaf.
 * Later probes draw their own fates and walk. Nothing about how an outcome comes about is written down a second time here.
 */
import { assert } from "../base/errors.ts";
import type { Fate } from "./fate.ts";

/** Who is asked, in terms that hold for every name. */
export interface Asked {
  readonly path: "dns" | "gateways" | "chain";
  /** A DNS server's or RPC provider's endpoint index; a gateway's zone. */
  readonly index: number;
  /** Whether a gateway is asked as one of the name's own shard or of its bootstrap shard. */
  readonly bootstrap: boolean;
}

/** How one probe ended. */
export interface ProbeResult {
  readonly outcome: "answered" | "absent" | "stale" | "wrong" | "refused" | "timedOut" | "unreachable";
  /** Whether the client had evidence for what it told. */
  readonly verified: boolean;
  /** `false` where the client itself saw that an answer was wrong and did not take it. */
  readonly accepted: boolean;
  readonly latencyMs: number;
  /** Exchanges by path. */
  readonly queries: { readonly dns: number; readonly gateways: number; readonly chain: number };
  /** What a checker found wrong; empty in a sound client. */
  readonly violations: readonly string[];
}

/** Draws the fate of the next exchange of one probe, `offsetMs` after the probe began. */
export type DrawFate = (asked: Asked, offsetMs: number) => Fate;

/** Runs one probe for real. */
export type RunProbe = (draw: DrawFate) => Promise<ProbeResult>;

interface Node {
  asked: Asked | undefined;
  offsetMs: number;
  readonly branches: Map<number, Node>;
  result: ProbeResult | undefined;
}

function emptyNode(): Node {
  return { asked: undefined, offsetMs: 0, branches: new Map(), result: undefined };
}

export class ProbeTree {
  readonly #root = emptyNode();
  readonly #run: RunProbe;

  constructor(run: RunProbe) {
    this.#run = run;
  }

  /** The probe's end: at once where its course is known, otherwise by running it. */
  probe(draw: DrawFate): ProbeResult | Promise<ProbeResult> {
    const fates: Fate[] = [];
    let node = this.#root;
    for (;;) {
      if (node.result !== undefined) return node.result;
      if (node.asked === undefined) return this.#explore(draw, fates);
      const fate = draw(node.asked, node.offsetMs);
      fates.push(fate);
      const next = node.branches.get(fate.id);
      if (next === undefined) return this.#explore(draw, fates);
      node = next;
    }
  }

  /** Runs a probe whose first exchanges meet `prefix`, and keeps its course. */
  async #explore(draw: DrawFate, prefix: readonly Fate[]): Promise<ProbeResult> {
    let node = this.#root;
    let count = 0;
    const result = await this.#run((asked, offsetMs) => {
      // The same fates must lead to the same next exchange, or a course that is kept would not hold for others.
      const before = node.asked;
      assert(
        before === undefined ||
          (before.path === asked.path && before.index === asked.index && before.bootstrap === asked.bootstrap),
        "a probe that met the same fates asked somebody else",
      );
      node.asked = asked;
      node.offsetMs = offsetMs;
      const fate = prefix[count] ?? draw(asked, offsetMs);
      count += 1;
      let next = node.branches.get(fate.id);
      if (next === undefined) {
        next = emptyNode();
        node.branches.set(fate.id, next);
      }
      node = next;
      return fate;
    });
    node.result = result;
    return result;
  }
}
