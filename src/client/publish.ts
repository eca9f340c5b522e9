/**
 * Publishes a name's records off chain: the owner signs the set once, any of the name's four gateways takes it and passes it to the
 * others, and it is done when two hold it on disk.
 */
import type { Hex } from "../base/bytes.ts";
import { utf8Text } from "../base/bytes.ts";
import { type Clock, systemClock, withDeadline } from "../base/clock.ts";
import { BaseError, messageOf } from "../base/errors.ts";
import { namehash } from "../naming/namehash.ts";
import { buildPiecesTree, cutIntoPieces, encodePieceHeads, type Piece } from "../protocol/offchainPieces.ts";
import { entryOfRecord, type SetRecord } from "../protocol/offchainRecords.ts";
import { type RecordSet, type RecordSetDomain, recordSetTypedData } from "../protocol/offchainSet.ts";
import { buildRecordTree } from "../protocol/offchainTree.ts";
import { encodePublishedSet, INLINE_RECORDS_MAX, SET_BYTES_MAX } from "../protocol/publishedSet.ts";
import type { HeldSet } from "../protocol/setFile.ts";
import type { ClientTransport, HttpResponse } from "./transport.ts";

/** Whoever signs: a viem account or wallet client's account, or an ethers signer by `signerOfEthers`. */
export interface SetSigner {
  readonly address: Hex;
  readonly signTypedData: (typedData: ReturnType<typeof recordSetTypedData>) => Promise<Hex>;
}

/** The part of an ethers signer that is needed. */
interface EthersSigner {
  getAddress(): Promise<string>;
  signTypedData(domain: never, types: never, value: never): Promise<string>;
}

/** An ethers signer as one of sets. */
export async function signerOfEthers(signer: EthersSigner): Promise<SetSigner> {
  return {
    address: (await signer.getAddress()) as Hex,
    signTypedData: async ({ domain, types, message }) =>
      (await signer.signTypedData(domain as never, types as never, message as never)) as Hex,
  };
}

export declare namespace signSet {
  interface Parameters {
    readonly name: string;
    readonly records: readonly SetRecord[];
    readonly domain: RecordSetDomain;
    /** The name's record epoch. */
    readonly epoch: bigint;
    /** Higher than that of every set of the name before. */
    readonly sequence: bigint;
    /** In seconds since 1970. */
    readonly validFrom: number;
    readonly validUntil: number;
    readonly signer: SetSigner;
    /** The owner of the name where that is a contract whose signature `signer` makes (ERC-1271). */
    readonly as?: Hex;
  }
}

/** A set of records, signed, in pieces where it is great. Throws the errors of records. */
export async function signSet(parameters: signSet.Parameters): Promise<HeldSet> {
  const { name, records, domain, signer, epoch, sequence, validFrom, validUntil } = parameters;
  const head = { epoch, sequence, validFrom, validUntil };
  const finish = async (root: Hex) => {
    const set: RecordSet = { ...head, node: namehash(name), root };
    const signature = await signer.signTypedData(recordSetTypedData(domain, set));
    return { ...set, signer: parameters.as ?? signer.address, signature };
  };
  if (records.length <= INLINE_RECORDS_MAX) {
    const { root } = buildRecordTree(records.map((record) => entryOfRecord(name, record)));
    const text = encodePublishedSet(name, await finish(root), { records });
    if (text.length <= SET_BYTES_MAX) return { name, text, pieces: new Map() };
  }
  const pieces: readonly Piece[] = cutIntoPieces(name, records);
  // The root follows from the pieces' own; nothing is proven here.
  const { root } = buildPiecesTree(pieces, () => buildRecordTree([]));
  const text = encodePublishedSet(name, await finish(root), { pieces: encodePieceHeads(pieces) });
  return { name, text, pieces: new Map(pieces.map((piece) => [piece.root, piece.bytes])) };
}

/** What a gateway objected to, in its own words (RFC 9457). */
export interface Problem {
  readonly url: string;
  /** 0 where there was no answer. */
  readonly status: number;
  /** The last part of the problem's type, such as `wrong-signer`. */
  readonly slug: string;
  readonly detail: string;
}

/** No gateway took the set, or too few have it on disk. */
export class PublishError extends BaseError {
  override readonly name = "Client.PublishError";
  readonly problems: readonly Problem[];
  /** How many hold the set all the same. */
  readonly copyCount: number;
  constructor(name: string, copyCount: number, problems: readonly Problem[]) {
    const [first] = problems;
    const why = first === undefined ? "nobody was there to take it" : first.detail;
    super("CLIENT_PUBLISH", `${copyCount === 0 ? "No gateway" : "Only one gateway"} holds the set of ${name}: ${why}`, {
      metaMessages: problems.map(
        ({ url, status, slug, detail }) => `${url}: ${status || "no answer"} ${slug}. ${detail}`,
      ),
      retriable: problems.every(({ status }) => status === 0 || status >= 500 || status === 429),
    });
    this.problems = problems;
    this.copyCount = copyCount;
  }
}

export interface PublishResult {
  readonly name: string;
  readonly sequence: bigint;
  /** Gateways that hold the set on disk. */
  readonly copyCount: number;
  /** The gateway that took it. */
  readonly url: string;
  /** Pieces that had to be sent. */
  readonly pieceCount: number;
  /** What gateways asked before it objected to. */
  readonly problems: readonly Problem[];
}

export declare namespace publishSet {
  interface Options {
    readonly transport: ClientTransport;
    /** The name's gateways, in the order to be tried. */
    readonly urls: readonly string[];
    readonly clock?: Clock;
    /** For one exchange, in milliseconds. */
    readonly deadlineMs?: number;
    readonly onProgress?: (done: number, total: number) => void;
  }
}

const BODY_BYTES_MAX = 1024 * 1024;
const COPIES_MIN = 2;
const EXCHANGE_MS = 30_000;
/** Pieces on their way at once. */
const PIECES_AT_ONCE = 4;

interface Taken {
  readonly copyCount: number;
  readonly missing: readonly Hex[];
}

function problemOf(url: string, { status, body }: HttpResponse): Problem {
  try {
    const { type, detail } = JSON.parse(utf8Text(body) ?? "") as { type?: unknown; detail?: unknown };
    const slug = String(type).split("/").at(-1) ?? "";
    return { url, status, slug, detail: String(detail) };
  } catch {
    return { url, status, slug: "unknown", detail: "It did not say why." };
  }
}

/** A gateway would not have it, or gave no answer. */
class Refusal extends BaseError {
  override readonly name = "Client.Refusal";
  readonly problem: Problem;
  constructor(problem: Problem) {
    super("CLIENT_REFUSAL", problem.detail);
    this.problem = problem;
  }
}

async function send(
  { transport, clock = systemClock, deadlineMs = EXCHANGE_MS }: publishSet.Options,
  origin: string,
  path: string,
  body: string | Uint8Array,
): Promise<HttpResponse> {
  const type = typeof body === "string" ? "application/json" : "application/octet-stream";
  let response: HttpResponse;
  try {
    response = await withDeadline(clock, deadlineMs, "The gateway", (signal) =>
      transport.http({
        method: "PUT",
        url: `${origin}${path}`,
        fields: { "content-type": type },
        body,
        bodyBytesMax: BODY_BYTES_MAX,
        signal,
      }),
    );
  } catch (error) {
    throw new Refusal({ url: origin, status: 0, slug: "unreachable", detail: messageOf(error) });
  }
  if (response.status >= 300) throw new Refusal(problemOf(origin, response));
  return response;
}

async function putHead(options: publishSet.Options, origin: string, text: string): Promise<Taken> {
  const response = await send(options, origin, "/v1/sets", text);
  try {
    const { copyCount, missing = [] } = JSON.parse(utf8Text(response.body) ?? "") as Taken;
    return { copyCount, missing };
  } catch {
    throw new Refusal({ url: origin, status: response.status, slug: "unknown", detail: "Its answer is no JSON." });
  }
}

async function putPieces(options: publishSet.Options, origin: string, held: HeldSet, roots: readonly Hex[]) {
  let next = 0;
  let done = 0;
  const worker = async () => {
    while (next < roots.length) {
      const root = roots[next]!;
      next += 1;
      const bytes = held.pieces.get(root);
      if (bytes === undefined) continue;
      await send(options, origin, `/v1/sets/${encodeURIComponent(held.name)}/pieces/${root}`, bytes);
      done += 1;
      options.onProgress?.(done, roots.length);
    }
  };
  await Promise.all(Array.from({ length: PIECES_AT_ONCE }, worker));
}

/**
 * Brings a signed set to one of its gateways, and on to the next where that one will not have it. Resolves when two hold it.
 * Throws `PublishError`, which says what each of them objected to.
 *
 * @example
 * ```ts
 * const held = await signSet({ name: "shop.hold", records, domain, epoch, sequence: 2n, validFrom, validUntil, signer });
 * const { copyCount } = await publishSet(held, { transport: nodeTransport, urls }); // 4
 * ```
 */
export async function publishSet(held: HeldSet, options: publishSet.Options): Promise<PublishResult> {
  const problems: Problem[] = [];
  let copyCount = 0;
  for (const url of options.urls) {
    try {
      let taken = await putHead(options, url, held.text);
      const pieceCount = taken.missing.length;
      if (pieceCount > 0) {
        await putPieces(options, url, held, taken.missing);
        taken = await putHead(options, url, held.text);
      }
      copyCount = Math.max(copyCount, taken.copyCount);
      if (taken.missing.length === 0 && taken.copyCount >= COPIES_MIN) {
        const { sequence } = JSON.parse(held.text) as { sequence: string };
        return { name: held.name, sequence: BigInt(sequence), copyCount: taken.copyCount, url, pieceCount, problems };
      }
      problems.push({ url, status: 202, slug: "alone", detail: "It could not reach another of the name's gateways." });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      problems.push(error.problem);
      // What one gateway says of the set itself, the others would say too.
      if (error.problem.status === 413 || error.problem.status === 422 || error.problem.status === 403) break;
    }
  }
  throw new PublishError(held.name, copyCount, problems);
}
