/**
 * JSON-RPC answered wrongly on purpose while a fault holds. A liar tells of one false world, by storage, by calls (which the
 * node behind it runs in that world, as its state overrides allow) and by proofs; so whoever takes its word believes it. What the
 * block commits to it cannot forge, so that its proofs fail with whoever checks them.
 */
import { fromHex, type Hex } from "../../base/bytes.ts";
import { type FalseWorld, falseWorldOf, type Lie, type LieSubject } from "./falseWorld.ts";
import type { AskBehind, Spoiler } from "./httpProxy.ts";
import type { InsideEffect } from "./liveFault.ts";

interface RpcRequest {
  readonly id?: unknown;
  readonly method: string;
  readonly params?: readonly unknown[];
}

interface RpcReply {
  readonly id?: unknown;
  readonly result?: unknown;
}

/** A request or a batch of them, each changed. */
function changed<Message>(text: string, change: (message: Message) => Message): string {
  const parsed = JSON.parse(text) as Message | Message[];
  return JSON.stringify(Array.isArray(parsed) ? parsed.map(change) : change(parsed));
}

/** The messages of a text by their ids. */
function byId(text: string): ReadonlyMap<unknown, RpcRequest> {
  const parsed = JSON.parse(text) as RpcRequest | RpcRequest[];
  return new Map((Array.isArray(parsed) ? parsed : [parsed]).map((request) => [request.id, request]));
}

/** A provider stuck at `head` (hexadecimal): what asks for the latest block is asked for that one. */
export function stuckAt(body: string, head: string): string {
  return changed<RpcRequest>(body, (request) => ({
    ...request,
    ...(request.params ? { params: request.params.map((one) => (isLatest(one) ? head : one)) } : {}),
  }));
}

function isLatest(value: unknown): boolean {
  return value === "latest" || value === "safe" || value === "pending";
}

/** The answer to a question for the head itself, which no parameter can stick. */
export function stuckAnswer(body: string, answer: string, head: string): string {
  const asked = byId(body);
  return changed<RpcReply>(answer, (reply) =>
    asked.get(reply.id)?.method === "eth_blockNumber" ? { ...reply, result: head } : reply,
  );
}

/** The false world of one registry. */
interface ToldWorld {
  readonly registry: Hex;
  readonly words: FalseWorld;
}

/** Calls are run in the false world. */
export function calledIn({ registry, words }: ToldWorld, body: string): string {
  const stateDiff = Object.fromEntries([...words].map(([slot, { told }]) => [slot, told]));
  return changed<RpcRequest>(body, (request) => {
    if (request.method !== "eth_call") return request;
    const [call, block = "latest", overrides = {}] = request.params ?? [];
    return { ...request, params: [call, block, { ...(overrides as object), [registry]: { stateDiff } }] };
  });
}

/** Storage and proofs as the false world has them. */
export function toldOf({ registry, words }: ToldWorld, body: string, answer: string): string {
  const asked = byId(body);
  return changed<RpcReply>(answer, (reply) => {
    const { method, params = [] } = asked.get(reply.id) ?? { method: "" };
    if (String(params[0]).toLowerCase() !== registry.toLowerCase()) return reply;
    if (method === "eth_getStorageAt") {
      return { ...reply, result: words.get(slotOf(params[1]))?.told ?? reply.result };
    }
    return method === "eth_getProof" ? { ...reply, result: falselyProven(reply.result, words) } : reply;
  });
}

/** A slot as the false world's keys are written. */
function slotOf(value: unknown): Hex {
  return `0x${BigInt(String(value)).toString(16).padStart(64, "0")}`;
}

interface ProofEntry {
  readonly key: string;
  readonly value: string;
  readonly proof: readonly string[];
}

/** Digits of a word as a trie's leaf holds them. */
const trimmed = (word: Hex) => word.replace(/^0x(?:00)*/, "");

/** Values and leaves replaced; the hashes above them are the block's, and are not. */
function falselyProven(result: unknown, words: FalseWorld): unknown {
  const { storageProof } = result as { storageProof?: readonly ProofEntry[] };
  if (storageProof === undefined) return result;
  const entries = storageProof.map((entry): ProofEntry => {
    const word = words.get(slotOf(entry.key));
    if (word === undefined) return entry;
    const { truth, told } = word;
    const leaf = entry.proof.at(-1)?.replace(trimmed(truth), trimmed(told)) ?? "0x";
    return { ...entry, value: `0x${BigInt(told).toString(16)}`, proof: [...entry.proof.slice(0, -1), leaf] };
  });
  return { ...(result as object), storageProof: entries };
}

/** Slots in one request. */
const SLOTS_PER_BATCH = 200;

/** Words of the registry's true storage, from the node behind. */
async function readBehind(registry: Hex, slots: readonly Hex[], ask: AskBehind): Promise<Uint8Array[]> {
  const words: Uint8Array[] = [];
  for (let start = 0; start < slots.length; start += SLOTS_PER_BATCH) {
    const batch = slots.slice(start, start + SLOTS_PER_BATCH).map((slot, id) => {
      return { jsonrpc: "2.0", id, method: "eth_getStorageAt", params: [registry, slot, "latest"] };
    });
    const { text } = await ask({ method: "POST", path: "/", body: JSON.stringify(batch) });
    const results = new Map((JSON.parse(text) as RpcReply[]).map(({ id, result }) => [id, result as Hex]));
    words.push(...batch.map(({ id }) => fromHex(results.get(id) ?? "0x")));
  }
  return words;
}

/** The number of a block and its time, in seconds since 1970; of the latest where none is given. */
async function blockBehind(ask: AskBehind, number: number | "latest") {
  const tag = number === "latest" ? number : hexNumber(number);
  const question = { jsonrpc: "2.0", id: 1, method: "eth_getBlockByNumber", params: [tag, false] };
  const { text } = await ask({ method: "POST", path: "/", body: JSON.stringify(question) });
  const { result } = JSON.parse(text) as { result: { number: string; timestamp: string } };
  return { number: Number(result.number), seconds: Number(result.timestamp) };
}

const hexNumber = (value: number) => `0x${value.toString(16)}`;

/** The newest block looked at that is so far behind the chain; each look goes twice as far back as the last. */
async function headBehind(ask: AskBehind, behindSeconds: number): Promise<string> {
  const latest = await blockBehind(ask, "latest");
  let found = latest;
  for (let back = 1; latest.seconds - found.seconds < behindSeconds && found.number > 0; back *= 2) {
    found = await blockBehind(ask, Math.max(0, latest.number - back));
  }
  return hexNumber(found.number);
}

function isLie(effect: InsideEffect["kind"]): effect is Lie {
  return effect === "wrong" || effect === "nxdomain" || effect === "empty";
}

/** An RPC provider's way of lying or being stuck; what it lies about, the fault's subject tells. */
export function createRpcSpoiler(): Spoiler {
  let head = "0x0";
  let world: ToldWorld | undefined;
  const falsify = async (lie: Lie, subject: LieSubject, ask: AskBehind) => {
    const { registry } = subject;
    world = { registry, words: await falseWorldOf(lie, subject, (slots) => readBehind(registry, slots, ask)) };
  };
  return {
    async begin({ effect, subject, behindSeconds = 0 }, ask) {
      if (isLie(effect.kind) && subject !== undefined) await falsify(effect.kind, subject, ask);
      if (effect.kind !== "stale") return;
      head = await headBehind(ask, behindSeconds);
    },
    async spoil(effect, asked, ask) {
      if (effect.kind === "stale") {
        const told = await ask({ ...asked, body: stuckAt(asked.body, head) });
        return { ...told, text: stuckAnswer(asked.body, told.text, head) };
      }
      if (world === undefined) return await ask(asked);
      const told = await ask({ ...asked, body: calledIn(world, asked.body) });
      return { ...told, text: toldOf(world, asked.body, told.text) };
    },
  };
}
