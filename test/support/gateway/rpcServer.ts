/** An in-process chain behind real sockets: an RPC provider that can be killed, made to hang, to lag, to lie and to fork. */
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Chain } from "./chain.ts";

export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** Answers a call; `honest` is the chain's own answer. A rejected promise is a JSON-RPC error, `"hang"` no answer at all. */
export type RpcBehaviour = (call: RpcCall, honest: (call: RpcCall) => Promise<unknown>) => Promise<unknown> | "hang";

export interface RpcServer {
  readonly url: string;
  /** How it answers from now on; honestly at first. */
  behaviour: RpcBehaviour;
  /** How many calls of a method came. */
  callCount(method: string): number;
  /** Stops listening and cuts every connection; may be called twice. */
  kill(): Promise<void>;
}

export async function startRpcServer(provider: Chain["provider"]): Promise<RpcServer> {
  const sockets = new Set<Socket>();
  const counts = new Map<string, number>();
  const honest = async ({ method, params }: RpcCall): Promise<unknown> =>
    await provider.request({ method, params: params as unknown[] });
  const rpc: { behaviour: RpcBehaviour } = { behaviour: (call, ask) => ask(call) };

  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", async () => {
      const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString());
      counts.set(method, (counts.get(method) ?? 0) + 1);
      const answer = rpc.behaviour({ method, params }, honest);
      if (answer === "hang") return;
      const body = await answer.then(
        (result) => ({ jsonrpc: "2.0", id, result }),
        (error: { code?: number; message: string }) => ({
          jsonrpc: "2.0",
          id,
          error: { code: error.code ?? -32000, message: error.message },
        }),
      );
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(body));
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(rpc, {
    url: `http://127.0.0.1:${port}`,
    callCount: (method: string) => counts.get(method) ?? 0,
    kill: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  });
}
