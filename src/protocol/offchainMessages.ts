/**
 * What OffchainResolver asks of a gateway by ERC-3668, and what the gateway answers. The question comes alone or in a batch to
 * several gateways (ENSIP-21): a gateway answers its own part of a batch and leaves the others to the others.
 */
import { decodeAbiParameters, decodeFunctionData, encodeAbiParameters, encodeFunctionData } from "viem";
import { fromHex, type Hex, toHex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { keccak256, keccak256Text } from "../base/keccak.ts";
import { decodeDnsName, encodeDnsName } from "../naming/dnsName.ts";
import { type Node, namehash } from "../naming/namehash.ts";
import type { SignedRecordSet } from "./offchainSet.ts";
import { EMPTY_ROOT, type RecordLeaf, type RecordTree, recordKeyHash, wildcardKeyHash } from "./offchainTree.ts";
import { COIN_TYPE_DEFAULT, COIN_TYPE_ETHEREUM, isEvmCoinType, type StoredRecordKey } from "./record.ts";

/** Where gateways take ERC-3668 requests: the directory's HTTP endpoint, then this. */
export const CCIP_PATH = "/ccip";

const field = <Name extends string, Type extends string>(name: Name, type: Type) => ({ name, type }) as const;
const NODE_FIELD = field("node", "bytes32");
/** A function as the ABI has it; written out, so that the browser's build needs no parser of signatures. */
const fn = <Name extends string, const Inputs extends readonly { name: string; type: string }[]>(
  name: Name,
  inputs: Inputs,
) => ({ type: "function", name, inputs, outputs: [], stateMutability: "view" }) as const;

const GATEWAY_ABI = [
  fn("signedRecords", [field("resolver", "address"), NODE_FIELD, field("name", "bytes"), field("calls", "bytes[]")]),
  fn("query", [
    {
      name: "requests",
      type: "tuple[]",
      components: [field("sender", "address"), field("urls", "string[]"), field("data", "bytes")],
    },
  ]),
] as const;

const READ_ABI = [
  fn("addr", [NODE_FIELD]),
  fn("addr", [NODE_FIELD, field("coinType", "uint256")]),
  fn("text", [NODE_FIELD, field("key", "string")]),
  fn("data", [NODE_FIELD, field("key", "string")]),
  fn("contenthash", [NODE_FIELD]),
  fn("name", [NODE_FIELD]),
  fn("pubkey", [NODE_FIELD]),
  fn("zonehash", [NODE_FIELD]),
  fn("dnsRecord", [NODE_FIELD, field("ownerHash", "bytes32"), field("rrtype", "uint16")]),
] as const;

const SET_FIELDS = [
  NODE_FIELD,
  field("epoch", "uint64"),
  field("sequence", "uint64"),
  field("validFrom", "uint48"),
  field("validUntil", "uint48"),
  field("root", "bytes32"),
] as const;
const LEAF_FIELDS = [
  field("key", "bytes32"),
  field("nextKey", "bytes32"),
  field("value", "bytes"),
  field("proof", "bytes32[]"),
] as const;
const ANSWER = [
  {
    name: "answer",
    type: "tuple",
    components: [
      { name: "set", type: "tuple", components: SET_FIELDS },
      field("signer", "address"),
      field("signature", "bytes"),
      { name: "leaves", type: "tuple[][]", components: LEAF_FIELDS },
    ],
  },
] as const;
const BATCH_RESULT = [field("failures", "bool[]"), field("responses", "bytes[]")] as const;
const HTTP_ERROR = [field("status", "uint16"), field("message", "string")] as const;
/** Selector of `HttpError(uint16,string)`, by which a batch tells a failure (ENSIP-21). */
const HTTP_ERROR_SELECTOR = keccak256Text("HttpError(uint16,string)").slice(0, 10);

/** What a resolver asks: records of a name, out of the newest set of `node`. */
export interface RecordQuestion {
  /** The contract that will check the answer. The `sender` of the request may be another one, which asks on its behalf. */
  readonly resolver: Hex;
  readonly node: Node;
  /** The name asked for. */
  readonly name: string;
  /** Resolver calls, each for one record. */
  readonly calls: readonly Hex[];
}

export class MalformedQuestionError extends BaseError {
  override readonly name = "Protocol.MalformedQuestionError";
  constructor(reason: string, cause?: unknown) {
    super("PROTOCOL_MALFORMED_QUESTION", `The request is no question for signed records: ${reason}.`, { cause });
  }
}

/**
 * The resolver call that reads a record of a name out of a set, where RRsets stand under their owner's own node.
 *
 * @example
 * ```ts
 * callOfRecord("shop.hold", { kind: "text", key: "url" }); // "0x59d1d43c…"
 * ```
 */
export function callOfRecord(name: string, record: StoredRecordKey): Hex {
  const abi = READ_ABI;
  const node = namehash(name);
  switch (record.kind) {
    case "addr":
      return encodeFunctionData({ abi, functionName: "addr", args: [node, record.coinType] });
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

/** The calldata of a question (ERC-3668), as OffchainResolver makes it. */
export function encodeQuestion({ resolver, node, name, calls }: RecordQuestion): Hex {
  const args = [resolver, node, toHex(encodeDnsName(name)), [...calls]] as const;
  return encodeFunctionData({ abi: GATEWAY_ABI, functionName: "signedRecords", args });
}

const ADDR_KIND_WORD = 1n << 248n;

function wordOf(value: bigint): Hex {
  return `0x${value.toString(16).padStart(64, "0")}`;
}

/** The record that a resolver call reads, as kind word and subkey (contracts/offchain/RecordCall.sol). */
export function recordOfCall(call: Hex): { readonly kindWord: bigint; readonly subkey: Hex } {
  const kind = (number: bigint, rrtype = 0) => (number << 248n) | (BigInt(rrtype) << 232n);
  let decoded: ReturnType<typeof decodeFunctionData<typeof READ_ABI>>;
  try {
    decoded = decodeFunctionData({ abi: READ_ABI, data: call });
  } catch (error) {
    throw new MalformedQuestionError(`${call.slice(0, 10)} reads no record that a set can hold`, error);
  }
  switch (decoded.functionName) {
    case "addr":
      return {
        kindWord: ADDR_KIND_WORD,
        subkey: wordOf(decoded.args.length === 2 ? decoded.args[1] : COIN_TYPE_ETHEREUM),
      };
    case "text":
      return { kindWord: kind(2n), subkey: keccak256Text(decoded.args[1]) };
    case "data":
      return { kindWord: kind(10n), subkey: keccak256Text(decoded.args[1]) };
    case "dnsRecord":
      return { kindWord: kind(8n, decoded.args[2]), subkey: decoded.args[1] };
    case "contenthash":
      return { kindWord: kind(3n), subkey: EMPTY_ROOT };
    case "name":
      return { kindWord: kind(4n), subkey: EMPTY_ROOT };
    case "pubkey":
      return { kindWord: kind(6n), subkey: EMPTY_ROOT };
    case "zonehash":
      return { kindWord: kind(9n), subkey: EMPTY_ROOT };
  }
}

/** The question in the calldata of one request. Throws `MalformedQuestionError`. */
export function decodeQuestion(data: Hex): RecordQuestion {
  try {
    const { functionName, args } = decodeFunctionData({ abi: GATEWAY_ABI, data });
    if (functionName !== "signedRecords") throw new MalformedQuestionError(`it calls ${functionName}`);
    const [resolver, node, name, calls] = args;
    return { resolver, node, name: decodeDnsName(fromHex(name)), calls };
  } catch (error) {
    throw error instanceof MalformedQuestionError ? error : new MalformedQuestionError("it is malformed", error);
  }
}

/** Where a set may hold what a call reads. */
export interface RecordPlaceInSet {
  readonly key: Hex;
  readonly isWildcard: boolean;
}

/**
 * The places where a set may hold what a call reads, that of the first record that counts first: the name's own, else, for the
 * address of an EVM chain, the name's default address (ENSIP-19), else the same two of the set's wildcard, which the name that
 * signs has none of above it.
 *
 * @param setNode The node of the set.
 * @param nameNode The node of the name asked for.
 */
export function placesOfCall(setNode: Node, nameNode: Node, call: Hex): readonly RecordPlaceInSet[] {
  const { kindWord, subkey } = recordOfCall(call);
  const coinType = BigInt(subkey);
  const hasDefault = kindWord === ADDR_KIND_WORD && isEvmCoinType(coinType) && coinType !== COIN_TYPE_DEFAULT;
  const subkeys = hasDefault ? [subkey, wordOf(COIN_TYPE_DEFAULT)] : [subkey];
  const own = subkeys.map((each) => ({ key: recordKeyHash(nameNode, kindWord, each), isWildcard: false }));
  if (nameNode === setNode) return own;
  return [...own, ...subkeys.map((each) => ({ key: wildcardKeyHash(setNode, kindWord, each), isWildcard: true }))];
}

/** The leaves that answer a question out of a tree: for each call those of its places, up to the first that holds a record. */
export function leavesOf(question: RecordQuestion, tree: RecordTree): readonly (readonly RecordLeaf[])[] {
  const node = namehash(question.name);
  return question.calls.map((call) => {
    const leaves: RecordLeaf[] = [];
    for (const { key } of placesOfCall(question.node, node, call)) {
      const leaf = tree.prove(key);
      if (leaf !== undefined) leaves.push(leaf);
      if (leaf === undefined || leaf.key === key) break;
    }
    return leaves;
  });
}

/** A gateway's answer to a question, ABI-encoded. */
export function encodeSignedAnswer(set: SignedRecordSet, leaves: readonly (readonly RecordLeaf[])[]): Hex {
  const { signer, signature, node, epoch, sequence, validFrom, validUntil, root } = set;
  return encodeAbiParameters(ANSWER, [
    { set: { node, epoch, sequence, validFrom, validUntil, root }, signer, signature, leaves },
  ]);
}

/** The parts of an answer, unverified. Throws `MalformedQuestionError`. */
export function decodeSignedAnswer(answer: Hex): {
  readonly set: SignedRecordSet;
  readonly leaves: readonly (readonly RecordLeaf[])[];
} {
  try {
    const [{ set, signer, signature, leaves }] = decodeAbiParameters(ANSWER, answer);
    return { set: { ...set, signer, signature }, leaves };
  } catch (error) {
    throw new MalformedQuestionError("the answer is malformed", error);
  }
}

/** Why a gateway cannot answer, by HTTP status. */
export interface RequestRefusal {
  readonly status: number;
  readonly message: string;
}

/**
 * The response data to an ERC-3668 request at this gateway: of a question, its answer; of a batch, the batch's result with this
 * gateway's part filled in and the others' marked as not asked. Throws
 * `MalformedQuestionError`.
 *
 * @param origin This gateway's HTTP endpoint as the directory lists it.
 * @param answer Answers one question, or says why not.
 */
export async function answerRequest(
  callData: Hex,
  origin: string,
  answer: (question: RecordQuestion) => Promise<Hex | RequestRefusal>,
): Promise<Hex | RequestRefusal> {
  let requests: readonly { readonly urls: readonly string[]; readonly data: Hex }[];
  try {
    const decoded = decodeFunctionData({ abi: GATEWAY_ABI, data: callData });
    if (decoded.functionName === "signedRecords") return await answer(decodeQuestion(callData));
    [requests] = decoded.args;
  } catch (error) {
    throw error instanceof MalformedQuestionError ? error : new MalformedQuestionError("it is malformed", error);
  }
  const url = `${origin}${CCIP_PATH}`;
  const failures: boolean[] = [];
  const responses: Hex[] = [];
  for (const request of requests) {
    const result: Hex | RequestRefusal = request.urls.includes(url)
      ? await answer(decodeQuestion(request.data))
      : { status: 421, message: "another gateway's part" };
    failures.push(typeof result !== "string");
    responses.push(typeof result === "string" ? result : encodeHttpError(result));
  }
  return encodeAbiParameters(BATCH_RESULT, [failures, responses]);
}

function encodeHttpError({ status, message }: RequestRefusal): Hex {
  return `${HTTP_ERROR_SELECTOR}${encodeAbiParameters(HTTP_ERROR, [status, message]).slice(2)}` as Hex;
}
