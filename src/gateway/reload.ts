/** Which fields of a configuration a running gateway takes over, and which wait for a restart. */
import type { GatewayConfig } from "./config.ts";

/** Fields that change while running; of a section, with everything below it. */
const LIVE: readonly string[] = [
  "log",
  "rpc",
  "agreement",
  "rpcDeadlineMs",
  "confirmationCount",
  "rangeBlocksMax",
  "pollMs",
  "http.tls",
  "http.connectionsMax",
  "http.connectionsPerClientMax",
  "dns.nsid",
  "dns.responsesPerSecond",
  "dns.budgetPerSecond",
  "dns.cookieSecret",
  "dns.resolvers",
  "dns.keys",
  "dns.transfer",
  "dns.secondaries",
];

export interface ConfigChange {
  /** Fields that changed and are taken over, such as `dns.nsid`. */
  readonly live: readonly string[];
  /** Fields that changed and are not. */
  readonly fixed: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function* changedPaths(before: Fields, after: Fields, path: readonly string[] = []): Iterable<string> {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [left, right] = [before[key], after[key]];
    const here = [...path, key];
    // Sections are compared field by field, what stands below them as a whole.
    if (path.length === 0 && isFields(left) && isFields(right)) yield* changedPaths(left, right, here);
    else if (JSON.stringify(left) !== JSON.stringify(right)) yield here.join(".");
  }
}

/** What a second configuration changes of the first. */
export function compareConfigs(before: GatewayConfig, after: GatewayConfig): ConfigChange {
  const changed = [...changedPaths(before, after)];
  // Whether there is TLS at all is a property of the socket; which certificate, is not.
  const turnsTls = (before.http.tls === undefined) !== (after.http.tls === undefined);
  const isLive = (path: string) => LIVE.includes(path) && !(path === "http.tls" && turnsTls);
  return { live: changed.filter(isLive), fixed: changed.filter((path) => !isLive(path)) };
}
