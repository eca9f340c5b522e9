/** The commands that make and shape hosts of Linux network namespaces: `ip` and `tc` of iproute2. */
import { execFile } from "node:child_process";
import { BaseError } from "../../base/errors.ts";

export class NamespaceCommandError extends BaseError {
  override readonly name = "Compare.NamespaceCommandError";
  constructor(command: string, said: string, cause: unknown) {
    super("COMPARE_NAMESPACE_COMMAND", `"${command}" failed.`, { cause, metaMessages: said === "" ? [] : [said] });
  }
}

/** Runs a command to its end; `input` goes to its standard input. Throws `NamespaceCommandError` with what it said. */
export function runCommand(command: string, args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, (error, out, said) => {
      if (error) reject(new NamespaceCommandError([command, ...args].join(" "), said.trim(), error));
      else resolve(out);
    });
    // A command that ends before it has read everything says so by its exit code.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

/** `ip` inside a namespace (outside of all with `undefined`), a line a command, all or nothing told by the first error. */
export async function ip(namespace: string | undefined, lines: readonly string[]): Promise<void> {
  const where = namespace === undefined ? [] : ["-n", namespace];
  if (lines.length > 0) await runCommand("ip", [...where, "-batch", "-"], `${lines.join("\n")}\n`);
}

/** What this machine allows. */
export interface NamespaceSupport {
  /** Why there can be no namespaces here; `undefined` where there can. */
  readonly missing: string | undefined;
  /** Whether links can be given delay and loss: the kernel's netem and the command `tc`. */
  readonly netem: boolean;
}

/** Tries it out on a namespace of its own, which is gone afterwards. */
export async function namespaceSupport(): Promise<NamespaceSupport> {
  if (process.platform !== "linux") return { missing: "network namespaces are Linux's", netem: false };
  if (process.getuid?.() !== 0) return { missing: "network namespaces take root", netem: false };
  const trial = `hf-${process.pid}-trial`;
  try {
    await ip(undefined, [`netns add ${trial}`]);
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error), netem: false };
  }
  try {
    await ip(trial, ["link add br0 type bridge", "link add a0 type veth peer name a1"]);
    const netem = await runCommand("tc", [
      "-n",
      trial,
      "qdisc",
      "add",
      "dev",
      "a0",
      "root",
      "netem",
      "delay",
      "1ms",
    ]).then(
      () => true,
      () => false,
    );
    return { missing: undefined, netem };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error), netem: false };
  } finally {
    await ip(undefined, [`netns del ${trial}`]);
  }
}
