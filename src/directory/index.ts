export {
  type Directory,
  type DirectoryGateway,
  EMPTY_DIRECTORY,
  type FormerSlotHolder,
  gatewaysOfShard,
  HANDOVER_SECONDS,
  isServing,
  shardOf,
} from "./directory.ts";
export { applyDirectoryEvent, type DirectoryEvent } from "./events.ts";
export { createShardHintLookup, type ShardHintLookup } from "./shardHintLookup.ts";
export {
  createShardHintTable,
  decodeShardHints,
  encodeShardHints,
  MalformedShardHintsError,
  type ShardHints,
  type ShardHintTable,
  shardHintsTag,
} from "./shardHints.ts";
export { type DirectorySnapshot, formatSnapshot, MalformedSnapshotError, parseSnapshot } from "./snapshot.ts";
