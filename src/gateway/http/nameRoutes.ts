/**
 * The JSON API about names: standing, records, subnames, proofs, shard. Everything under `/v1/names/` and `/v1/shard/`; described
 * for machines in `openapi.json`. What is signed or proven is an answer of the protocol, the same as `POST /v1/answer` gives.
 */
import { fromHex, type Hex } from "../../base/bytes.ts";
import { BaseError } from "../../base/errors.ts";
import { gatewaysOfShard, shardOf } from "../../directory/directory.ts";
import { normaliseName, registeredNameOf } from "../../naming/name.ts";
import { namehash } from "../../naming/namehash.ts";
import { nameSlot, parseNameWord } from "../../proof/layout.ts";
import { readName } from "../../proof/readName.ts";
import { contentHash, type NameStatus, type RecordResult } from "../../protocol/answer.ts";
import { encodeAnswer } from "../../protocol/json.ts";
import { type EvidenceKind, QUERY_RECORDS_MAX } from "../../protocol/query.ts";
import { formatRecordKey, parseRecordKey } from "../../protocol/record.ts";
import type { Replica } from "../../replica/replica.ts";
import { type Slots, virtualGatewaysOf } from "../../sharding/shard.ts";
import { blockReferenceOf } from "../evidence.ts";
import { type Gateway, NotReadyError } from "../gateway.ts";
import type { Route } from "./handler.ts";
import { type HttpRequest, type HttpResponse, jsonResponse, ProblemError } from "./message.ts";

export interface NameRouteOptions {
  readonly gateway: Gateway;
  readonly replica: Replica;
  readonly registry: Hex;
  readonly tld: string;
}

/** What is known of a name that is not registered may be so again soon. */
const STATUS_SECONDS_MAX = 60;
/** Subnames listed in one response. */
const SUBNAMES_MAX = 1_000;
/** Most record keys in one listing. */
const KEYS_MAX = 1_000;

interface Subject {
  readonly name: string;
  readonly rest: string;
  readonly parameters: URLSearchParams;
}

/** The name in a path such as `/v1/names/shop.hold/records`, in normal form. */
function subjectOf(request: HttpRequest, prefix: string, tld: string): Subject {
  const [text = "", ...rest] = request.path.slice(prefix.length).split("/");
  let name: string;
  try {
    name = normaliseName(decodeURIComponent(text));
  } catch (error) {
    const reason = error instanceof BaseError ? error.shortMessage : "The path is not percent-encoded UTF-8.";
    throw new ProblemError(400, "malformed-request", reason);
  }
  if (registeredNameOf(name, tld) === undefined) {
    throw new ProblemError(404, "not-found", `"${name}" is not below ${tld}.`);
  }
  return { name, rest: rest.join("/"), parameters: new URLSearchParams(request.search) };
}

function statusOf({ replica, registry, tld }: NameRouteOptions, name: string): NameStatus {
  const { head } = replica;
  if (head === undefined) throw new NotReadyError("its copy is empty");
  const read = (slot: Hex) => replica.read(fromHex(slot));
  return readName(read, { name, records: [], tld, registry, timestamp: BigInt(head.timestamp) }).status;
}

function shardJson({ replica, tld }: NameRouteOptions, name: string, status: NameStatus) {
  const node = namehash(registeredNameOf(name, tld) ?? name);
  const slots: Slots = shardOf(replica.directory, node, status.shardIndex);
  const gateways = gatewaysOfShard(replica.directory, slots).map((gateway, zone) =>
    gateway === undefined
      ? null
      : { id: gateway.id, zone, httpUrl: gateway.httpUrl, dnsEndpoint: gateway.dnsEndpoint, signer: gateway.signer },
  );
  const isIsolated = replica.directory.isolated.has(node);
  return { index: status.shardIndex, isIsolated, slots, virtualGateways: virtualGatewaysOf(slots), gateways };
}

/** A response that may be kept for a while and asked for again by its tag. */
function tagged(request: HttpRequest, tag: string, ttlSeconds: number, make: () => HttpResponse): HttpResponse {
  const etag = `W/"${tag.slice(2, 26)}"`;
  const fields = { etag, "cache-control": `public, max-age=${ttlSeconds}` };
  if (request.field("if-none-match") === etag) return { status: 304, fields, body: "" };
  const response = make();
  return { ...response, fields: { ...response.fields, ...fields } };
}

function standing(options: NameRouteOptions, request: HttpRequest, name: string): HttpResponse {
  const { replica, gateway, tld } = options;
  const status = statusOf(options, name);
  const word = replica.read(fromHex(nameSlot(namehash(name))));
  const isLive = status.closest === name;
  const registered = registeredNameOf(name, tld) ?? name;
  const tag = contentHash({ status, results: [{ record: { kind: "registration" }, value: null, ttlSeconds: 0 }] });
  const version = `${tag}${Buffer.from(word).toString("hex")}`;
  return tagged(request, `0x${version.slice(2, 14)}${version.slice(-12)}`, STATUS_SECONDS_MAX, () =>
    jsonResponse({
      name,
      node: namehash(name),
      block: blockReferenceOf(replica.head!),
      status,
      owner: isLive ? parseNameWord(word).owner : null,
      isServedHere: gateway.serves(registered),
      shard: shardJson(options, name, status),
    }),
  );
}

function records(options: NameRouteOptions, request: HttpRequest, subject: Subject, evidence: EvidenceKind) {
  const { name, parameters } = subject;
  const asked = parameters.getAll("record");
  const texts = asked.length > 0 ? asked : options.replica.store.recordsAfter(namehash(name), "", QUERY_RECORDS_MAX);
  if (texts.length > QUERY_RECORDS_MAX) {
    throw new ProblemError(400, "malformed-request", `At most ${QUERY_RECORDS_MAX} records.`);
  }
  let keys: ReturnType<typeof parseRecordKey>[];
  try {
    keys = texts.map(parseRecordKey);
  } catch (error) {
    throw new ProblemError(400, "malformed-request", error instanceof BaseError ? error.shortMessage : "No record.");
  }
  const answer = options.gateway.answer({ name, records: keys, evidence });
  const results: readonly RecordResult[] = answer.kind === "records" ? answer.results : [];
  const ttlSeconds = Math.min(STATUS_SECONDS_MAX * 60, ...results.map((result) => result.ttlSeconds), 3_600);
  return tagged(request, contentHash(answer), results.length === 0 ? STATUS_SECONDS_MAX : ttlSeconds, () => ({
    status: 200,
    fields: { "content-type": "application/json" },
    body: encodeAnswer(answer),
  }));
}

function subnames(options: NameRouteOptions, { name, parameters }: Subject): HttpResponse {
  const { replica } = options;
  const after = parameters.get("after") ?? "";
  const entries = replica.store.childrenAfter(namehash(name), after, SUBNAMES_MAX);
  const live = entries.filter(({ label }) => statusOf(options, `${label}.${name}`).closest === `${label}.${name}`);
  const next = entries.length === SUBNAMES_MAX ? entries.at(-1)!.label : null;
  return jsonResponse({ name, subnames: live.map(({ label }) => `${label}.${name}`), after: next });
}

/** Text forms of the records ever set on a name, a page of them, whose values can then be asked for. */
function listing(options: NameRouteOptions, { name, parameters }: Subject): HttpResponse {
  const texts = options.replica.store.recordsAfter(namehash(name), parameters.get("after") ?? "", KEYS_MAX);
  const keys = texts.map(parseRecordKey).map(formatRecordKey);
  return jsonResponse({ name, keys, after: texts.length === KEYS_MAX ? texts.at(-1)! : null });
}

export function nameRoutes(options: NameRouteOptions): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/v1/names/",
      handle: (request) => {
        const subject = subjectOf(request, "/v1/names/", options.tld);
        switch (subject.rest) {
          case "":
            return standing(options, request, subject.name);
          case "records":
            return records(options, request, subject, "signature");
          case "proof":
            return records(options, request, subject, "proof");
          case "keys":
            return listing(options, subject);
          case "subnames":
            return subnames(options, subject);
          default:
            throw new ProblemError(404, "not-found", "One of records, proof, keys, subnames may follow the name.");
        }
      },
    },
    {
      method: "GET",
      path: "/v1/shard/",
      handle: (request) => {
        const { name } = subjectOf(request, "/v1/shard/", options.tld);
        const status = statusOf(options, name);
        const shard = shardJson(options, name, status);
        const tag = contentHash({ status });
        return tagged(
          request,
          `0x${options.replica.directory.version.toString(16).padStart(8, "0")}${tag.slice(2)}`,
          60,
          () => jsonResponse({ name, ...shard }),
        );
      },
    },
  ];
}
