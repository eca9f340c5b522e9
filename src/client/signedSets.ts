/**
 * Names whose records their owner signed. A path has proven by now that the deployment's OffchainResolver is the name's resolver;
 * here everyone who may hold the name's set is asked at once, and the same path for who may sign and which sets are revoked. What
 * does not verify counts for nothing, whoever sent it; of what verifies, the newest set counts.
 */

import type { Hex } from "../base/bytes.ts";
import { nowSeconds, type Timer } from "../base/clock.ts";
import { BaseError } from "../base/errors.ts";
import { TYPE } from "../dns/codes.ts";
import { registeredNameOf } from "../naming/name.ts";
import { namehash } from "../naming/namehash.ts";
import { NEGATIVE_TTL_SECONDS, TTL_SECONDS_DEFAULT } from "../proof/readName.ts";
import { checkSet, InvalidSetError, isSignedByKey, readLeaves } from "../proof/signedSet.ts";
import type { RecordResult } from "../protocol/answer.ts";
import { type Authority, decodeAuthority } from "../protocol/offchainAuthority.ts";
import {
  CCIP_PATH,
  callOfRecord,
  decodeSignedAnswer,
  encodeQuestion,
  type RecordQuestion,
} from "../protocol/offchainMessages.ts";
import { type RecordSetDomain, recordSetDigest, type SignedRecordSet } from "../protocol/offchainSet.ts";
import { isStored, type StoredRecordKey } from "../protocol/record.ts";
import { decodeRRset, encodeRRset } from "../protocol/rrset.ts";
import { askSeveral, type Target } from "./askSeveral.ts";
import { askCcipGateway } from "./dropins/ccipRead.ts";
import type { ForeignQuestion, ReadForeign } from "./paths/foreignNames.ts";
import type { RecoverAddress } from "./paths/gatewayAnswer.ts";
import { failedReply, type PathReply } from "./paths/pathReply.ts";
import type { ShardTargets } from "./paths/shardTargets.ts";
import type { Run } from "./run.ts";

/** Somewhere else than at a gateway where sets are held: a file, for one. Answers as a gateway would, or not at all. */
export type SetSource = (question: RecordQuestion) => Hex | undefined;

/** Whether a contract takes a signature as its own (ERC-1271); `undefined` where nobody could say. */
export type IsContractSignature = (
  run: Run,
  question: ForeignQuestion,
  signed: { readonly signer: Hex; readonly digest: Hex; readonly signature: Hex },
) => Promise<boolean | undefined>;

export interface SignedSetOptions {
  readonly domain: RecordSetDomain;
  readonly tld: string;
  /** Which four gateways hold a name's sets. */
  readonly shards: ShardTargets;
  /** Other servers that hold sets, by the URL of their root. */
  readonly mirrors?: readonly string[];
  /** Sets at hand. */
  readonly sources?: readonly SetSource[];
  readonly recoverAddress: RecoverAddress;
  readonly isContractSignature?: IsContractSignature;
}

/** How long others are waited for once one has shown a set that counts: one of them may have a newer. */
const PATIENCE_MS = 150;
/** Names whose newest sequence is remembered. */
const SEEN_MAX = 100_000;

interface VerifiedSet {
  readonly set: SignedRecordSet;
  readonly values: ReturnType<typeof readLeaves>;
  readonly where: string;
}

/** Nobody could say who may sign. */
class UnknownAuthorityError extends BaseError {
  override readonly name = "Client.UnknownAuthorityError";
  readonly reply: PathReply;
  constructor(reply: PathReply) {
    super("CLIENT_UNKNOWN_AUTHORITY", `Nobody could say who signs for the name: ${reply.reason}.`);
    this.reply = reply;
  }
}

/** Who may sign, by the path that proved the resolver; asked once for each account. */
function createAuthorities(run: Run, { foreign, path }: ForeignQuestion) {
  const known = new Map<Hex, Promise<Authority>>();
  return (account: Hex): Promise<Authority> => {
    const before = known.get(account);
    if (before !== undefined) return before;
    const asked = path.ask(run, foreign.name, [{ kind: "authority", account }]).then((reply) => {
      const value = reply.results?.[0]?.value;
      if (reply.outcome !== "answered" || typeof value !== "string") throw new UnknownAuthorityError(reply);
      return decodeAuthority(value);
    });
    // Whoever needs it waits for it again.
    asked.catch(() => {});
    known.set(account, asked);
    return asked;
  };
}

type AuthorityOf = ReturnType<typeof createAuthorities>;

/** Throws `InvalidSetError` for an answer that does not count, `UnknownAuthorityError` where that cannot be known. */
async function verify(
  run: Run,
  options: SignedSetOptions,
  question: ForeignQuestion,
  asked: RecordQuestion,
  authorityOf: AuthorityOf,
  answer: Hex,
): Promise<Omit<VerifiedSet, "where">> {
  const { set, leaves } = decodeSignedAnswer(answer);
  const signer = set.signer.toLowerCase() as Hex;
  const { owner } = question.foreign.word;
  let authority = await authorityOf(owner);
  if (signer !== authority.owner) authority = await authorityOf(signer);
  const mayWrite = signer === authority.owner || authority.mayWrite;
  checkSet(set, { ...authority, mayWrite }, nowSeconds(run.clock));
  const values = readLeaves(set, asked, leaves);
  if (isSignedByKey(options.domain, set, options.recoverAddress)) return { set, values };
  const signed = { signer, digest: recordSetDigest(options.domain, set), signature: set.signature };
  const isContracts = await options.isContractSignature?.(run, question, signed);
  if (isContracts === true) return { set, values };
  if (isContracts === false) throw new InvalidSetError("wrong-signature", "The signature is not the signer's.");
  throw new InvalidSetError("wrong-signature", "The signature is no key's, and nobody could ask the contract for it.");
}

/** Asks one server; `undefined` where it gave no answer. */
async function askServer(run: Run, url: string, data: Hex, sender: Hex) {
  const told = await askSeveral<Target, Hex, Hex>(run, {
    path: "gateways",
    targets: [{ endpoint: url }],
    ask: (_, signal) => askCcipGateway(run, { sender, data, url: `${url}${CCIP_PATH}` }, signal),
    judge: ([first]) => (first === undefined ? { missing: 1 } : { done: first }),
  });
  return { answer: told.result, outcome: told.failure, reason: told.reason };
}

/** Notes in the trace that what a server told does not count. */
function discredit(run: Run, endpoint: string, outcome: "wrong" | "stale", reason: string): void {
  run.health.failed(endpoint);
  const at = run.trace.findLastIndex((attempt) => attempt.endpoint === endpoint);
  const attempt = run.trace[at];
  if (attempt !== undefined) run.trace[at] = { ...attempt, outcome, reason };
}

type Failure = { readonly outcome: Exclude<PathReply["outcome"], "answered">; readonly reason: string };

/** All sets that verify, of whoever answers in time; or why there are none. */
class Gathering {
  readonly verified: VerifiedSet[] = [];
  failure: Failure = { outcome: "unreachable", reason: "nobody holds the name's set" };
  readonly #run: Run;
  readonly #check: (answer: Hex) => Promise<Omit<VerifiedSet, "where">>;
  #patience: Timer | undefined;
  #enough: () => void = () => {};

  constructor(run: Run, check: (answer: Hex) => Promise<Omit<VerifiedSet, "where">>) {
    this.#run = run;
    this.#check = check;
  }

  /** Settles when all have answered, or some time after the first whose answer counts. */
  async gather(works: readonly Promise<void>[]): Promise<void> {
    const enough = new Promise<void>((resolve) => {
      this.#enough = resolve;
    });
    await Promise.race([enough, Promise.all(works)]);
    this.#patience?.cancel();
  }

  async fromServer(url: string, data: Hex, sender: Hex): Promise<void> {
    const { answer, outcome, reason } = await askServer(this.#run, url, data, sender);
    if (answer !== undefined) return await this.take(answer, url);
    this.#note(outcome === "answered" || outcome === "absent" ? "unreachable" : outcome, reason);
  }

  async take(answer: Hex, where: string): Promise<void> {
    try {
      const checked = await this.#check(answer);
      this.verified.push({ ...checked, where });
      this.#patience ??= this.#run.clock.schedule(PATIENCE_MS, () => this.#enough());
    } catch (error) {
      if (!(error instanceof BaseError)) throw error;
      if (error instanceof UnknownAuthorityError) {
        const { outcome } = error.reply;
        this.#note(outcome === "answered" ? "unreachable" : outcome, error.shortMessage);
        return;
      }
      discredit(this.#run, where, "wrong", error.shortMessage);
      this.#note("wrong", error.shortMessage);
    }
  }

  /** The newest; the trace says who showed an older one. */
  newest(): VerifiedSet | undefined {
    let best: VerifiedSet | undefined;
    for (const each of this.verified) {
      if (best === undefined || each.set.sequence > best.set.sequence) best = each;
    }
    for (const { set, where } of this.verified) {
      if (best !== undefined && set.sequence < best.set.sequence) {
        discredit(this.#run, where, "stale", `showed sequence ${set.sequence}, when ${best.set.sequence} is out`);
      }
    }
    return best;
  }

  #note(outcome: Failure["outcome"], reason: string): void {
    // That someone lied says more than that someone else was down.
    if (this.failure.outcome !== "wrong") this.failure = { outcome, reason };
  }
}

/** An RRset that a wildcard gave, as one of the name that was asked for (RFC 4592). */
function underOwner(record: StoredRecordKey, value: Hex, isWildcard: boolean): { value: Hex; ttlSeconds?: number } {
  if (record.kind !== "dns") return { value };
  const rrset = decodeRRset(value);
  const { ttlSeconds } = rrset;
  return { value: isWildcard ? encodeRRset({ ...rrset, name: record.owner }) : value, ttlSeconds };
}

/** Whether an owner that was asked about has a CNAME of its own, beside which a wildcard gives it nothing (RFC 1034 section 3.6.2). */
function isAlias(owner: string, stored: readonly StoredRecordKey[], values: VerifiedSet["values"]): boolean {
  const index = stored.findIndex(
    (record) => record.kind === "dns" && record.rrtype === TYPE.CNAME && record.owner === owner,
  );
  const told = values[index];
  return told !== undefined && told.value !== null && !told.isWildcard;
}

function resultsOf(
  run: Run,
  { foreign, records }: ForeignQuestion,
  stored: readonly StoredRecordKey[],
  { set, values }: VerifiedSet,
): readonly RecordResult[] {
  const leftSeconds = Math.max(0, set.validUntil - nowSeconds(run.clock));
  const keep = (ttlSeconds: number) => Math.min(ttlSeconds, leftSeconds);
  return records.map((record): RecordResult => {
    if (!isStored(record)) return { record, value: foreign.registration, ttlSeconds: keep(TTL_SECONDS_DEFAULT) };
    const { value, isWildcard } = values[stored.indexOf(record)]!;
    const isVoid = isWildcard && record.kind === "dns" && isAlias(record.owner, stored, values);
    if (isVoid) return { record, value: null, ttlSeconds: keep(NEGATIVE_TTL_SECONDS) };
    if (value === null) return { record, value, ttlSeconds: keep(NEGATIVE_TTL_SECONDS) };
    const told = underOwner(record, value, isWildcard);
    const ttlSeconds = told.ttlSeconds ?? (foreign.ttlSeconds || TTL_SECONDS_DEFAULT);
    return { record, value: told.value, ttlSeconds: keep(ttlSeconds) };
  });
}

/** Remembers the newest set seen of each name, so that an older one is not taken for the newest. */
function createMemory() {
  const seen = new Map<string, bigint>();
  return {
    /** Whether a newer set was seen before; notes this one otherwise. */
    isOvertaken({ node, epoch, sequence }: SignedRecordSet): boolean {
      const key = `${node}/${epoch}`;
      const before = seen.get(key) ?? -1n;
      if (sequence < before) return true;
      if (!seen.has(key) && seen.size >= SEEN_MAX) seen.delete(seen.keys().next().value!);
      seen.set(key, sequence);
      return false;
    },
  };
}

/** What cannot be asked of signed sets in this way; `undefined` where all can. */
function objectionTo({ foreign, records }: ForeignQuestion): string | undefined {
  if (records.some((record) => record.kind === "dns" && record.owner !== foreign.name)) {
    return "records of several names are to be asked for one name at a time";
  }
  return records.some(({ kind }) => kind === "authority") ? "who signs is to be asked of the chain" : undefined;
}

/**
 * The reader of signed sets. Where nobody is known to hold any, it leaves a name to whoever runs its resolver.
 */
export function createSignedSetReader(options: SignedSetOptions): ReadForeign {
  const { domain, tld, shards, mirrors = [], sources = [] } = options;
  const memory = createMemory();
  return async (run, question) => {
    const { foreign, block, evidence, path } = question;
    const failed = (outcome: Failure["outcome"], reason: string): PathReply => ({
      ...failedReply(path.name, outcome, reason),
      block,
      status: foreign.status,
    });
    const objection = objectionTo(question);
    if (objection !== undefined) return failed("refused", objection);
    const stored = question.records.filter(isStored);
    const authorityOf = createAuthorities(run, question);
    // Asked at the same time as the gateways, whose answers wait for it.
    void authorityOf(foreign.word.owner);
    const calls = stored.map((record) => callOfRecord(foreign.name, record));
    const asked: RecordQuestion = {
      resolver: domain.resolver,
      node: namehash(foreign.holder),
      name: foreign.name,
      calls,
    };
    const gathering = new Gathering(run, (answer) => verify(run, options, question, asked, authorityOf, answer));
    const registered = registeredNameOf(foreign.name, tld) ?? foreign.name;
    const gateways = shards.targetsOf(registered, foreign.status.shardIndex).map(({ endpoint }) => endpoint);
    const servers = [...new Set([...gateways, ...mirrors])];
    if (servers.length === 0 && sources.length === 0) return undefined;
    const data = encodeQuestion(asked);
    await gathering.gather([
      ...servers.map((url) => gathering.fromServer(url, data, domain.resolver)),
      ...sources.map(async (source) => {
        const answer = source(asked);
        if (answer !== undefined) await gathering.take(answer, "file");
      }),
    ]);
    const best = gathering.newest();
    if (best === undefined) return failed(gathering.failure.outcome, gathering.failure.reason);
    const isOld = memory.isOvertaken(best.set);
    return {
      path: path.name,
      outcome: isOld ? "stale" : "answered",
      results: resultsOf(run, question, stored, best),
      evidence: evidence === "proof" ? "owner" : evidence,
      block,
      status: foreign.status,
      reason: `set ${best.set.sequence} from ${best.where}${isOld ? ", though a newer one was seen" : ""}`,
    };
  };
}
