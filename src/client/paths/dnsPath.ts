/** The DNS path: the ordinary, centralized way. Its answers are believed, never verified. */
import type { Message } from "../../dns/message.ts";
import { parseDomainName, readName } from "../../dns/name.ts";
import { encodeDnsName } from "../../naming/dnsName.ts";
import type { RecordResult } from "../../protocol/answer.ts";
import type { RecordKey } from "../../protocol/record.ts";
import { encodeRRset } from "../../protocol/rrset.ts";
import { askSeveral } from "../askSeveral.ts";
import type { Run } from "../run.ts";
import type { DnsServer } from "../transport.ts";
import { findingOf, refusalOfResponse } from "./dnsAnswer.ts";
import { type DnsTarget, exchangeDns } from "./dnsExchange.ts";
import { failedReply, type Path, type PathReply } from "./pathReply.ts";

/** A recursive or authoritative server, a DoH endpoint, or whatever the system is set to use. */
export type DnsEndpoint = "system" | DnsServer | { readonly dohUrl: string };

export interface DnsPathOptions {
  readonly endpoints: readonly DnsEndpoint[];
  /** The ordinary domain of a name below the TLD; `undefined` where it has none. */
  readonly dnsNameOf: (name: string) => string | undefined;
  /** How often each server is asked before the path gives up; 1 for probes that must not retry. */
  readonly tryCount?: number;
}

export function createDnsPath(options: DnsPathOptions): Path {
  const targetsIn = createTargets(options);
  return {
    name: "dns",
    verified: false,
    supports: (record) => record.kind === "dns",
    async ask(run, name, records) {
      const targets = targetsIn(run);
      const replies = await Promise.all(records.map((record) => askOne(options, run, targets, record)));
      const results: RecordResult[] = [];
      for (const reply of replies) {
        if ("outcome" in reply) return reply;
        results.push(reply);
      }
      const reason = `${name} by DNS`;
      return { path: "dns", outcome: "answered", results, evidence: "none", block: null, status: null, reason };
    },
  };
}

/** Whom to ask, as often as each is asked; anew for each run only where the system's servers, which may change, are among them. */
function createTargets({ endpoints, tryCount = 2 }: DnsPathOptions): (run: Run) => readonly DnsTarget[] {
  const targetsIn = (systemServers: () => readonly DnsServer[]): readonly DnsTarget[] => {
    const once = endpoints.flatMap((endpoint): DnsTarget[] => {
      if (endpoint === "system") return systemServers().map(serverTarget);
      return "dohUrl" in endpoint ? [{ endpoint: endpoint.dohUrl, dohUrl: endpoint.dohUrl }] : [serverTarget(endpoint)];
    });
    // Each try is a target of its own.
    return Array.from({ length: tryCount }, () => once.map((target) => ({ ...target }))).flat();
  };
  if (endpoints.includes("system")) return (run) => targetsIn(() => run.transport.systemServers());
  const fixed = targetsIn(() => []);
  return () => fixed;
}

function serverTarget(server: DnsServer): DnsTarget {
  const host = server.host.includes(":") ? `[${server.host}]` : server.host;
  return { endpoint: `udp://${host}:${server.port}`, server };
}

async function askOne(
  options: DnsPathOptions,
  run: Run,
  targets: readonly DnsTarget[],
  record: RecordKey,
): Promise<RecordResult | PathReply> {
  if (record.kind !== "dns") return failedReply("dns", "unreachable", "DNS does not tell this kind of record");
  const mapped = options.dnsNameOf(record.owner);
  if (mapped === undefined) return failedReply("dns", "unreachable", `${record.owner} has no ordinary domain`);
  const question = { name: parseDomainName(`${mapped}.`), type: record.rrtype };
  const told = await askSeveral<DnsTarget, Message, Message>(run, {
    path: "dns",
    targets,
    async ask(target, signal) {
      const reply = await exchangeDns(run, target, question, signal);
      const refusal = reply.value === undefined ? undefined : refusalOfResponse(reply.value);
      return refusal ?? reply;
    },
    judge: ([first]) => (first === undefined ? { missing: 1 } : { done: first }),
  });
  if (told.result === undefined) {
    const outcome = told.failure === "answered" || told.failure === "absent" ? "unreachable" : told.failure;
    return failedReply("dns", outcome, told.reason);
  }
  const finding = findingOf(told.result, question.name, record.rrtype);
  const [first] = finding.records;
  if (first === undefined) return { record, value: null, ttlSeconds: finding.ttlSeconds };
  const value = encodeRRset({
    name: ownerOf(record.owner),
    type: first.type,
    ttlSeconds: finding.ttlSeconds,
    rdatas: finding.records.map(({ rdata }) => rdata),
  });
  return { record, value, ttlSeconds: finding.ttlSeconds };
}

/** The asked name as DNS text; a label of UTF-8 becomes its bytes. */
function ownerOf(name: string): string {
  const read = readName(encodeDnsName(name), 0, "refused");
  return typeof read === "string" ? name : read.name;
}
