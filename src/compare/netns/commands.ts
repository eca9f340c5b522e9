/** The commands that make and shape hosts of Linux network namespaces: `ip` and `tc` of iproute2. */
import { execFile } from "node:child_process";
import { BaseError, messageOf } from "../../base/errors.ts";
import { tapMissing } from "./tap.ts";

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
  readonly shaping: Shaping;
}

/**
 * How links are given delay and loss: by the kernel's netem and the command `tc`; by a wire of our own between a host and the
 * switch, of TAP devices; or not at all.
 */
export type Shaping =
  | { readonly by: "netem" }
  | { readonly by: "wire" }
  | { readonly by: "nothing"; readonly missing: string };

const NO_SHAPING: Shaping = { by: "nothing", missing: "there are no network namespaces" };

/** Tries it out on a namespace of its own, which is gone afterwards. */
export async function namespaceSupport(): Promise<NamespaceSupport> {
  const without = (missing: string): NamespaceSupport => ({ missing, shaping: NO_SHAPING });
  if (process.platform !== "linux") return without("network namespaces are Linux's");
  if (process.getuid?.() !== 0) return without("network namespaces take root");
  const trial = `hf-${process.pid}-trial`;
  try {
    await ip(undefined, [`netns add ${trial}`]);
  } catch (error) {
    return without(messageOf(error));
  }
  try {
    await ip(trial, ["link add br0 type bridge", "link add a0 type veth peer name a1"]);
    return { missing: undefined, shaping: await shapingIn(trial) };
  } catch (error) {
    return without(messageOf(error));
  } finally {
    await ip(undefined, [`netns del ${trial}`]);
  }
}

/** What links of a namespace that has a device `a0` can be shaped by. */
async function shapingIn(trial: string): Promise<Shaping> {
  try {
    await runCommand("tc", ["-n", trial, "qdisc", "add", "dev", "a0", "root", "netem", "delay", "1ms"]);
    return { by: "netem" };
  } catch {
    const missing = tapMissing();
    return missing === undefined ? { by: "wire" } : { by: "nothing", missing };
  }
}
