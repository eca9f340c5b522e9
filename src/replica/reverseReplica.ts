/** A replica of the contract that keeps primary names: the same follower, over another contract's events. */
import type { Hex } from "../base/bytes.ts";
import { createEventDecoder } from "../chain/eventDecoder.ts";
import { bytesTopics, reverseEvents } from "../chain/followedEvents.ts";
import { ROOT_NODE } from "../naming/namehash.ts";
import type { DecodeLog } from "./draft.ts";
import type { ReverseEvent } from "./mirror/reverseMirror.ts";
import { Replica } from "./replica.ts";
import type { ReplicaOptions } from "./replicaOptions.ts";

const decodeReverse = createEventDecoder(reverseEvents);

/** A decoder of the logs of one ReverseRegistrar. */
export function createReverseDecoder(address: Hex): DecodeLog {
  const registrar = address.toLowerCase();
  return (log) => {
    if (log.address !== registrar) return undefined;
    const [topic = "0x", ...others] = log.topics;
    const event = decodeReverse([bytesTopics.get(topic) ?? topic, ...others], log.data);
    return event === undefined ? undefined : { contract: "reverse", event: event as unknown as ReverseEvent };
  };
}

export interface ReverseReplicaOptions extends Omit<ReplicaOptions, "decode" | "contracts"> {
  /** The ReverseRegistrar. */
  readonly address: Hex;
}

/** A replica whose slots are the ReverseRegistrar's; it has neither names nor a directory. `codeHash` is that contract's. */
export function createReverseReplica({ address, ...options }: ReverseReplicaOptions): Replica {
  const contracts = { registry: address, directory: address, tldNode: ROOT_NODE };
  return new Replica({ ...options, contracts, decode: createReverseDecoder(address) });
}
