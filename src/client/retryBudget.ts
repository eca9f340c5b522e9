/**
 * A bound on extra tries, so that clients of a failing service do not bury it under retries. Each first try earns a
 * fraction of a token, each further one spends one; when none is left, only first tries are made.
 */
export interface RetryBudgetOptions {
  /** Tokens earned by a first try. */
  readonly ratio?: number;
  /** Tokens at the start, and the most that can be saved. */
  readonly tokenCountMax?: number;
}

export interface RetryBudget {
  readonly earn: () => void;
  /** Takes a token; `false` when there is none. */
  readonly spend: () => boolean;
}

export function createRetryBudget(options: RetryBudgetOptions = {}): RetryBudget {
  const ratio = options.ratio ?? 1;
  const tokenCountMax = options.tokenCountMax ?? 100;
  let tokenCount = tokenCountMax;
  return {
    earn() {
      tokenCount = Math.min(tokenCountMax, tokenCount + ratio);
    },
    spend() {
      if (tokenCount < 1) return false;
      tokenCount -= 1;
      return true;
    },
  };
}
