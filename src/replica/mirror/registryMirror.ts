/**
 * The registry's storage, rebuilt from its events by the table of contracts/registry/LAYOUT.md. Nothing here is believed: a
 * replica compares the storage root that follows with the chain's at every checkpoint.
 */
import { concatBytes, fromHex, type Hex, toHex, utf8Bytes, utf8Text } from "../../base/bytes.ts";
import { keccak256 } from "../../base/keccak.ts";
import { decodeDnsName } from "../../naming/dnsName.ts";
import { childNode, labelhash, type Node, ROOT_NODE } from "../../naming/namehash.ts";
import { countsOf, countsSlot, isCounted, keepCounts, type RecordCounts } from "../../proof/recordCounts.ts";
import { formatRecordKey, type RecordKey } from "../../protocol/record.ts";
import type { NameEntry, RecordEntry } from "../store/store.ts";
import type { RegistryEvent } from "./events.ts";
import { packRRset } from "./packRRset.ts";
import {
  BASE_SLOT,
  bitsOf,
  entrySlot,
  hasRecord,
  numberOf,
  paddedWord,
  type Storage,
  withBits,
  wordOf,
  writeRecord,
  writeText,
} from "./storage.ts";

/** What applying events reads, writes and notes down. */
export interface Mirror {
  readonly storage: Storage;
  /** The registry's own address: the resolver of a name that set none. */
  readonly registry: Hex;
  readonly tldNode: Node;
  readonly names: NameEntry[];
  readonly records: RecordEntry[];
  /** Nodes whose word, settings or records changed. */
  readonly touched: Set<Node>;
}

const FLAG = { leased: 1n, emancipated: 2n, ownEpoch: 2n, settings: 32n, approved: 64n };
const ROOT_TENURE = 0xffffffffn;
const UPPER_HALF = 2n ** 31n;
const COIN_TYPE_ETHEREUM = 60n;
const ZERO_ADDRESS: Hex = `0x${"00".repeat(20)}`;
const KIND = {
  addr: 1n,
  text: 2n,
  contenthash: 3n,
  name: 4n,
  pubkey: 6n,
  interface: 7n,
  dns: 8n,
  zonehash: 9n,
  operator: 11n,
  published: 12n,
};
const NO_SUBKEY = new Uint8Array(32);

const mapped = (base: bigint, key: Uint8Array): Uint8Array => entrySlot(key, wordOf(base));

function readWord(mirror: Mirror, node: Node): bigint {
  return numberOf(mirror.storage.get(mapped(BASE_SLOT.names, fromHex(node))));
}

function writeWord(mirror: Mirror, node: Node, word: bigint): void {
  mirror.storage.set(mapped(BASE_SLOT.names, fromHex(node)), wordOf(word));
  mirror.touched.add(node);
}

const flagsOf = (word: bigint): bigint => bitsOf(word, 208, 8);
const isLeased = (word: bigint): boolean => (flagsOf(word) & FLAG.leased) !== 0n;
const withFlag = (word: bigint, flag: bigint, isOn: boolean): bigint =>
  withBits(word, 208, 8, isOn ? flagsOf(word) | flag : flagsOf(word) & ~flag);

function epochOf(word: bigint): bigint {
  const index = bitsOf(word, 224, 32);
  if (isLeased(word)) return (index << 16n) | bitsOf(word, 216, 8);
  const tenure = (flagsOf(word) & FLAG.ownEpoch) === 0n ? index : bitsOf(word, 160, 32);
  return (tenure << 16n) | (bitsOf(word, 192, 8) << 8n) | bitsOf(word, 216, 8);
}

function setState(mirror: Mirror, from: number, count: number, value: bigint): void {
  const slot = wordOf(BASE_SLOT.state);
  mirror.storage.set(slot, wordOf(withBits(numberOf(mirror.storage.get(slot)), from, count, value)));
}

function recordHead(node: Node, kindWord: bigint, subkey: Uint8Array): Uint8Array {
  return keccak256(concatBytes(fromHex(node), wordOf(kindWord), subkey));
}

function putRecord(mirror: Mirror, node: Node, kind: bigint, subkey: Uint8Array, value: Uint8Array): void {
  putStored(mirror, node, (kind << 248n) | epochOf(readWord(mirror, node)), subkey, value);
}

/** Writes a record other than an RRset under its kind word, and counts it if it is one that is counted. */
function putStored(mirror: Mirror, node: Node, kindWord: bigint, subkey: Uint8Array, value: Uint8Array): void {
  const kind = kindWord >> 248n;
  const head = recordHead(node, kindWord, subkey);
  const change = Number(value.length > 0) - Number(hasRecord(mirror.storage, head));
  const write = kind === KIND.text ? writeText : writeRecord;
  write(mirror.storage, head, value);
  mirror.touched.add(node);
  if (change === 0 || !isCounted(Number(kind), subkey)) return;
  changeCounts(mirror, node, ({ rrsets, others }) => ({ rrsets, others: others + change }));
}

/** Keeps other counts of a name's records. */
function changeCounts(mirror: Mirror, node: Node, change: (counts: RecordCounts) => RecordCounts): void {
  const word = readWord(mirror, node);
  const slot = fromHex(countsSlot(node, epochOf(word)));
  const before = countsOf(Number(bitsOf(word, 200, 8)), () => mirror.storage.get(slot));
  const { tally, slot: kept } = keepCounts(change(before));
  if (hasRecord(mirror.storage, slot) || kept.some((byte) => byte !== 0)) mirror.storage.set(slot, kept);
  writeWord(mirror, node, withBits(word, 200, 8, BigInt(tally)));
}

function note(mirror: Mirror, node: Node, record: RecordKey): void {
  mirror.records.push({ node, record: formatRecordKey(record) });
}

/**
 * Whether a text of an event is what the contract was given, which takes any bytes for text: what is not UTF-8 was decoded to
 * replacement characters, and nobody could ask for it. Only a text that has such is held against its hash.
 */
function isFaithful(text: string, matches: () => boolean): boolean {
  return !text.includes("\ufffd") || matches();
}

/** Applies one event, in the order of the log. */
export function applyRegistryEvent(mirror: Mirror, event: RegistryEvent): void {
  switch (event.eventName) {
    case "NameRegistered":
    case "NameRenewed":
    case "NameWord":
    case "Transfer":
    case "NewOwner":
    case "TenureOpened":
    case "Anchored":
    case "ControllerChanged":
      applyNameEvent(mirror, event);
      return;
    case "NewResolver":
    case "NewTTL":
    case "DNSZoneCleared":
      applySettings(mirror, event);
      return;
    case "Approval":
    case "ApprovalForAll":
    case "NameOperatorChanged":
      applyApproval(mirror, event);
      return;
    case "NamePublished":
    case "LabelPublished":
      applyText(mirror, event);
      return;
    case "DNSRecordChanged":
    case "DNSRecordDeleted":
      applyRRset(mirror, event);
      return;
    default:
      applyRecord(mirror, event);
  }
}

type EventOf<Name extends RegistryEvent["eventName"]> = Extract<RegistryEvent, { eventName: Name }>;

function applyNameEvent(
  mirror: Mirror,
  event: EventOf<
    | "NameRegistered"
    | "NameRenewed"
    | "NameWord"
    | "Transfer"
    | "NewOwner"
    | "TenureOpened"
    | "Anchored"
    | "ControllerChanged"
  >,
): void {
  switch (event.eventName) {
    case "ControllerChanged":
      setState(mirror, 64, 160, BigInt(event.args.controller));
      return;
    case "NameRegistered": {
      const { node, owner, label, expiry, shardIndex } = event.args;
      writeWord(mirror, node, BigInt(owner) | (expiry << 160n) | (FLAG.leased << 208n) | (shardIndex << 224n));
      setState(mirror, 0, 32, shardIndex + 1n);
      if (isFaithful(label, () => childNode(mirror.tldNode, label) === node)) {
        mirror.names.push({ node, parent: mirror.tldNode, label });
      }
      return;
    }
    case "NameRenewed":
      writeWord(mirror, event.args.node, withBits(readWord(mirror, event.args.node), 160, 36, event.args.expiry));
      return;
    case "NameWord":
      writeWord(mirror, event.args.node, event.args.word);
      return;
    case "Transfer":
      if ("tokenId" in event.args) applyTokenTransfer(mirror, event.args);
      else {
        const { node, owner } = event.args;
        writeWord(mirror, node, withBits(readWord(mirror, node), 0, 160, BigInt(owner)));
      }
      return;
    case "NewOwner": {
      const { node, label, owner } = event.args;
      const child = toHex(keccak256(concatBytes(fromHex(node), fromHex(label))));
      if (readWord(mirror, child) !== 0n) return;
      const parent = readWord(mirror, node);
      const tenure = isLeased(parent) ? bitsOf(parent, 224, 32) : bitsOf(parent, 160, 32);
      writeWord(mirror, child, BigInt(owner) | ((node === ROOT_NODE ? ROOT_TENURE : tenure) << 224n));
      return;
    }
    case "TenureOpened":
      setState(mirror, 32, 32, event.args.tenureId - UPPER_HALF + 1n);
      return;
    case "Anchored":
      mirror.storage.set(mapped(BASE_SLOT.anchors, wordOf(event.args.tenureId)), fromHex(event.args.node));
      return;
  }
}

function applyTokenTransfer(mirror: Mirror, args: { from: Hex; to: Hex; tokenId: bigint }): void {
  const { from, to, tokenId } = args;
  const add = (owner: Hex, amount: bigint) => {
    const slot = mapped(BASE_SLOT.balances, paddedWord(owner));
    mirror.storage.set(slot, wordOf(numberOf(mirror.storage.get(slot)) + amount));
  };
  if (from !== ZERO_ADDRESS) add(from, -1n);
  if (to !== ZERO_ADDRESS) add(to, 1n);
  if (from === ZERO_ADDRESS || to === ZERO_ADDRESS) return;
  const node = toHex(wordOf(tokenId));
  writeWord(mirror, node, withFlag(withBits(readWord(mirror, node), 0, 160, BigInt(to)), FLAG.approved, false));
}

function applySettings(mirror: Mirror, event: EventOf<"NewResolver" | "NewTTL" | "DNSZoneCleared">): void {
  const { node } = event.args;
  const slot = mapped(BASE_SLOT.settings, fromHex(node));
  const word = readWord(mirror, node);
  const defaults = BigInt(mirror.registry);
  const before = (flagsOf(word) & FLAG.settings) === 0n ? defaults : numberOf(mirror.storage.get(slot));
  let settings = before;
  if (event.eventName === "NewResolver") settings = withBits(settings, 0, 160, BigInt(event.args.resolver));
  else if (event.eventName === "NewTTL") settings = withBits(settings, 160, 64, event.args.ttl);
  else {
    settings = withBits(settings, 224, 32, bitsOf(settings, 224, 32) + 1n);
    changeCounts(mirror, node, ({ others }) => ({ rrsets: 0, others }));
  }
  // Not even the slot of a former holder is touched, which the flag says does not count.
  if (settings === before) return;
  const isDefault = settings === defaults;
  mirror.storage.set(slot, wordOf(isDefault ? 0n : settings));
  writeWord(mirror, node, withFlag(readWord(mirror, node), FLAG.settings, !isDefault));
}

function applyApproval(mirror: Mirror, event: EventOf<"Approval" | "ApprovalForAll" | "NameOperatorChanged">): void {
  switch (event.eventName) {
    case "Approval": {
      const node = toHex(wordOf(event.args.tokenId));
      mirror.storage.set(mapped(BASE_SLOT.tokenApprovals, fromHex(node)), paddedWord(event.args.approved));
      const isApproved = event.args.approved !== ZERO_ADDRESS;
      writeWord(mirror, node, withFlag(readWord(mirror, node), FLAG.approved, isApproved));
      return;
    }
    case "ApprovalForAll": {
      const { owner, operator, approved } = event.args;
      const inner = mapped(BASE_SLOT.operators, paddedWord(owner));
      mirror.storage.set(entrySlot(paddedWord(operator), inner), wordOf(approved ? 1n : 0n));
      return;
    }
    case "NameOperatorChanged": {
      const { node, owner, operator, permissions } = event.args;
      const subkey = keccak256(concatBytes(paddedWord(owner), paddedWord(operator)));
      const kindWord = (KIND.operator << 248n) | epochOf(readWord(mirror, node));
      mirror.storage.set(recordHead(node, kindWord, subkey), wordOf(permissions));
    }
  }
}

function applyText(mirror: Mirror, event: EventOf<"NamePublished" | "LabelPublished">): void {
  if (event.eventName === "LabelPublished") {
    const { parent, label, text } = event.args;
    // The contract hashes the text itself; the check keeps a wrong decoder from poisoning the list of names.
    if (labelhash(text) === label) mirror.names.push({ node: childNode(parent, text), parent, label: text });
    return;
  }
  const { node, dnsName } = event.args;
  writeRecord(mirror.storage, recordHead(node, KIND.published << 248n, NO_SUBKEY), fromHex(dnsName));
  const name = textName(fromHex(dnsName));
  if (name === undefined) return;
  let parent = ROOT_NODE;
  for (const label of name.split(".").reverse()) {
    const child = childNode(parent, label);
    mirror.names.push({ node: child, parent, label });
    parent = child;
  }
}

/** The text of a wire name; `undefined` where it has none, as when a label is not UTF-8: then it cannot be listed. */
function textName(bytes: Uint8Array): string | undefined {
  try {
    return decodeDnsName(bytes);
  } catch {
    return undefined;
  }
}

function applyRRset(mirror: Mirror, event: EventOf<"DNSRecordChanged" | "DNSRecordDeleted">): void {
  const { node, name, resource } = event.args;
  const word = readWord(mirror, node);
  const settings =
    (flagsOf(word) & FLAG.settings) === 0n
      ? 0n
      : numberOf(mirror.storage.get(mapped(BASE_SLOT.settings, fromHex(node))));
  const kindWord = (KIND.dns << 248n) | (BigInt(resource) << 232n) | (bitsOf(settings, 224, 32) << 64n) | epochOf(word);
  const owner = fromHex(name);
  const head = recordHead(node, kindWord, keccak256(owner));
  const existed = hasRecord(mirror.storage, head);
  const isDeleted = event.eventName === "DNSRecordDeleted";
  writeRecord(mirror.storage, head, isDeleted ? new Uint8Array() : packRRset(fromHex(event.args.record)));
  const change = Number(!isDeleted) - Number(existed);
  changeCounts(mirror, node, ({ rrsets, others }) => ({ rrsets: rrsets + change, others }));
  if (isDeleted) return;
  const text = textName(owner);
  if (text !== undefined) note(mirror, node, { kind: "dns", owner: text, rrtype: resource });
}

function applyRecord(
  mirror: Mirror,
  event: EventOf<
    | "AddrChanged"
    | "AddressChanged"
    | "TextChanged"
    | "ContenthashChanged"
    | "NameChanged"
    | "DNSZonehashChanged"
    | "PubkeyChanged"
    | "InterfaceChanged"
    | "DataChanged"
    | "RecordStored"
  >,
): void {
  const { node } = event.args;
  const put = (kind: bigint, subkey: Uint8Array, value: Uint8Array) => putRecord(mirror, node, kind, subkey, value);
  switch (event.eventName) {
    case "AddrChanged": {
      put(KIND.addr, wordOf(COIN_TYPE_ETHEREUM), fromHex(event.args.a));
      note(mirror, node, { kind: "addr", coinType: COIN_TYPE_ETHEREUM });
      return;
    }
    case "AddressChanged":
      put(KIND.addr, wordOf(event.args.coinType), fromHex(event.args.newAddress));
      note(mirror, node, { kind: "addr", coinType: event.args.coinType });
      return;
    case "TextChanged": {
      put(KIND.text, keccak256(fromHex(event.args.key)), fromHex(event.args.value));
      const key = utf8Text(fromHex(event.args.key)) ?? "";
      // Nobody can ask for a key that is no text.
      if (key !== "") note(mirror, node, { kind: "text", key });
      return;
    }
    case "ContenthashChanged":
      put(KIND.contenthash, NO_SUBKEY, fromHex(event.args.hash));
      note(mirror, node, { kind: "contenthash" });
      return;
    case "NameChanged":
      put(KIND.name, NO_SUBKEY, fromHex(event.args.name));
      note(mirror, node, { kind: "name" });
      return;
    case "DNSZonehashChanged":
      put(KIND.zonehash, NO_SUBKEY, fromHex(event.args.zonehash));
      return;
    case "PubkeyChanged": {
      const key = concatBytes(fromHex(event.args.x), fromHex(event.args.y));
      put(KIND.pubkey, NO_SUBKEY, key.some((byte) => byte !== 0) ? key : new Uint8Array());
      return;
    }
    case "InterfaceChanged": {
      const { interfaceID, implementer } = event.args;
      const subkey = new Uint8Array(32);
      subkey.set(fromHex(interfaceID));
      put(KIND.interface, subkey, implementer === ZERO_ADDRESS ? new Uint8Array() : fromHex(implementer));
      return;
    }
    case "DataChanged": {
      const { key, keyHash } = event.args;
      if (key !== "" && isFaithful(key, () => toHex(keccak256(utf8Bytes(key))) === keyHash)) {
        note(mirror, node, { kind: "data", key });
      }
      return;
    }
    case "RecordStored": {
      const { kindWord, subkey, value } = event.args;
      putStored(mirror, node, kindWord, fromHex(subkey), fromHex(value));
    }
  }
}
