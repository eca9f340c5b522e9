/**
 * An RPC provider: passes JSON-RPC on to the chain's node, in a process of its own, so that a provider can fail while the
 * chain goes on, as providers do.
 */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { macrotask, systemClock } from "../../base/clock.ts";
import { secureRandom } from "../../base/random.ts";
import { runChild } from "./childMain.ts";
import { createFate, isFaultMessage, type LiveFault } from "./liveFault.ts";
import { lie, statusUnder, stuckAnswer, stuckAt } from "./rpcFaults.ts";

export interface RpcConfig {
  readonly host: string;
  readonly port: number;
  readonly chainPort: number;
}

export interface RpcReady {
  readonly url: string;
  readonly port: number;
}

/** One request to the chain; its status and body. */
function ask(chainPort: number, agent: Agent, body: string, signal: AbortSignal) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const options = { host: "127.0.0.1", port: chainPort, method: "POST", agent, headers, signal };
    const onward = request(options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 502, text: Buffer.concat(chunks).toString() }));
      answer.on("error", reject);
    });
    onward.on("error", reject);
    onward.end(body);
  });
}

class Provider {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #chainPort: number;
  readonly #fateOf = createFate(systemClock, secureRandom);
  #fault: LiveFault | null = null;
  /** Where a provider with a stale head got stuck. */
  #head = "0x0";

  constructor(chainPort: number) {
    this.#chainPort = chainPort;
  }

  close(): void {
    this.#agent.destroy();
  }

  async setFault(fault: LiveFault | null): Promise<void> {
    if (fault?.effect.kind === "stale") {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_blockNumber", params: [] });
      const { text } = await ask(this.#chainPort, this.#agent, body, new AbortController().signal);
      this.#head = (JSON.parse(text) as { result: string }).result;
    }
    this.#fault = fault;
  }

  /** The whole answer to one request; `null` where none is ever given. */
  async answer(body: string, signal: AbortSignal): Promise<{ status: number; text: string } | null> {
    const effect = this.#fault?.effect;
    if (effect === undefined) return ask(this.#chainPort, this.#agent, body, signal);
    const fate = await this.#fateOf(effect);
    if (fate === "lose" || effect.kind === "drip") return null;
    if (fate === "refuse") return { status: 429, text: "{}" };
    const status = fate === "spoil" ? statusUnder(effect.kind) : undefined;
    if (status !== undefined) return { status, text: "{}" };
    const isStuck = effect.kind === "stale";
    const sent = isStuck ? stuckAt(body, this.#head) : body;
    const told = await ask(this.#chainPort, this.#agent, sent, signal);
    if (isStuck) return { ...told, text: stuckAnswer(body, told.text, this.#head) };
    return effect.kind === "wrong" ? { ...told, text: lie(told.text) } : told;
  }
}

/** Reads a request, has it answered, and writes the answer. */
async function serve(provider: Provider, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  // A provider that was stopped wakes up to requests whose senders have long given up: those are not worth the chain's time.
  await macrotask();
  await macrotask();
  if (incoming.socket.destroyed || incoming.socket.readableEnded) return;
  const controller = new AbortController();
  outgoing.on("close", () => controller.abort());
  const told = await provider.answer(Buffer.concat(chunks).toString(), controller.signal);
  if (told === null) return;
  outgoing.writeHead(told.status, { "content-type": "application/json" });
  outgoing.end(told.text);
}

runChild(async (config: RpcConfig) => {
  const provider = new Provider(config.chainPort);
  const server = createServer((incoming, outgoing) => {
    serve(provider, incoming, outgoing).catch(() => {
      if (!outgoing.headersSent) outgoing.writeHead(502);
      outgoing.end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(config.port, config.host, resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    ready: { url: `http://${config.host}:${port}`, port } satisfies RpcReady,
    onMessage: (message) => {
      if (isFaultMessage(message)) void provider.setFault(message.fault);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      provider.close();
    },
  };
});
