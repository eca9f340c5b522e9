/**
 * The directory as the GatewayDirectory contract's storage holds it (contracts/directory): whoever can read slots by proof can read
 * the directory by proof. Slots:
 *
 * | slot | what |
 * |---|---|
 * | 0 | bits 168..231: version; 232..247: number of gateways |
 * | 1 | the contract whose code is the slot tables |
 * | 2 | gateways by id: operator, zone, active; signer; HTTP endpoint; DNS endpoint |
 * | 4 | reserved index by isolated node |
 *
 * Isolated names cannot be listed from storage; each is looked up by itself.
 */
import { concatBytes, fromHex, type Hex, toHex, utf8Text } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { keccak256 } from "../base/keccak.ts";
import type { Node } from "../naming/namehash.ts";
import { slotAfter } from "../proof/layout.ts";
import type { ReadSlot } from "../proof/value.ts";
import { SLOT_COUNT, ZONE_COUNT } from "../sharding/shard.ts";
import type { Directory, DirectoryGateway } from "./directory.ts";

const GATEWAYS_SLOT = 2n;
const ISOLATIONS_SLOT = 4n;
/** The slots that say how much more there is to read. */
export const DIRECTORY_HEAD_SLOTS: readonly [Hex, Hex] = [word(0n), word(1n)];
const IMAGE_BYTES = ZONE_COUNT * SLOT_COUNT * 2;
const ENDPOINT_BYTES_MAX = 128;
const LANES = 16;

/** What the storage says, except for the slot tables, which are another contract's code. */
export interface DirectoryState extends Pick<Directory, "version" | "gateways" | "isolated"> {
  /** The contract whose code is the slot tables. */
  readonly image: Hex;
}

export class CorruptDirectoryError extends BaseError {
  override readonly name = "Directory.CorruptDirectoryError";
  constructor(reason: string) {
    super("DIRECTORY_CORRUPT_STATE", `The state is not that of a gateway directory: ${reason}.`);
  }
}

function word(value: bigint): Hex {
  return `0x${value.toString(16).padStart(64, "0")}`;
}

function entrySlot(key: Hex, base: bigint): Hex {
  return toHex(keccak256(concatBytes(fromHex(key), fromHex(word(base)))));
}

function addressOf(bytes: Uint8Array): Hex {
  return toHex(bytes.subarray(12));
}

/** A string as Solidity keeps it. */
function textAt(read: ReadSlot, slot: Hex): string {
  const head = read(slot);
  const last = head[31]!;
  const isLong = (last & 1) === 1;
  const length = isLong ? (Number(BigInt(toHex(head))) - 1) / 2 : last / 2;
  if (length > ENDPOINT_BYTES_MAX) throw new CorruptDirectoryError(`an endpoint of ${length} bytes`);
  if (!isLong) return textOf(head.subarray(0, length));
  const start = toHex(keccak256(fromHex(slot)));
  const parts = Array.from({ length: Math.ceil(length / 32) }, (_, index) => read(slotAfter(start, index)));
  return textOf(concatBytes(...parts).subarray(0, length));
}

function textOf(bytes: Uint8Array): string {
  const text = utf8Text(bytes);
  if (text === undefined) throw new CorruptDirectoryError("an endpoint that is no text");
  return text;
}

function gatewayAt(read: ReadSlot, id: number): DirectoryGateway {
  const slot = entrySlot(word(BigInt(id)), GATEWAYS_SLOT);
  const head = read(slot);
  // From the lowest byte up: the operator's 20, zone, active.
  return {
    id,
    operator: addressOf(head),
    zone: head[11]!,
    active: head[10] === 1,
    signer: addressOf(read(slotAfter(slot, 1))),
    httpUrl: textAt(read, slotAfter(slot, 2)),
    dnsEndpoint: textAt(read, slotAfter(slot, 3)),
  };
}

/**
 * The directory out of the contract's storage. Throws `CorruptDirectoryError`, and whatever `read` throws.
 *
 * @param nodes Names that may be isolated.
 */
export function readDirectoryState(read: ReadSlot, nodes: Iterable<Node>): DirectoryState {
  const head = new DataView(read(DIRECTORY_HEAD_SLOTS[0]).slice().buffer);
  const gateways = new Map<number, DirectoryGateway>();
  for (let id = 1; id <= head.getUint16(1); id += 1) gateways.set(id, gatewayAt(read, id));
  const isolated = new Map<Node, number>();
  for (const node of nodes) {
    const index = new DataView(read(entrySlot(node, ISOLATIONS_SLOT)).slice().buffer).getUint32(28);
    if (index !== 0) isolated.set(node, index);
  }
  return { version: head.getBigUint64(3), image: addressOf(read(DIRECTORY_HEAD_SLOTS[1])), gateways, isolated };
}

/** The gateway ids of all slots, out of the code of the contract that holds them. Throws `CorruptDirectoryError`. */
export function tableOfImage(code: Uint8Array): Uint16Array {
  // The first byte stops whoever calls the contract.
  if (code.length !== 1 + IMAGE_BYTES || code[0] !== 0) throw new CorruptDirectoryError("no slot tables");
  const view = new DataView(code.buffer, code.byteOffset, code.length);
  const table = new Uint16Array(ZONE_COUNT * SLOT_COUNT);
  // Sixteen slots to a word, the first in its lowest bits.
  for (const id of table.keys()) table[id] = view.getUint16(1 + 2 * (id - (id % LANES) + LANES - 1 - (id % LANES)));
  return table;
}
