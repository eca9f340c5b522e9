/**
 * An RPC provider: passes JSON-RPC on to the chain's node, in a process of its own, so that a provider can fail while the
 * chain goes on, as providers do.
 */
import { Agent, createServer, request } from "node:http";
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

runChild(async (config: RpcConfig) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const server = createServer((incoming, outgoing) => {
    const { "content-type": type = "application/json", "content-length": length } = incoming.headers;
    const onward = request(
      {
        host: "127.0.0.1",
        port: config.chainPort,
        method: incoming.method,
        path: incoming.url,
        agent,
        headers: { "content-type": type, ...(length === undefined ? {} : { "content-length": length }) },
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, { "content-type": answer.headers["content-type"] ?? type });
        answer.pipe(outgoing);
      },
    );
    onward.on("error", () => {
      if (!outgoing.headersSent) outgoing.writeHead(502);
      outgoing.end();
    });
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
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
