/**
 * One gateway's configuration: a YAML file (JSON is YAML too), environment variables over it, command-line flags over both.
 * Every field is typed and checked before anything starts; an error names the file, the line and the field.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { BaseError, messageOf } from "../base/errors.ts";
import { SET_QUOTA_DEFAULT } from "./sets/quota.ts";

const port = z.int().min(0).max(65_535);
const url = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), "not an http or https URL");

const http = z.strictObject({
  host: z.string().default("127.0.0.1"),
  port: port.default(0),
  tls: z.strictObject({ certificate: z.string(), key: z.string() }).optional(),
  connectionsMax: z.int().positive().default(10_000),
  connectionsPerClientMax: z.int().positive().default(256),
});
const dns = z.strictObject({
  host: z.string().default("127.0.0.1"),
  port: port.default(0),
  mirrorSuffix: z.string().optional(),
  nsid: z.string().optional(),
  /** Equal answers a second to one client network over UDP without a cookie; 0 for no limit. */
  responsesPerSecond: z.int().min(0).default(1000),
  /** Answers a second for one name over UDP without a cookie; 0 for no limit. */
  budgetPerSecond: z.int().min(0).default(20_000),
  /** Secret of server cookies, 32 hexadecimal digits; the same on all servers of an address. Random by default. */
  cookieSecret: z
    .string()
    .regex(/^[0-9a-fA-F]{32}$/, "not 32 hexadecimal digits")
    .optional(),
  /** Lets several processes listen on the port. */
  reusePort: z.boolean().default(false),
  /** Recursive resolvers that know ALIAS targets elsewhere, `host:port`; the machine's own by default. */
  resolvers: z.array(z.string()).max(8).default([]),
  /** Shared secrets of TSIG, in base64. */
  keys: z
    .array(
      z.strictObject({
        name: z.string(),
        algorithm: z.enum(["hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"]),
        secret: z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/, "not base64"),
      }),
    )
    .default([]),
  /** Who may take zones: from these networks and, where any is named, with one of these keys. Nobody by default. */
  transfer: z.strictObject({ networks: z.array(z.string()), keyNames: z.array(z.string()).default([]) }).optional(),
  /** Who is told of changes. */
  secondaries: z
    .array(z.strictObject({ host: z.string(), port: port.default(53), key: z.string().optional() }))
    .default([]),
  /** Name of a catalog zone (RFC 9432) that lists all zones. */
  catalog: z.string().optional(),
});

/** What one name may use of this gateway for its signed sets. */
const sets = z.strictObject({
  recordsMax: z.int().positive().default(SET_QUOTA_DEFAULT.recordsMax),
  bytesMax: z.int().positive().default(SET_QUOTA_DEFAULT.bytesMax),
  updatesPerMinute: z.int().positive().default(SET_QUOTA_DEFAULT.updatesPerMinute),
});

const schema = z.strictObject({
  /** This gateway's number in the directory. */
  gatewayId: z.int().min(1).max(0xffff),
  /** RPC providers, of distinct operators. */
  rpc: z.array(url).min(1).max(16),
  /** The deployments file of the chain. */
  deployment: z.string(),
  /** Folder of the store. */
  data: z.string(),
  /** Keeps what other shards' names need out of memory: storage slots stay in the store and are read when asked for. */
  partition: z.boolean().default(false),
  /** Snapshot file of another gateway, to start from where the store is not there yet. */
  bootstrap: z.string().optional(),
  /** File with the signer's private key; the environment's HOLDFAST_SIGNER_KEY goes before it. */
  signerKeyFile: z.string().optional(),
  signerKey: z.string().optional(),
  http: http.default(http.parse({})),
  dns: z.union([dns, z.literal(false)]).default(dns.parse({})),
  sets: sets.default(SET_QUOTA_DEFAULT),
  /** How many providers must agree on a head; by default 2 of three or more, else 1. */
  agreement: z.int().positive().optional(),
  confirmationCount: z.int().min(0).default(0),
  reorgBlocksMax: z.int().min(16).max(10_000).default(64),
  rangeBlocksMax: z.int().min(1).max(1_000_000).default(2_000),
  pollMs: z.int().min(10).default(500),
  rpcDeadlineMs: z.int().min(50).default(5_000),
  log: z.enum(["debug", "info", "warn", "error"]).default("info"),
});

export type GatewayConfig = z.output<typeof schema>;
export type DnsConfig = z.output<typeof dns>;

export class InvalidConfigError extends BaseError {
  override readonly name = "Gateway.InvalidConfigError";
  constructor(source: string, problems: readonly string[], cause?: unknown) {
    super("GATEWAY_INVALID_CONFIG", `${source} is not a gateway's configuration.`, { metaMessages: problems, cause });
  }
}

/** Fields that the environment may set, by variable. */
const ENVIRONMENT: Readonly<Record<string, (text: string) => Record<string, unknown>>> = {
  HOLDFAST_GATEWAY_ID: (text) => ({ gatewayId: Number(text) }),
  HOLDFAST_RPC: (text) => ({ rpc: text.split(",").map((part) => part.trim()) }),
  HOLDFAST_DEPLOYMENT: (text) => ({ deployment: text }),
  HOLDFAST_DATA: (text) => ({ data: text }),
  HOLDFAST_SIGNER_KEY: (text) => ({ signerKey: text }),
  HOLDFAST_SIGNER_KEY_FILE: (text) => ({ signerKeyFile: text }),
  HOLDFAST_PARTITION: (text) => ({ partition: text === "true" || (text === "false" ? false : text) }),
  HOLDFAST_LOG: (text) => ({ log: text }),
};

type Fields = Record<string, unknown>;

/**
 * The configuration of a file, environment and flags together; later ones win, field by field. Paths in the file are relative
 * to the file. Throws `InvalidConfigError`.
 */
export function readConfig(
  path: string | undefined,
  environment: Readonly<Record<string, string | undefined>> = {},
  flags: Fields = {},
): GatewayConfig {
  const lines = new LineCounter();
  const source = path ?? "the command line";
  let fields: Fields = {};
  let document: ReturnType<typeof parseDocument> | undefined;
  if (path !== undefined) {
    document = parseDocument(readText(path), { lineCounter: lines, prettyErrors: false });
    const [problem] = document.errors;
    if (problem !== undefined) {
      const { line, col } = lines.linePos(problem.pos[0]);
      throw new InvalidConfigError(source, [`${path}:${line}:${col}: ${problem.message}`], problem);
    }
    fields = withPathsFrom(dirname(resolve(path)), document.toJS() ?? {});
  }
  for (const [name, read] of Object.entries(ENVIRONMENT)) {
    const text = environment[name];
    if (text !== undefined && text !== "") fields = merge(fields, read(text));
  }
  const result = schema.safeParse(merge(fields, flags));
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap(plainIssues).map((issue) => {
    const place = placeOf(document, lines, issue.path);
    const where = place === undefined || path === undefined ? "" : `${path}:${place}: `;
    return `${where}${issue.path.join(".") || "document"}: ${issue.message}`;
  });
  throw new InvalidConfigError(source, problems);
}

/** What is wrong inside a section that may be left out, in place of "neither a section nor left out". */
function plainIssues(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  const inside = issue.code === "invalid_union" ? (issue.errors[0] ?? []) : [];
  if (inside.length === 0) return [issue];
  return inside.map((each) => ({ ...each, path: [...issue.path, ...each.path] }));
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new InvalidConfigError(path, [messageOf(error)], error);
  }
}

function merge(left: Fields, right: Fields): Fields {
  const out: Fields = { ...left };
  for (const [key, value] of Object.entries(right)) {
    if (value === undefined) continue;
    const old = out[key];
    out[key] = isFields(old) && isFields(value) ? merge(old, value) : value;
  }
  return out;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function withPathsFrom(folder: string, value: unknown): Fields {
  if (!isFields(value)) return { "": value };
  const out: Fields = { ...value };
  for (const key of ["deployment", "data", "signerKeyFile", "bootstrap"]) {
    if (typeof out[key] === "string") out[key] = resolve(folder, out[key]);
  }
  if (isFields(out.http) && isFields(out.http.tls)) {
    const { certificate, key } = out.http.tls;
    const tls = { certificate: resolve(folder, String(certificate)), key: resolve(folder, String(key)) };
    out.http = { ...out.http, tls: { ...out.http.tls, ...tls } };
  }
  return out;
}

/** `line:column` of the field an issue is about, or of the nearest one around it that stands in the file. */
function placeOf(
  document: ReturnType<typeof parseDocument> | undefined,
  lines: LineCounter,
  path: readonly PropertyKey[],
): string | undefined {
  for (let length = path.length; length > 0 && document !== undefined; length -= 1) {
    const node = document.getIn(path.slice(0, length) as string[], true) as
      | { range?: [number, number, number] }
      | undefined;
    if (node?.range === undefined) continue;
    const { line, col } = lines.linePos(node.range[0]);
    return `${line}:${col}`;
  }
  return undefined;
}
