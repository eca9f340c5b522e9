/**
 * The questions people ask of a name, each with the answer in its usual form. They return `null` for what is proven, or at least
 * told, not to be there, and throw for everything else: an outage never looks like an empty record.
 */
import { fromHex, type Hex, utf8Text } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { formatAddress4, formatAddress6 } from "../dns/addressText.ts";
import { TYPE } from "../dns/codes.ts";
import { parseNameWord } from "../proof/layout.ts";
import { COIN_TYPE_ETHEREUM, type RecordKey } from "../protocol/record.ts";
import { decodeRRset } from "../protocol/rrset.ts";
import type { NameClient, ResolveOptions } from "./nameClient.ts";
import { typeOfRecord } from "./recordText.ts";
import type { Resolution } from "./resolution.ts";

/** Nobody could answer. The resolution's trace says who was asked. */
export class UnavailableError extends BaseError {
  override readonly name = "Client.UnavailableError";
  readonly resolution: Resolution;
  constructor(resolution: Resolution) {
    super("CLIENT_UNAVAILABLE", `${typeOfRecord(resolution.record)} of ${resolution.name} is unavailable.`, {
      retriable: true,
      metaMessages: [`Outcome: ${resolution.outcome}.`, ...resolution.trace.map(describeAttempt)],
    });
    this.resolution = resolution;
  }
}

/** Answers came, and none of them held. */
export class VerificationFailedError extends BaseError {
  override readonly name = "Client.VerificationFailedError";
  readonly resolution: Resolution;
  constructor(resolution: Resolution) {
    super(
      "CLIENT_VERIFICATION_FAILED",
      `No answer for ${typeOfRecord(resolution.record)} of ${resolution.name} held.`,
      {
        metaMessages: resolution.trace.map(describeAttempt),
      },
    );
    this.resolution = resolution;
  }
}

function describeAttempt(attempt: Resolution["trace"][number]): string {
  return `${attempt.endpoint}: ${attempt.outcome} after ${attempt.durationMs.toFixed(0)} ms, ${attempt.reason}.`;
}

/** The value of a resolution; `null` where the record is absent. Throws `UnavailableError` or `VerificationFailedError`. */
export function requireValue(resolution: Resolution): Hex | null {
  if (resolution.outcome === "answered" || resolution.outcome === "absent") return resolution.value;
  if (resolution.outcome === "wrong") throw new VerificationFailedError(resolution);
  throw new UnavailableError(resolution);
}

async function ask(client: NameClient, name: string, record: RecordKey, options?: ResolveOptions): Promise<Hex | null> {
  return requireValue(await client.resolve(name, record, options));
}

/** 20 zero bytes, which a name may hold on purpose so that no default takes their place (ENSIP-19). */
const ZERO_ADDRESS = `0x${"00".repeat(20)}`;

/**
 * The address of a name on a chain, in binary form (EIP-137, ENSIP-9); on Ethereum unless a coin type is given.
 *
 * @example
 * ```ts
 * await getAddress(client, "shop.hold"); // "0xab…"
 * ```
 */
export async function getAddress(
  client: NameClient,
  name: string,
  options: ResolveOptions & { readonly coinType?: bigint } = {},
): Promise<Hex | null> {
  const value = await ask(client, name, { kind: "addr", coinType: options.coinType ?? COIN_TYPE_ETHEREUM }, options);
  return value === ZERO_ADDRESS ? null : value;
}

/** A text record of a name (ENSIP-5). */
export async function getText(
  client: NameClient,
  name: string,
  key: string,
  options?: ResolveOptions,
): Promise<string | null> {
  const value = await ask(client, name, { kind: "text", key }, options);
  return value === null ? null : (utf8Text(fromHex(value)) ?? value);
}

/** The content hash of a name, multicodec bytes (ENSIP-7). */
export async function getContenthash(client: NameClient, name: string, options?: ResolveOptions): Promise<Hex | null> {
  return await ask(client, name, { kind: "contenthash" }, options);
}

/** A resource record set of a name: the data of each record. */
export async function getRecordSet(
  client: NameClient,
  name: string,
  rrtype: number,
  options?: ResolveOptions,
): Promise<{ readonly rrtype: number; readonly ttlSeconds: number; readonly rdatas: readonly Uint8Array[] } | null> {
  const value = await ask(client, name, { kind: "dns", owner: name, rrtype }, options);
  if (value === null) return null;
  const { type, ttlSeconds, rdatas } = decodeRRset(value);
  return { rrtype: type, ttlSeconds, rdatas };
}

/** The internet addresses of a name, of one family, as text; empty where it has none. */
export async function getHostAddresses(
  client: NameClient,
  name: string,
  family: 4 | 6,
  options?: ResolveOptions,
): Promise<readonly string[]> {
  const rrtype = family === 4 ? TYPE.A : TYPE.AAAA;
  const set = await getRecordSet(client, name, rrtype, options);
  if (set === null || set.rrtype !== rrtype) return [];
  const byteCount = family === 4 ? 4 : 16;
  const format = family === 4 ? formatAddress4 : formatAddress6;
  return set.rdatas.filter((rdata) => rdata.length === byteCount).map(format);
}

/** Who holds a name, and until when, in seconds since 1970; 0 for a name without a lease of its own. */
export async function getRegistration(
  client: NameClient,
  name: string,
  options?: ResolveOptions,
): Promise<{ readonly owner: Hex; readonly expiry: bigint; readonly shardIndex: number | null } | null> {
  const resolution = await client.resolve(name, { kind: "registration" }, options);
  const value = requireValue(resolution);
  if (value === null) return null;
  const word = parseNameWord(fromHex(value));
  return { owner: word.owner, expiry: word.expiry, shardIndex: resolution.status?.shardIndex ?? null };
}

/** What `getRecords` asks for unless told otherwise: the text keys of ENSIP-5 in common use. */
export const TEXT_KEYS_DEFAULT = ["avatar", "description", "email", "url", "com.github", "com.twitter"] as const;

/** Several records of a name in one exchange, by their type's text; absent ones are left out. */
export async function getRecords(
  client: NameClient,
  name: string,
  records: readonly RecordKey[] = [
    { kind: "addr", coinType: COIN_TYPE_ETHEREUM },
    { kind: "contenthash" },
    ...TEXT_KEYS_DEFAULT.map((key): RecordKey => ({ kind: "text", key })),
    ...[TYPE.A, TYPE.AAAA, TYPE.MX, TYPE.TXT].map((rrtype): RecordKey => ({ kind: "dns", owner: name, rrtype })),
  ],
  options?: ResolveOptions,
): Promise<ReadonlyMap<string, Hex>> {
  const found = new Map<string, Hex>();
  for (const resolution of await client.resolveRecords(name, records, options)) {
    const value = requireValue(resolution);
    if (value !== null) found.set(typeOfRecord(resolution.record), value);
  }
  return found;
}
