/**
 * A virtual machine of this machine's files and another kernel: for what the kernel here lacks. It sees the root file system,
 * which it cannot change, and a folder to leave results in; it has no network but what it makes inside.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { programOf } from "../../../scripts/bench/process.ts";
import { systemClock, withDeadline } from "../../../src/base/clock.ts";
import { Reaper } from "../../../src/compare/local/reaper.ts";
import { cpioArchive } from "./archive.ts";
import { findKernel, inLoadingOrder } from "./kernel.ts";

const EMULATOR = "qemu-system-x86_64";
const SHELL = "busybox";
/** What the root file system comes over. */
const ROOT_MODULES = ["virtio_pci", "9pnet_virtio", "9p", "virtio_rng"];
const MEMORY_MIB = 3_072;
/** Without AVX and FMA, whatever the processor here has. */
const PROCESSOR = "Westmere";
/** A machine that the processor carries says that it lives within this time, and one that it cannot carry never does. */
const SIGN_DEADLINE_MS = 10_000;
const SIGN = "the machine lives";
/** Kept of what it prints, for the message when it breaks. */
const PRINTED_CHARS_MAX = 4_000;

/** How its instructions are carried out: by the processor, or by the emulator, which is some 25 times slower. */
export type Accelerator = "kvm" | "tcg";

export interface MachineOptions {
  /** Kernel modules that it needs. */
  readonly modules: readonly string[];
  /** Shell commands that it runs, as root in the present folder; what they leave in `/run/out` can be read afterwards. */
  readonly commands: (accelerator: Accelerator) => string;
  /** What they are to leave there. */
  readonly files: readonly string[];
  readonly deadlineMs: number;
}

export interface MachineResult {
  readonly accelerator: Accelerator;
  /** Texts of the files, by name. */
  readonly files: ReadonlyMap<string, string>;
}

/** Why there can be no such machine here; `undefined` where there can. */
export function machineMissing(modules: readonly string[]): string | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") return "the virtual machine is one of x86-64 Linux";
  if (process.getuid?.() !== 0) return "a virtual machine on this machine's files takes root";
  const missing = [EMULATOR, SHELL].filter((name) => programOf(name) === undefined);
  if (missing.length > 0) return `${missing.join(" and ")} not installed`;
  const needed = [...ROOT_MODULES, ...modules];
  return findKernel(needed) === undefined ? `no kernel package with the modules ${needed.join(", ")}` : undefined;
}

/** Runs commands in a machine of its own to their end; throws, with what it printed, where they do not come to one. */
export async function runMachine(options: MachineOptions): Promise<MachineResult> {
  for (const accelerator of accelerators()) {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-machine-"));
    try {
      const printed = await runOnce(accelerator, folder, options);
      if (printed === undefined) continue;
      return { accelerator, files: new Map(options.files.map((name) => [name, textOf(join(folder, name), printed)])) };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  throw new MachineError("gave no sign of life", "");
}

function accelerators(): Accelerator[] {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
    return ["kvm", "tcg"];
  } catch {
    return ["tcg"];
  }
}

function textOf(file: string, printed: string): string {
  if (!existsSync(file)) throw new MachineError(`left no ${basename(file)}`, printed);
  return readFileSync(file, "utf8");
}

/** What it printed; `undefined` where it gave no sign of life, as on a processor that cannot carry it. */
async function runOnce(accelerator: Accelerator, folder: string, options: MachineOptions): Promise<string | undefined> {
  const needed = [...ROOT_MODULES, ...options.modules];
  const kernel = findKernel(needed)!;
  writeFileSync(join(folder, "init.cpio"), firstFiles(inLoadingOrder(kernel, needed)));
  writeFileSync(join(folder, "commands"), allCommands(options.commands(accelerator)));
  // The reaper ends the emulator where this process dies first.
  const reaper = new Reaper();
  const emulator = spawn(programOf(EMULATOR)!, emulatorArgs(accelerator, kernel.image, folder), {
    stdio: ["ignore", "pipe", "pipe"],
  });
  reaper.watch(emulator.pid!);
  const ended = once(emulator, "exit");
  let printed = "";
  const signOfLife = () =>
    new Promise<boolean>((resolve) => {
      for (const stream of [emulator.stdout, emulator.stderr]) {
        stream.on("data", (chunk: Buffer) => {
          printed = (printed + chunk.toString("latin1")).slice(-PRINTED_CHARS_MAX);
          if (printed.includes(SIGN)) resolve(true);
          if (printed.includes("KVM internal error")) resolve(false);
        });
      }
      void ended.then(() => resolve(false));
    });
  const work = async () => {
    const signMs = accelerator === "kvm" ? SIGN_DEADLINE_MS : options.deadlineMs;
    if (!(await withDeadline(systemClock, signMs, "sign of life", signOfLife).catch(() => false))) return false;
    await ended;
    return true;
  };
  try {
    if (await withDeadline(systemClock, options.deadlineMs, "virtual machine", work)) return printed;
    if (accelerator === "kvm") return undefined;
    throw new MachineError("gave no sign of life", printed);
  } catch (error) {
    throw error instanceof MachineError ? error : new MachineError("did not come to an end", printed, error);
  } finally {
    emulator.kill("SIGKILL");
    await ended;
    await reaper.close();
  }
}

/** Everything off but what is asked for; in particular no network card. */
function emulatorArgs(accelerator: Accelerator, image: string, folder: string): string[] {
  const share = (tag: string, path: string, more: string) => [
    ["-fsdev", `local,id=${tag},path=${path},security_model=none${more}`],
    ["-device", `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`],
  ];
  return [
    ["-nodefaults", "-no-user-config", "-no-reboot", "-nographic"],
    ["-nic", "none", "-serial", "stdio", "-device", "virtio-rng-pci"],
    ["-accel", accelerator, "-cpu", PROCESSOR, "-smp", "2", "-m", String(MEMORY_MIB)],
    ["-kernel", image, "-initrd", join(folder, "init.cpio"), "-append", "console=ttyS0 quiet panic=-1 mitigations=off"],
    share("root", "/", ",readonly=on,multidevs=remap"),
    share("out", folder, ""),
  ].flat(2);
}

/** The root file system that the kernel begins with: loads modules, finds the real one, and hands over. */
function firstFiles(modules: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const folder = 0o40755;
  const program = 0o100755;
  const init = `#!/busybox sh
for module in ${[...modules.keys()].join(" ")}; do /busybox insmod /$module.ko; done
share() { /busybox mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,$3 $1 $2; }
share root /root ro,cache=loose || /busybox poweroff -f
/busybox mount -t proc proc /root/proc
/busybox mount -t sysfs sysfs /root/sys
/busybox mount -t devtmpfs devtmpfs /root/dev
/busybox mount -t tmpfs tmpfs /root/run
/busybox mkdir /root/run/out /root/run/tmp
/busybox cp /busybox /root/run/busybox
share out /root/run/out rw
exec /busybox switch_root /root /bin/sh /run/out/commands
`;
  return cpioArchive([
    ...["dev", "root"].map((path) => ({ path, mode: folder })),
    { path: "dev/console", mode: 0o20600, device: [5, 1] },
    { path: "busybox", mode: program, content: readFileSync(programOf(SHELL)!) },
    { path: "init", mode: program, content: Buffer.from(init) },
    ...[...modules].map(([name, content]) => ({ path: `${name}.ko`, mode: 0o100644, content })),
  ]);
}

function allCommands(commands: string): string {
  return `echo "${SIGN}"
export HOME=/run/tmp TMPDIR=/run/tmp PATH=/usr/sbin:/usr/bin:/sbin:/bin
cd '${process.cwd()}'
ip link set lo up
${commands}
/run/busybox poweroff -f
`;
}

class MachineError extends Error {
  constructor(what: string, printed: string, cause?: unknown) {
    super(`The virtual machine ${what}.\n${printed}`, { cause });
  }
}
