/** Keeps a client's cache in a file between runs: one entry a line. What cannot be read back is simply not there. */
import { randomUUID } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import type { Cache, CacheEntry } from "./cache.ts";

/** The format's name and version; a file of another one is ignored. */
const HEADER = '{"holdfastCache":1}';
const BIGINT = /^-?\d+n$/;

function write(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? { bigint: `${value}n` } : value;
}

function read(_: string, value: unknown): unknown {
  const isTagged = typeof value === "object" && value !== null && "bigint" in value;
  const text = isTagged ? value.bigint : undefined;
  return typeof text === "string" && BIGINT.test(text) ? BigInt(text.slice(0, -1)) : value;
}

function isEntry(value: unknown): value is { key: string; entry: CacheEntry } {
  if (typeof value !== "object" || value === null || !("key" in value) || !("entry" in value)) return false;
  const { key, entry } = value as { key: unknown; entry: Partial<CacheEntry> | null };
  return (
    typeof key === "string" &&
    typeof entry?.storedAtMs === "number" &&
    typeof entry.freshUntilMs === "number" &&
    typeof entry.staleUntilMs === "number" &&
    typeof entry.resolution === "object" &&
    typeof entry.resolution.evidence === "string"
  );
}

/** Writes the cache to a file, whole or not at all. Whoever can write the file can make the client believe what it says. */
export async function saveCache(path: string, cache: Cache): Promise<void> {
  const lines = [HEADER];
  for (const [key, { resolution, storedAtMs, freshUntilMs, staleUntilMs }] of cache.entries()) {
    lines.push(JSON.stringify({ key, entry: { resolution, storedAtMs, freshUntilMs, staleUntilMs } }, write));
  }
  const draft = `${path}.${randomUUID()}.draft`;
  await writeFile(draft, `${lines.join("\n")}\n`, { mode: 0o600 });
  await rename(draft, path);
}

/** Takes back what a file holds and whose time is not over; returns how many entries were read. */
export async function loadCache(path: string, cache: Cache): Promise<number> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    return 0;
  }
  const [header, ...lines] = text.split("\n");
  if (header !== HEADER) return 0;
  let count = 0;
  for (const line of lines) {
    try {
      const parsed: unknown = JSON.parse(line, read);
      if (!isEntry(parsed)) continue;
      cache.restore(parsed.key, parsed.entry);
      count += 1;
    } catch {
      // A line cut off by a crash.
    }
  }
  return count;
}
