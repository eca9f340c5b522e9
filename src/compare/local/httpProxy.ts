/** An HTTP server before another one: passes requests on, loses, delays, refuses or drips them, and has answers spoiled. */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, delay, macrotask } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { createFate, type InsideEffect, type LiveFault } from "./liveFault.ts";

export interface ProxiedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly body: string;
}

export interface ProxiedAnswer {
  readonly status: number;
  readonly text: string;
  readonly fields?: Readonly<Record<string, string>>;
}

/** Asks the server behind the proxy. */
export type AskBehind = (asked: ProxiedRequest) => Promise<ProxiedAnswer>;

/** How a kind of server answers wrongly. */
export interface Spoiler {
  /** The name a request is about, in kinds of servers whose requests name names; the others see to a fault's names themselves. */
  nameOf?(asked: ProxiedRequest): string | undefined;
  /** Called when a fault begins, before it shows: what a stale server knew is found out now. */
  begin?(fault: LiveFault, ask: AskBehind): Promise<void>;
  spoil(effect: InsideEffect, asked: ProxiedRequest, ask: AskBehind): Promise<ProxiedAnswer>;
}

export interface HttpProxyOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly target: { readonly host: string; readonly port: number };
  readonly spoiler: Spoiler;
  /** Added to every exchange, in milliseconds. */
  readonly addedMs?: number;
  readonly clock: Clock;
  readonly random: Random;
}

const SERVFAIL = { status: 503, text: "{}" };
const TOO_MANY = { status: 429, text: "{}", fields: { "retry-after": "1" } };
/** Of a slow drip: a byte a second never ends in time. */
const DRIP_MS = 1_000;
const NEVER = new AbortController().signal;

export class HttpProxy {
  readonly #options: HttpProxyOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #fateOf: ReturnType<typeof createFate>;
  readonly #server = createServer((incoming, outgoing) => {
    this.#serve(incoming, outgoing).catch(() => {
      if (!outgoing.headersSent) outgoing.writeHead(502);
      outgoing.end();
    });
  });
  #fault: LiveFault | null = null;
  #port = 0;

  private constructor(options: HttpProxyOptions) {
    this.#options = options;
    this.#fateOf = createFate(options.clock, options.random);
  }

  static async start(options: HttpProxyOptions): Promise<HttpProxy> {
    const proxy = new HttpProxy(options);
    await proxy.#listen(options.port);
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  /** Makes `fault` hold, or none with `null`. */
  async setFault(fault: LiveFault | null): Promise<void> {
    if (fault !== null) await this.#options.spoiler.begin?.(fault, (asked) => this.#ask(asked, NEVER));
    const wasClosed = this.#fault?.effect.kind === "refused";
    this.#fault = fault;
    if (fault?.effect.kind === "refused") await this.#hangUp();
    else if (wasClosed) await this.#listen(this.#port);
  }

  async close(): Promise<void> {
    await this.#hangUp();
    this.#agent.destroy();
  }

  async #listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, this.#options.host, resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async #hangUp(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #ask(asked: ProxiedRequest, signal: AbortSignal): Promise<ProxiedAnswer> {
    const { target } = this.#options;
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(asked.body) };
    return new Promise((resolve, reject) => {
      const options = { ...target, method: asked.method, path: asked.path, agent: this.#agent, headers, signal };
      const onward = request(options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => resolve({ status: answer.statusCode ?? 502, text: Buffer.concat(chunks).toString() }));
        answer.on("error", reject);
      });
      onward.on("error", reject);
      onward.end(asked.body);
    });
  }

  /** Reads a request, has it answered as the fault has it, and writes the answer. */
  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    // A server that was stopped wakes up to requests whose senders have long given up: those are not worth anybody's time.
    await macrotask();
    await macrotask();
    if (incoming.socket.destroyed || incoming.socket.readableEnded) return;
    const controller = new AbortController();
    outgoing.on("close", () => controller.abort());
    const { method = "GET", url = "/" } = incoming;
    const asked = { method, path: url, body: Buffer.concat(chunks).toString() };
    const ask: AskBehind = (what) => this.#ask(what, controller.signal);
    if (this.#options.addedMs) await delay(this.#options.clock, this.#options.addedMs, controller.signal);
    const effect = this.#effectFor(asked);
    if (effect === undefined) return write(outgoing, await ask(asked));
    const fate = await this.#fateOf(effect);
    if (fate === "lose") return;
    if (fate === "refuse") return write(outgoing, TOO_MANY);
    if (fate === "pass") return write(outgoing, await ask(asked));
    if (effect.kind === "servfail") return write(outgoing, SERVFAIL);
    if (effect.kind === "drip") return this.#drip(outgoing, await ask(asked));
    write(outgoing, await this.#options.spoiler.spoil(effect, asked, ask));
  }

  /** What holds for this request; nothing where the fault is for other names. */
  #effectFor(asked: ProxiedRequest): InsideEffect | undefined {
    const names = this.#fault?.names;
    const { nameOf } = this.#options.spoiler;
    if (names === undefined || nameOf === undefined) return this.#fault?.effect;
    const name = nameOf(asked);
    const isHit = name !== undefined && names.some((one) => name === one || name.endsWith(`.${one}`));
    return isHit ? this.#fault?.effect : undefined;
  }

  /** A byte a second, for as long as somebody reads. */
  #drip(outgoing: ServerResponse, { status, text }: ProxiedAnswer): void {
    const bytes = Buffer.from(text);
    outgoing.writeHead(status, { "content-type": "application/json", "content-length": bytes.length });
    let sent = 0;
    const next = () => {
      if (outgoing.destroyed || sent === bytes.length) return;
      outgoing.write(bytes.subarray(sent, sent + 1));
      sent += 1;
      this.#options.clock.schedule(DRIP_MS, next);
    };
    next();
  }
}

function write(outgoing: ServerResponse, { status, text, fields }: ProxiedAnswer): void {
  outgoing.writeHead(status, { "content-type": "application/json", ...fields });
  outgoing.end(text);
}
