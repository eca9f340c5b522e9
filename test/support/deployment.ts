/** Deployment documents for tests that need no contracts behind them. */
export const CONTRACT_NAMES = [
  "registry",
  "controller",
  "priceFeed",
  "directory",
  "reverseRegistrar",
  "universalResolver",
  "offchainResolver",
  "accessManager",
];

/** An object that gives the same value for every contract of a deployment. */
export function perContract(value: string): Record<string, string> {
  return Object.fromEntries(CONTRACT_NAMES.map((name) => [name, value]));
}
