/**
 * Decodes logs by event signatures, some ten times as fast as a general ABI decoder: gateways that catch up read millions. Types are
 * those of our events; values come as viem gives them: unsigned integers up to 48 bits as numbers, wider ones as bigints.
 */
import { type AbiEvent, toEventSelector } from "viem";
import { type Hex, utf8Text } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";

export class MalformedLogError extends BaseError {
  override readonly name = "Chain.MalformedLogError";
  constructor(eventName: string, reason: string) {
    super("CHAIN_MALFORMED_LOG", `A log of ${eventName} is malformed: ${reason}.`);
  }
}

/** A log as an event; `undefined` where none of the signatures is its. */
export type DecodeEvent = (
  topics: readonly Hex[],
  data: Hex,
) => { readonly eventName: string; readonly args: Readonly<Record<string, unknown>> } | undefined;

/** Hexadecimal digits of a word. */
const WORD = 64;

/** Reads one argument of `data` (without 0x) whose head stands at digit `at`. */
type ReadArgument = (data: string, at: number) => unknown;

function wordAt(data: string, at: number): string {
  const word = data.slice(at, at + WORD);
  if (word.length < WORD) throw new MalformedLogError("an event", "its data end too early");
  return word;
}

/** Where the tail of a dynamic argument starts and how many digits its content has. */
function tailOf(data: string, at: number): { start: number; end: number } {
  const offset = Number(`0x${wordAt(data, at)}`) * 2;
  const start = offset + WORD;
  const end = start + Number(`0x${wordAt(data, offset)}`) * 2;
  if (!(end <= data.length)) throw new MalformedLogError("an event", "an argument runs past its end");
  return { start, end };
}

function textOf(digits: string): string {
  // Contracts take any bytes for text; what is not UTF-8 must still not stop a copy from following.
  const bytes = Buffer.from(digits, "hex");
  return utf8Text(bytes) ?? bytes.toString("utf8");
}

function readerOf(type: string): { read: ReadArgument; wordCount: number } {
  const list = /^uint256\[(\d+)\]$/.exec(type);
  if (list !== null) {
    const count = Number(list[1]);
    const read: ReadArgument = (data, at) =>
      Array.from({ length: count }, (_, index) => BigInt(`0x${wordAt(data, at + index * WORD)}`));
    return { read, wordCount: count };
  }
  return { read: singleReaderOf(type), wordCount: 1 };
}

function singleReaderOf(type: string): ReadArgument {
  if (type === "address") return (data, at) => `0x${wordAt(data, at).slice(24)}`;
  if (type === "bool") return (data, at) => wordAt(data, at).endsWith("1");
  if (type === "string") {
    return (data, at) => {
      const { start, end } = tailOf(data, at);
      return textOf(data.slice(start, end));
    };
  }
  if (type === "bytes") {
    return (data, at) => {
      const { start, end } = tailOf(data, at);
      return `0x${data.slice(start, end)}`;
    };
  }
  const fixed = /^bytes(\d+)$/.exec(type);
  if (fixed !== null) {
    const digits = Number(fixed[1]) * 2;
    return (data, at) => `0x${wordAt(data, at).slice(0, digits)}`;
  }
  const bits = Number(/^uint(\d+)$/.exec(type)?.[1]);
  if (Number.isNaN(bits)) throw new MalformedLogError("an event", `there is no reader for ${type}`);
  return bits <= 48 ? (data, at) => Number(`0x${wordAt(data, at)}`) : (data, at) => BigInt(`0x${wordAt(data, at)}`);
}

interface Plan {
  readonly name: string;
  readonly indexed: readonly { readonly name: string; readonly read: ReadArgument }[];
  readonly plain: readonly { readonly name: string; readonly read: ReadArgument; readonly at: number }[];
}

function planOf(event: AbiEvent): Plan {
  let at = 0;
  const indexed: Plan["indexed"][number][] = [];
  const plain: Plan["plain"][number][] = [];
  for (const { name = "", type, indexed: isIndexed } of event.inputs) {
    if (isIndexed) {
      // Of a dynamic argument the topic has the hash.
      const isDynamic = type === "string" || type === "bytes";
      indexed.push({ name, read: isDynamic ? (data) => `0x${data}` : readerOf(type).read });
      continue;
    }
    const { read, wordCount } = readerOf(type);
    plain.push({ name, read, at });
    at += wordCount * WORD;
  }
  return { name: event.name, indexed, plain };
}

/**
 * A decoder of some events. It throws `MalformedLogError` for a log with an event's selector and other data than its.
 *
 * @example
 * ```ts
 * const decode = createEventDecoder(parseAbi(["event NewTTL(bytes32 indexed node, uint64 ttl)"]));
 * decode(log.topics, log.data); // { eventName: "NewTTL", args: { node: "0x…", ttl: 300n } }
 * ```
 */
export function createEventDecoder(events: readonly AbiEvent[]): DecodeEvent {
  const plans = new Map(events.map((event) => [toEventSelector(event) as string, planOf(event)]));
  return (topics, data) => {
    const plan = plans.get(topics[0] ?? "");
    if (plan === undefined) return undefined;
    if (topics.length !== plan.indexed.length + 1) throw new MalformedLogError(plan.name, `${topics.length} topics`);
    const args: Record<string, unknown> = {};
    plan.indexed.forEach(({ name, read }, index) => {
      args[name] = read(topics[index + 1]!.slice(2), 0);
    });
    const digits = data.slice(2);
    for (const { name, read, at } of plan.plain) args[name] = read(digits, at);
    return { eventName: plan.name, args };
  };
}
