/** The published tables of shuffle sharding: who shares how much with whom, and who suffers when some members die. */
import { type Random, shuffled } from "../../base/random.ts";
import { createStreams } from "../streams.ts";

/** Binomial coefficient, as a floating number. */
export function choose(n: number, k: number): number {
  if (k < 0 || k > n) return 0;
  let result = 1;
  for (let index = 1; index <= Math.min(k, n - k); index += 1) {
    result = (result * (n - Math.min(k, n - k) + index)) / index;
  }
  return result;
}

/** Chance that two shards of `size` out of `pool` members have exactly 0, 1, ..., `size` in common. */
export function overlapTable(pool: number, size: number): readonly number[] {
  return Array.from({ length: size + 1 }, (_, shared) => {
    return (choose(size, shared) * choose(pool - size, size - shared)) / choose(pool, size);
  });
}

/** Chance that a shard of `size` loses exactly 0, 1, ..., `size` members when `dead` of `pool` are gone. */
export function lossTable(pool: number, size: number, dead: number): readonly number[] {
  return Array.from({ length: size + 1 }, (_, lost) => {
    return (choose(size, lost) * choose(pool - size, dead - lost)) / choose(pool, dead);
  });
}

/** Tries that a client of `size` endpoints needs on average, `dead` of them dead, asking in random order. */
export function expectedTries(size: number, dead: number): number {
  return (size + 1) / (size - dead + 1);
}

/**
 * Chance that a mouse's whole hand of `size` queues out of `pool` lies among those that `elephants` fill, each with a hand
 * of its own: how many queues are covered grows hand by hand as a Markov chain.
 */
export function squishedRatio(pool: number, size: number, elephants: number): number {
  let covered = new Array<number>(pool + 1).fill(0);
  covered[0] = 1;
  for (let elephant = 0; elephant < elephants; elephant += 1) {
    const next = new Array<number>(pool + 1).fill(0);
    covered.forEach((chance, already) => {
      if (chance === 0) return;
      for (let fresh = 0; fresh <= Math.min(size, pool - already); fresh += 1) {
        const ways = (choose(pool - already, fresh) * choose(already, size - fresh)) / choose(pool, size);
        next[already + fresh] = next[already + fresh]! + chance * ways;
      }
    });
    covered = next;
  }
  return covered.reduce((sum, chance, already) => sum + (chance * choose(already, size)) / choose(pool, size), 0);
}

/** The hands of one draw: `size` distinct members of `pool`. */
export function deal(pool: number, size: number, random: Random): readonly number[] {
  const hand = new Set<number>();
  while (hand.size < size) hand.add(random.below(pool));
  return [...hand];
}

/** Of `draws` pairs of shards dealt at random, the share with exactly 0, 1, ... members in common: counted. */
export function dealtOverlap(seed: number | string, pool: number, size: number, draws: number): readonly number[] {
  const random = createStreams(seed).of("deal");
  const counts = new Array<number>(size + 1).fill(0);
  for (let draw = 0; draw < draws; draw += 1) {
    const first = new Set(deal(pool, size, random));
    const shared = deal(pool, size, random).filter((member) => first.has(member)).length;
    counts[shared] = counts[shared]! + 1;
  }
  return counts.map((count) => count / draws);
}

/** Of `draws` mice, the share squished by the elephants' hands: counted. */
export function dealtSquished(
  seed: number | string,
  pool: number,
  size: number,
  elephants: number,
  draws: number,
): number {
  const random = createStreams(seed).of("deal");
  let squished = 0;
  for (let draw = 0; draw < draws; draw += 1) {
    const full = new Set<number>();
    for (let elephant = 0; elephant < elephants; elephant += 1)
      for (const queue of deal(pool, size, random)) full.add(queue);
    if (deal(pool, size, random).every((queue) => full.has(queue))) squished += 1;
  }
  return squished / draws;
}

/** Tries of clients that ask their `size` endpoints in random order, `dead` of them dead: the counted mean. */
export function countedTries(seed: number | string, size: number, dead: number, clients: number): number {
  const random = createStreams(seed).of("order");
  const members = Array.from({ length: size }, (_, index) => index);
  let tries = 0;
  for (let client = 0; client < clients; client += 1) {
    tries += 1 + shuffled(random, members).findIndex((member) => member >= dead);
  }
  return tries / clients;
}

/** The table that Kubernetes publishes for API priority and fairness: hand size, queues, P for 1, 4 and 16 elephants. */
export const KUBERNETES_TABLE: readonly (readonly [number, number, number, number, number])[] = [
  [12, 32, 4.428838398950118e-9, 0.11431348830099144, 0.9935089607656024],
  [10, 32, 1.550093439632541e-8, 0.0626479840223545, 0.9753101519027554],
  [10, 64, 6.601827268370426e-12, 0.00045571320990370776, 0.49999929150089345],
  [9, 64, 3.6310049976037345e-11, 0.00045501212304112273, 0.4282314876454858],
  [8, 64, 2.25929199850899e-10, 0.0004886697053040446, 0.35935114681123076],
  [8, 128, 6.994461389026097e-13, 3.4055790161620863e-6, 0.02746173137155063],
  [7, 128, 1.0579122850901972e-11, 6.960839379258192e-6, 0.02406157386340147],
  [7, 256, 7.597695465552631e-14, 6.728547142019406e-8, 0.0006709661542533682],
  [6, 256, 2.7134626662687968e-12, 2.9516464018476436e-7, 0.0008895654642000348],
  [6, 512, 4.116062922897309e-14, 4.982983350480894e-9, 2.26025764343413e-5],
  [6, 1024, 6.337324016514285e-16, 8.09060164312957e-11, 4.517408062903668e-7],
];
