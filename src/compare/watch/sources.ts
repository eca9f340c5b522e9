/** Whom a round asks: each path alone, all combined on a cold cache, the user's policy with its cache, each DNS server. */
import type { Outcome, PathName } from "../../availability/outcome.ts";
import type { Hex } from "../../base/bytes.ts";
import { type Clock, withDeadline } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import { createHealth } from "../../client/health.ts";
import { createNodeNameClient, type NodeNameClientOptions } from "../../client/nodeClient.ts";
import { nodeTransport } from "../../client/nodeTransport.ts";
import { findingOf, refusalOfResponse } from "../../client/paths/dnsAnswer.ts";
import { type DnsTarget, exchangeDns } from "../../client/paths/dnsExchange.ts";
import type { DnsEndpoint } from "../../client/paths/dnsPath.ts";
import type { PolicyName } from "../../client/policy.ts";
import type { EvidenceLevel, Resolution } from "../../client/resolution.ts";
import { createRetryBudget } from "../../client/retryBudget.ts";
import type { Run } from "../../client/run.ts";
import type { DnsServer } from "../../client/transport.ts";
import { TransportError } from "../../client/transport.ts";
import { TYPE } from "../../dns/codes.ts";
import type { Message } from "../../dns/message.ts";
import { parseDomainName } from "../../dns/name.ts";
import type { BlockReference } from "../../protocol/answer.ts";
import { encodeRRset } from "../../protocol/rrset.ts";
import { createLeanTransport } from "./leanTransport.ts";
import type { WatchedName } from "./names.ts";
import { createPhasedTransport, type ExchangePhases } from "./phasedTransport.ts";
import type { ClockWitnesses } from "./skew.ts";

/** A reply that verification did not take: `wrong`, or `stale`. */
export interface Rejected {
  readonly endpoint: string;
  readonly outcome: "wrong" | "stale";
  readonly reason: string;
  /** The block that was the reason. */
  readonly block?: BlockReference;
}

/** What one source said about one name. */
export interface Saying {
  readonly outcome: Outcome;
  readonly value: Hex | null;
  readonly evidence: EvidenceLevel;
  /** The path it came by, where the source has several. */
  readonly via?: string;
  readonly detail?: string;
  readonly block?: BlockReference | null;
  /** How long the record's own exchange took, where more was asked beside it. */
  readonly latencyMs?: number;
  /** Who told what verification did not take, also where somebody else then answered. */
  readonly rejected?: readonly Rejected[];
  readonly serial?: number;
  /** Of an exchange with one DNS server. */
  readonly phases?: ExchangePhases;
  readonly sections?: { readonly answers: number; readonly authorities: number; readonly additionals: number };
}

export interface WatchSource {
  readonly id: string;
  readonly supports: (watched: WatchedName) => boolean;
  readonly ask: (watched: WatchedName, deadlineMs: number, signal: AbortSignal) => Promise<Saying>;
}

export interface SourcesOptions {
  readonly client: NodeNameClientOptions;
  readonly policy: PolicyName;
  /** How often a probe asks a DNS server before it gives up; 1 unless given (RSSAC047). The policy's client does as users' do. */
  readonly tryCount?: number;
  /** Whether the policy's client may keep a cache, as a user's does. */
  readonly cache: boolean;
  /** DNS servers that are asked for the name itself and not for its ordinary domain: gateways, or secondaries of them. */
  readonly mirrors: readonly DnsServer[];
  readonly domains: ReadonlyMap<string, string>;
  /** Takes note of what time HTTP servers say it is. */
  readonly witnesses?: Pick<ClockWitnesses, "watching">;
  readonly clock: Clock;
  readonly random: Random;
}

const serverText = ({ host, port }: DnsServer) => `${host.includes(":") ? `[${host}]` : host}:${port}`;

const ownerOf = ({ name, record }: WatchedName) => (record.kind === "dns" ? record.owner : name);

/** Those who told what was not taken. */
function rejectedOf({ trace }: Resolution): Rejected[] {
  return trace.flatMap(({ endpoint, outcome: how, reason, block: told }): Rejected[] =>
    how === "wrong" || how === "stale"
      ? [{ endpoint, outcome: how, reason, ...(told === undefined ? {} : { block: told }) }]
      : [],
  );
}

/** One line about a failure. */
function detailOf({ outcome, value, block, ageSeconds, trace }: Resolution): Pick<Saying, "detail"> {
  if (outcome === "stale" && block) return { detail: `read at block ${block.number}, ${Math.round(ageSeconds)} s old` };
  if (value !== null || outcome === "absent") return {};
  return { detail: trace.findLast((attempt) => attempt.outcome !== "answered")?.reason ?? outcome };
}

function sayingOf(resolution: Resolution): Saying {
  const { outcome, value, evidence, block, cached, path } = resolution;
  const rejected = rejectedOf(resolution);
  const via = cached === false ? path : `cache, ${cached}`;
  return {
    outcome,
    value,
    evidence,
    block,
    ...(via === null ? {} : { via }),
    ...(rejected.length === 0 ? {} : { rejected }),
    ...detailOf(resolution),
  };
}

/** The sources of a watch. Those of single paths and servers keep no cache, and retry nothing unless they are told to. */
export function createSources(options: SourcesOptions): WatchSource[] {
  const { client, clock, random } = options;
  const { paths } = client;
  const dnsNameOf = (name: string) => options.domains.get(name) ?? paths.dns?.dnsNameOf(name);
  const dns = paths.dns === undefined ? undefined : { ...paths.dns, dnsNameOf };
  const transport = client.transport ?? createLeanTransport();
  const common = {
    ...client,
    transport: options.witnesses?.watching(transport) ?? transport,
    clock,
    random,
    policy: options.policy,
  };
  const once = dns === undefined ? {} : { dns: { ...dns, tryCount: options.tryCount ?? 1 } };
  const cold = createNodeNameClient({ ...common, paths: { ...paths, ...once }, cache: false });
  const asUsers = dns === undefined ? {} : { dns };
  const user = createNodeNameClient({
    ...common,
    paths: { ...paths, ...asUsers },
    ...(options.cache ? {} : { cache: false }),
  });
  const hasDomain = (watched: WatchedName) =>
    watched.record.kind === "dns" && dnsNameOf(ownerOf(watched)) !== undefined;
  const set: PathName[] = [];
  for (const path of ["dns", "chain", "gateways"] as const) if (paths[path] !== undefined) set.push(path);
  const single = set.map(
    (path): WatchSource => ({
      id: path,
      supports: path === "dns" ? hasDomain : () => true,
      ask: async ({ name, record }, deadlineMs, signal) =>
        sayingOf(await cold.probe({ name, record, path, deadlineMs, signal })),
    }),
  );
  const combined: WatchSource = {
    id: "combined",
    supports: () => true,
    ask: async ({ name, record }, deadlineMs, signal) =>
      sayingOf(await cold.probe({ name, record, path: "all", deadlineMs, signal })),
  };
  const policy: WatchSource = {
    id: "policy",
    supports: () => true,
    ask: async ({ name, record }, deadlineMs, signal) =>
      sayingOf(await user.resolve(name, record, { deadlineMs, signal })),
  };
  const servers = serversOf(options).map((target): WatchSource => {
    const mappedOf = target.isMirror ? (name: string) => name : dnsNameOf;
    return {
      id: `dns@${target.text}`,
      supports: target.isMirror ? ({ record }) => record.kind === "dns" : hasDomain,
      ask: (watched, deadlineMs, signal) =>
        askServer(options, target, watched, mappedOf(ownerOf(watched))!, deadlineMs, signal),
    };
  });
  return [...single, combined, policy, ...servers];
}

function serversOf(options: SourcesOptions): (DnsTarget & { text: string; isMirror: boolean })[] {
  const endpoints = (options.client.paths.dns?.endpoints ?? []).flatMap((endpoint): Exclude<DnsEndpoint, "system">[] =>
    endpoint === "system" ? [...nodeTransport.systemServers()] : [endpoint],
  );
  const centralized = endpoints.map((endpoint) =>
    "dohUrl" in endpoint
      ? { endpoint: endpoint.dohUrl, dohUrl: endpoint.dohUrl, text: endpoint.dohUrl, isMirror: false }
      : { endpoint: serverText(endpoint), server: endpoint, text: serverText(endpoint), isMirror: false },
  );
  const mirrors = options.mirrors.map((server) => {
    const text = serverText(server);
    return { endpoint: text, server, text, isMirror: true };
  });
  return [...centralized, ...mirrors];
}

/** The serial of the SOA that a response carries, as its answer or beside a negative one. */
function serialOf(message: Message): number | undefined {
  const soa = [...message.answers, ...message.authorities].find((record) => record.type === TYPE.SOA);
  if (soa === undefined || soa.rdata.length < 22) return undefined;
  // Two names, then serial, refresh, retry, expire and minimum, four bytes each (RFC 1035 section 3.3.13).
  return new DataView(soa.rdata.buffer, soa.rdata.byteOffset, soa.rdata.length).getUint32(soa.rdata.length - 20);
}

/** Asks one server for the record and for the zone's SOA, once each; only the record's exchange is timed. */
async function askServer(
  options: SourcesOptions,
  target: DnsTarget,
  watched: WatchedName,
  domain: string,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<Saying> {
  const { clock, random } = options;
  if (watched.record.kind !== "dns") return failed("unreachable", "DNS does not tell this kind of record");
  const { rrtype, owner } = watched.record;
  const startedAtMs = clock.monotonicMs();
  const workMs = deadlineMs - reserveMs(deadlineMs);
  const name = parseDomainName(`${domain}.`);
  const phased = options.client.transport === undefined ? createPhasedTransport(clock) : undefined;
  const ownTransport = options.client.transport ?? nodeTransport;
  const timedTransport = phased?.transport ?? ownTransport;
  const ask = (type: number, transport = ownTransport) =>
    withDeadline(
      clock,
      workMs,
      target.endpoint,
      (within) => {
        const run: Run = {
          clock,
          random,
          transport,
          health: createHealth(clock),
          budget: createRetryBudget(),
          startedAtMs,
          deadlineAtMs: startedAtMs + workMs,
          signal: within,
          trace: [],
        };
        return exchangeDns(run, target, { name, type }, within);
      },
      signal,
    );
  let latencyMs = 0;
  const timed = ask(rrtype, options.witnesses?.watching(timedTransport) ?? timedTransport).finally(() => {
    latencyMs = clock.monotonicMs() - startedAtMs;
  });
  const [told, zone] = await Promise.allSettled([timed, ask(TYPE.SOA)]);
  const serial = zone.status === "fulfilled" && zone.value.value ? serialOf(zone.value.value) : undefined;
  const version = {
    latencyMs,
    ...(serial === undefined ? {} : { serial }),
    ...(phased ? { phases: phased.phases() } : {}),
  };
  if (told.status === "rejected") return { ...failureOf(told.reason), ...version };
  const message = told.value.value;
  if (message === undefined) return { ...failed(told.value.outcome, told.value.reason), ...version };
  const sections = {
    answers: message.answers.length,
    authorities: message.authorities.length,
    additionals: message.additionals.length,
  };
  const refusal = refusalOfResponse(message);
  if (refusal !== undefined) return { ...failed(refusal.outcome, refusal.reason), sections, ...version };
  const { records, ttlSeconds } = findingOf(message, name, rrtype);
  const [first] = records;
  if (first === undefined) return { outcome: "absent", value: null, evidence: "none", sections, ...version };
  const rdatas = records.map(({ rdata }) => rdata);
  const value = encodeRRset({ name: parseDomainName(`${owner}.`), type: first.type, ttlSeconds, rdatas });
  return { outcome: "answered", value, evidence: "none", sections, ...version };
}

/** As much is kept back of a deadline as a path of the client keeps, so that the time-out itself is noticed in time. */
const reserveMs = (deadlineMs: number) => Math.min(50, deadlineMs / 20);

const failed = (outcome: Outcome, detail: string): Saying => ({ outcome, value: null, evidence: "none", detail });

function failureOf(error: unknown): Saying {
  const isLate = error instanceof TransportError ? error.failure === "timedOut" : !(error instanceof TransportError);
  return failed(isLate ? "timedOut" : "unreachable", messageOf(error));
}
