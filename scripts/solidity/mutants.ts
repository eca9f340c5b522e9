/**
 * Small faults of a Solidity source, all of them in one program: each lies dormant until its number is the block's coinbase. So
 * the sources are compiled once, however many mutants there are.
 *
 *     const { source, mutants } = mutate(text, 0, () => true);
 */
import { type AstNode, applyEdits, childrenOf, type Edit, isNode, lineAt, parseSolidity, walk } from "./ast.ts";
import { loosen } from "./instrument.ts";

export type Operator = "relational" | "arithmetic" | "negation" | "guard" | "constant" | "statement" | "modifier";

export interface Mutant {
  readonly id: number;
  readonly line: number;
  readonly operator: Operator;
  /** What becomes of what, for a reader. */
  readonly change: string;
}

export interface Mutated {
  readonly source: string;
  readonly mutants: readonly Mutant[];
}

/** The coinbase that wakes a mutant: far from any account that tests know. */
const MARK = 0x6d7574616e740000n << 64n;
const SWAPS: Readonly<Record<string, readonly [string, Operator]>> = {
  "<": ["<=", "relational"],
  "<=": ["<", "relational"],
  ">": [">=", "relational"],
  ">=": [">", "relational"],
  "==": ["!=", "relational"],
  "!=": ["==", "relational"],
  "&&": ["||", "negation"],
  "||": ["&&", "negation"],
  "+": ["-", "arithmetic"],
  "-": ["+", "arithmetic"],
  "*": ["/", "arithmetic"],
  "/": ["*", "arithmetic"],
  "%": ["*", "arithmetic"],
  "<<": [">>", "arithmetic"],
  ">>": ["<<", "arithmetic"],
  "&": ["|", "arithmetic"],
  "|": ["&", "arithmetic"],
  "^": ["&", "arithmetic"],
};
const ASSEMBLY_SWAPS: Readonly<Record<string, readonly [string, Operator]>> = {
  lt: ["gt", "relational"],
  gt: ["lt", "relational"],
  add: ["sub", "arithmetic"],
  sub: ["add", "arithmetic"],
  shl: ["shr", "arithmetic"],
  shr: ["shl", "arithmetic"],
  and: ["or", "arithmetic"],
  or: ["and", "arithmetic"],
  xor: ["and", "arithmetic"],
};

/** The coinbase of a mutant's run; -1 for that of none. */
export function coinbaseOf(id: number): `0x${string}` {
  return `0x${(MARK + BigInt(id + 1)).toString(16).padStart(40, "0")}`;
}

const awake = (id: number) => `(uint160(address(block.coinbase)) == 0x${(MARK + BigInt(id + 1)).toString(16)})`;
const assemblyAwake = (id: number) => `eq(coinbase(), 0x${(MARK + BigInt(id + 1)).toString(16)})`;
const short = (text: string) => text.replace(/\s+/g, " ").slice(0, 60);

/** Puts mutants into a source, numbered from `firstId`; those that `wanted` refuses are left out, but keep their number. */
export function mutate(text: string, firstId: number, wanted: (mutant: Mutant) => boolean): Mutated {
  const mutants: Mutant[] = [];
  let next = firstId;
  const textOf = (node: AstNode) => text.slice(node.range[0], node.range[1] + 1);

  /** A new mutant's number, undefined where it is not wanted. */
  function born(node: AstNode, operator: Operator, change: string): number | undefined {
    const mutant = { id: next++, line: lineAt(text, node.range[0]), operator, change: short(change) };
    if (!wanted(mutant)) return undefined;
    mutants.push(mutant);
    return mutant.id;
  }

  /** A node's text with the mutants in it. */
  function render(node: AstNode): string {
    const edits: Edit[] = childrenOf(node).map((child) => ({
      from: child.range[0] - node.range[0],
      to: child.range[1] + 1 - node.range[0],
      text: render(child),
    }));
    return change(node, applyEdits(textOf(node), edits));
  }

  function change(node: AstNode, inner: string): string {
    switch (node.type) {
      case "BinaryOperation":
        return binary(node, inner);
      case "IfStatement":
        return branch(node, inner);
      case "ExpressionStatement":
      case "EmitStatement":
        return removable(node, inner);
      case "AssemblyCall":
        return assemblyCall(node, inner);
      default:
        return inner;
    }
  }

  function binary(node: AstNode, inner: string): string {
    const [left, right] = [node.left as AstNode, node.right as AstNode];
    const swap = SWAPS[String(node.operator)];
    if (!swap || (isLiteral(left) && isLiteral(right))) return inner;
    let result = inner;
    const swapped = `${textOf(left)} ${swap[0]} ${textOf(right)}`;
    const id = born(node, swap[1], `${textOf(node)} -> ${swapped}`);
    if (id !== undefined) result = `(${awake(id)} ? (${swapped}) : (${result}))`;
    const number = right.type === "NumberLiteral" ? BigInt(plainNumber(right) ?? -1) : -1n;
    if (number < 0n) return result;
    const off = `${textOf(left)} ${node.operator} ${number + 1n}`;
    const other = born(right, "constant", `${textOf(node)} -> ${off}`);
    return other === undefined ? result : `(${awake(other)} ? (${off}) : (${result}))`;
  }

  function branch(node: AstNode, inner: string): string {
    const guard = isRefusal(node.trueBody as AstNode) && !node.falseBody;
    const test = node.condition as AstNode;
    const id = guard
      ? born(node, "guard", `${textOf(node)} -> nothing`)
      : born(test, "negation", `if (${textOf(test)}) -> if not`);
    if (id === undefined) return inner;
    // The condition comes first in the text, so its rendering begins behind the first parenthesis.
    const start = inner.indexOf("(") + 1;
    const end = closing(inner, start - 1);
    const condition = inner.slice(start, end);
    const changed = guard ? `(${condition}) && !${awake(id)}` : `(${condition}) != ${awake(id)}`;
    return inner.slice(0, start) + changed + inner.slice(end);
  }

  function removable(node: AstNode, inner: string): string {
    const expression = (node.expression ?? node.eventCall) as AstNode;
    if (expression.type === "Identifier") return inner;
    const isRequire = /^require\b/.test(inner);
    const id = born(node, isRequire ? "guard" : "statement", `${textOf(node)} -> nothing`);
    return id === undefined ? inner : `if (!${awake(id)}) { ${inner} }`;
  }

  function assemblyCall(node: AstNode, inner: string): string {
    const [left, right, ...more] = node.arguments as AstNode[];
    const name = String(node.functionName);
    const swap = ASSEMBLY_SWAPS[name];
    if (!swap || !left || !right || more.length > 0) return inner;
    const id = born(node, swap[1], `${textOf(node)} -> ${swap[0]}`);
    return id === undefined ? inner : inner.replace(/^\w+\(/, `__${name}(${assemblyAwake(id)}, `);
  }

  /** A whole function: its modifier, then what is inside. */
  function definition(node: AstNode, body: AstNode): Edit[] {
    const rendered = render(body);
    const edits: Edit[] = [];
    let start = "";
    for (const modifier of node.modifiers as AstNode[]) {
      if (modifier.name !== "restricted") continue;
      const id = born(modifier, "modifier", "restricted -> nothing");
      if (id === undefined) continue;
      edits.push({ from: modifier.range[0], to: modifier.range[1] + 1, text: "" });
      start = ` if (!${awake(id)}) { _checkCanCall(_msgSender(), _msgData()); }`;
    }
    edits.push({ from: body.range[0], to: body.range[1] + 1, text: `{${start}${withHelpers(rendered).slice(1)}` });
    return edits;
  }

  const edits: Edit[] = [];
  for (const node of walk(parseSolidity(text))) {
    if (node.type === "FunctionDefinition" && isNode(node.body)) edits.push(...definition(node, node.body));
  }
  return { source: loosen(applyEdits(text, edits)), mutants };
}

/** Assembly blocks get the functions that their mutants call. */
function withHelpers(body: string): string {
  return body.replace(/assembly (\("memory-safe"\) )?\{/g, (head, _flags, at: number) => {
    const block = body.slice(at, closing(body, at + head.length - 1));
    const names = new Set([...block.matchAll(/__(\w+)\(/g)].map((match) => match[1]!));
    const helpers = [...names].map(
      (name) =>
        `function __${name}(m, a, b) -> r { switch m case 0 { r := ${name}(a, b) } default { r := ${ASSEMBLY_SWAPS[name]?.[0]}(a, b) } }`,
    );
    return [head, ...helpers].join(" ");
  });
}

/** Where the bracket that opens at `from` closes. */
function closing(text: string, from: number): number {
  const open = text[from];
  const close = open === "(" ? ")" : "}";
  let depth = 0;
  for (let position = from; position < text.length; position += 1) {
    if (text[position] === open) depth += 1;
    if (text[position] === close) depth -= 1;
    if (depth === 0) return position;
  }
  return text.length;
}

const isLiteral = (node: AstNode) => /Literal$/.test(node.type);
const plainNumber = (node: AstNode) =>
  /^(\d+|0x[0-9a-fA-F]+)$/.test(String(node.number)) && !node.subdenomination ? String(node.number) : undefined;

/** A statement, or a block of one, that does nothing but revert. */
function isRefusal(body: AstNode): boolean {
  if (body.type === "RevertStatement") return true;
  const statements = body.type === "Block" ? (body.statements as AstNode[]) : [];
  return statements.length === 1 && isRefusal(statements[0]!);
}
