/**
 * The chain path: RPC providers. As many as the quorum asks for must tell of the same block; every slot of the answer is
 * then proven against that block's state root. With a quorum of one nobody vouches for the block, and the answer is what the
 * provider says. Where the index of a name can be guessed, its records come with the block, in one exchange; else in two.
 */
import type { Hex } from "../../base/bytes.ts";
import { registeredNameOf } from "../../naming/name.ts";
import { namehash } from "../../naming/namehash.ts";
import { nameSlot } from "../../proof/layout.ts";
import { type ForeignName, ForeignResolverError, type NameReading, readName } from "../../proof/readName.ts";
import { parseReverseName, type ReverseQuestion, reverseSlots } from "../../proof/reverse.ts";
import { readReverse } from "../../proof/reverseReading.ts";
import { UnknownZoneError, type ZoneKey } from "../../proof/zone.ts";
import type { BlockReference, RecordResult } from "../../protocol/answer.ts";
import type { RecordKey } from "../../protocol/record.ts";
import type { Run } from "../run.ts";
import type { ChainHeadOptions } from "./chainHead.ts";
import { isProven, type ReadState, readState } from "./chainState.ts";
import { fetchZone } from "./fetchZone.ts";
import { foreignReply } from "./foreignNames.ts";
import { guessedSlots } from "./guessedSlots.ts";
import { failedReply, type NameQuery, type Path, type PathReply } from "./pathReply.ts";
import type { ContractAccount } from "./rpcSlots.ts";
import type { ShardTargets } from "./shardTargets.ts";

export interface ChainPathOptions extends ChainHeadOptions {
  readonly tld: string;
  readonly account: ContractAccount;
  /** What is known of names' indices; those proven here are added. */
  readonly indices: Pick<ShardTargets, "guessesOf" | "learn">;
  /** The contract that keeps primary names, where the deployment tells. */
  readonly reverseAccount?: ContractAccount;
}

/**
 * What the registry says of one name: its records, or which other contract keeps them, or that one would have to know all RRsets
 * of a name.
 */
type NameState =
  | { readonly reading: NameReading }
  | { readonly foreign: ForeignName }
  | { readonly unknownZone: string };

export function createChainPath(options: ChainPathOptions): Path {
  const supports = (name: string) => parseReverseName(name) === undefined || options.reverseAccount !== undefined;
  return {
    name: "chain",
    verified: isProven(options),
    supports: (record, name) => supports(name) && (record.kind === "name" || parseReverseName(name) === undefined),
    async ask(run, name, records) {
      const reverse = parseReverseName(name);
      if (reverse !== undefined) return await askReverse(options, run, reverse, records);
      const [reply] = await askNames(options, run, [{ name, records }]);
      return reply ?? failedReply("chain", "unreachable", "nothing was read");
    },
    askMany: (run, queries) => askNames(options, run, queries),
  };
}

/** The slots certain to be needed, the words of the names at every depth below the TLD, and those of the records as far as they can be guessed. */
function firstSlots({ tld: suffix, account, indices }: ChainPathOptions, queries: readonly NameQuery[]): Hex[] {
  const slots = new Set<Hex>();
  const tld = `.${suffix}`;
  const guess = { tld: suffix, registry: account.address, guessesOf: indices.guessesOf };
  for (const query of queries) {
    const { name, records } = query;
    const owners = records.flatMap((record) => (record.kind === "dns" ? [record.owner] : []));
    for (const start of [name, ...owners]) {
      for (let at = start; at.endsWith(tld); at = at.slice(at.indexOf(".") + 1)) slots.add(nameSlot(namehash(at)));
    }
    for (const slot of guessedSlots(guess, query)) slots.add(slot);
  }
  return [...slots];
}

function nameReader(
  options: ChainPathOptions,
  { name, records }: NameQuery,
  zone?: readonly ZoneKey[],
): ReadState<NameState> {
  const { tld, account } = options;
  const claim = zone === undefined ? {} : { zone };
  return (read, { timestamp }) => {
    try {
      return { reading: readName(read, { name, records, tld, registry: account.address, timestamp, ...claim }) };
    } catch (error) {
      if (error instanceof ForeignResolverError) return { foreign: error.foreign };
      if (error instanceof UnknownZoneError) return { unknownZone: error.holder };
      throw error;
    }
  };
}

/** Several names in the round trips of one. */
async function askNames(
  options: ChainPathOptions,
  run: Run,
  queries: readonly NameQuery[],
): Promise<readonly PathReply[]> {
  const readers = queries.map((query) => nameReader(options, query));
  const told = await readState(run, options, options.account, firstSlots(options, queries), readers);
  if ("path" in told) return queries.map(() => told);
  const { block, results } = told;
  if (isProven(options)) {
    for (const [at, state] of results.entries()) learn(options, queries[at]!.name, state);
  }
  return await Promise.all(
    results.map((state, index) =>
      "unknownZone" in state
        ? askWithZone(options, run, queries[index]!, state.unknownZone)
        : replyOfState(options, block, state),
    ),
  );
}

/** Notes the index of a name that was read, for the next time and for whoever asks its gateways. */
function learn({ tld, indices }: ChainPathOptions, name: string, state: NameState): void {
  const registered = registeredNameOf(name, tld);
  if (registered === undefined || "unknownZone" in state) return;
  const { status } = "foreign" in state ? state.foreign : state.reading;
  indices.learn(registered, status.shardIndex);
}

function replyOfState(options: ChainPathOptions, block: BlockReference, state: NameState): PathReply {
  if ("foreign" in state) return foreignReply("chain", block, isProven(options) ? "proof" : "none", state.foreign);
  if ("reading" in state) return chainReply(options, block, state.reading.status, state.reading.results);
  return failedReply("chain", "refused", `which names ${state.unknownZone} has could not be shown`);
}

/** Once more, with the RRsets that events tell of; the reading itself finds out whether those are all. */
async function askWithZone(options: ChainPathOptions, run: Run, query: NameQuery, holder: string): Promise<PathReply> {
  const zone = await fetchZone(run, options.rpcUrls, options.account.address, holder);
  if ("path" in zone) return zone;
  // Those that are gone by now would make the claim too long.
  const present: ReadState<readonly ZoneKey[]> = (read, { timestamp }) => {
    const { tld, account } = options;
    const records = zone.map(({ owner, rrtype }): RecordKey => ({ kind: "dns", owner, rrtype }));
    const parameters = { name: holder, records, tld, registry: account.address, timestamp, isLiteral: true };
    const { results } = readName(read, parameters);
    return zone.filter((_, index) => results[index]?.value !== null);
  };
  const reader: ReadState<NameState> = (read, block) => nameReader(options, query, present(read, block))(read, block);
  const told = await readState(run, options, options.account, firstSlots(options, [query]), [reader]);
  if ("path" in told) return told;
  const [state] = told.results;
  return state === undefined
    ? failedReply("chain", "unreachable", "nothing was read")
    : replyOfState(options, told.block, state);
}

/** The name that an account claims, out of the contract that keeps such claims. */
async function askReverse(
  options: ChainPathOptions,
  run: Run,
  question: ReverseQuestion,
  records: readonly RecordKey[],
): Promise<PathReply> {
  const { reverseAccount } = options;
  if (reverseAccount === undefined)
    return failedReply("chain", "refused", "the deployment does not tell who keeps them");
  const reader: ReadState<NameReading> = (read) => readReverse(read, question, records);
  const told = await readState(run, options, reverseAccount, reverseSlots(question), [reader]);
  if ("path" in told) return told;
  return chainReply(options, told.block, null, told.results[0]?.results ?? []);
}

function chainReply(
  options: ChainHeadOptions,
  block: BlockReference,
  status: PathReply["status"],
  results: readonly RecordResult[],
): PathReply {
  const isStale = options.guard.isStale(block);
  return {
    path: "chain",
    outcome: isStale ? "stale" : "answered",
    results,
    evidence: isProven(options) ? "proof" : "none",
    block,
    status,
    reason: isStale ? `block ${block.number} is old` : `block ${block.number}`,
  };
}
