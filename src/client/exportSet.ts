/** Takes a name's newest signed set out of whoever holds it, whole and checked, so that it can be kept and served again. */
import { type Hex, utf8Text } from "../base/bytes.ts";
import { type Clock, systemClock, withDeadline } from "../base/clock.ts";
import { BaseError, messageOf } from "../base/errors.ts";
import { isSignedByKey } from "../proof/signedSet.ts";
import { PIECE_BYTES_MAX } from "../protocol/offchainPieces.ts";
import type { RecordSetDomain } from "../protocol/offchainSet.ts";
import { parsePublishedSet, SET_BYTES_MAX } from "../protocol/publishedSet.ts";
import { type HeldSet, openHeldSet } from "../protocol/setFile.ts";
import type { RecoverAddress } from "./paths/gatewayAnswer.ts";
import type { ClientTransport } from "./transport.ts";

export class NoSetError extends BaseError {
  override readonly name = "Client.NoSetError";
  constructor(name: string, reasons: readonly string[]) {
    super("CLIENT_NO_SET", `Nobody asked holds a whole set of ${name}.`, { metaMessages: reasons, retriable: true });
  }
}

export interface ExportedSet {
  readonly held: HeldSet;
  readonly sequence: bigint;
  /** Whether the signature is that of its signer's key; a contract's is checked where the set is read (ERC-1271). */
  readonly isSignedByKey: boolean;
}

export declare namespace exportSet {
  interface Options {
    readonly transport: ClientTransport;
    /** Who may hold the set: the name's gateways, or anyone who serves it again. */
    readonly urls: readonly string[];
    readonly domain: RecordSetDomain;
    readonly recoverAddress: RecoverAddress;
    readonly clock?: Clock;
    /** For one exchange, in milliseconds. */
    readonly deadlineMs?: number;
  }
}

const EXCHANGE_MS = 5_000;

/** What stands at a URL. Throws where nothing does. */
async function get(options: exportSet.Options, url: string, bodyBytesMax: number): Promise<Uint8Array> {
  const { transport, clock = systemClock, deadlineMs = EXCHANGE_MS } = options;
  const response = await withDeadline(clock, deadlineMs, "The gateway", (signal) =>
    transport.http({ method: "GET", url, fields: {}, bodyBytesMax, signal }),
  );
  if (response.status !== 200) throw new NothingThereError(url, response.status);
  return response.body;
}

class NothingThereError extends BaseError {
  override readonly name = "Client.NothingThereError";
  constructor(url: string, status: number) {
    super("CLIENT_NOTHING_THERE", `${url}: HTTP ${status}`);
  }
}

async function pullFrom(options: exportSet.Options, origin: string, name: string): Promise<ExportedSet> {
  const path = `${origin}/v1/sets/${encodeURIComponent(name)}`;
  const text = utf8Text(await get(options, path, SET_BYTES_MAX)) ?? "";
  const { published } = parsePublishedSet(text);
  const pieces = new Map<Hex, Uint8Array>();
  for (const { root } of published.pieces)
    pieces.set(root, await get(options, `${path}/pieces/${root}`, PIECE_BYTES_MAX));
  const held: HeldSet = { name: published.name, text, pieces };
  openHeldSet(held);
  const { set } = published;
  return { held, sequence: set.sequence, isSignedByKey: isSignedByKey(options.domain, set, options.recoverAddress) };
}

/** The sequence of the newest set that any of them shows, unverified; -1 where none does. */
export async function newestSequence(name: string, options: exportSet.Options): Promise<bigint> {
  const told = await Promise.all(
    options.urls.map(async (origin) => {
      try {
        const body = await get(options, `${origin}/v1/sets/${encodeURIComponent(name)}`, SET_BYTES_MAX);
        return parsePublishedSet(utf8Text(body) ?? "").published.set.sequence;
      } catch {
        return -1n;
      }
    }),
  );
  let newest = -1n;
  for (const sequence of told) if (sequence > newest) newest = sequence;
  return newest;
}

/** The newest whole set of a name that any of `urls` holds. Throws `NoSetError`. */
export async function exportSet(name: string, options: exportSet.Options): Promise<ExportedSet> {
  const reasons: string[] = [];
  const found = await Promise.all(
    options.urls.map(async (origin) => {
      try {
        const pulled = await pullFrom(options, origin, name);
        if (pulled.held.name === name) return [pulled];
        reasons.push(`${origin}: shows a set of ${pulled.held.name}`);
      } catch (error) {
        reasons.push(`${origin}: ${messageOf(error)}`);
      }
      return [];
    }),
  );
  // A key's signature that does not hold cannot pass for a newer set; a contract's has to be checked by who reads it.
  const [best] = found
    .flat()
    .sort(
      (left, right) =>
        Number(right.isSignedByKey) - Number(left.isSignedByKey) || (left.sequence < right.sequence ? 1 : -1),
    );
  if (best === undefined) throw new NoSetError(name, reasons);
  return best;
}
