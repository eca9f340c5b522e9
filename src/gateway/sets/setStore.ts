/** Owner-signed record sets on disk, the newest of each name. A set is acknowledged only after it was written through. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

export interface StoredSet {
  readonly name: string;
  readonly sequence: bigint;
  /** The published document. */
  readonly text: string;
}

/** The sets of one gateway. `path` may be `:memory:`. */
export class SetStore {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true });
    this.#database = new DatabaseSync(path);
    // FULL: what is acknowledged survives a power cut, for there may be no other copy yet.
    this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    this.#database.exec(
      "CREATE TABLE IF NOT EXISTS sets (name TEXT PRIMARY KEY, sequence TEXT NOT NULL, text TEXT NOT NULL) STRICT, WITHOUT ROWID",
    );
  }

  get(name: string): StoredSet | undefined {
    const row = this.#database.prepare("SELECT sequence, text FROM sets WHERE name = ?").get(name);
    if (row === undefined) return undefined;
    const { sequence, text } = row as { sequence: string; text: string };
    return { name, sequence: BigInt(sequence), text };
  }

  put({ name, sequence, text }: StoredSet): void {
    const sql =
      "INSERT INTO sets VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET sequence = excluded.sequence, text = excluded.text";
    this.#database.prepare(sql).run(name, sequence.toString(), text);
  }

  /** Names and sequences after `name`, by name. */
  list(name: string, countMax: number): readonly { readonly name: string; readonly sequence: string }[] {
    const sql = "SELECT name, sequence FROM sets WHERE name > ? ORDER BY name LIMIT ?";
    return this.#database.prepare(sql).all(name, countMax) as unknown as { name: string; sequence: string }[];
  }

  close(): void {
    this.#database.close();
  }
}
