/**
 * Signed sets as a file that anyone can serve again: JSON Lines, first a line that says where the sets count, then each set as it was
 * published, and behind a set in pieces its pieces.
 *
 * ```
 * {"format":"holdfast-sets/1","chainId":31337,"resolver":"0x…","tld":"hold"}
 * {"set":{"name":"shop.hold","epoch":"0","sequence":"7",…,"records":[…]}}
 * {"piece":{"name":"much.hold","root":"0x…","records":"0x…"}}
 * ```
 */
import { fromHex, type Hex, isHex, toHex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { encodeSignedAnswer, leavesOf, type RecordQuestion } from "./offchainMessages.ts";
import { buildPiecesTree, treeOfPiece } from "./offchainPieces.ts";
import type { RecordSetDomain } from "./offchainSet.ts";
import type { RecordTree } from "./offchainTree.ts";
import { type PublishedSet, parsePublishedSet } from "./publishedSet.ts";

const FORMAT = "holdfast-sets/1";

/** A set with its pieces, by root. */
export interface HeldSet {
  readonly name: string;
  /** The document as published. */
  readonly text: string;
  readonly pieces: ReadonlyMap<Hex, Uint8Array>;
}

export interface SetFile {
  readonly domain: RecordSetDomain;
  readonly tld: string;
  readonly sets: readonly HeldSet[];
}

export class MalformedSetFileError extends BaseError {
  override readonly name = "Protocol.MalformedSetFileError";
  constructor(line: number, reason: string, cause?: unknown) {
    super("PROTOCOL_MALFORMED_SET_FILE", `Line ${line} of the file of sets: ${reason}.`, { cause });
  }
}

/** The file's lines, each with its line feed. */
export function* setFileLines({ domain, tld, sets }: SetFile): Iterable<string> {
  const { chainId, resolver } = domain;
  yield `${JSON.stringify({ format: FORMAT, chainId, resolver: resolver.toLowerCase(), tld })}\n`;
  for (const { name, text, pieces } of sets) {
    yield `${JSON.stringify({ set: JSON.parse(text) })}\n`;
    for (const [root, bytes] of pieces) yield `${JSON.stringify({ piece: { name, root, records: toHex(bytes) } })}\n`;
  }
}

function parseLine(text: string, line: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    throw new MalformedSetFileError(line, "not JSON", error);
  }
  throw new MalformedSetFileError(line, "not an object");
}

function parseHead(value: Record<string, unknown>): Omit<SetFile, "sets"> {
  const { format, chainId, resolver, tld } = value;
  if (format !== FORMAT) throw new MalformedSetFileError(1, `the format is not ${FORMAT}`);
  if (typeof chainId !== "number" || !isHex(resolver) || typeof tld !== "string") {
    throw new MalformedSetFileError(1, "chainId, resolver and tld are needed");
  }
  return { domain: { chainId, resolver }, tld };
}

/** The sets of a file's text, signatures unverified. Throws `MalformedSetFileError`. */
export function parseSetFile(text: string): SetFile {
  const lines = text.split("\n");
  const head = parseHead(parseLine(lines[0] ?? "", 1));
  const sets = new Map<string, { name: string; text: string; pieces: Map<Hex, Uint8Array> }>();
  lines.slice(1).forEach((content, index) => {
    const line = index + 2;
    if (content.trim() === "") return;
    const { set, piece } = parseLine(content, line) as { set?: { name?: unknown }; piece?: Record<string, unknown> };
    if (set !== undefined && typeof set.name === "string") {
      sets.set(set.name, { name: set.name, text: JSON.stringify(set), pieces: new Map() });
      return;
    }
    const owner = typeof piece?.name === "string" ? sets.get(piece.name) : undefined;
    if (owner === undefined || !isHex(piece?.root) || !isHex(piece.records)) {
      throw new MalformedSetFileError(line, "neither a set nor a piece of one before it");
    }
    owner.pieces.set(piece.root, fromHex(piece.records));
  });
  return { ...head, sets: [...sets.values()] };
}

/** A set taken apart, all its records at hand. Throws the errors of its form. */
export function openHeldSet({ name, text, pieces }: HeldSet): {
  readonly published: PublishedSet;
  readonly tree: RecordTree;
} {
  const { published, tree } = parsePublishedSet(text);
  const heads = published.pieces;
  if (heads.length === 0) return { published, tree };
  const trees = heads.map(({ root }, index) => treeOfPiece(name, heads, index, pieces.get(root) ?? new Uint8Array()));
  return { published, tree: buildPiecesTree(heads, (index) => trees[index]!) };
}

/** Answers questions out of a file's sets as a gateway would; `undefined` for what they do not cover. */
export function answersOfSetFile(file: SetFile): (question: RecordQuestion) => Hex | undefined {
  const byNode = new Map(
    file.sets.map((held) => {
      const open = openHeldSet(held);
      return [open.published.set.node, open];
    }),
  );
  return (question) => {
    const open = byNode.get(question.node);
    if (open === undefined || question.resolver.toLowerCase() !== file.domain.resolver.toLowerCase()) return undefined;
    return encodeSignedAnswer(open.published.set, leavesOf(question, open.tree));
  };
}
