/**
 * The store's tables. `slots` is the contract's storage at the head, keyed by keccak256(slot), so that a scan in key order is
 * the trie's own order; `undo` holds what the last blocks overwrote; everything else can be seen to follow from events.
 */

/** Moves up with every change of the tables. A store of another version is refused, never converted by guesswork. */
export const SCHEMA_VERSION = 1;

export const SCHEMA = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE slots (key BLOB PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE blocks (
    number INTEGER PRIMARY KEY, hash TEXT NOT NULL, parent_hash TEXT NOT NULL, state_root TEXT NOT NULL,
    timestamp INTEGER NOT NULL, rlp BLOB NOT NULL
  ) STRICT;
  CREATE TABLE undo (block INTEGER NOT NULL, key BLOB NOT NULL, previous BLOB, PRIMARY KEY (block, key)) STRICT, WITHOUT ROWID;
  CREATE TABLE directory_undo (block INTEGER PRIMARY KEY, previous TEXT NOT NULL) STRICT;
  CREATE TABLE names (node TEXT PRIMARY KEY, parent TEXT NOT NULL, label TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX names_by_parent ON names (parent, label);
  CREATE TABLE records (node TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (node, record)) STRICT, WITHOUT ROWID;
`;

export const TABLES = ["meta", "slots", "blocks", "undo", "directory_undo", "names", "records"];
