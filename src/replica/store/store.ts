/**
 * The embedded store: SQLite in write-ahead mode, one transaction per applied range of blocks. After a crash the file holds
 * the state of one block, whole, or of the one before: storage, names and directory move together.
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Hex } from "../../base/bytes.ts";
import { assert, BaseError, messageOf } from "../../base/errors.ts";
import type { BlockHeader } from "../source/chainSource.ts";
import { SCHEMA, SCHEMA_VERSION, TABLES } from "./schema.ts";

/** Which chain and which contracts a store is a copy of. */
export interface StoreIdentity {
  readonly chainId: number;
  readonly registry: Hex;
  readonly directory: Hex;
  readonly startBlock: number;
}

/** A hashed slot as a string of 32 Latin-1 characters: the cheapest map key for 32 bytes. */
export type SlotKey = string;

/** A name seen in an event: its label under its parent. */
export interface NameEntry {
  readonly node: Hex;
  readonly parent: Hex;
  readonly label: string;
}

/** A record seen in an event: `record` in its text form. Whether it still has a value, its slot tells. */
export interface RecordEntry {
  readonly node: Hex;
  readonly record: string;
}

/** What one block, or a range of old ones, changed. */
export interface BlockChange {
  /** The range's last block. */
  readonly number: number;
  /** Left out in the middle of a range of old blocks. */
  readonly header?: BlockHeader;
  /** New values by hashed slot; 32 bytes each, zero for none. */
  readonly writes: ReadonlyMap<SlotKey, Uint8Array>;
  /** The values before, `undefined` for zero; left out for blocks too old to be undone. */
  readonly previous?: ReadonlyMap<SlotKey, Uint8Array | undefined>;
  readonly names: readonly NameEntry[];
  readonly records: readonly RecordEntry[];
  /** The directory after and before, as JSON, where the block changed it. */
  readonly directory?: { readonly after: string; readonly before: string };
}

export class ForeignStoreError extends BaseError {
  override readonly name = "Replica.ForeignStoreError";
  constructor(path: string, what: string) {
    super("REPLICA_FOREIGN_STORE", `The store at ${path} is not this deployment's: ${what}.`, {
      metaMessages: ["Name another data folder, or move this one away; it is never overwritten."],
    });
  }
}

export class StoreError extends BaseError {
  override readonly name = "Replica.StoreError";
  constructor(path: string, cause: unknown) {
    super("REPLICA_STORE", `The store at ${path} failed: ${messageOf(cause)}.`, { cause });
  }
}

export class ReorgTooDeepError extends BaseError {
  override readonly name = "Replica.ReorgTooDeepError";
  constructor(target: number, oldest: number) {
    super("REPLICA_REORG_TOO_DEEP", `The chain parted from this copy below block ${oldest}, which cannot be undone.`, {
      metaMessages: [`The common block is ${target} or older. Start with an empty data folder, or from a snapshot.`],
    });
  }
}

/** Above every hashed slot. */
export const END_OF_KEYS: Uint8Array = new Uint8Array(33).fill(255);
function isZero(value: Uint8Array): boolean {
  for (const byte of value) if (byte !== 0) return false;
  return true;
}

function byNode<Entry extends { readonly node: Hex }>(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((left, right) => (left.node < right.node ? -1 : Number(left.node > right.node)));
}

export function slotKeyOf(hashed: Uint8Array): SlotKey {
  return Buffer.from(hashed.buffer, hashed.byteOffset, hashed.byteLength).toString("latin1");
}

export function hashedSlotOf(key: SlotKey): Uint8Array {
  return Buffer.from(key, "latin1");
}

/** Pages of the file kept in memory. Names and records lie in the order of their hashes, so that each block touches pages all over. */
const CACHE_KIB = 32 * 1024;

interface BlockRow {
  number: number;
  hash: Hex;
  parent_hash: Hex;
  state_root: Hex;
  timestamp: number;
  rlp: Uint8Array;
}

function toHeader(row: BlockRow): BlockHeader {
  return {
    number: row.number,
    hash: row.hash,
    parentHash: row.parent_hash,
    stateRoot: row.state_root,
    timestamp: row.timestamp,
    rlp: row.rlp,
  };
}

/** One open store. `path` may be `:memory:`. */
export class Store {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string, identity: StoreIdentity) {
    this.#path = path;
    try {
      if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true });
      this.#database = new DatabaseSync(path);
      // NORMAL in write-ahead mode: a power cut may lose the last blocks, which are read again, and never tears one.
      this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000");
      this.#database.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    } catch (error) {
      throw new StoreError(path, error);
    }
    this.#prepare(identity);
  }

  #prepare(identity: StoreIdentity): void {
    const { user_version: version } = this.#database.prepare("PRAGMA user_version").get() as { user_version: number };
    const text = JSON.stringify({ ...identity, registry: identity.registry.toLowerCase() });
    if (version === 0) {
      this.#transaction(() => {
        this.#database.exec(SCHEMA);
        this.setMeta("identity", text);
        this.#database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
      });
      return;
    }
    if (version !== SCHEMA_VERSION) {
      throw new ForeignStoreError(this.#path, `its schema has version ${version}, this program's ${SCHEMA_VERSION}`);
    }
    const held = this.meta("identity");
    if (held !== text) throw new ForeignStoreError(this.#path, `it holds ${held}, the configuration says ${text}`);
  }

  meta(key: string): string | undefined {
    const row = this.#run("SELECT value FROM meta WHERE key = ?").get(key) as { value: string } | undefined;
    return row?.value;
  }

  setMeta(key: string, value: string): void {
    this.#run("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value").run(
      key,
      value,
    );
  }

  /** The newest block applied; `undefined` before the first. */
  head(): BlockHeader | undefined {
    const row = this.#run("SELECT * FROM blocks ORDER BY number DESC LIMIT 1").get();
    return row === undefined ? undefined : toHeader(row as unknown as BlockRow);
  }

  block(number: number): BlockHeader | undefined {
    const row = this.#run("SELECT * FROM blocks WHERE number = ?").get(number);
    return row === undefined ? undefined : toHeader(row as unknown as BlockRow);
  }

  /**
   * Visits every slot in the order of hashed slots. Rows come joined, some thousands at a time: a row each would cost twenty times
   * as much, nearly all of it in crossing over from SQLite.
   */
  forEachSlot(visit: (key: Uint8Array, value: Uint8Array) => void): void {
    for (let prefix = 0; prefix < 256; prefix += 1) {
      const end = prefix === 255 ? END_OF_KEYS : Uint8Array.of(prefix + 1);
      this.forEachSlotFrom(Uint8Array.of(prefix), end, visit);
    }
  }

  /** Visits the slots whose hashed slot is at or above `from` and below `end`. */
  forEachSlotFrom(from: Uint8Array, end: Uint8Array, visit: (key: Uint8Array, value: Uint8Array) => void): void {
    const statement = this.#run(
      "SELECT CAST(group_concat(key || value, '') AS BLOB) AS joined FROM " +
        "(SELECT key, value FROM slots WHERE key >= ? AND key < ? ORDER BY key)",
    );
    const { joined } = statement.get(from, end) as { joined: Uint8Array | null };
    if (joined === null) return;
    assert(joined.length % 64 === 0, "every slot has 32 bytes of key and 32 of value");
    for (let at = 0; at < joined.length; at += 64)
      visit(joined.subarray(at, at + 32), joined.subarray(at + 32, at + 64));
  }

  /** The value under one hashed slot; `undefined` for zero. */
  slot(key: Uint8Array): Uint8Array | undefined {
    const row = this.#run("SELECT value FROM slots WHERE key = ?").get(key) as { value: Uint8Array } | undefined;
    return row?.value;
  }

  /** How many slots are not zero; counts them all. */
  countSlots(): number {
    return (this.#run("SELECT count(*) AS count FROM slots").get() as { count: number }).count;
  }

  forEachName(visit: (entry: NameEntry) => void): void {
    for (const row of this.#run("SELECT node, parent, label FROM names").iterate()) visit(row as unknown as NameEntry);
  }

  forEachRecord(visit: (entry: RecordEntry) => void): void {
    for (const row of this.#run("SELECT node, record FROM records").iterate()) visit(row as unknown as RecordEntry);
  }

  /** The label and parent of a node that an event named; `undefined` where none did. */
  nameEntry(node: Hex): NameEntry | undefined {
    return this.#run("SELECT node, parent, label FROM names WHERE node = ?").get(node) as NameEntry | undefined;
  }

  /** The names directly below a node, by label. */
  childrenOf(node: Hex): readonly NameEntry[] {
    const rows = this.#run("SELECT node, parent, label FROM names WHERE parent = ? ORDER BY label").all(node);
    return rows as unknown as NameEntry[];
  }

  /** At most `countMax` names directly below a node whose label sorts after `label`. */
  childrenAfter(node: Hex, label: string, countMax: number): readonly NameEntry[] {
    const sql = "SELECT node, parent, label FROM names WHERE parent = ? AND label > ? ORDER BY label LIMIT ?";
    return this.#run(sql).all(node, label, countMax) as unknown as NameEntry[];
  }

  /** Text forms of the records that were ever set on a node. */
  recordsOf(node: Hex): readonly string[] {
    const rows = this.#run("SELECT record FROM records WHERE node = ? ORDER BY record").all(node);
    return (rows as unknown as { record: string }[]).map(({ record }) => record);
  }

  /** Those of them that are RRsets. */
  dnsRecordsOf(node: Hex): readonly string[] {
    // A colon is followed by a semicolon.
    const sql = "SELECT record FROM records WHERE node = ? AND record > 'dns:' AND record < 'dns;'";
    const rows = this.#run(sql).all(node);
    return (rows as unknown as { record: string }[]).map(({ record }) => record);
  }

  /** At most `countMax` of all, those that sort after `record`. */
  recordsAfter(node: Hex, record: string, countMax: number): readonly string[] {
    const sql = "SELECT record FROM records WHERE node = ? AND record > ? ORDER BY record LIMIT ?";
    const rows = this.#run(sql).all(node, record, countMax);
    return (rows as unknown as { record: string }[]).map((row) => row.record);
  }

  /** What blocks above `block` overwrote, oldest value first seen: the way back to the state at `block`. */
  valuesAt(block: number): Map<SlotKey, Uint8Array | undefined> {
    const rows = this.#run("SELECT key, previous FROM undo WHERE block > ? ORDER BY block DESC").iterate(block);
    const values = new Map<SlotKey, Uint8Array | undefined>();
    // Newest first, so the oldest block's entry, which is the state at `block`, is written last.
    for (const row of rows as Iterable<{ key: Uint8Array; previous: Uint8Array | null }>) {
      values.set(slotKeyOf(row.key), row.previous ?? undefined);
    }
    return values;
  }

  /** The oldest block `rollback` can go back to. */
  oldestTarget(): number {
    return Number(this.meta("undoFrom") ?? Number.MAX_SAFE_INTEGER);
  }

  /** Applies blocks in one transaction and forgets how to undo those below `undoFrom`. */
  commit(changes: readonly BlockChange[], undoFrom: number): void {
    this.#transaction(() => {
      for (const change of changes) this.#apply(change);
      this.#run("DELETE FROM undo WHERE block <= ?").run(undoFrom);
      this.#run("DELETE FROM directory_undo WHERE block <= ?").run(undoFrom);
      this.#run("DELETE FROM blocks WHERE number < ? AND number < (SELECT max(number) FROM blocks)").run(undoFrom);
      this.setMeta("undoFrom", String(undoFrom));
    });
  }

  #apply(change: BlockChange): void {
    const put = this.#run("INSERT INTO slots VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value");
    const remove = this.#run("DELETE FROM slots WHERE key = ?");
    // In the order of their keys, rows that come to lie on one page are written one after the other.
    for (const key of [...change.writes.keys()].sort()) {
      const value = change.writes.get(key)!;
      const hashed = hashedSlotOf(key);
      if (isZero(value)) remove.run(hashed);
      else put.run(hashed, value);
    }
    const undo = this.#run("INSERT INTO undo VALUES (?, ?, ?)");
    for (const [key, value] of change.previous ?? []) undo.run(change.number, hashedSlotOf(key), value ?? null);
    const name = this.#run("INSERT INTO names VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
    for (const entry of byNode(change.names)) name.run(entry.node, entry.parent, entry.label);
    const record = this.#run("INSERT INTO records VALUES (?, ?) ON CONFLICT DO NOTHING");
    for (const entry of byNode(change.records)) record.run(entry.node, entry.record);
    if (change.directory !== undefined) {
      this.setMeta("directory", change.directory.after);
      this.#run("INSERT INTO directory_undo VALUES (?, ?)").run(change.number, change.directory.before);
    }
    const { header } = change;
    if (header === undefined) return;
    this.#run("INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING").run(
      header.number,
      header.hash,
      header.parentHash,
      header.stateRoot,
      header.timestamp,
      header.rlp,
    );
  }

  /** Goes back to `block`, which must be one that is held. Throws `ReorgTooDeepError`. */
  rollback(block: number): void {
    if (block < this.oldestTarget()) throw new ReorgTooDeepError(block, this.oldestTarget());
    this.#transaction(() => {
      const put = this.#run("INSERT INTO slots VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value");
      const remove = this.#run("DELETE FROM slots WHERE key = ?");
      for (const [key, value] of this.valuesAt(block)) {
        if (value === undefined) remove.run(hashedSlotOf(key));
        else put.run(hashedSlotOf(key), value);
      }
      const directory = this.#run("SELECT previous FROM directory_undo WHERE block > ? ORDER BY block LIMIT 1");
      const row = directory.get(block) as { previous: string } | undefined;
      if (row !== undefined) this.setMeta("directory", row.previous);
      this.#run("DELETE FROM undo WHERE block > ?").run(block);
      this.#run("DELETE FROM directory_undo WHERE block > ?").run(block);
      this.#run("DELETE FROM blocks WHERE number > ?").run(block);
    });
    assert(this.head()?.number === block, "a rollback ends at a block that is held");
  }

  /** Forgets everything but the identity: the way out of a copy that was never proven right. */
  clear(): void {
    const identity = this.meta("identity") ?? "";
    this.#transaction(() => {
      for (const table of TABLES) this.#database.exec(`DELETE FROM ${table}`);
      this.setMeta("identity", identity);
    });
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #run(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #transaction(work: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error instanceof BaseError ? error : new StoreError(this.#path, error);
    }
  }
}

/** Writes a copy of the store at `path`, as of its last transaction, to a new file. Throws `StoreError`. */
export function exportStore(path: string, file: string): void {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true });
    database.prepare("VACUUM INTO ?").run(file);
  } catch (error) {
    throw new StoreError(path, error);
  } finally {
    database?.close();
  }
}
