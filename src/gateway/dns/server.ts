/** A DNS server on one port, UDP and TCP. */
import { BaseError, messageOf } from "../../base/errors.ts";
import { listenBatch } from "./batch.ts";
import type { Listener, ListenOptions } from "./listener.ts";
import { listenTcp, type StreamHandler, type TcpLimits } from "./tcp.ts";
import { listenUdp } from "./udp.ts";

export class PortInUseError extends BaseError {
  override readonly name = "Gateway.PortInUseError";
  constructor(host: string, port: number, cause: unknown) {
    super("GATEWAY_PORT_IN_USE", `The DNS front cannot listen on ${host} port ${port}: ${messageOf(cause)}.`, {
      cause,
    });
  }
}

export declare namespace startDnsServer {
  /** Port 0 stands for any that is free for both. */
  interface Options extends ListenOptions {
    readonly stream?: StreamHandler;
    /** Whether UDP goes through batches where it can; true by default. */
    readonly useNative?: boolean;
    readonly tcp?: TcpLimits;
  }
}

export interface DnsServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** How often a port that TCP got and UDP did not is given back for another. */
const PORT_TRIES_MAX = 10;

export async function startDnsServer(options: startDnsServer.Options): Promise<DnsServer> {
  const { host, port } = options;
  const tries = port === 0 ? PORT_TRIES_MAX : 1;
  for (let attempt = 1; ; attempt += 1) {
    let tcp: Listener | undefined;
    try {
      tcp = await listenTcp({ ...options, ...options.tcp });
      const udpOptions = { ...options, port: tcp.port };
      const udp = (options.useNative === false ? undefined : listenBatch(udpOptions)) ?? (await listenUdp(udpOptions));
      const listeners = [tcp, udp];
      return {
        host,
        port: tcp.port,
        close: async () => {
          await Promise.all(listeners.map((listener) => listener.close()));
        },
      };
    } catch (error) {
      await tcp?.close();
      if (attempt >= tries) throw new PortInUseError(host, port, error);
    }
  }
}
