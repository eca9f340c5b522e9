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
export { type DirectorySnapshot, formatSnapshot, MalformedSnapshotError, parseSnapshot } from "./snapshot.ts";
