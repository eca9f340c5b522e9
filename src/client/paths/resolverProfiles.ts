/** Records as calls to a resolver of the common profiles, and what resolvers return for them. */
import { decodeAbiParameters, encodeFunctionData, parseAbi } from "viem";
import { concatBytes, fromHex, type Hex, toHex, utf8Bytes } from "../../base/bytes.ts";
import { BaseError } from "../../base/errors.ts";
import { keccak256 } from "../../base/keccak.ts";
import { encodeDnsName } from "../../naming/dnsName.ts";
import type { Node } from "../../naming/namehash.ts";
import { COIN_TYPE_ETHEREUM, type RecordKey } from "../../protocol/record.ts";

/** EIP-137, ENSIP-5, ENSIP-6, ENSIP-7, ENSIP-9, ENSIP-24, EIP-165, ENSIP-10. */
const RESOLVER_ABI = parseAbi([
  "function addr(bytes32 node) view returns (address)",
  "function addr(bytes32 node, uint256 coinType) view returns (bytes)",
  "function text(bytes32 node, string key) view returns (string)",
  "function contenthash(bytes32 node) view returns (bytes)",
  "function name(bytes32 node) view returns (string)",
  "function dnsRecord(bytes32 node, bytes32 name, uint16 resource) view returns (bytes)",
  "function data(bytes32 node, string key) view returns (bytes)",
  "function supportsInterface(bytes4 interfaceId) view returns (bool)",
  "function resolve(bytes name, bytes data) view returns (bytes)",
]);

/** The interface of resolvers that answer for the names below theirs (ENSIP-10). */
const EXTENDED_RESOLVER = "0x9061b923";
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

/** Asks whether a resolver answers by ENSIP-10. */
export const SUPPORTS_EXTENDED = encodeFunctionData({
  abi: RESOLVER_ABI,
  functionName: "supportsInterface",
  args: [EXTENDED_RESOLVER],
});

/** Whether what `SUPPORTS_EXTENDED` returned means yes. */
export function isYes(returned: Hex): boolean {
  return returned.length === 66 && BigInt(returned) === 1n;
}

/** The call of a resolver for one record of a node. */
export function callOfRecord(node: Node, record: Exclude<RecordKey, { kind: "registration" }>): Hex {
  const abi = RESOLVER_ABI;
  switch (record.kind) {
    case "addr":
      return record.coinType === COIN_TYPE_ETHEREUM
        ? encodeFunctionData({ abi, functionName: "addr", args: [node] })
        : encodeFunctionData({ abi, functionName: "addr", args: [node, record.coinType] });
    case "text":
      return encodeFunctionData({ abi, functionName: "text", args: [node, record.key] });
    case "data":
      return encodeFunctionData({ abi, functionName: "data", args: [node, record.key] });
    case "dns": {
      const ownerHash = toHex(keccak256(encodeDnsName(record.owner)));
      return encodeFunctionData({ abi, functionName: "dnsRecord", args: [node, ownerHash, record.rrtype] });
    }
    default:
      return encodeFunctionData({ abi, functionName: record.kind, args: [node] });
  }
}

/** The same call to a resolver that answers by ENSIP-10. */
export function extendedCall(name: string, call: Hex): Hex {
  return encodeFunctionData({
    abi: RESOLVER_ABI,
    functionName: "resolve",
    args: [toHex(encodeDnsName(name)), call],
  });
}

/** The inner bytes of what `resolve` returned. Throws `MalformedResultError`. */
export function unwrapped(record: RecordKey, returned: Hex): Hex {
  try {
    return decodeAbiParameters([{ type: "bytes" }], returned)[0];
  } catch (error) {
    throw new MalformedResultError(record, error);
  }
}

/** The value of a record that a resolver returned; `null` where it has none. Throws `MalformedResultError`. */
export function valueOfResult(record: Exclude<RecordKey, { kind: "registration" }>, returned: Hex): Hex | null {
  // A contract without that function, but with one that takes every call, returns nothing.
  if (returned === "0x") return null;
  let value: Hex;
  try {
    if (record.kind === "addr" && record.coinType === COIN_TYPE_ETHEREUM) {
      const [address] = decodeAbiParameters([{ type: "address" }], returned);
      return BigInt(address) === 0n ? null : (address.toLowerCase() as Hex);
    }
    const isText = record.kind === "text" || record.kind === "name";
    value = isText
      ? toHex(utf8Bytes(decodeAbiParameters([{ type: "string" }], returned)[0]))
      : decodeAbiParameters([{ type: "bytes" }], returned)[0];
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
