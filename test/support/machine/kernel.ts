/** A Debian kernel that lies on this machine, whether it runs it or not, and its modules. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** Where a kernel's package may have been unpacked: for this machine to run, or for these tests alone. */
const PLACES = ["/", ".holdfast/kernel"];

export interface Kernel {
  readonly image: string;
  /** Module files by name, as far as they are there. */
  readonly modules: ReadonlyMap<string, string>;
}

const nameOf = (file: string) => basename(file, ".ko").replaceAll("-", "_");

/** A kernel that has all of these modules, uncompressed; `undefined` where there is none. */
export function findKernel(needed: readonly string[]): Kernel | undefined {
  return PLACES.flatMap((place) =>
    globSync(join(place, "boot/vmlinuz-*")).map((image): Kernel => {
      const version = basename(image).slice("vmlinuz-".length);
      const files = globSync(join(place, "lib/modules", version, "kernel/**/*.ko"));
      return { image, modules: new Map(files.map((file) => [nameOf(file), file])) };
    }),
  ).find(({ image, modules }) => existsSync(image) && needed.every((name) => modules.has(name)));
}

/** The modules and what they depend on, in an order in which they can be loaded. */
export function inLoadingOrder({ modules }: Kernel, needed: readonly string[]): Map<string, Uint8Array> {
  const loaded = new Map<string, Uint8Array>();
  const load = (name: string): void => {
    // What is no file is part of the kernel itself.
    const file = modules.get(name);
    if (file === undefined || loaded.has(name)) return;
    const content = readFileSync(file);
    const [, others = ""] = /\0depends=([\w,-]*)\0/.exec(content.toString("latin1")) ?? [];
    for (const other of others.split(",").filter(Boolean)) load(other.replaceAll("-", "_"));
    loaded.set(name, content);
  };
  for (const name of needed) load(name);
  return loaded;
}
