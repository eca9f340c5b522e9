/** Logs of the two contracts as events. Events that change nothing in the copy are left out. */
import { type AbiEvent, decodeEventLog, toEventSelector } from "viem";
import type { Hex } from "../base/bytes.ts";
import { directoryEvents, registryEvents } from "../chain/followedEvents.ts";
import type { DirectoryEvent } from "../directory/events.ts";
import type { DecodedLog, DecodeLog } from "./draft.ts";
import type { RegistryEvent } from "./mirror/events.ts";

function bySelector(events: readonly AbiEvent[]): ReadonlyMap<string, AbiEvent> {
  return new Map(events.map((event) => [toEventSelector(event), event] as const));
}

const REGISTRY = bySelector(registryEvents);
const DIRECTORY = bySelector(directoryEvents);

/** A decoder of the logs of one registry and one directory. */
export function createLogDecoder(contracts: { readonly registry: Hex; readonly directory: Hex }): DecodeLog {
  const registry = contracts.registry.toLowerCase();
  const directory = contracts.directory.toLowerCase();
  return (log): DecodedLog | undefined => {
    const events = log.address === registry ? REGISTRY : log.address === directory ? DIRECTORY : undefined;
    const item = events?.get(log.topics[0] ?? "");
    if (item === undefined) return undefined;
    const topics = log.topics as [Hex, ...Hex[]];
    const decoded: unknown = decodeEventLog({ abi: [item], topics, data: log.data });
    return log.address === registry
      ? { contract: "registry", event: decoded as RegistryEvent }
      : { contract: "directory", event: decoded as DirectoryEvent };
  };
}
