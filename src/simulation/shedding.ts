/** What a server loses when more is asked of it than it can answer, retries included. */

import { power } from "../base/elementary.ts";

export interface SheddingOptions {
  readonly capacityPerSecond: number;
  /** Ordinary queries, each of which is tried again when it is lost. */
  readonly loadPerSecond: number;
  /** Attack traffic, which nobody retries. */
  readonly floodPerSecond: number;
  /** How often a client tries in all. */
  readonly tries: number;
  /** How much waiting clients add to the ordinary load of themselves. */
  readonly retryFactor: number;
}

/**
 * The share of queries that is lost, wanted or not, once retries have found their level: offered load grows with the loss it
 * causes. Found by bisection, since the loss that a load causes only grows with the loss assumed.
 *
 * @example
 * ```ts
 * sheddingRatio({ capacityPerSecond: 1000, loadPerSecond: 100, floodPerSecond: 9900, tries: 1, retryFactor: 1 }); // 0.9
 * ```
 */
export function sheddingRatio(options: SheddingOptions): number {
  const { capacityPerSecond, loadPerSecond, floodPerSecond, tries, retryFactor } = options;
  const causedBy = (loss: number) => {
    const triesEach = loss >= 1 ? tries : (1 - power(loss, tries)) / (1 - loss);
    const offered = floodPerSecond + loadPerSecond * retryFactor * triesEach;
    return offered <= capacityPerSecond ? 0 : 1 - capacityPerSecond / offered;
  };
  let low = 0;
  let high = 1;
  if (causedBy(0) === 0) return 0;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (causedBy(middle) > middle) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
