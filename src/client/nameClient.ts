/** The name client: one object that holds what is learned and kept between resolutions. */
import type { Outcome, PathName } from "../availability/outcome.ts";
import { systemClock } from "../base/clock.ts";
import { secureRandom } from "../base/random.ts";
import { EMPTY_DIRECTORY } from "../directory/directory.ts";
import { createShardHintLookup, type ShardHintLookup } from "../directory/shardHintLookup.ts";
import type { ShardHints } from "../directory/shardHints.ts";
import type { DirectorySnapshot } from "../directory/snapshot.ts";
import { normaliseName } from "../naming/name.ts";
import { namehash } from "../naming/namehash.ts";
import { formatRecordKey, type RecordKey } from "../protocol/record.ts";
import { type Cache, type CacheEntry, createCache, type TrustClass } from "./cache.ts";
import { createHealth } from "./health.ts";
import type { NameClientOptions } from "./options.ts";
import type { ChainHeadOptions } from "./paths/chainHead.ts";
import { createPaths } from "./paths/createPaths.ts";
import type { NameQuery, Path } from "./paths/pathReply.ts";
import { POLICIES, type PolicyFunction, type PolicyName } from "./policy.ts";
import type { Probe } from "./probe.ts";
import { proveDirectory } from "./proveDirectory.ts";
import type { Resolution } from "./resolution.ts";
import { createRetryBudget } from "./retryBudget.ts";
import { type Shared, withRun } from "./run.ts";
import { runResolution } from "./runResolution.ts";

/** For a whole resolution, in milliseconds, unless the client says otherwise. */
export const DEADLINE_MS_DEFAULT = 3_000;
/** How long a fresh answer is waited for while one past its TTL is at hand (RFC 8767 section 5). */
const STALE_ANSWER_AFTER_MS = 1_800;
/** TTL of a stale answer, so that it is not asked for again at once (RFC 8767 section 4). */
const STALE_TTL_SECONDS = 30;
const UNVERIFIED_AFTER_MS_DEFAULT = 1_000;
const NO_TRACE: Resolution["trace"] = [];

export interface ResolveOptions {
  readonly policy?: PolicyName | PolicyFunction;
  /** Asks this path alone. */
  readonly path?: PathName;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** Whether the cache may answer, `use` by default; `refresh` asks anew and fills it. */
  readonly cache?: "use" | "refresh" | "bypass";
}

export interface ProveDirectoryLimits {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** Names that may be isolated, besides those that the directory at hand says are; they cannot be listed from state. */
  readonly names?: readonly string[];
}

/** How the reading of the directory ended. */
export interface DirectoryProof {
  readonly outcome: Outcome;
  /** The version read; `null` where none was. */
  readonly version: bigint | null;
  readonly reason: string;
  readonly trace: Resolution["trace"];
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
  /**
   * Records of many names: the chain path reads all of them in the round trips of one. The deadline is for all together; each
   * name's resolutions are in the order of its records.
   */
  readonly resolveMany: (
    queries: readonly NameQuery[],
    options?: ResolveOptions,
  ) => Promise<readonly (readonly Resolution[])[]>;
  /** One timed try along a path, on a cold cache. */
  readonly probe: Probe;
  /** What the cache holds for a record, without asking anybody; `undefined` where that is nothing fresh. */
  readonly peek: (name: string, record: RecordKey) => Resolution | undefined;
  readonly cache: Cache | undefined;
  /** The directory in use. */
  readonly directory: () => DirectorySnapshot | undefined;
  /** Takes a newer directory snapshot, and the shard hints that it carries; an older one is ignored. */
  readonly setDirectory: (snapshot: DirectorySnapshot) => void;
  /** Whether the client was set up to use shard hints. */
  readonly usesShardHints: boolean;
  /** The shard hints in use; `undefined` where there are none. */
  readonly shardHints: () => ShardHints | undefined;
  /** Takes other shard hints, from anybody; none are taken where they are not used. */
  readonly setShardHints: (hints: ShardHints) => void;
  /**
   * Reads the directory by state proof and takes it. Never throws for what goes wrong on the way. Without RPC providers, see
   * `refreshDirectory`, which believes two operators.
   */
  readonly proveDirectory: (options?: ProveDirectoryLimits) => Promise<DirectoryProof>;
}

const keyOf = (name: string, record: RecordKey) => `${name}\n${formatRecordKey(record)}`;

const isConclusive = ({ outcome }: Resolution) => outcome === "answered" || outcome === "absent";

/** Resolutions known before, with those asked for in the gaps, in order. */
function merged(known: readonly (Resolution | undefined)[], told: readonly Resolution[]): readonly Resolution[] {
  let next = 0;
  return known.map((resolution) => {
    if (resolution !== undefined) return resolution;
    next += 1;
    return told[next - 1]!;
  });
}

class CachingNameClient implements NameClient {
  readonly tld: string;
  readonly cache: Cache | undefined;
  readonly usesShardHints: boolean;
  readonly #options: NameClientOptions;
  readonly #shared: Shared;
  readonly #paths: ReadonlyMap<PathName, Path>;
  readonly #trust: TrustClass;
  readonly #flights = new Map<string, Promise<readonly Resolution[]>>();
  readonly #head: ChainHeadOptions | undefined;
  #directory: DirectorySnapshot | undefined;
  #hints: { readonly table: ShardHints; readonly lookUp: ShardHintLookup } | undefined;

  constructor(options: NameClientOptions, shared: Shared) {
    this.tld = options.deployment.tld;
    this.#options = options;
    this.#shared = shared;
    this.#directory = options.paths.gateways?.directory;
    this.usesShardHints = options.paths.gateways?.shardHints !== "unused";
    this.cache = options.cache === false ? undefined : createCache(shared.clock, options.cache);
    this.#trust = options.trust?.unverified === "refused" ? "verified" : "any";
    const { shardHints } = options.paths.gateways?.directory ?? {};
    if (shardHints !== undefined) this.setShardHints(shardHints);
    const { paths, head } = createPaths(options, shared, {
      directory: () => this.#directory ?? EMPTY_DIRECTORY,
      hintsOf: (node, countMax) => this.#hints?.lookUp(node, countMax) ?? [],
    });
    this.#paths = new Map(paths.map((path) => [path.name, path]));
    this.#head = head;
  }

  readonly resolve: NameClient["resolve"] = async (name, record, options = {}) => {
    const usesCache = (options.cache ?? "use") === "use" && options.path === undefined;
    // Asked as written first: what is in the cache was normalised before it got there.
    const entry = usesCache ? this.cache?.get(keyOf(name, record), this.#trust) : undefined;
    if (entry !== undefined && this.#shared.clock.nowMs() < entry.freshUntilMs) return this.#fromCache(entry, "fresh");
    const normal = normaliseName(name);
    if (normal !== name) return await this.resolve(normal, record, options);
    if (entry !== undefined) return await this.#refreshOrStale(name, record, entry, options);
    return (await this.#askOrShare(name, [record], options))[0]!;
  };

  readonly resolveRecords: NameClient["resolveRecords"] = async (name, records, options = {}) => {
    const { known, missing } = this.#split({ name: normaliseName(name), records }, options);
    const told = missing.records.length === 0 ? [] : await this.#askOrShare(missing.name, missing.records, options);
    return merged(known, told);
  };

  readonly resolveMany: NameClient["resolveMany"] = async (queries, options = {}) => {
    const parts = queries.map(({ name, records }) => this.#split({ name: normaliseName(name), records }, options));
    const asked = parts.filter(({ missing }) => missing.records.length > 0);
    const told = await this.#ask(
      asked.map(({ missing }) => missing),
      options,
      options.path ?? "all",
    );
    if (options.cache !== "bypass") for (const resolutions of told) this.#keep(resolutions);
    return parts.map((part) => merged(part.known, told[asked.indexOf(part)] ?? []));
  };

  readonly probe: Probe = async ({ name, record, path, deadlineMs, signal }) => {
    const options: ResolveOptions = {
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      ...(signal === undefined ? {} : { signal }),
    };
    return (await this.#ask([{ name: normaliseName(name), records: [record] }], options, path))[0]![0]!;
  };

  readonly peek: NameClient["peek"] = (name, record) => {
    const entry = this.cache?.get(keyOf(name, record), this.#trust);
    if (entry === undefined || this.#shared.clock.nowMs() >= entry.freshUntilMs) return undefined;
    return this.#fromCache(entry, "fresh");
  };

  readonly directory = (): DirectorySnapshot | undefined => this.#directory;

  readonly setDirectory = (snapshot: DirectorySnapshot): void => {
    if (this.#directory !== undefined && snapshot.version < this.#directory.version) return;
    this.#directory = snapshot;
    if (snapshot.shardHints !== undefined) this.setShardHints(snapshot.shardHints);
  };

  readonly shardHints = (): ShardHints | undefined => this.#hints?.table;

  readonly setShardHints = (table: ShardHints): void => {
    if (!this.usesShardHints) return;
    this.#hints = { table, lookUp: createShardHintLookup(table) };
  };

  readonly proveDirectory: NameClient["proveDirectory"] = async (limits = {}) => {
    const { deployment, deadlineMs } = this.#options;
    const { tld, chainId, contracts, codeHashes } = deployment;
    const [chain, codeHash] = [this.#head, codeHashes.directory];
    if (chain === undefined || codeHash === undefined) {
      const reason = "there are no RPC providers, or the deployment does not tell the directory's code hash";
      return { outcome: "refused", version: null, reason, trace: NO_TRACE };
    }
    const account = { address: contracts.directory, codeHash };
    const nodes = limits.names?.map((name) => namehash(normaliseName(name))) ?? [];
    const options = { chain, account, chainId, tld, current: this.#directory, nodes };
    const until = { deadlineMs: limits.deadlineMs ?? deadlineMs ?? DEADLINE_MS_DEFAULT };
    const { run, result } = await withRun(
      this.#shared,
      { what: "The refresh", ...until, ...(limits.signal === undefined ? {} : { signal: limits.signal }) },
      (current) => proveDirectory(current, options),
    );
    if ("path" in result) return { outcome: result.outcome, version: null, reason: result.reason, trace: run.trace };
    const { version, block } = result.snapshot;
    this.setDirectory(result.snapshot);
    return { outcome: "answered", version, reason: `block ${block.number}`, trace: run.trace };
  };

  /** What the cache answers of a query, and what is left to ask. */
  #split({ name, records }: NameQuery, options: ResolveOptions) {
    const usesCache = (options.cache ?? "use") === "use" && options.path === undefined;
    const known = records.map((record) => (usesCache ? this.peek(name, record) : undefined));
    const missing: NameQuery = { name, records: records.filter((_, index) => known[index] === undefined) };
    return { known, missing };
  }

  #ask(
    queries: readonly NameQuery[],
    options: ResolveOptions,
    path: PathName | "all",
  ): Promise<readonly (readonly Resolution[])[]> {
    const { trust, policy, deadlineMs } = this.#options;
    const chosen = options.policy ?? policy ?? "verified-first";
    return runResolution(this.#shared, {
      queries,
      paths: this.#paths,
      path,
      policy: typeof chosen === "string" ? POLICIES[chosen] : chosen,
      allowsUnverified: this.#trust === "any",
      unverifiedAfterMs: trust?.unverifiedAfterMs ?? UNVERIFIED_AFTER_MS_DEFAULT,
      deadlineMs: options.deadlineMs ?? deadlineMs ?? DEADLINE_MS_DEFAULT,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  }

  /** Asks anew and fills the cache; several callers at once share one exchange. */
  #askOrShare(name: string, records: readonly RecordKey[], options: ResolveOptions): Promise<readonly Resolution[]> {
    if (options.cache === "bypass") return this.#askOne(name, records, options);
    // One caller's signal must not end another's question; a policy of one's own has no name to share it by.
    const isShareable =
      options.signal === undefined && options.path === undefined && typeof options.policy !== "function";
    const flightKey = `${records.map((record) => keyOf(name, record)).join("\n")}\n${String(options.policy)}\n${options.deadlineMs}`;
    const shared = isShareable ? this.#flights.get(flightKey) : undefined;
    if (shared !== undefined) return shared;
    const flight = this.#askAndKeep(name, records, options).finally(() => this.#flights.delete(flightKey));
    if (isShareable) this.#flights.set(flightKey, flight);
    return flight;
  }

  async #askOne(name: string, records: readonly RecordKey[], options: ResolveOptions): Promise<readonly Resolution[]> {
    return (await this.#ask([{ name, records }], options, options.path ?? "all"))[0]!;
  }

  async #askAndKeep(
    name: string,
    records: readonly RecordKey[],
    options: ResolveOptions,
  ): Promise<readonly Resolution[]> {
    return this.#keep(await this.#askOne(name, records, options));
  }

  #keep(resolutions: readonly Resolution[]): readonly Resolution[] {
    for (const resolution of resolutions) {
      if (isConclusive(resolution)) this.cache?.put(keyOf(resolution.name, resolution.record), resolution);
    }
    return resolutions;
  }

  #fromCache(entry: CacheEntry, cached: "fresh" | "stale"): Resolution {
    const now = this.#shared.clock.nowMs();
    return {
      ...entry.resolution,
      ageSeconds: entry.resolution.ageSeconds + Math.max(0, (now - entry.storedAtMs) / 1000),
      ttlSeconds: cached === "stale" ? STALE_TTL_SECONDS : Math.max(0, (entry.freshUntilMs - now) / 1000),
      cached,
      durationMs: 0,
      trace: NO_TRACE,
    };
  }

  /** With an answer past its TTL at hand: a better one if it comes soon, otherwise that. */
  async #refreshOrStale(
    name: string,
    record: RecordKey,
    entry: CacheEntry,
    options: ResolveOptions,
  ): Promise<Resolution> {
    const fresh = this.#askOrShare(name, [record], options).then(([resolution]) => resolution!);
    const stale = this.#fromCache(entry, "stale");
    if (this.cache?.mayRevalidate(entry)) {
      // Resolutions do not reject; a defect that made one do so shows when the next caller waits for it.
      fresh.catch(() => {});
      return stale;
    }
    let giveUp: (resolution: Resolution) => void = () => {};
    const patience = new Promise<Resolution>((resolve) => {
      giveUp = resolve;
    });
    const timer = this.#shared.clock.schedule(STALE_ANSWER_AFTER_MS, () => giveUp(stale));
    const told = await Promise.race([fresh, patience]);
    timer.cancel();
    if (isConclusive(told)) return told;
    return { ...stale, trace: told.trace, durationMs: told.durationMs };
  }
}

/**
 * A name client.
 *
 * @example
 * ```ts
 * const client = createNameClient({ deployment, transport: fetchTransport, paths: { gateways: { directory } } });
 * const { outcome, value, evidence } = await client.resolve("shop.hold", { kind: "addr", coinType: 60n });
 * ```
 */
export function createNameClient(options: NameClientOptions): NameClient {
  const clock = options.clock ?? systemClock;
  return new CachingNameClient(options, {
    clock,
    random: options.random ?? secureRandom,
    transport: options.transport,
    health: createHealth(clock, options.health),
    budget: createRetryBudget(options.retryBudget),
  });
}
