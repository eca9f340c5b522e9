/** The client, key and options that `publish` and `export` share. */
import { privateKeyToAccount } from "viem/accounts";
import type { Hex } from "../../base/bytes.ts";
import { deployKey } from "../../chain/deployer.ts";
import { createNodeNameClient } from "../../client/nodeClient.ts";
import { nodeTransport } from "../../client/nodeTransport.ts";
import { readProfile } from "../../client/profile.ts";
import { recoverAddressFast } from "../../proof/recoverAddressFast.ts";
import type { RecordSetDomain } from "../../protocol/offchainSet.ts";
import { UsageError } from "../command.ts";

/** Reads a client profile for names whose records are signed. */
export async function openOffchainClient(profilePath: string) {
  const profile = await readProfile(profilePath);
  const { chainId, contracts } = profile.deployment;
  const { offchainResolver: resolver } = contracts;
  if (resolver === undefined) throw new UsageError("The deployment has no OffchainResolver.");
  const domain: RecordSetDomain = { chainId, resolver };
  const client = createNodeNameClient({ ...profile, cache: false });
  if (client.directory() === undefined) {
    throw new UsageError("The client profile has no directory, so the name's gateways are not known.");
  }
  return { client, options: { domain, transport: nodeTransport, recoverAddress: recoverAddressFast } };
}

/** The account that signs, of the key in the environment. The key itself is shown nowhere. */
export function signerFromEnvironment(environment: Readonly<Record<string, string | undefined>>) {
  const key = deployKey(environment.HOLDFAST_KEY);
  if (key === undefined) throw new UsageError("There is no key to sign with; HOLDFAST_KEY holds the owner's.");
  return privateKeyToAccount(key);
}

/** An address among the options. */
export function parseAccount(text: string): Hex {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) throw new UsageError(`"${text}" is no address.`);
  return text.toLowerCase() as Hex;
}
