/** `holdfast resolve 0x…`: the primary name of an account. */
import type { Hex } from "../../base/bytes.ts";
import type { NameClient, ResolveOptions } from "../../client/nameClient.ts";
import { type PrimaryName, resolvePrimaryName } from "../../client/primaryName.ts";
import type { Resolution } from "../../client/resolution.ts";
import { COIN_TYPE_ETHEREUM } from "../../protocol/record.ts";
import { EXIT, printJson, type Terminal, UsageError } from "../command.ts";
import { drawTimeline } from "./resolveTimeline.ts";

/** What of the command's options matters here. */
export interface ResolveAccountOptions {
  /** `addr:COIN` asks for the name on that chain; every other type for that on Ethereum. */
  readonly type: string;
  readonly path: ResolveOptions["path"] | "all";
  readonly deadline: number;
  readonly trace?: boolean;
  readonly json?: boolean;
}

/** Whether the command's argument is an account rather than a name. */
export function isAccount(text: string): text is Hex {
  return /^0x[0-9a-fA-F]{40}$/.test(text);
}

function coinTypeOf(type: string): bigint {
  const [, digits] = /^addr:(\d{1,20})$/.exec(type) ?? [];
  if (digits !== undefined) return BigInt(digits);
  if (type === "A" || type === "addr" || type === "name") return COIN_TYPE_ETHEREUM;
  throw new UsageError(`An account has a name on a chain; "${type}" is none. Say addr:COIN, or nothing for Ethereum.`);
}

function describe(what: string, { outcome, evidence, path, durationMs }: Resolution): string {
  const way = path === null ? "" : `, path ${path}, evidence ${evidence}`;
  return `${what}: ${outcome}${way}, ${durationMs.toFixed(0)} ms\n`;
}

function print(terminal: Terminal, { name, claim, reverse, forward }: PrimaryName, isTraced: boolean): void {
  if (name !== null) terminal.out(`${name}\n`);
  terminal.err(describe(claim === null ? "claims no name" : `claims ${claim}`, reverse));
  if (forward !== null)
    terminal.err(describe(name === null ? `${claim} is another's` : `${claim} is its own`, forward));
  else if (claim !== null) terminal.err(`${claim} is no name that can be resolved here\n`);
  if (!isTraced) return;
  for (const half of [reverse, forward]) {
    if (half !== null) for (const line of drawTimeline(half.trace, half.durationMs)) terminal.err(`${line}\n`);
  }
}

/** Finds out an account's primary name and prints it. */
export async function resolveAccount(
  terminal: Terminal,
  client: NameClient,
  account: Hex,
  options: ResolveAccountOptions,
): Promise<void> {
  const { path, deadline } = options;
  const told = await resolvePrimaryName(client, account, {
    coinType: coinTypeOf(options.type),
    deadlineMs: deadline,
    ...(path === undefined || path === "all" ? {} : { path }),
  });
  if (options.json) printJson(terminal, told);
  else print(terminal, told, options.trace === true);
  terminal.exit(told.name === null ? EXIT.failed : EXIT.ok);
}
