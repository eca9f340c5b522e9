/**
 * The shard hints that a gateway publishes, kept up with its copy: read once out of the store, in pages, then entry by entry as names
 * are registered.
 */
import { fromHex, type Hex } from "../base/bytes.ts";
import { type Clock, delay } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import {
  createShardHintTable,
  encodeShardHints,
  HINTED_INDEX_END,
  type ShardHints,
  shardHintsTag,
} from "../directory/shardHints.ts";
import { namehash } from "../naming/namehash.ts";
import { nameSlot, parseNameWord } from "../proof/layout.ts";
import type { Replica } from "../replica/replica.ts";

/** A table in its binary form, and its entity tag. */
export interface PublishedHints {
  readonly encoded: Uint8Array;
  readonly tag: string;
}

export interface FollowedHints {
  /** The table as it is now; the same object until it changes. */
  readonly published: () => PublishedHints;
  /** When every name of the store is in the table, or it was closed before, or the store failed. Never rejects. */
  readonly whenComplete: Promise<void>;
  readonly close: () => void;
}

export interface FollowHintsOptions {
  readonly replica: Pick<Replica, "onChange" | "read" | "store">;
  readonly tld: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Names looked at between two turns of the event loop: a few milliseconds. */
const PAGE_NAMES = 1_000;

/** Starts a table over a replica. */
export function followShardHints({ replica, tld, clock, log }: FollowHintsOptions): FollowedHints {
  let table = createShardHintTable();
  let known: { readonly of: ShardHints; readonly made: PublishedHints } | undefined;
  let isClosed = false;
  const tldNode = namehash(tld);
  const note = (node: Hex) => {
    const { isLeased, index } = parseNameWord(replica.read(fromHex(nameSlot(node))));
    // Leases elsewhere than directly under the TLD have numbers from the upper half.
    if (isLeased && index < HINTED_INDEX_END) table.note(node, index);
  };
  const readStore = async () => {
    for (let label = ""; !isClosed; ) {
      const page = replica.store.childrenAfter(tldNode, label, PAGE_NAMES);
      for (const { node } of page) note(node);
      if (page.length < PAGE_NAMES) return;
      label = page.at(-1)!.label;
      await delay(clock, 0);
    }
  };
  const stop = replica.onChange(({ head, touched }) => {
    if (head === undefined) table = createShardHintTable();
    // What a reorganisation undid stays in the table until its index is handed out again; no harm is done.
    else if (touched !== "all") for (const node of touched) note(node);
  });
  return {
    published() {
      const hints = table.hints();
      if (known?.of === hints) return known.made;
      const encoded = encodeShardHints(hints);
      known = { of: hints, made: { encoded, tag: shardHintsTag(encoded) } };
      return known.made;
    },
    whenComplete: readStore().catch((error: unknown) => {
      log.warn("shard hints are missing", { reason: messageOf(error) });
    }),
    close() {
      isClosed = true;
      stop();
    },
  };
}
