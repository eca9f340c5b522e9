/**
 * Resolving names: part 3 of the figures to beat (bad gateways, beside stock viem and ethers in the same run, 50 ms added to each
 * exchange), cold answers, the cache, and proofs.
 */
import { coldRows } from "./resolveCold.ts";
import { lookupRows } from "./resolveLookups.ts";
import { providerRows } from "./resolveProviders.ts";
import { cacheRows, memoryRows, proofRows } from "./resolveRates.ts";
import type { Bench } from "./row.ts";

export const bench: Bench = async (options) => {
  const rows = [];
  for (const part of [cacheRows, memoryRows, proofRows, coldRows, lookupRows, providerRows])
    rows.push(...(await part(options)));
  return rows;
};
