/** The name client: one object that holds what is learned and kept between resolutions. */
import type { PathName } from "../availability/outcome.ts";
import { toHex } from "../base/bytes.ts";
import { systemClock } from "../base/clock.ts";
import { secureRandom } from "../base/random.ts";
import type { DirectorySnapshot } from "../directory/snapshot.ts";
import { normaliseName } from "../naming/name.ts";
import { recoverAddress } from "../proof/recoverAddress.ts";
import { formatRecordKey, type RecordKey } from "../protocol/record.ts";
import { type Cache, type CacheEntry, createCache, type TrustClass } from "./cache.ts";
import { createBlockGuard } from "./guard.ts";
import { createHealth } from "./health.ts";
import type { NameClientOptions } from "./options.ts";
import { withAliases } from "./paths/aliases.ts";
import { createChainPath } from "./paths/chainPath.ts";
import { createDnsPath } from "./paths/dnsPath.ts";
import { createGatewaysPath } from "./paths/gatewaysPath.ts";
import type { Path } from "./paths/pathReply.ts";
import { createShardTargets } from "./paths/shardTargets.ts";
import type { PolicyFunction, PolicyName } from "./policy.ts";
import { POLICIES } from "./policy.ts";
import type { Probe } from "./probe.ts";
import type { Resolution } from "./resolution.ts";
import { createRetryBudget } from "./retryBudget.ts";
import type { Shared } from "./run.ts";
import { runResolution } from "./runResolution.ts";

/** For a whole resolution, in milliseconds, unless the client says otherwise. */
export const DEADLINE_MS_DEFAULT = 3_000;
/** How long a fresh answer is waited for while one past its TTL is at hand (RFC 8767 section 5). */
const STALE_ANSWER_AFTER_MS = 1_800;

export interface ResolveOptions {
  readonly policy?: PolicyName | PolicyFunction;
  /** Asks this path alone. */
  readonly path?: PathName;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** Whether the cache may answer, `use` by default; `refresh` asks anew and fills it. */
  readonly cache?: "use" | "refresh" | "bypass";
}

export interface NameClient {
  readonly tld: string;
  /**
   * One record of a name. Never throws for what goes wrong on the way: the resolution's outcome says it. Throws the naming
   * room's errors for a name that is none.
   */
  readonly resolve: (name: string, record: RecordKey, options?: ResolveOptions) => Promise<Resolution>;
  /** Several records of one name, in one exchange. */
  readonly resolveRecords: (
    name: string,
    records: readonly RecordKey[],
    options?: ResolveOptions,
  ) => Promise<readonly Resolution[]>;
  /** One timed try along a path, on a cold cache. */
  readonly probe: Probe;
  /** What the cache holds for a record, without asking anybody; `undefined` where that is nothing fresh. */
  readonly peek: (name: string, record: RecordKey) => Resolution | undefined;
  readonly cache: Cache | undefined;
  /** The directory in use. */
  readonly directory: () => DirectorySnapshot | undefined;
  /** Takes a newer directory snapshot; an older one is ignored. */
  readonly setDirectory: (snapshot: DirectorySnapshot) => void;
}

/** The paths that `options` set up. */
function createPaths(options: NameClientOptions, shared: Shared, directory: () => DirectorySnapshot): Path[] {
  const { deployment, paths, trust } = options;
  const { tld, chainId, contracts, codeHashes } = deployment;
  const guard = createBlockGuard(shared.clock, options.freshness);
  const seed = options.seed ?? toHex(shared.random.bytes(16));
  const made: Path[] = [];
  if (paths.gateways !== undefined) {
    const checks = {
      domain: { chainId, directory: contracts.directory },
      guard,
      recoverAddress: options.recoverAddress ?? recoverAddress,
    };
    made.push(createGatewaysPath({ tld, checks, shards: createShardTargets(directory, seed) }));
  }
  if (paths.chain !== undefined) {
    const { rpcUrls } = paths.chain;
    const account = { registry: contracts.registry, codeHash: codeHashes.registry };
    const quorum = Math.min(trust?.rpcQuorum ?? 2, rpcUrls.length);
    made.push(createChainPath({ tld, account, rpcUrls, quorum, guard }));
  }
  const aliased = made.map((path) => withAliases(path, tld));
  return paths.dns === undefined ? aliased : [...aliased, createDnsPath(paths.dns)];
}

export function createNameClient(options: NameClientOptions): NameClient {
  const clock = options.clock ?? systemClock;
  const random = options.random ?? secureRandom;
  let snapshot = options.paths.gateways?.directory;
  const shared: Shared = {
    clock,
    random,
    transport: options.transport,
    health: createHealth(clock, options.health),
    budget: createRetryBudget(options.retryBudget),
  };
  const paths = new Map(createPaths(options, shared, () => snapshot!).map((path) => [path.name, path]));
  const cache = options.cache === false ? undefined : createCache(clock, options.cache);
  const trust: TrustClass = options.trust?.unverified === "refused" ? "verified" : "any";
  const flights = new Map<string, Promise<readonly Resolution[]>>();
  const { tld } = options.deployment;

  const keyOf = (name: string, record: RecordKey) => `${name}\n${formatRecordKey(record)}`;
  const policyOf = (policy: PolicyName | PolicyFunction | undefined): PolicyFunction => {
    const chosen = policy ?? options.policy ?? "verified-first";
    return typeof chosen === "string" ? POLICIES[chosen] : chosen;
  };

  const ask = async (
    name: string,
    records: readonly RecordKey[],
    resolveOptions: ResolveOptions,
    path: PathName | "all",
  ): Promise<readonly Resolution[]> =>
    await runResolution(shared, {
      name,
      records,
      paths,
      path,
      policy: policyOf(resolveOptions.policy),
      allowsUnverified: trust === "any",
      unverifiedAfterMs: options.trust?.unverifiedAfterMs ?? 1_000,
      deadlineMs: resolveOptions.deadlineMs ?? options.deadlineMs ?? DEADLINE_MS_DEFAULT,
      ...(resolveOptions.signal === undefined ? {} : { signal: resolveOptions.signal }),
    });

  /** Asks anew and fills the cache; several callers at once share one exchange. */
  const refresh = (name: string, records: readonly RecordKey[], resolveOptions: ResolveOptions) => {
    const isShareable = resolveOptions.signal === undefined && resolveOptions.path === undefined;
    const flightKey = `${records.map((record) => keyOf(name, record)).join("\n")}\n${String(resolveOptions.policy)}\n${resolveOptions.deadlineMs}`;
    const shareable = isShareable ? flights.get(flightKey) : undefined;
    if (shareable !== undefined) return shareable;
    const flight = ask(name, records, resolveOptions, resolveOptions.path ?? "all").then((resolutions) => {
      for (const resolution of resolutions) {
        if (resolution.outcome === "answered" || resolution.outcome === "absent") {
          cache?.put(keyOf(name, resolution.record), resolution);
        }
      }
      return resolutions;
    });
    if (!isShareable) return flight;
    flights.set(flightKey, flight);
    return flight.finally(() => flights.delete(flightKey));
  };

  const fromCache = (entry: CacheEntry, cached: "fresh" | "stale"): Resolution => {
    const now = clock.nowMs();
    const heldSeconds = Math.max(0, (now - entry.storedAtMs) / 1000);
    return {
      ...entry.resolution,
      ageSeconds: entry.resolution.ageSeconds + heldSeconds,
      // RFC 8767 section 4: a stale answer is given 30 seconds, so that it is not asked for again at once.
      ttlSeconds: cached === "stale" ? 30 : Math.max(0, (entry.freshUntilMs - now) / 1000),
      cached,
      durationMs: 0,
      trace: [],
    };
  };

  const peek = (name: string, record: RecordKey): Resolution | undefined => {
    const entry = cache?.get(keyOf(name, record), trust);
    return entry !== undefined && clock.nowMs() < entry.freshUntilMs ? fromCache(entry, "fresh") : undefined;
  };

  /** With an answer past its TTL at hand: a better one if it comes soon, otherwise that. */
  const refreshOrStale = async (
    name: string,
    record: RecordKey,
    entry: CacheEntry,
    resolveOptions: ResolveOptions,
  ): Promise<Resolution> => {
    const fresh = refresh(name, [record], resolveOptions).then(([resolution]) => resolution!);
    if (cache?.mayRevalidate(entry)) {
      fresh.catch(() => {});
      return fromCache(entry, "stale");
    }
    const stale = fromCache(entry, "stale");
    let giveUp: (resolution: Resolution) => void = () => {};
    const patience = new Promise<Resolution>((resolve) => {
      giveUp = resolve;
    });
    const timer = clock.schedule(STALE_ANSWER_AFTER_MS, () => giveUp(stale));
    const told = await Promise.race([fresh, patience]);
    timer.cancel();
    if (told.outcome === "answered" || told.outcome === "absent") return told;
    return { ...stale, trace: told.trace, durationMs: told.durationMs };
  };

  const resolve = async (name: string, record: RecordKey, resolveOptions: ResolveOptions = {}) => {
    const usesCache = (resolveOptions.cache ?? "use") === "use" && resolveOptions.path === undefined;
    const entry = usesCache ? cache?.get(keyOf(name, record), trust) : undefined;
    if (entry !== undefined && clock.nowMs() < entry.freshUntilMs) return fromCache(entry, "fresh");
    const normal = normaliseName(name);
    if (normal !== name) return resolve(normal, record, resolveOptions);
    if (entry !== undefined) return refreshOrStale(name, record, entry, resolveOptions);
    if (resolveOptions.cache === "bypass") {
      return (await ask(name, [record], resolveOptions, resolveOptions.path ?? "all"))[0]!;
    }
    return (await refresh(name, [record], resolveOptions))[0]!;
  };

  return {
    tld,
    resolve,
    async resolveRecords(name, records, resolveOptions = {}) {
      const normal = normaliseName(name);
      const usesCache = (resolveOptions.cache ?? "use") === "use" && resolveOptions.path === undefined;
      const known = records.map((record) => (usesCache ? peek(normal, record) : undefined));
      const missing = records.filter((_, index) => known[index] === undefined);
      if (missing.length === 0) return known as readonly Resolution[];
      const told =
        resolveOptions.cache === "bypass"
          ? await ask(normal, missing, resolveOptions, resolveOptions.path ?? "all")
          : await refresh(normal, missing, resolveOptions);
      let next = 0;
      return known.map((resolution) => resolution ?? told[next++]!);
    },
    async probe({ name, record, path, deadlineMs, signal }) {
      const resolveOptions: ResolveOptions = {
        ...(deadlineMs === undefined ? {} : { deadlineMs }),
        ...(signal === undefined ? {} : { signal }),
      };
      return (await ask(normaliseName(name), [record], resolveOptions, path))[0]!;
    },
    peek,
    cache,
    directory: () => snapshot,
    setDirectory(next) {
      if (snapshot === undefined || next.version >= snapshot.version) snapshot = next;
    },
  };
}
