/** The archive that a Linux kernel takes for its first root file system: cpio in the form "newc". */

export interface ArchiveEntry {
  readonly path: string;
  /** Kind and permissions, as `stat` has them. */
  readonly mode: number;
  readonly content?: Uint8Array;
  /** Of a device: major and minor number. */
  readonly device?: readonly [major: number, minor: number];
}

const MAGIC = "070701";
const ALIGNMENT_BYTES = 4;

const padded = (bytes: Uint8Array): Uint8Array[] => [
  bytes,
  new Uint8Array((ALIGNMENT_BYTES - (bytes.length % ALIGNMENT_BYTES)) % ALIGNMENT_BYTES),
];

/** Everything in it belongs to root and is of no time. */
export function cpioArchive(entries: readonly ArchiveEntry[]): Uint8Array {
  const parts = [...entries, { path: "TRAILER!!!", mode: 0 }].flatMap((entry: ArchiveEntry, index) => {
    const { path, mode, content = new Uint8Array(), device = [0, 0] } = entry;
    const name = Buffer.from(`${path}\0`);
    // Inode, mode, owner, group, links, time, size, device, device it stands for, length of the name, checksum.
    const numbers = [index + 1, mode, 0, 0, 1, 0, content.length, 0, 0, ...device, name.length, 0];
    const head = MAGIC + numbers.map((value) => value.toString(16).padStart(8, "0")).join("");
    return [...padded(Buffer.concat([Buffer.from(head), name])), ...padded(content)];
  });
  return Buffer.concat(parts);
}
