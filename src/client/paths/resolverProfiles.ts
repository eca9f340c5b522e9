/** Records as calls to a resolver of the common profiles, and what resolvers return for them. */
import { decodeAbiParameters, encodeAbiParameters } from "viem";
import { concatBytes, fromHex, type Hex, toHex, utf8Bytes } from "../../base/bytes.ts";
import { BaseError } from "../../base/errors.ts";
import { keccak256 } from "../../base/keccak.ts";
import { encodeDnsName } from "../../naming/dnsName.ts";
import type { Node } from "../../naming/namehash.ts";
import { COIN_TYPE_ETHEREUM, type RecordKey, type StoredRecordKey } from "../../protocol/record.ts";

/**
 * First four bytes of calls to resolvers: EIP-137, ENSIP-5, ENSIP-6, ENSIP-7, ENSIP-9, ENSIP-24, EIP-165, ENSIP-10. Written out, so
 * that the browser's build needs no parser of signatures.
 */
export const SELECTORS = {
  "addr(bytes32)": "0x3b3b57de",
  "addr(bytes32,uint256)": "0xf1cb7e06",
  "text(bytes32,string)": "0x59d1d43c",
  "contenthash(bytes32)": "0xbc1c58d1",
  "name(bytes32)": "0x691f3431",
  "pubkey(bytes32)": "0xc8690233",
  "dnsRecord(bytes32,bytes32,uint16)": "0xa8fa5682",
  "data(bytes32,string)": "0xecbfada3",
  "supportsInterface(bytes4)": "0x01ffc9a7",
  "resolve(bytes,bytes)": "0x9061b923",
} as const;

const NODE = { type: "bytes32" } as const;
const BYTES = { type: "bytes" } as const;
const STRING = { type: "string" } as const;

/** A compression pointer to the question of a DNS message, which resolvers put in place of the owner's name. */
const QUESTION_POINTER = 0xc00c;
const DNS_FIXED_BYTES = 10;

/** What a resolver returned is not what such a call returns. */
export class MalformedResultError extends BaseError {
  override readonly name = "Client.MalformedResultError";
  constructor(record: RecordKey, cause?: unknown) {
    super("CLIENT_MALFORMED_RESULT", `The resolver's ${record.kind} is out of form.`, { cause });
  }
}

function callOf(signature: keyof typeof SELECTORS, args: Hex): Hex {
  return `${SELECTORS[signature]}${args.slice(2)}` as Hex;
}

/** Asks whether a resolver answers by ENSIP-10. */
export const SUPPORTS_EXTENDED = callOf(
  "supportsInterface(bytes4)",
  `0x${SELECTORS["resolve(bytes,bytes)"].slice(2).padEnd(64, "0")}`,
);

/** Whether what `SUPPORTS_EXTENDED` returned means yes. */
export function isYes(returned: Hex): boolean {
  return returned.length === 66 && BigInt(returned) === 1n;
}

/** The call of a resolver for one record of a node. */
export function callOfRecord(node: Node, record: StoredRecordKey): Hex {
  switch (record.kind) {
    case "addr":
      return record.coinType === COIN_TYPE_ETHEREUM
        ? callOf("addr(bytes32)", node)
        : callOf("addr(bytes32,uint256)", encodeAbiParameters([NODE, { type: "uint256" }], [node, record.coinType]));
    case "text":
    case "data":
      return callOf(`${record.kind}(bytes32,string)`, encodeAbiParameters([NODE, STRING], [node, record.key]));
    case "dns": {
      const ownerHash = toHex(keccak256(encodeDnsName(record.owner)));
      const types = [NODE, NODE, { type: "uint16" }] as const;
      const args = encodeAbiParameters(types, [node, ownerHash, record.rrtype]);
      return callOf("dnsRecord(bytes32,bytes32,uint16)", args);
    }
    default:
      return callOf(`${record.kind}(bytes32)`, node);
  }
}

/** The same call to a resolver that answers by ENSIP-10. */
export function extendedCall(name: string, call: Hex): Hex {
  const args = encodeAbiParameters([BYTES, BYTES], [toHex(encodeDnsName(name)), call]);
  return callOf("resolve(bytes,bytes)", args);
}

/** The inner bytes of what `resolve` returned. Throws `MalformedResultError`. */
export function unwrapped(record: RecordKey, returned: Hex): Hex {
  try {
    return decodeAbiParameters([BYTES], returned)[0];
  } catch (error) {
    throw new MalformedResultError(record, error);
  }
}

/** The value of a record that a resolver returned; `null` where it has none. Throws `MalformedResultError`. */
export function valueOfResult(record: StoredRecordKey, returned: Hex): Hex | null {
  // A contract without that function, but with one that takes every call, returns nothing.
  if (returned === "0x") return null;
  // Two words, both zero where there is no key (EIP-619).
  if (record.kind === "pubkey") return returned.length === 130 && BigInt(returned) !== 0n ? returned : null;
  let value: Hex;
  try {
    if (record.kind === "addr" && record.coinType === COIN_TYPE_ETHEREUM) {
      const [address] = decodeAbiParameters([{ type: "address" }], returned);
      return BigInt(address) === 0n ? null : (address.toLowerCase() as Hex);
    }
    const isText = record.kind === "text" || record.kind === "name";
    value = isText
      ? toHex(utf8Bytes(decodeAbiParameters([STRING], returned)[0]))
      : decodeAbiParameters([BYTES], returned)[0];
  } catch (error) {
    throw new MalformedResultError(record, error);
  }
  if (value === "0x") return null;
  return record.kind === "dns" ? wholeRecords(record, value) : value;
}

/** Resource records with their owner's name written out, where the resolver sent a pointer to the question. */
function wholeRecords(record: Extract<RecordKey, { kind: "dns" }>, value: Hex): Hex {
  const bytes = fromHex(value);
  const owner = encodeDnsName(record.owner);
  const view = new DataView(bytes.buffer);
  const parts: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const isPointer = offset + 2 <= bytes.length && view.getUint16(offset) === QUESTION_POINTER;
    const start = offset + (isPointer ? 2 : owner.length);
    if (start + DNS_FIXED_BYTES > bytes.length) throw new MalformedResultError(record);
    const end = start + DNS_FIXED_BYTES + view.getUint16(start + 8);
    if (end > bytes.length || view.getUint16(start) !== record.rrtype) throw new MalformedResultError(record);
    parts.push(owner, bytes.subarray(start, end));
    offset = end;
  }
  return toHex(concatBytes(...parts));
}
