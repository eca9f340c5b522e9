/** The network of the laboratory: every exchange meets the fate drawn for it, and whoever is asked answers by its own code. */
import { utf8Bytes, utf8Text } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { assert, BaseError } from "../base/errors.ts";
import { type ClientTransport, type HttpResponse, TransportError } from "../client/transport.ts";
import { createGateway, type Gateway } from "../gateway/gateway.ts";
import type { Signer } from "../gateway/signer.ts";
import { decodeQuery, encodeAnswer } from "../protocol/json.ts";
import type { DnsServers } from "./dnsServers.ts";
import { FalseClock } from "./falseClock.ts";
import type { Fate, Manner } from "./fate.ts";
import { latencyGrid } from "./latencyGrid.ts";
import type { Asked, DrawFate } from "./probeTree.ts";
import type { Scenario } from "./scenario.ts";
import { CHAIN_ID, DIRECTORY, REGISTRY, TLD } from "./simulatedChain.ts";
import { answerRpc } from "./simulatedRpc.ts";
import { httpUrlOf, type StateName, type WorldState } from "./states.ts";
import type { Topology } from "./topology.ts";

/** False time begins here: 1 January 2026. */
export const EPOCH_MS = 1_767_225_600_000;

/** A clock that everything in the laboratory reads, wound back before each probe. */
export class Winding implements Clock {
  current = new FalseClock(EPOCH_MS);
  nowMs = () => this.current.nowMs();
  monotonicMs = () => this.current.monotonicMs();
  schedule = (delayMs: number, callback: () => void) => this.current.schedule(delayMs, callback);
}

/** What all probes of a laboratory share. */
export interface Bench {
  readonly scenario: Scenario;
  readonly topology: Topology;
  readonly clock: Winding;
  readonly name: string;
  /** Machines of the name's own shard and of its bootstrap shard, by zone. */
  readonly own: readonly number[];
  readonly bootstrap: readonly number[];
  /** Machines and RPC providers by the origin of their URLs. */
  readonly machines: ReadonlyMap<string, number>;
  readonly providers: ReadonlyMap<string, number>;
  readonly states: ReadonlyMap<StateName, WorldState>;
  readonly signers: readonly Signer[];
  readonly dns: DnsServers;
  /** Signing and recovering are pure; what was worked out once is kept. */
  readonly answers: Map<string, HttpResponse>;
  readonly gateways: Map<string, Gateway>;
  readonly recover: (digest: Uint8Array, signature: Uint8Array) => string | undefined;
}

/** What one probe has done so far. */
export interface Course {
  readonly draw: DrawFate;
  readonly clock: FalseClock;
  queries: { dns: number; gateways: number; chain: number };
  /** When the probe itself began, on the false clock; `undefined` while the client still gets acquainted. */
  beganAtMs: number | undefined;
  ended: boolean;
}

/** Whom the transport of a laboratory reaches at which origin. */
export function originsOf(topology: Topology): Pick<Bench, "machines" | "providers"> {
  return {
    machines: new Map(topology.machines.map((_, machine) => [httpUrlOf(machine), machine])),
    providers: new Map(
      topology.rpcProviders.map((index) => [`http://${topology.endpoints[index]!.provider}.example`, index]),
    ),
  };
}

/** The client's transport for one probe. */
export function transportOf(bench: Bench, course: Course): ClientTransport {
  const { machines, providers } = bench;
  return {
    http(request) {
      const { origin } = new URL(request.url);
      const body = typeof request.body === "string" ? request.body : (utf8Text(request.body ?? new Uint8Array()) ?? "");
      const provider = providers.get(origin);
      if (provider !== undefined) {
        const asked: Asked = { path: "chain", index: provider, bootstrap: false };
        return exchange(bench, course, asked, request.signal, (manner) => rpcResponse(bench, manner, body));
      }
      const machine = machines.get(origin);
      assert(machine !== undefined, `nobody lives at ${request.url}`);
      const zone = bench.own.indexOf(machine);
      const asked: Asked = {
        path: "gateways",
        index: zone === -1 ? bench.bootstrap.indexOf(machine) : zone,
        bootstrap: zone === -1,
      };
      return exchange(bench, course, asked, request.signal, (manner) => gatewayResponse(bench, manner, machine, body));
    },
    udp(server, query, accepts, signal) {
      const asked: Asked = { path: "dns", index: Number(/^dns-(\d+)\./.exec(server.host)?.[1]), bootstrap: false };
      return exchange(bench, course, asked, signal, async (manner) => {
        const reply = await bench.dns.answer(manner, query);
        return reply !== undefined && accepts(reply) ? reply : undefined;
      });
    },
    tcp: () => Promise.reject(new TransportError("unsupported", "no simulated server needs TCP")),
    systemServers: () => [],
  };
}

/** How the other side answers: in some manner, or as it was when the client met it. */
type Said = Manner | "met";

/** What an exchange meets while all is well: an honest answer after the usual time. */
function usualFate(bench: Bench, asked: Asked): Fate {
  const { topology } = bench;
  const index = asked.path === "gateways" ? topology.machines[0]! : asked.index;
  const latencyMs = latencyGrid(topology.endpoints[index]!.latency, 0).points[1]!;
  return { id: -1, arrival: "answer", manner: "honest", latencyMs };
}

/** One exchange: its fate is drawn when the question leaves, and met when the answer would arrive. */
function exchange<Reply>(
  bench: Bench,
  course: Course,
  asked: Asked,
  signal: AbortSignal,
  answer: (manner: Said) => Reply | undefined | Promise<Reply | undefined>,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new TransportError("timedOut", "given up"));
    if (course.ended || signal.aborted) return onAbort();
    course.queries[asked.path] += 1;
    const fate =
      course.beganAtMs === undefined
        ? usualFate(bench, asked)
        : course.draw(asked, course.clock.monotonicMs() - course.beganAtMs);
    signal.addEventListener("abort", onAbort, { once: true });
    if (fate.arrival === "never") return;
    const timer = course.clock.schedule(fate.latencyMs, () => {
      signal.removeEventListener("abort", onAbort);
      if (fate.arrival === "refused") return reject(new TransportError("refused", "nobody listens"));
      Promise.resolve(answer(course.beganAtMs === undefined ? "met" : fate.manner)).then((reply) => {
        // What is no answer to the question is dropped, as a socket would drop it.
        if (reply !== undefined) resolve(reply);
      }, reject);
    });
    signal.addEventListener("abort", () => timer.cancel(), { once: true });
  });
}

function httpResponse(status: number, body: string, fields: Readonly<Record<string, string>> = {}): HttpResponse {
  return { status, field: (name) => fields[name], body: utf8Bytes(body) };
}

function refusal(manner: Said): HttpResponse | undefined {
  if (manner === "servfail") return httpResponse(503, "");
  return manner === "limited" ? httpResponse(429, "", { "retry-after": "1" }) : undefined;
}

function gatewayResponse(bench: Bench, manner: Said, machine: number, body: string): HttpResponse {
  const refused = refusal(manner);
  if (refused !== undefined) return refused;
  const key = `${machine}/${manner}/${body}`;
  let response = bench.answers.get(key);
  if (response === undefined) {
    try {
      response = httpResponse(
        200,
        encodeAnswer(gatewayOf(bench, machine, manner as StateName).answer(decodeQuery(body))),
      );
    } catch (error) {
      if (!(error instanceof BaseError)) throw error;
      response = httpResponse(error.retriable ? 503 : 400, error.shortMessage);
    }
    bench.answers.set(key, response);
  }
  return response;
}

/** The gateway of a machine in one of the worlds: a liar is a sound gateway in a false world. */
function gatewayOf(bench: Bench, machine: number, state: StateName): Gateway {
  const key = `${machine}/${state}`;
  let gateway = bench.gateways.get(key);
  if (gateway === undefined) {
    gateway = createGateway({
      replica: bench.states.get(state)!.replica,
      gatewayId: machine + 1,
      signer: bench.signers[machine]!,
      domain: { chainId: CHAIN_ID, directory: DIRECTORY },
      registry: REGISTRY,
      tld: TLD,
      clock: bench.clock,
    });
    bench.gateways.set(key, gateway);
  }
  return gateway;
}

function rpcResponse(bench: Bench, manner: Said, body: string): HttpResponse {
  const refused = refusal(manner);
  if (refused !== undefined) return refused;
  const key = `rpc/${manner}/${body}`;
  let response = bench.answers.get(key);
  if (response === undefined) {
    response = httpResponse(200, answerRpc(bench.states.get(manner as StateName)!.chain, body));
    bench.answers.set(key, response);
  }
  return response;
}
