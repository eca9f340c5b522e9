/**
 * Puts probes into a Solidity source, without moving a line: one for each statement, and two for each condition, for it being
 * true and false. Conditions are those of `if`, loops, `?:`, `require`, each side of `&&` and `||`, and `if` and loops of
 * assembly. A probe is a call to an address that Hardhat's EDR watches when it measures coverage.
 *
 *     const { source, probes } = instrument(text, 0);
 */
import { type AstNode, applyEdits, childrenOf, type Edit, isNode, lineAt, parseSolidity, walk } from "./ast.ts";

/** What the probe of a number says; `line` is counted from 1. */
export interface Probe {
  readonly id: number;
  readonly line: number;
  readonly kind: "statement" | "true" | "false";
}

export interface Instrumented {
  readonly source: string;
  readonly probes: readonly Probe[];
  /** Lines of assembly that run when the probe of the number does. */
  readonly assemblyLines: readonly { readonly id: number; readonly line: number }[];
}

/** EDR tells of every call to this address. */
const COVERAGE_ADDRESS = "0xc0bEc0BEc0BeC0bEC0beC0bEC0bEC0beC0beC0BE";
/** Marks our probes among what is told. */
const MARK = 0x484f4c44464153n << 64n;

/** The file that instrumented sources import. A probe leaves all memory as it is: some sources write behind its free pointer. */
export const PROBE_LIBRARY = `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;
function __probe(uint256 id) view {
    assembly ("memory-safe") {
        let kept := mload(0)
        mstore(0, id)
        pop(staticcall(gas(), ${COVERAGE_ADDRESS}, 0, 32, 0, 0))
        mstore(0, kept)
    }
}
function __either(bool value, uint256 id) view returns (bool) { __probe(value ? id : id + 1); return value; }
`;

/** How a probe's number shows in what EDR tells: 32 bytes in hexadecimal. */
export function tagOf(id: number): string {
  return (MARK + BigInt(id)).toString(16).padStart(64, "0");
}

/** Callers give these 30,000 gas (ERC-165), which probes would use up. */
const UNPROBED = /^supportsInterface$/;
const STATEMENTS = /Statement$|^(Block|IfStatement)$/;
const literalOf = (id: number) => `0x${(MARK + BigInt(id)).toString(16)}`;

/** In assembly, a probe keeps memory and the return data of the last call as they are. */
function assemblyProbe(keepsReturnData: boolean): string {
  const call = `let m := mload(0) mstore(0, add(id, iszero(v))) pop(staticcall(gas(), ${COVERAGE_ADDRESS}, 0, 32, 0, 0)) mstore(0, m)`;
  if (!keepsReturnData) return ` function __b(v, id) -> r { ${call} r := v }`;
  // The identity precompile gives back what is handed to it.
  return ` function __b(v, id) -> r { let n := returndatasize() let p := add(mload(0x40), 0x4000) returndatacopy(p, 0, n) ${call} pop(staticcall(gas(), 4, p, n, 0, 0)) r := v }`;
}

/** A probe is a call, so with probes nothing is pure. */
export function loosen(text: string): string {
  return text.replace(/\bpure\b/g, "view");
}

/** Puts probes into a source, numbered from `firstId`. */
export function instrument(text: string, firstId: number): Instrumented {
  const edits: Edit[] = [];
  const probes: Probe[] = [];
  const assemblyLines: { id: number; line: number }[] = [];
  let next = firstId;
  const insert = (at: number, what: string) => edits.push({ from: at, to: at, text: what });
  const line = (node: AstNode) => lineAt(text, node.range[0]);

  function statement(node: AstNode): number {
    const id = next++;
    probes.push({ id, line: line(node), kind: "statement" });
    return id;
  }

  function condition(node: AstNode): number {
    const id = next;
    next += 2;
    probes.push({ id, line: line(node), kind: "true" }, { id: id + 1, line: line(node), kind: "false" });
    return id;
  }

  /** Wraps a condition, and what is in it. */
  function wrap(node: AstNode): void {
    const id = condition(node);
    insert(node.range[0], "__either(");
    visit(node);
    insert(node.range[1] + 1, `, ${literalOf(id)})`);
  }

  /** A statement in a place where one alone may stand: it gets braces if it has none. */
  function body(node: AstNode): void {
    const isBlock = node.type === "Block" || node.type === "UncheckedStatement";
    if (!isBlock) insert(node.range[0], "{");
    isBlock ? visit(node) : stand(node);
    if (!isBlock) insert(node.range[1] + 1, "}");
  }

  /** A statement of a block. */
  function stand(node: AstNode): void {
    const isBlock = /^(Block|UncheckedStatement)$/.test(node.type);
    const id = isBlock ? 0 : statement(node);
    if (!isBlock) insert(node.range[0], `__probe(${literalOf(id)});`);
    node.type === "InlineAssemblyStatement" ? assembly(node, id) : visit(node);
  }

  function assembly(node: AstNode, id: number): void {
    const block = node.body as AstNode;
    const inner = text.slice(node.range[0], node.range[1] + 1);
    if (/\b(if|for)\b/.test(inner)) insert(block.range[0] + 1, assemblyProbe(inner.includes("returndatasize")));
    yul(block, id);
  }

  /** Assembly that runs when probe `id` does. */
  function yul(block: AstNode, id: number): void {
    for (const operation of block.operations as AstNode[]) {
      assemblyLines.push({ id, line: line(operation) });
      if (operation.type !== "AssemblyIf" && operation.type !== "AssemblyFor") continue;
      const test = operation.condition as AstNode;
      const inner = condition(test);
      insert(test.range[0], "__b(");
      insert(test.range[1] + 1, `, ${literalOf(inner)})`);
      yul(operation.body as AstNode, inner);
    }
  }

  function visit(node: AstNode): void {
    const test = conditionOf(node);
    for (const child of childrenOf(node)) {
      // `while (true)` decides nothing.
      if (test.includes(child) && child.type !== "BooleanLiteral") wrap(child);
      else if (child === node.trueBody || child === node.falseBody)
        STATEMENTS.test(child.type) ? body(child) : visit(child);
      else if (child === node.body && /^(For|While|DoWhile)Statement$/.test(node.type)) body(child);
      else if (Array.isArray(node.statements) && node.statements.includes(child)) stand(child);
      else visit(child);
    }
  }

  for (const node of walk(parseSolidity(text))) {
    if (node.type === "FunctionDefinition" || node.type === "ModifierDefinition") {
      if (isNode(node.body) && !UNPROBED.test(String(node.name))) visit(node.body);
    }
  }
  return { source: loosen(applyEdits(text, edits)), probes, assemblyLines };
}

/** The nodes below one whose truth decides what happens next. */
function conditionOf(node: AstNode): readonly unknown[] {
  if (node.type === "BinaryOperation") return /^(&&|\|\|)$/.test(String(node.operator)) ? [node.left, node.right] : [];
  if (node.type === "ForStatement") return [node.conditionExpression];
  if (node.type === "FunctionCall") {
    const callee = node.expression as AstNode;
    return callee.type === "Identifier" && callee.name === "require" ? [(node.arguments as AstNode[])[0]] : [];
  }
  return /^(IfStatement|WhileStatement|DoWhileStatement|Conditional)$/.test(node.type) ? [node.condition] : [];
}
