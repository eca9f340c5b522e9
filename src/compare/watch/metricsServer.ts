/** `GET /metrics` and `GET /healthz`, on a loopback port unless told otherwise. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { BaseError } from "../../base/errors.ts";

export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

export class MetricsPortError extends BaseError {
  override readonly name = "Compare.MetricsPortError";
  constructor(host: string, port: number, cause: unknown) {
    super("COMPARE_METRICS_PORT", `Port ${port} of ${host} for the metrics cannot be had.`, {
      cause,
      metaMessages: ["Name another, or 0 for any that is free."],
    });
  }
}

export async function startMetricsServer(host: string, port: number, text: () => string): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split("?", 1)[0];
    if (path === "/healthz") return void response.end("ok\n");
    if (path !== "/metrics") return void response.writeHead(404).end("only /metrics and /healthz\n");
    response.setHeader("content-type", "text/plain; version=0.0.4; charset=utf-8");
    response.end(text());
  });
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw new MetricsPortError(host, port, error);
  }
  const address = server.address() as AddressInfo;
  return {
    url: `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}/metrics`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
