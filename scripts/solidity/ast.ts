/** Solidity sources as trees, for tools that change them: coverage and mutation. */
import { createRequire } from "node:module";

// The package's ES module imports without extensions, which Node does not follow; its CommonJS form loads.
const { parse: parseSource } = createRequire(import.meta.url)("@solidity-parser/parser") as {
  parse(text: string, options: { range: boolean }): unknown;
};

/** A node of the tree, as `@solidity-parser/parser` makes them; `range` holds its first and its last character. */
export interface AstNode {
  readonly type: string;
  readonly range: readonly [number, number];
  readonly [field: string]: unknown;
}

/** A text put into a source, or in place of the characters from `from` up to `to`. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

export function parseSolidity(text: string): AstNode {
  return parseSource(text, { range: true }) as AstNode;
}

export function isNode(value: unknown): value is AstNode {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
}

/** The nodes right below a node, in the order of the source. */
export function childrenOf(node: AstNode): AstNode[] {
  const found = Object.values(node).flatMap((value) => (Array.isArray(value) ? value.flat(2) : [value]));
  // The parser gives a loop's last expression a statement around it that has no place.
  const placed = found.filter(isNode).flatMap((child) => (child.range ? [child] : childrenOf(child)));
  return placed.sort((left, right) => left.range[0] - right.range[0]);
}

/** All nodes from `root` down, parents first. */
export function* walk(root: AstNode): Generator<AstNode> {
  yield root;
  for (const child of childrenOf(root)) yield* walk(child);
}

/** The line of a character, counted from 1. */
export function lineAt(text: string, position: number): number {
  let line = 1;
  for (let index = text.indexOf("\n"); index !== -1 && index < position; index = text.indexOf("\n", index + 1))
    line += 1;
  return line;
}

/** The text with edits made; those at the same place in the order given. They must not overlap. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const sorted = edits
    .map((edit, order) => ({ ...edit, order }))
    .sort((left, right) => left.from - right.from || left.order - right.order);
  let result = "";
  let done = 0;
  for (const edit of sorted) {
    result += text.slice(done, edit.from) + edit.text;
    done = edit.to;
  }
  return result + text.slice(done);
}
