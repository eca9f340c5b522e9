/** JSON-RPC answered wrongly on purpose while a fault holds. */
import type { Spoiler } from "./httpProxy.ts";

interface RpcRequest {
  readonly method: string;
  readonly params?: readonly unknown[];
}

/** A provider stuck at `head` (hexadecimal): what asks for the latest block is asked for that one. */
export function stuckAt(body: string, head: string): string {
  const stick = (request: RpcRequest): RpcRequest => ({
    ...request,
    ...(request.params ? { params: request.params.map((one) => (isLatest(one) ? head : one)) } : {}),
  });
  const parsed = JSON.parse(body) as RpcRequest | RpcRequest[];
  return JSON.stringify(Array.isArray(parsed) ? parsed.map(stick) : stick(parsed));
}

function isLatest(value: unknown): boolean {
  return value === "latest" || value === "safe" || value === "pending";
}

/** The answer to a question for the head itself, which no parameter can stick. */
export function stuckAnswer(body: string, answer: string, head: string): string {
  const asked = JSON.parse(body) as RpcRequest & { id?: unknown };
  if (Array.isArray(asked) || asked.method !== "eth_blockNumber") return answer;
  return JSON.stringify({ ...JSON.parse(answer), result: head });
}

/** An answer that lies: the last digit of every value and of every node of a proof in it is another. */
export function lie(answer: string): string {
  return answer.replaceAll(/"(0x[0-9a-f]{63,})([0-9a-f])"/g, (whole, head: string, digit: string) => {
    // Hashes stay as they are, so that the answer still looks like one about the block it names.
    return head.length === 65 ? whole : `"${head}${digit === "1" ? "2" : "1"}"`;
  });
}

const HEAD_QUESTION = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_blockNumber", params: [] });

/** An RPC provider's way of being wrong or stuck; what has no meaning for one passes as it is. */
export function createRpcSpoiler(): Spoiler {
  let head = "0x0";
  return {
    async begin(effect, ask) {
      if (effect.kind !== "stale") return;
      const { text } = await ask({ method: "POST", path: "/", body: HEAD_QUESTION });
      head = (JSON.parse(text) as { result: string }).result;
    },
    async spoil(effect, asked, ask) {
      if (effect.kind === "stale") {
        const told = await ask({ ...asked, body: stuckAt(asked.body, head) });
        return { ...told, text: stuckAnswer(asked.body, told.text, head) };
      }
      const told = await ask(asked);
      return effect.kind === "wrong" ? { ...told, text: lie(told.text) } : told;
    },
  };
}
