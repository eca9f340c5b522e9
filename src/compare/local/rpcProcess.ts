/**
 * An RPC provider: passes JSON-RPC on to the chain's node, in a process of its own, so that a provider can fail while the
 * chain goes on, as providers do.
 */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { macrotask } from "../../base/clock.ts";
import { runChild } from "./childMain.ts";

export interface RpcConfig {
  readonly host: string;
  readonly port: number;
  readonly chainPort: number;
}

export interface RpcReady {
  readonly url: string;
  readonly port: number;
}

/** Sends one request to the chain and its answer back. */
function passOn(
  config: RpcConfig,
  agent: Agent,
  body: Buffer,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  const headers = { "content-type": "application/json", "content-length": body.length };
  const { method, url: path } = incoming;
  const onward = request({ host: "127.0.0.1", port: config.chainPort, method, path, agent, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, { "content-type": "application/json" });
    answer.pipe(outgoing);
  });
  onward.on("error", () => {
    if (!outgoing.headersSent) outgoing.writeHead(502);
    outgoing.end();
  });
  outgoing.on("close", () => onward.destroy());
  onward.end(body);
}

runChild(async (config: RpcConfig) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("error", () => {});
    incoming.on("end", async () => {
      // A provider that was stopped wakes up to requests whose senders have long given up: those are not worth the chain's time.
      await macrotask();
      await macrotask();
      if (incoming.socket.destroyed || incoming.socket.readableEnded) return;
      passOn(config, agent, Buffer.concat(chunks), incoming, outgoing);
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
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      agent.destroy();
    },
  };
});
