/** What the logs of some blocks change, worked out against a state that stays as it is until the store has it. */
import type { Hex } from "../base/bytes.ts";
import { keccak256 } from "../base/keccak.ts";
import type { Directory } from "../directory/directory.ts";
import { applyDirectoryEvent, type DirectoryEvent } from "../directory/events.ts";
import type { Node } from "../naming/namehash.ts";
import { formatDirectory } from "./directoryText.ts";
import type { RegistryEvent } from "./mirror/events.ts";
import { applyRegistryEvent, type Mirror } from "./mirror/registryMirror.ts";
import { applyReverseEvent, type ReverseEvent } from "./mirror/reverseMirror.ts";
import type { BlockHeader, ChainLog } from "./source/chainSource.ts";
import type { SlotState } from "./state.ts";
import { type BlockChange, type SlotKey, slotKeyOf } from "./store/store.ts";

/** Which contracts' logs are read, and under which name their TLD goes. */
export interface Contracts {
  readonly registry: Hex;
  readonly directory: Hex;
  readonly tldNode: Node;
}

/** A log as an event of one of the contracts followed. */
export type DecodedLog =
  | { readonly contract: "registry"; readonly event: RegistryEvent }
  | { readonly contract: "directory"; readonly event: DirectoryEvent }
  | { readonly contract: "reverse"; readonly event: ReverseEvent };

/** `undefined` for events that change nothing. */
export type DecodeLog = (log: ChainLog) => DecodedLog | undefined;

/** The changes of a run of blocks, and what the state will be after them. */
export interface Draft {
  readonly changes: readonly BlockChange[];
  readonly writes: ReadonlyMap<SlotKey, Uint8Array>;
  readonly directory: Directory;
  readonly touched: ReadonlySet<Node>;
  readonly eventCount: number;
}

export interface DraftParameters {
  readonly state: SlotState;
  readonly directory: Directory;
  readonly contracts: Contracts;
  readonly decode: DecodeLog;
  readonly logs: readonly ChainLog[];
  /** The last block of the run. */
  readonly last: BlockHeader;
  /** Every block's header, for blocks that a reorganisation may undo; left out for old ones, which become one change. */
  readonly headers?: readonly BlockHeader[];
  /** Whether to note what is overwritten. */
  readonly isUndoable: boolean;
}

interface OpenChange {
  readonly header: BlockHeader;
  readonly writes: Map<SlotKey, Uint8Array>;
  readonly previous: Map<SlotKey, Uint8Array | undefined>;
  readonly mirror: Mirror;
  readonly directoryBefore: Directory;
}

const ZERO = new Uint8Array(32);

/** Works out what the logs of a run of blocks change. */
export function draftBlocks(parameters: DraftParameters): Draft {
  const { state, contracts, logs, last, headers, isUndoable } = parameters;
  const pending = new Map<SlotKey, Uint8Array>();
  const touched = new Set<Node>();
  let directory = parameters.directory;
  let eventCount = 0;
  const changes: BlockChange[] = [];
  const read = (key: SlotKey) => pending.get(key) ?? state.valueOf(key) ?? ZERO;

  const open = (header: BlockHeader): OpenChange => {
    const writes = headers === undefined ? pending : new Map<SlotKey, Uint8Array>();
    const previous = new Map<SlotKey, Uint8Array | undefined>();
    const storage = {
      get: (slot: Uint8Array) => read(slotKeyOf(keccak256(slot))),
      set: (slot: Uint8Array, value: Uint8Array) => {
        const key = slotKeyOf(keccak256(slot));
        if (isUndoable && !previous.has(key)) previous.set(key, nonZero(read(key)));
        state.hold(key);
        pending.set(key, value);
        if (writes !== pending) writes.set(key, value);
      },
    };
    const { registry, tldNode } = contracts;
    const mirror: Mirror = { storage, registry, tldNode, names: [], records: [], touched };
    return { header, writes, previous, mirror, directoryBefore: directory };
  };
  const close = (change: OpenChange) => {
    const { header, writes, previous, mirror, directoryBefore } = change;
    changes.push({
      number: header.number,
      header,
      writes,
      ...(isUndoable ? { previous } : {}),
      names: mirror.names,
      records: mirror.records,
      ...(directory === directoryBefore
        ? {}
        : { directory: { after: formatDirectory(directory), before: formatDirectory(directoryBefore) } }),
    });
  };

  let at = 0;
  for (const header of headers ?? [last]) {
    const change = open(header);
    for (; at < logs.length && logs[at]!.blockNumber <= header.number; at += 1) {
      const log = logs[at]!;
      const decoded = parameters.decode(log);
      if (decoded === undefined) continue;
      eventCount += 1;
      if (decoded.contract === "directory") {
        // Old blocks' times are not known; whoever was moved out then has long stopped serving.
        const atSeconds = headers === undefined ? 0 : header.timestamp;
        directory = applyDirectoryEvent(directory, decoded.event, atSeconds);
        continue;
      }
      if (decoded.contract === "reverse") applyReverseEvent(change.mirror.storage, decoded.event);
      else applyRegistryEvent(change.mirror, decoded.event);
    }
    close(change);
  }
  return { changes, writes: pending, directory, touched, eventCount };
}

function nonZero(value: Uint8Array): Uint8Array | undefined {
  return value.every((byte) => byte === 0) ? undefined : value;
}
