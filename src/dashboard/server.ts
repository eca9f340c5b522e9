/** The dashboard's server: a page, its script, uPlot from the installed package, events, and two controls. Loopback only. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import type { Clock, Timer } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import { PortInUseError } from "../compare/local/child.ts";
import { LANGUAGES, type Language } from "../compare/report/language.ts";
import type { FaultKind } from "../simulation/fault.ts";
import type { ShardsView } from "./shards.ts";
import type { DashboardView } from "./view.ts";

export type ProcessState = "running" | "paused" | "dead";

export interface DashboardOptions {
  readonly port: number;
  readonly clock: Clock;
  readonly view: () => DashboardView;
  /** The processes of the network, how each is, and which fault holds for it. */
  readonly members: () => readonly {
    readonly what: string;
    readonly state: ProcessState;
    readonly fault: FaultKind | null;
  }[];
  /** The kinds of faults that the page offers. */
  readonly faultKinds: readonly FaultKind[];
  /** Makes a fault hold for a process, or none. */
  readonly spoil: (what: string, fault: FaultKind | null) => Promise<void>;
  readonly put: (what: string, state: ProcessState) => Promise<void>;
  /** Who is hurt and who is expected to be, in a language. */
  readonly shards: (language: Language) => ShardsView;
  /** The report's tables over what is kept, as markup in a language. */
  readonly report: (language: Language) => { readonly since: string; readonly html: string };
  /** A resolution as plain JSON, with its trace. */
  readonly resolve: (name: string, type: string) => Promise<unknown>;
}

export interface Dashboard {
  readonly url: string;
  close(): Promise<void>;
}

const EVENT_MS = 1_000;
/** However many pages ask, a report is worked out this often at most. */
const REPORT_MS = 8_000;
/** Pages that listen at once. */
const LISTENERS_MAX = 32;
const BODY_BYTES_MAX = 4_096;
const STATES: readonly string[] = ["running", "paused", "dead"];
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src data:";

function files(): ReadonlyMap<string, { readonly type: string; readonly body: Buffer }> {
  const uplot = dirname(createRequire(import.meta.url).resolve("uplot"));
  const own = (name: string) => readFileSync(new URL(`./${name}`, import.meta.url));
  return new Map([
    ["/", { type: "text/html; charset=utf-8", body: own("page.html") }],
    ["/words.js", { type: "text/javascript; charset=utf-8", body: own("words.js") }],
    ["/app.js", { type: "text/javascript; charset=utf-8", body: own("app.js") }],
    ["/style.css", { type: "text/css; charset=utf-8", body: own("style.css") }],
    ["/uplot.js", { type: "text/javascript; charset=utf-8", body: readFileSync(join(uplot, "uPlot.iife.min.js")) }],
    ["/uplot.css", { type: "text/css; charset=utf-8", body: readFileSync(join(uplot, "uPlot.min.css")) }],
  ]);
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = "";
  for await (const part of request) {
    text += part;
    if (text.length > BODY_BYTES_MAX) return {};
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const bigints = (_: string, item: unknown) => (typeof item === "bigint" ? item.toString() : item);

function reply(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value, bigints));
}

/** Whether `body` says what to do to a process, which is then done: a state, or a fault. To mend it is to lift its fault too. */
async function breakAsTold(options: DashboardOptions, what: string, body: Record<string, unknown>): Promise<boolean> {
  const { state, fault } = body;
  if (fault === null || options.faultKinds.some((kind) => kind === fault)) {
    await options.spoil(what, fault as FaultKind | null);
    return true;
  }
  if (!STATES.includes(String(state))) return false;
  if (state === "running") await options.spoil(what, null);
  await options.put(what, state as ProcessState);
  return true;
}

/** Carries out a control; what goes wrong is told to the page. */
async function control(options: DashboardOptions, path: string, request: IncomingMessage, response: ServerResponse) {
  try {
    // Whoever breaks off in the middle of a control has said nothing.
    const body = await readJson(request);
    if (path === "/fault") {
      const known = options.members().some((member) => member.what === body.what);
      if (!known || !(await breakAsTold(options, String(body.what), body))) {
        return reply(response, 400, { error: "no such process, state or fault" });
      }
      return reply(response, 200, { members: options.members() });
    }
    if (path === "/resolve") return reply(response, 200, await options.resolve(String(body.name), String(body.type)));
    return reply(response, 404, { error: "no such control" });
  } catch (error) {
    return reply(response, 400, { error: messageOf(error) });
  }
}

/** The report of each language, kept for a while. */
function keptReports({ report, clock }: DashboardOptions): DashboardOptions["report"] {
  const kept = new Map<Language, { readonly atMs: number; readonly said: ReturnType<DashboardOptions["report"]> }>();
  return (language) => {
    const nowMs = clock.monotonicMs();
    const known = kept.get(language);
    if (known !== undefined && nowMs - known.atMs < REPORT_MS) return known.said;
    const said = report(language);
    kept.set(language, { atMs: nowMs, said });
    return said;
  };
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new PortInUseError("dashboard", port, "--dashboard-port");
  }
}

function startEvents(options: DashboardOptions, listeners: Set<ServerResponse>, response: ServerResponse): void {
  if (listeners.size >= LISTENERS_MAX) return void response.writeHead(503).end("too many pages\n");
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  listeners.add(response);
  response.on("close", () => listeners.delete(response));
  response.write(event(options));
}

export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const pages = files();
  const listeners = new Set<ServerResponse>();
  const report = keptReports(options);
  let hosts: readonly string[] = [];
  const server = createServer((request, response) => {
    const { host = "", origin } = request.headers;
    // A page elsewhere must reach neither view nor controls, by its own origin or by a name it points here.
    const isForeign =
      !hosts.includes(host) || (origin !== undefined && !hosts.some((own) => origin === `http://${own}`));
    if (isForeign) return void response.writeHead(403).end("only from this machine\n");
    response.setHeader("content-security-policy", POLICY);
    response.setHeader("x-content-type-options", "nosniff");
    const path = request.url?.split("?", 1)[0] ?? "";
    if (request.method === "POST") {
      const isJson = request.headers["content-type"] === "application/json";
      return isJson ? void control(options, path, request, response) : void response.writeHead(415).end();
    }
    if (path === "/events") return startEvents(options, listeners, response);
    const asked = new URLSearchParams(request.url?.split("?", 2)[1]).get("lang");
    const language = LANGUAGES.find((known) => known === asked) ?? "en";
    if (path === "/shards") return reply(response, 200, options.shards(language));
    if (path === "/report") return reply(response, 200, report(language));
    const page = pages.get(path);
    if (page === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": page.type }).end(page.body);
  });
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  let timer: Timer;
  const beat = () => {
    if (listeners.size > 0) {
      const text = event(options);
      // Whoever does not read as fast as it is told misses views, and is not told them all at once later.
      for (const listener of listeners) if (!listener.writableNeedDrain) listener.write(text);
    }
    timer = options.clock.schedule(EVENT_MS, beat);
  };
  timer = options.clock.schedule(EVENT_MS, beat);
  return {
    url: `http://127.0.0.1:${port}/`,
    async close() {
      timer.cancel();
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function event(options: DashboardOptions): string {
  return `data: ${JSON.stringify({ ...options.view(), members: options.members(), faultKinds: options.faultKinds })}\n\n`;
}
