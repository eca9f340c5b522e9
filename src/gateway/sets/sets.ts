/**
 * Names whose records live off chain: their owners sign sets, their gateways hold them. A set is taken when this gateway serves the
 * name, its signer may write the name's records, its epoch is the name's, it counts now, and it is newer than the one held. The
 * newest valid one wins everywhere, so gateways that were away catch up by asking the others.
 */
import { fromHex, type Hex } from "../../base/bytes.ts";
import { type Clock, nowSeconds } from "../../base/clock.ts";
import { BaseError } from "../../base/errors.ts";
import { registeredNameOf } from "../../naming/name.ts";
import { readAuthority } from "../../proof/readName.ts";
import { recoverAddressFast } from "../../proof/recoverAddressFast.ts";
import { checkSet, InvalidSetError, isSignedByKey, type SetFlaw } from "../../proof/signedSet.ts";
import type { Authority } from "../../protocol/offchainAuthority.ts";
import {
  encodeSignedAnswer,
  leavesOf,
  type RecordQuestion,
  type RequestRefusal,
} from "../../protocol/offchainMessages.ts";
import { decodeRecords, PIECE_BYTES_MAX, treeOfPiece } from "../../protocol/offchainPieces.ts";
import { MalformedSetRecordError } from "../../protocol/offchainRecords.ts";
import { type RecordSetDomain, recordSetDigest } from "../../protocol/offchainSet.ts";
import {
  MalformedSetError,
  type PublishedSet,
  parsePublishedSet,
  type SetFormFlaw,
} from "../../protocol/publishedSet.ts";
import type { Replica } from "../../replica/replica.ts";
import type { Gateway } from "../gateway.ts";
import { ProblemError } from "../http/message.ts";
import type { IsContractSignature } from "./contractSignature.ts";
import { createUpdateMeter, type SetQuota } from "./quota.ts";
import type { SetStore } from "./setStore.ts";
import { createSetTrees, type OpenSet, type SetTrees } from "./setTrees.ts";
import { rrsetsOfRecords } from "./signedZone.ts";

export interface SetsOptions {
  readonly gateway: Gateway;
  readonly replica: Replica;
  readonly store: SetStore;
  readonly domain: RecordSetDomain;
  readonly registry: Hex;
  readonly tld: string;
  readonly clock: Clock;
  readonly quota: SetQuota;
  readonly isContractSignature: IsContractSignature;
}

/** What became of a set. */
export interface AcceptedSet {
  readonly name: string;
  readonly sequence: bigint;
  /** Whether it was not held before. */
  readonly isNew: boolean;
  /** Roots of the pieces without which it is not held yet; none where it is. */
  readonly missing: readonly Hex[];
}

/** A set that counts at the replica's head and now. */
export interface CountingSet extends OpenSet {
  /** Whether the name's owner signed it, and not somebody with leave to. */
  readonly isOwners: boolean;
}

export interface Sets {
  /** Takes a published set; resolves when it is on disk. Rejects with `ProblemError` for one that does not verify. */
  accept(text: string): Promise<AcceptedSet>;
  /** Takes a piece of a set whose head is waiting for it. Rejects with `ProblemError`. */
  acceptPiece(name: string, root: Hex, bytes: Uint8Array): Promise<void>;
  /** Answers a resolver's question, or says why not. */
  answer(question: RecordQuestion): Hex | RequestRefusal;
  /** The newest set of a name, where it counts now. */
  open(name: string): CountingSet | undefined;
  /** Calls a listener with the name of each set that was taken, once it is on disk. Returns how to stop. */
  subscribe(listener: (name: string) => void): () => void;
}

const STATUS_OF_FORM: Readonly<Record<SetFormFlaw, number>> = {
  "malformed-request": 400,
  "malformed-record": 422,
  "malformed-rrset": 422,
  "too-many-records": 422,
  "too-large": 413,
};
const STATUS_OF_FLAW: Partial<Record<SetFlaw, number>> = {
  "wrong-epoch": 409,
  expired: 422,
  "not-yet-valid": 422,
  revoked: 409,
  "wrong-signer": 403,
};
/** Signatures of a name, not a key's, that RPC providers are asked about in a minute. */
const CONTRACT_CHECKS_PER_MINUTE = 30;

function parse(text: string): ReturnType<typeof parsePublishedSet> {
  try {
    return parsePublishedSet(text);
  } catch (error) {
    if (error instanceof MalformedSetError) {
      throw new ProblemError(STATUS_OF_FORM[error.flaw], error.flaw, error.shortMessage);
    }
    throw error instanceof BaseError ? new ProblemError(400, "malformed-request", error.shortMessage) : error;
  }
}

/** Who may sign for a name at the replica's head. */
function authorityOf({ replica, registry, tld }: SetsOptions, name: string, account: Hex): Authority | undefined {
  const timestamp = BigInt(replica.head?.timestamp ?? 0);
  return readAuthority((slot) => replica.read(fromHex(slot)), { name, tld, registry, timestamp }, account);
}

/** Throws `ProblemError` unless the set counts for its name now, its signature apart. */
function checkHead(options: SetsOptions, { name, set }: PublishedSet): void {
  const { gateway, tld, clock } = options;
  const registered = registeredNameOf(name, tld);
  if (registered === undefined || !gateway.serves(registered)) {
    throw new ProblemError(421, "not-served", `${name} is not served here; /v1/shard/${name} says where.`);
  }
  const authority = authorityOf(options, name, set.signer);
  if (authority === undefined) throw new ProblemError(404, "not-found", `${name} is not registered.`);
  try {
    checkSet(set, authority, nowSeconds(clock));
  } catch (error) {
    if (!(error instanceof InvalidSetError)) throw error;
    throw new ProblemError(STATUS_OF_FLAW[error.flaw] ?? 422, error.flaw, error.shortMessage);
  }
}

function checkQuota(options: SetsOptions, { name, pieces, records }: PublishedSet): void {
  const { quota } = options;
  const recordCount = records?.length ?? pieces.reduce((sum, piece) => sum + piece.recordCount, 0);
  if (recordCount > quota.recordsMax) {
    const detail = `${recordCount} records; a name may have ${quota.recordsMax} here.`;
    throw new ProblemError(422, "too-many-records", detail);
  }
  checkBytes(options, name, 0);
}

/** Throws `ProblemError` unless the bytes are the piece of that root of the head that waits for it. */
function checkPiece(waiting: PublishedSet | undefined, name: string, root: Hex, bytes: Uint8Array): void {
  const pieces = waiting?.pieces ?? [];
  const index = pieces.findIndex((piece) => piece.root === root);
  if (index === -1) throw new ProblemError(404, "not-found", `No set of ${name} waits for the piece ${root}.`);
  if (bytes.length > PIECE_BYTES_MAX) {
    throw new ProblemError(413, "too-large", `A piece has at most ${PIECE_BYTES_MAX} bytes.`);
  }
  try {
    treeOfPiece(name, pieces, index, bytes);
  } catch (error) {
    if (!(error instanceof BaseError)) throw error;
    const isRRset = error instanceof MalformedSetRecordError && error.isRRset;
    throw new ProblemError(422, isRRset ? "malformed-rrset" : "malformed-piece", error.shortMessage);
  }
}

/** Throws `ProblemError` where a name would hold more bytes than its quota. */
function checkBytes({ quota, store }: SetsOptions, name: string, more: number): void {
  const byteCount = store.pieces(name).reduce((sum, piece) => sum + piece.byteCount, more);
  if (byteCount <= quota.bytesMax) return;
  throw new ProblemError(413, "quota-exceeded", `${name} would have ${byteCount} bytes here, over ${quota.bytesMax}.`);
}

/** A held set, where it counts now; otherwise why not. */
function countingSet(options: SetsOptions, name: string, open: OpenSet): CountingSet | string {
  const { set } = open.published;
  const authority = authorityOf(options, name, set.signer);
  if (authority === undefined) return `${name} is not registered`;
  try {
    checkSet(set, authority, nowSeconds(options.clock));
  } catch (error) {
    if (error instanceof InvalidSetError) return error.shortMessage;
    throw error;
  }
  return { ...open, isOwners: set.signer === authority.owner };
}

/** Answers a question out of the sets held; refuses where none counts. */
function answerFrom(options: SetsOptions, trees: SetTrees, question: RecordQuestion): Hex | RequestRefusal {
  const { store, domain } = options;
  // 503 and not 404: there may well be such a set elsewhere, and ethers asks nobody else after a 404.
  const refusal = (message: string): RequestRefusal => ({ status: 503, message });
  if (question.resolver.toLowerCase() !== domain.resolver.toLowerCase()) return refusal("for another resolver");
  // The set is of the name's own node or of one above it.
  for (let name = question.name; name.includes("."); name = name.slice(name.indexOf(".") + 1)) {
    const held = store.get(name);
    if (held === undefined) continue;
    const open = trees.of(held);
    if (open.published.set.node !== question.node) continue;
    const counting = countingSet(options, name, open);
    if (typeof counting === "string") return refusal(counting);
    return encodeSignedAnswer(counting.published.set, leavesOf(question, counting.tree));
  }
  return refusal(`no signed set covers ${question.name}`);
}

export function createSets(options: SetsOptions): Sets {
  const { store, domain, clock, quota } = options;
  const trees = createSetTrees(store);
  const listeners = new Set<(name: string) => void>();
  const updates = createUpdateMeter(clock, quota.updatesPerMinute, "new sets");
  const contractChecks = createUpdateMeter(clock, CONTRACT_CHECKS_PER_MINUTE, "signatures that are no key's");

  const checkSignature = async ({ name, set }: PublishedSet) => {
    if (isSignedByKey(domain, set, recoverAddressFast)) return;
    contractChecks.count(name);
    if (await options.isContractSignature(set.signer, recordSetDigest(domain, set), set.signature)) return;
    throw new ProblemError(403, "wrong-signature", "The signature is not the signer's over this set on this chain.");
  };
  /** Whether the very set is held already. Throws `ProblemError` where a newer one is. */
  const isHeld = ({ name, set }: PublishedSet): boolean => {
    const held = store.newest(name);
    if (held === undefined || held.sequence < set.sequence) return false;
    const { epoch, root } = trees.of(held).published.set;
    if (held.sequence === set.sequence && root === set.root) return true;
    // A set of an earlier epoch is void, whatever its sequence.
    if (epoch !== set.epoch) return false;
    throw new ProblemError(409, "old-sequence", `Sequence ${held.sequence} is held already.`);
  };

  return {
    async accept(text) {
      const parsed = parse(text);
      const { published } = parsed;
      const { name, set, pieces } = published;
      const { sequence } = set;
      checkHead(options, published);
      await checkSignature(published);
      if (isHeld(published)) return { name, sequence, isNew: false, missing: [] };
      checkQuota(options, published);
      const roots = pieces.map(({ root }) => root);
      const present = new Set<Hex>(roots.length === 0 ? [] : store.pieces(name).map(({ root }) => root));
      const missing = roots.filter((root) => !present.has(root));
      const waiting = roots.length === 0 ? undefined : store.pending(name);
      if (waiting?.text !== text) updates.count(name);
      if (missing.length === 0) {
        trees.note(text, parsed);
        await store.put({ name, sequence, text }, roots);
        for (const listener of listeners) listener(name);
      } else if (waiting?.text !== text) await store.putPending({ name, sequence, text });
      return { name, sequence, isNew: true, missing };
    },
    async acceptPiece(name, root, bytes) {
      const waiting = store.pending(name);
      checkPiece(waiting && parse(waiting.text).published, name, root, bytes);
      checkBytes(options, name, bytes.length);
      await store.putPiece(name, root, bytes, rrsetsOfRecords(name, decodeRecords(bytes)));
    },
    answer: (question) => answerFrom(options, trees, question),
    open(name) {
      const held = store.get(name);
      const counting = held && countingSet(options, name, trees.of(held));
      return typeof counting === "string" ? undefined : counting;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
