/** Logs of the two contracts as events. Events that change nothing in the copy are left out. */
import type { Hex } from "../base/bytes.ts";
import { createEventDecoder } from "../chain/eventDecoder.ts";
import { bytesTopics, directoryEvents, registryEvents } from "../chain/followedEvents.ts";
import type { DirectoryEvent } from "../directory/events.ts";
import type { DecodeLog } from "./draft.ts";
import type { RegistryEvent } from "./mirror/events.ts";

const decodeRegistry = createEventDecoder(registryEvents);
const decodeDirectory = createEventDecoder(directoryEvents);

/** A decoder of the logs of one registry and one directory. */
export function createLogDecoder(contracts: { readonly registry: Hex; readonly directory: Hex }): DecodeLog {
  const registry = contracts.registry.toLowerCase();
  const directory = contracts.directory.toLowerCase();
  return (log) => {
    if (log.address === registry) {
      const [topic = "0x", ...others] = log.topics;
      const event = decodeRegistry([bytesTopics.get(topic) ?? topic, ...others], log.data);
      return event === undefined ? undefined : { contract: "registry", event: event as unknown as RegistryEvent };
    }
    if (log.address !== directory) return undefined;
    const event = decodeDirectory(log.topics, log.data);
    return event === undefined ? undefined : { contract: "directory", event: event as unknown as DirectoryEvent };
  };
}
