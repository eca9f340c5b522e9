/**
 * A client profile: a JSON file that says where names come from, for commands and services. `holdfast up` writes one for its
 * network.
 *
 * ```json
 * {
 *   "deployment": "deployments/31337.json",
 *   "directory": "directory.json",
 *   "rpcUrls": ["http://127.0.0.1:8545"],
 *   "dns": ["127.0.0.1:5300"],
 *   "domains": { "shop.hold": "shop.example.com" }
 * }
 * ```
 *
 * `deployment` and `directory` are paths, relative to the profile, or the documents themselves; `directory` may also be a
 * gateway's URL. `dns` lists `system`, `host:port` or DoH URLs.
 */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { BaseError, messageOf } from "../base/errors.ts";
import { parseDeployment } from "../chain/deployment.ts";
import { type DirectorySnapshot, parseSnapshot } from "../directory/snapshot.ts";
import { labelsOf } from "../naming/name.ts";
import type { NodeNameClientOptions } from "./nodeClient.ts";
import { parseServer } from "./nodeTransport.ts";
import type { PathsOptions } from "./options.ts";
import type { DnsEndpoint } from "./paths/dnsPath.ts";

const document = z.union([z.string(), z.record(z.string(), z.unknown())]);
const profile = z.strictObject({
  deployment: document,
  directory: document.optional(),
  rpcUrls: z.array(z.url()).optional(),
  dns: z.array(z.string().min(1)).optional(),
  /** Ordinary domains by name; names below follow. */
  domains: z.record(z.string(), z.string()).optional(),
  /** Names without an entry in `domains` are looked for under this suffix in place of the TLD. */
  mirrorSuffix: z.string().optional(),
});

export type ClientProfile = z.output<typeof profile>;

export class MalformedProfileError extends BaseError {
  override readonly name = "Client.MalformedProfileError";
  constructor(path: string, reason: string, cause?: unknown) {
    super("CLIENT_MALFORMED_PROFILE", `The client profile ${path} cannot be used: ${reason}.`, { cause });
  }
}

async function readDocument(path: string): Promise<unknown> {
  if (/^https?:\/\//.test(path)) {
    const response = await fetch(path, { redirect: "error" });
    if (!response.ok) throw new MalformedProfileError(path, `HTTP ${response.status}`);
    return await response.json();
  }
  return JSON.parse(await readFile(path, "utf8"));
}

/** A server's text as the dns path has it. */
export function parseDnsEndpoint(text: string): DnsEndpoint {
  if (text === "system") return "system";
  return /^https?:\/\//.test(text) ? { dohUrl: text } : parseServer(text);
}

/** The ordinary domain of a name: its own entry, that of a name above it, or the mirror suffix. */
export function domainMapper(
  tld: string,
  domains: Readonly<Record<string, string>>,
  mirrorSuffix?: string,
): (name: string) => string | undefined {
  const suffix = `.${tld}`;
  return (name) => {
    const labels = labelsOf(name);
    for (let start = 0; start < labels.length; start += 1) {
      const domain = domains[labels.slice(start).join(".")];
      if (domain !== undefined) return [...labels.slice(0, start), domain].join(".");
    }
    if (!name.endsWith(suffix)) return name;
    return mirrorSuffix === undefined ? undefined : `${name.slice(0, -suffix.length)}.${mirrorSuffix}`;
  };
}

/** The options of a profile. Throws `MalformedProfileError`, or the errors of the documents it names. */
export async function optionsOfProfile(value: unknown, path: string): Promise<NodeNameClientOptions> {
  const result = profile.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new MalformedProfileError(path, `${issue?.path.join(".") || "document"}: ${issue?.message}`);
  }
  const { data } = result;
  const load = async (source: string | Record<string, unknown>): Promise<unknown> => {
    if (typeof source !== "string") return source;
    try {
      return await readDocument(/^https?:/.test(source) ? source : resolve(dirname(path), source));
    } catch (error) {
      throw new MalformedProfileError(path, `${source}: ${messageOf(error)}`, error);
    }
  };
  const deployment = parseDeployment(await load(data.deployment), path);
  const directory: DirectorySnapshot | undefined =
    data.directory === undefined ? undefined : parseSnapshot(await load(data.directory));
  const dnsNameOf = domainMapper(deployment.tld, data.domains ?? {}, data.mirrorSuffix);
  const paths: PathsOptions = {
    ...(data.dns === undefined ? {} : { dns: { endpoints: data.dns.map(parseDnsEndpoint), dnsNameOf } }),
    ...(data.rpcUrls === undefined ? {} : { chain: { rpcUrls: data.rpcUrls } }),
    ...(directory === undefined ? {} : { gateways: { directory } }),
  };
  return { deployment, paths };
}

/** Reads a profile file. */
export async function readProfile(path: string): Promise<NodeNameClientOptions> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new MalformedProfileError(path, messageOf(error), error);
  }
  return await optionsOfProfile(value, path);
}
