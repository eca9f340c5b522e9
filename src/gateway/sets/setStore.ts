/**
 * Owner-signed record sets on disk, the newest of each name; of those in pieces the RRsets once more by owner, for DNS. Writes that come while the disk is busy share the next commit; each is
 * acknowledged only after its commit was written through, which nobody else has to wait for.
 */
import { closeSync, fdatasync, fdatasyncSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Hex } from "../../base/bytes.ts";

export interface StoredSet {
  readonly name: string;
  readonly sequence: bigint;
  /** The published document. */
  readonly text: string;
}

/** An RRset of a piece, as DNS looks for it. */
export interface StoredRRset {
  /** The owner's labels below the set's name, highest first, as DNS writes them: `b.a` for `a.b.shop.hold` in `shop.hold`. */
  readonly owner: string;
  readonly rrtype: number;
  /** Whole resource records in wire form. */
  readonly value: Uint8Array;
}

/** An RRset and the piece that it came with. */
export interface HeldRRset extends StoredRRset {
  readonly root: Hex;
}

interface Job {
  readonly run: () => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS sets (name TEXT PRIMARY KEY, sequence TEXT NOT NULL, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS pending (name TEXT PRIMARY KEY, sequence TEXT NOT NULL, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS pieces (name TEXT, root TEXT, body BLOB NOT NULL, PRIMARY KEY (name, root)) STRICT;
  CREATE TABLE IF NOT EXISTS rrsets (name TEXT, owner TEXT, rrtype INTEGER, root TEXT, value BLOB NOT NULL,
    PRIMARY KEY (name, owner, rrtype, root)) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS rrsets_of_piece ON rrsets (name, root);
`;
const SQL = {
  get: "SELECT sequence, text FROM sets WHERE name = ?",
  put: "INSERT INTO sets VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET sequence = excluded.sequence, text = excluded.text",
  list: "SELECT name, sequence FROM sets WHERE name > ? ORDER BY name LIMIT ?",
  pending: "SELECT sequence, text FROM pending WHERE name = ?",
  putPending:
    "INSERT INTO pending VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET sequence = excluded.sequence, text = excluded.text",
  dropPending: "DELETE FROM pending WHERE name = ?",
  piece: "SELECT body FROM pieces WHERE name = ? AND root = ?",
  putPiece: "INSERT INTO pieces VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
  roots: "SELECT root, length(body) AS byteCount FROM pieces WHERE name = ?",
  dropPiece: "DELETE FROM pieces WHERE name = ? AND root = ?",
  putRRset: "INSERT INTO rrsets VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  dropRRsets: "DELETE FROM rrsets WHERE name = ? AND root = ?",
  rrsetsAt: "SELECT owner, rrtype, root, value FROM rrsets WHERE name = ? AND owner = ?",
  // Descendants of `a` are from `a.` on and before `a/`: `/` comes right behind the dot.
  ownersBetween: "SELECT owner, root FROM rrsets WHERE name = ? AND owner >= ? AND owner < ? LIMIT ?",
  rrsetsAfter: `SELECT owner, rrtype, root, value FROM rrsets
    WHERE name = ? AND (owner, rrtype, root) > (?, ?, ?) ORDER BY owner, rrtype, root LIMIT ?`,
} as const;

/** The sets of one gateway. `path` may be `:memory:`. */
export class SetStore {
  readonly #database: DatabaseSync;
  readonly #statements: Readonly<Record<keyof typeof SQL, StatementSync>>;
  readonly #queued = new Map<string, StoredSet>();
  #jobs: Job[] = [];
  /** SQLite's log, which holds what is committed; `undefined` in memory. */
  readonly #log: number | undefined;
  #isSyncing = false;
  #isClosed = false;

  constructor(path: string) {
    if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true });
    this.#database = new DatabaseSync(path);
    // What is acknowledged survives a power cut, for there may be no other copy yet. FULL would write the log through in each commit and
    // stop the whole gateway meanwhile; with NORMAL the same is done here, off the main thread.
    this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    this.#database.exec(SCHEMA);
    // Reading makes sure that the log is there.
    this.#database.prepare("SELECT count(*) FROM sets").get();
    this.#log = path === ":memory:" ? undefined : openSync(`${path}-wal`, "r+");
    const prepared = Object.entries(SQL).map(([name, sql]) => [name, this.#database.prepare(sql)]);
    this.#statements = Object.fromEntries(prepared);
  }

  /** The newest set that was committed. */
  get(name: string): StoredSet | undefined {
    return this.#read("get", name);
  }

  /** The newest set, on its way to the disk or there: what a newer one is held against. */
  newest(name: string): StoredSet | undefined {
    return this.#queued.get(name) ?? this.get(name);
  }

  /** A head whose pieces have not all come. */
  pending(name: string): StoredSet | undefined {
    return this.#read("pending", name);
  }

  /** Resolves when the set is on disk. Pieces that are not in `roots`, and a head that waited for its own, are dropped. */
  async put(set: StoredSet, roots: readonly Hex[] = []): Promise<void> {
    const { name, sequence, text } = set;
    this.#queued.set(name, set);
    try {
      await this.#commit(() => {
        this.#statements.put.run(name, sequence.toString(), text);
        this.#statements.dropPending.run(name);
        const kept = new Set<string>(roots);
        for (const { root } of this.pieces(name)) {
          if (kept.has(root)) continue;
          this.#statements.dropPiece.run(name, root);
          this.#statements.dropRRsets.run(name, root);
        }
      });
    } finally {
      if (this.#queued.get(name) === set) this.#queued.delete(name);
    }
  }

  async putPending({ name, sequence, text }: StoredSet): Promise<void> {
    await this.#commit(() => this.#statements.putPending.run(name, sequence.toString(), text));
  }

  piece(name: string, root: Hex): Uint8Array | undefined {
    const row = this.#statements.piece.get(name, root) as { body: Uint8Array } | undefined;
    return row?.body;
  }

  /** Resolves when a piece is on disk, with the RRsets in it. */
  async putPiece(name: string, root: Hex, body: Uint8Array, rrsets: Iterable<StoredRRset> = []): Promise<void> {
    await this.#commit(() => {
      this.#statements.putPiece.run(name, root, body);
      for (const { owner, rrtype, value } of rrsets) this.#statements.putRRset.run(name, owner, rrtype, root, value);
    });
  }

  /** The RRsets at an owner, of all pieces held of a name: those of its set and of one to come. */
  rrsetsAt(name: string, owner: string): readonly HeldRRset[] {
    return this.#statements.rrsetsAt.all(name, owner) as unknown as HeldRRset[];
  }

  /** Owners below an owner, with their pieces. */
  ownersBelow(name: string, owner: string, countMax: number): readonly Pick<HeldRRset, "owner" | "root">[] {
    const rows = this.#statements.ownersBetween.all(name, `${owner}.`, `${owner}/`, countMax);
    return rows as unknown as Pick<HeldRRset, "owner" | "root">[];
  }

  /** RRsets of a name by owner, behind one of them. */
  rrsetsAfter(
    name: string,
    after: Pick<HeldRRset, "owner" | "rrtype" | "root"> | undefined,
    countMax: number,
  ): readonly HeldRRset[] {
    const { owner = "", rrtype = -1, root = "" } = after ?? {};
    return this.#statements.rrsetsAfter.all(name, owner, rrtype, root, countMax) as unknown as HeldRRset[];
  }

  /** The pieces held of a name, of its set and of one to come. */
  pieces(name: string): readonly { readonly root: Hex; readonly byteCount: number }[] {
    return this.#statements.roots.all(name) as unknown as { root: Hex; byteCount: number }[];
  }

  /** Names and sequences after `name`, by name. */
  list(name: string, countMax: number): readonly { readonly name: string; readonly sequence: string }[] {
    return this.#statements.list.all(name, countMax) as unknown as { name: string; sequence: string }[];
  }

  /** Commits what is queued, and writes it through. */
  close(): void {
    this.#isClosed = true;
    const jobs = this.#write();
    if (this.#log !== undefined) {
      fdatasyncSync(this.#log);
      closeSync(this.#log);
    }
    this.#database.close();
    for (const { resolve } of jobs) resolve();
  }

  #read(statement: "get" | "pending", name: string): StoredSet | undefined {
    const row = this.#statements[statement].get(name) as { sequence: string; text: string } | undefined;
    return row && { name, sequence: BigInt(row.sequence), text: row.text };
  }

  #commit(run: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ run, resolve, reject });
      if (this.#jobs.length === 1 && !this.#isSyncing) setImmediate(() => this.#flush());
    });
  }

  /** Commits what is queued and acknowledges it when it is on disk; what comes meanwhile is next. */
  #flush(): void {
    if (this.#isSyncing) return;
    const jobs = this.#write();
    if (jobs.length === 0) return;
    if (this.#log === undefined) {
      for (const { resolve } of jobs) resolve();
      return;
    }
    this.#isSyncing = true;
    fdatasync(this.#log, (error) => {
      this.#isSyncing = false;
      for (const { resolve, reject } of jobs) {
        // Closing the store has written everything through.
        if (error === null || this.#isClosed) resolve();
        else reject(error);
      }
      this.#flush();
    });
  }

  /** Runs what is queued in one transaction; returns what is committed and waits to be acknowledged. */
  #write(): readonly Job[] {
    const jobs = this.#jobs;
    this.#jobs = [];
    if (jobs.length === 0) return jobs;
    try {
      this.#database.exec("BEGIN");
      for (const { run } of jobs) run();
      this.#database.exec("COMMIT");
      return jobs;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      for (const { reject } of jobs) reject(error);
      return [];
    }
  }
}
