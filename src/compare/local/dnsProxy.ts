/** A DNS server, UDP and TCP, before another one: passes queries on, loses, delays, refuses or spoils them, and may keep a cache. */
import { type Clock, delay } from "../../base/clock.ts";
import { createLog } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { DnsHandler } from "../../gateway/dns/handler.ts";
import { type DnsServer, startDnsServer } from "../../gateway/dns/server.ts";
import { withDnsFaults } from "./dnsFaults.ts";
import { type CacheTimes, cachingHandler, forwardingHandler } from "./dnsForward.ts";
import type { LiveFault } from "./liveFault.ts";

export interface DnsProxyOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly target: { readonly host: string; readonly port: number };
  /** Added to every exchange, in milliseconds. */
  readonly addedMs?: number;
  readonly cache?: CacheTimes;
  readonly clock: Clock;
  readonly random: Random;
}

/** Its port is closed while it refuses. Faults show behind the cache, which keeps what came of them. */
export class DnsProxy {
  readonly #options: DnsProxyOptions;
  readonly #handler: DnsHandler;
  #fault: LiveFault | null = null;
  #server: DnsServer | undefined;
  #port: number;

  private constructor(options: DnsProxyOptions) {
    const { target, clock, random, cache = { ttlMs: 0, negativeTtlMs: 0 } } = options;
    this.#options = options;
    this.#port = options.port;
    const behind = delayed(forwardingHandler(target, clock), options.addedMs ?? 0, clock);
    const upstream = withDnsFaults(behind, () => this.#fault, clock, random);
    this.#handler = cache.ttlMs > 0 || cache.negativeTtlMs > 0 ? cachingHandler(upstream, cache, clock) : upstream;
  }

  static async start(options: DnsProxyOptions): Promise<DnsProxy> {
    const proxy = new DnsProxy(options);
    await proxy.#listen();
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  /** Makes `fault` hold, or none with `null`. */
  async setFault(fault: LiveFault | null): Promise<void> {
    this.#fault = fault;
    if (fault?.effect.kind === "refused") await this.close();
    else if (this.#server === undefined) await this.#listen();
  }

  async close(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }

  async #listen(): Promise<void> {
    const { host, clock } = this.#options;
    const log = createLog(clock, "warn", (line) => process.stderr.write(line));
    const handler = this.#handler;
    this.#server = await startDnsServer({ host, clock, log, handler, port: this.#port, useNative: false });
    this.#port = this.#server.port;
  }
}

function delayed(handler: DnsHandler, addedMs: number, clock: Clock): DnsHandler {
  if (addedMs === 0) return handler;
  return {
    ...handler,
    async handle(...query) {
      await delay(clock, addedMs);
      return await handler.handle(...query);
    },
  };
}
