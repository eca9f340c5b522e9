/**
 * The seam for names whose records their owner signed: who is asked for a signed set, and how it is checked, belongs here. A path
 * has proven by then that the deployment's OffchainResolver is the name's resolver, who owns it and which epoch it is in.
 */
import type { ClientDeployment } from "./options.ts";
import type { ReadForeign } from "./paths/foreignNames.ts";
import type { ShardTargets } from "./paths/shardTargets.ts";

export interface SignedSetOptions {
  readonly deployment: ClientDeployment;
  readonly tld: string;
  /** Which four gateways hold a name's sets. */
  readonly shards: ShardTargets;
}

/**
 * The reader of signed sets; `undefined` where the deployment has no OffchainResolver. Without one, RPC providers run that
 * contract as they run any other, and without those the answer is `refused`.
 */
export function createSignedSetReader(_options: SignedSetOptions): ReadForeign | undefined {
  return undefined;
}
