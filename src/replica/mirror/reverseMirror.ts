/**
 * The storage of the ReverseRegistrar (contracts/reverse), which keeps primary names, rebuilt from its events. As with the registry's,
 * nothing is believed: the storage root that follows is held against the chain's.
 *
 * | slot | what |
 * |---|---|
 * | 0 | the access manager |
 * | 3 | names by reverse node, laid out like records |
 * | 4 | whether an address may set names for others |
 * | 5 | when the last signed claim of a reverse node was signed |
 */
import { fromHex, type Hex } from "../../base/bytes.ts";
import { childNode, namehash } from "../../naming/namehash.ts";
import { entrySlot, paddedWord, type Storage, wordOf, writeRecord } from "./storage.ts";

interface Event<Name extends string, Arguments> {
  readonly eventName: Name;
  readonly args: Readonly<Arguments>;
}

/** Names as the bytes that they are: contracts take any for text. */
export type ReverseEvent =
  | Event<"AuthorityUpdated", { authority: Hex }>
  | Event<"NameForAddrChanged", { account: Hex; name: Hex }>
  | Event<"DefaultNameForAddrChanged", { account: Hex; name: Hex }>
  | Event<"PrimaryNameClaimed", { account: Hex; isDefault: boolean; signedAt: number }>
  | Event<"ReverseControllerChanged", { controller: Hex; allowed: boolean }>;

const BASE_SLOT = { authority: 0n, names: 3n, controllers: 4n, lastClaims: 5n };
const ADDR_REVERSE = namehash("addr.reverse");
const DEFAULT_REVERSE = namehash("default.reverse");

const mapped = (base: bigint, key: Uint8Array): Uint8Array => entrySlot(key, wordOf(base));

function nodeOf(account: Hex, isDefault: boolean): Uint8Array {
  return fromHex(childNode(isDefault ? DEFAULT_REVERSE : ADDR_REVERSE, account.slice(2).toLowerCase()));
}

/** Applies one event, in the order of the log. */
export function applyReverseEvent(storage: Storage, event: ReverseEvent): void {
  switch (event.eventName) {
    case "AuthorityUpdated":
      storage.set(wordOf(BASE_SLOT.authority), paddedWord(event.args.authority));
      return;
    case "NameForAddrChanged":
    case "DefaultNameForAddrChanged": {
      const { account, name } = event.args;
      const node = nodeOf(account, event.eventName === "DefaultNameForAddrChanged");
      writeRecord(storage, mapped(BASE_SLOT.names, node), fromHex(name));
      return;
    }
    case "PrimaryNameClaimed": {
      const { account, isDefault, signedAt } = event.args;
      storage.set(mapped(BASE_SLOT.lastClaims, nodeOf(account, isDefault)), wordOf(BigInt(signedAt)));
      return;
    }
    case "ReverseControllerChanged": {
      const { controller, allowed } = event.args;
      storage.set(mapped(BASE_SLOT.controllers, paddedWord(controller)), wordOf(allowed ? 1n : 0n));
    }
  }
}
