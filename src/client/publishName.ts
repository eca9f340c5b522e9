/** What publishing a name's set takes from the chain and from its gateways, and the two steps in one. */
import { fromHex, type Hex } from "../base/bytes.ts";
import { type Clock, nowSeconds, systemClock } from "../base/clock.ts";
import { BaseError } from "../base/errors.ts";
import { gatewaysOfShard, shardOf } from "../directory/directory.ts";
import { registeredNameOf } from "../naming/name.ts";
import { namehash } from "../naming/namehash.ts";
import { parseNameWord } from "../proof/layout.ts";
import { decodeAuthority } from "../protocol/offchainAuthority.ts";
import type { SetRecord } from "../protocol/offchainRecords.ts";
import type { RecordSetDomain } from "../protocol/offchainSet.ts";
import type { HeldSet } from "../protocol/setFile.ts";
import { newestSequence } from "./exportSet.ts";
import type { NameClient } from "./nameClient.ts";
import type { RecoverAddress } from "./paths/gatewayAnswer.ts";
import { type PublishResult, publishSet, type SetSigner, signSet } from "./publish.ts";
import type { ClientTransport } from "./transport.ts";
import { requireValue } from "./verbs.ts";

/** The name is not registered, so nobody may sign for it. */
export class UnregisteredNameError extends BaseError {
  override readonly name = "Client.UnregisteredNameError";
  constructor(name: string) {
    super("CLIENT_UNREGISTERED_NAME", `${name} is not registered.`);
  }
}

/** The signer is not one of those whose sets count for the name. */
export class UnauthorizedSignerError extends BaseError {
  override readonly name = "Client.UnauthorizedSignerError";
  constructor(name: string, signer: Hex, owner: Hex) {
    super("CLIENT_UNAUTHORIZED_SIGNER", `${signer} may not write the records of ${name}.`, {
      metaMessages: [`Its owner is ${owner}, who can sign or let another account write its records.`],
    });
  }
}

export interface PublishingState {
  readonly owner: Hex;
  readonly epoch: bigint;
  readonly minSequence: bigint;
  /** Whether the name's resolver is the OffchainResolver, so that sets are read at all. */
  readonly isOffchain: boolean;
  /** The name's gateways. */
  readonly urls: readonly string[];
}

/** The HTTP endpoints of a name's gateways, by the directory in use and a shard index; none without a directory. */
export function gatewayUrlsOf(client: NameClient, name: string, shardIndex: number | null): readonly string[] {
  const directory = client.directory();
  if (directory === undefined) return [];
  const node = namehash(registeredNameOf(name, client.tld) ?? name);
  const gateways = gatewaysOfShard(directory, shardOf(directory, node, shardIndex));
  return [...new Set(gateways.flatMap((gateway) => (gateway === undefined ? [] : [gateway.httpUrl])))];
}

/**
 * What has to be known of a name before a set of it can be signed, proven as the client's options ask for. Throws
 * `UnregisteredNameError`, `UnauthorizedSignerError`, and `UnavailableError` where nobody could say.
 */
export async function readPublishingState(client: NameClient, name: string, signer: Hex): Promise<PublishingState> {
  const account = signer.toLowerCase() as Hex;
  const registration = await client.resolve(name, { kind: "registration" }, { cache: "bypass" });
  const word = requireValue(registration);
  if (word === null) throw new UnregisteredNameError(name);
  const urls = gatewayUrlsOf(client, name, registration.status?.shardIndex ?? null);
  const told = requireValue(await client.resolve(name, { kind: "authority", account }, { cache: "bypass" }));
  const { owner, epoch } = parseNameWord(fromHex(word));
  if (told === null) return { owner, epoch, minSequence: 0n, isOffchain: false, urls };
  const authority = decodeAuthority(told);
  if (authority.node === namehash(name) && !authority.mayWrite && account !== owner) {
    throw new UnauthorizedSignerError(name, account, owner);
  }
  return { owner, epoch, minSequence: authority.minSequence, isOffchain: true, urls };
}

export declare namespace publish {
  interface Parameters {
    readonly name: string;
    readonly records: readonly SetRecord[];
    readonly signer: SetSigner;
    /** How long the set counts, in seconds. */
    readonly validForSeconds: number;
    /** Higher than that of every set before; by default one more than the newest that the gateways hold. */
    readonly sequence?: bigint;
    /** The owner of the name where that is a contract whose signature `signer` makes (ERC-1271). */
    readonly as?: Hex;
  }
  interface Options {
    readonly domain: RecordSetDomain;
    readonly transport: ClientTransport;
    readonly recoverAddress: RecoverAddress;
    readonly clock?: Clock;
    readonly onProgress?: (done: number, total: number) => void;
  }
  interface ReturnType extends PublishResult {
    readonly held: HeldSet;
    /** Whether the name's resolver is the OffchainResolver yet. */
    readonly isOffchain: boolean;
    readonly validUntil: number;
  }
}

/**
 * Signs a set of records for a name and brings it to the name's gateways. Throws what `readPublishingState` and `publishSet` do.
 *
 * @example
 * ```ts
 * await publish(client, { name: "shop.hold", records, signer: privateKeyToAccount(key), validForSeconds: 90 * 86_400 }, options);
 * ```
 */
export async function publish(
  client: NameClient,
  parameters: publish.Parameters,
  options: publish.Options,
): Promise<publish.ReturnType> {
  const { name, records, signer, validForSeconds } = parameters;
  const { clock = systemClock } = options;
  const state = await readPublishingState(client, name, parameters.as ?? signer.address);
  const { epoch, minSequence, urls, isOffchain } = state;
  const held = parameters.sequence ?? (await newestSequence(name, { ...options, urls })) + 1n;
  const validFrom = nowSeconds(clock);
  const validUntil = validFrom + validForSeconds;
  const sequence = held > minSequence ? held : minSequence;
  const signed = await signSet({
    name,
    records,
    signer,
    epoch,
    sequence,
    validFrom,
    validUntil,
    domain: options.domain,
    ...(parameters.as === undefined ? {} : { as: parameters.as }),
  });
  const result = await publishSet(signed, { ...options, urls });
  return { ...result, held: signed, isOffchain, validUntil };
}
