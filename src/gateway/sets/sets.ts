/**
 * Names whose records live off chain: their owners sign sets, their gateways hold them. A set is taken when this gateway serves the
 * name, its signer may write the name's records, its epoch is the name's, it counts now, and it is newer than the one held. The
 * newest valid one wins everywhere, so gateways that were away catch up by asking the others.
 */
import { recover } from "tiny-secp256k1";
import { concatBytes, fromHex, type Hex } from "../../base/bytes.ts";
import { type Clock, nowSeconds } from "../../base/clock.ts";
import { keccak256 } from "../../base/keccak.ts";
import { registeredNameOf } from "../../naming/name.ts";
import { nameSlot, parseNameWord } from "../../proof/layout.ts";
import { readName } from "../../proof/readName.ts";
import { addressOfPublicKey, recoveryIdOf } from "../../proof/recoverAddress.ts";
import {
  encodeSignedAnswer,
  leavesOf,
  type RecordQuestion,
  type RequestRefusal,
} from "../../protocol/offchainMessages.ts";
import { type RecordSetDomain, recordSetDigest } from "../../protocol/offchainSet.ts";
import type { Replica } from "../../replica/replica.ts";
import type { Gateway } from "../gateway.ts";
import { ProblemError } from "../http/message.ts";
import { type PublishedSet, parsePublishedSet } from "./publishedSet.ts";
import type { SetStore } from "./setStore.ts";

export interface SetsOptions {
  readonly gateway: Gateway;
  readonly replica: Replica;
  readonly store: SetStore;
  readonly domain: RecordSetDomain;
  readonly registry: Hex;
  readonly tld: string;
  readonly clock: Clock;
}

export interface Sets {
  /** Takes a published set. Throws `ProblemError` for one that does not verify. Returns whether it was new. */
  accept(text: string): { readonly name: string; readonly sequence: bigint; readonly isNew: boolean };
  /** Answers a resolver's question, or says why not. */
  answer(question: RecordQuestion): Hex | RequestRefusal;
}

/** Clocks may differ by this much, in seconds. */
const CLOCK_SKEW_SECONDS = 300;
/** Parsed sets kept in memory. */
const PARSED_MAX = 1_000;
const OPERATORS_SLOT = 6n;
const OPERATOR_KIND = 11n;
const PERMISSION_RECORDS = 1;

const word = (value: bigint): Uint8Array => fromHex(`0x${value.toString(16).padStart(64, "0")}`);
const hashed = (...parts: readonly Uint8Array[]): Uint8Array => keccak256(concatBytes(...parts));

/** Whether an account may write a name's records: its owner, an operator of the owner, or one of the name. */
function mayWrite({ replica }: SetsOptions, node: Hex, account: Hex): boolean {
  const { owner, epoch } = parseNameWord(replica.read(fromHex(nameSlot(node))));
  if (owner === account) return true;
  const [ownerWord, accountWord] = [word(BigInt(owner)), word(BigInt(account))];
  const operator = hashed(accountWord, hashed(ownerWord, word(OPERATORS_SLOT)));
  if (replica.read(operator)[31] === 1) return true;
  const kindWord = word((OPERATOR_KIND << 248n) | epoch);
  const permissions = replica.read(hashed(fromHex(node), kindWord, hashed(ownerWord, accountWord)));
  return ((permissions[31] ?? 0) & PERMISSION_RECORDS) !== 0;
}

function signerOf(digest: Hex, signature: Hex): string | undefined {
  const bytes = fromHex(signature);
  const id = recoveryIdOf(bytes);
  if (id === undefined) return undefined;
  const key = recover(fromHex(digest), bytes.subarray(0, 64), id, false);
  return key === null ? undefined : addressOfPublicKey(key.subarray(1));
}

/** Throws `ProblemError` unless the set counts for its name now. */
function check(options: SetsOptions, { name, set }: PublishedSet): void {
  const { gateway, replica, registry, tld, domain, clock } = options;
  const registered = registeredNameOf(name, tld);
  if (registered === undefined || !gateway.serves(registered)) {
    throw new ProblemError(421, "not-served", `${name} is not served here; /v1/shard/${name} says where.`);
  }
  const timestamp = BigInt(replica.head?.timestamp ?? 0);
  const read = (slot: Hex) => replica.read(fromHex(slot));
  const { status } = readName(read, { name, records: [], tld, registry, timestamp });
  if (status.closest !== name) throw new ProblemError(404, "not-found", `${name} is not registered.`);
  const { epoch } = parseNameWord(replica.read(fromHex(nameSlot(set.node))));
  if (set.epoch !== epoch) throw new ProblemError(409, "wrong-epoch", `The name's record epoch is ${epoch}.`);
  const now = nowSeconds(clock);
  if (set.validUntil < now) throw new ProblemError(422, "expired", `The set counted until ${set.validUntil}.`);
  if (set.validFrom > now + CLOCK_SKEW_SECONDS) {
    throw new ProblemError(422, "not-yet-valid", `The set counts from ${set.validFrom}.`);
  }
  if (signerOf(recordSetDigest(domain, set), set.signature) !== set.signer) {
    throw new ProblemError(403, "wrong-signature", "The signature is not the signer's over this set on this chain.");
  }
  if (!mayWrite(options, set.node, set.signer)) {
    throw new ProblemError(403, "wrong-signer", `${set.signer} may not write the records of ${name}.`);
  }
}

export function createSets(options: SetsOptions): Sets {
  const { store } = options;
  const parsed = new Map<string, { readonly text: string; readonly published: PublishedSet }>();
  const publishedOf = (name: string, text: string): PublishedSet => {
    const known = parsed.get(name);
    if (known?.text === text) return known.published;
    const published = parsePublishedSet(text);
    if (parsed.size >= PARSED_MAX) parsed.delete(parsed.keys().next().value!);
    parsed.set(name, { text, published });
    return published;
  };

  return {
    accept(text) {
      const published = parsePublishedSet(text);
      const { name, set } = published;
      check(options, published);
      const held = store.get(name);
      if (held !== undefined && held.sequence >= set.sequence) {
        const { epoch, root } = publishedOf(name, held.text).set;
        if (held.sequence === set.sequence && root === set.root) return { name, sequence: set.sequence, isNew: false };
        // A set of an earlier epoch is void, whatever its sequence.
        if (epoch === set.epoch)
          throw new ProblemError(409, "old-sequence", `Sequence ${held.sequence} is held already.`);
      }
      store.put({ name, sequence: set.sequence, text });
      parsed.set(name, { text, published });
      return { name, sequence: set.sequence, isNew: true };
    },
    answer(question) {
      // The set is of the name's own node or of one above it.
      for (let name = question.name; name.includes("."); name = name.slice(name.indexOf(".") + 1)) {
        const held = store.get(name);
        if (held === undefined) continue;
        const { set, tree } = publishedOf(name, held.text);
        if (set.node === question.node) return encodeSignedAnswer(set, leavesOf(question, tree));
      }
      return { status: 404, message: `no signed set covers ${question.name}` };
    },
  };
}
