/** Sets up the paths that a client's options ask for. */
import { type Hex, toHex } from "../../base/bytes.ts";
import type { Directory } from "../../directory/directory.ts";
import type { ShardHintLookup } from "../../directory/shardHintLookup.ts";
import { createHeaderTrust } from "../../proof/headerTrust.ts";
import { recoverAddress } from "../../proof/recoverAddress.ts";
import { isOutwardUrl } from "../dropins/ccipUrl.ts";
import { type BlockGuard, createBlockGuard } from "../guard.ts";
import type { LightClient } from "../lightClient.ts";
import type { ClientDeployment, NameClientOptions } from "../options.ts";
import type { Shared } from "../run.ts";
import { createSignedSetReader } from "../signedSets.ts";
import { withAliases } from "./aliases.ts";
import type { ChainHeadOptions } from "./chainHead.ts";
import { createChainPath } from "./chainPath.ts";
import { contractSignatures } from "./contractSignatures.ts";
import { createDnsPath } from "./dnsPath.ts";
import { type ForeignReaders, type ReadForeign, withForeignNames } from "./foreignNames.ts";
import { createForeignResolver } from "./foreignResolver.ts";
import { createGatewaysPath } from "./gatewaysPath.ts";
import type { Path } from "./pathReply.ts";
import type { ContractAccount } from "./rpcSlots.ts";
import { createShardTargets, type ShardTargets } from "./shardTargets.ts";

/** What the paths of one client share. */
interface Common {
  readonly options: NameClientOptions;
  readonly guard: BlockGuard;
  readonly shards: ShardTargets;
  readonly directory: () => Directory;
  /** The readers of names whose resolver is another contract, as far as every path has them. */
  readonly foreign: ForeignReaders;
  readonly lightClient: { readonly lightClient?: LightClient };
}

function gatewaysPathOf({ options, guard, shards, directory, foreign, lightClient }: Common): Path {
  const { trust, deployment } = options;
  const { tld, chainId, contracts, codeHashes } = deployment;
  const keeper = keeperOf(deployment);
  const domain = { chainId, directory: contracts.directory };
  const recover = options.recoverAddress ?? recoverAddress;
  const headers = createHeaderTrust({
    domain,
    // A light client vouches for a header alone.
    quorum: trust?.lightClient === undefined ? (trust?.attestationQuorum ?? 2) : 1,
    attesterOf: (gatewayId) => directory().gateways.get(gatewayId),
    recoverAddress: recover,
  });
  const pinned = { tld, registry: contracts.registry, codeHash: codeHashes.registry };
  const reverse = keeper === undefined ? {} : { keeper: { pinned: keeper, roots: new Map() } };
  const checks = {
    domain,
    pinned,
    headers,
    roots: new Map(),
    ...reverse,
    guard,
    recoverAddress: recover,
    ...lightClient,
  };
  const evidence = trust?.gateways ?? "proof";
  return withForeignNames(createGatewaysPath({ tld, checks, shards, evidence }), foreign);
}

/** Which blocks count, and who is asked about them. */
function chainHeadOf(
  { options, guard, lightClient }: Common,
  { rpcUrls }: NonNullable<NameClientOptions["paths"]["chain"]>,
): ChainHeadOptions {
  return { rpcUrls, quorum: Math.min(options.trust?.rpcQuorum ?? 2, rpcUrls.length), guard, ...lightClient };
}

function chainPathOf({ options, foreign, shards }: Common, head: ChainHeadOptions): Path {
  const { trust, deployment, paths } = options;
  const { tld, contracts, codeHashes } = deployment;
  const account = { address: contracts.registry, codeHash: codeHashes.registry };
  const keeper = keeperOf(deployment);
  const reverse = keeper === undefined ? {} : { reverseAccount: keeper };
  const path = createChainPath({ ...head, tld, account, indices: shards, ...reverse });
  const runResolver = createForeignResolver({ ...head, allowsUrl: paths.chain?.allowsUrl ?? isOutwardUrl });
  return withForeignNames(path, trust?.agreement === "refused" ? foreign : { ...foreign, runResolver });
}

/** The contract that keeps primary names, where the deployment tells of it and its code. */
function keeperOf({ contracts, codeHashes }: ClientDeployment): ContractAccount | undefined {
  const [address, codeHash] = [contracts.reverseRegistrar, codeHashes.reverseRegistrar];
  return address === undefined || codeHash === undefined ? undefined : { address, codeHash };
}

/** Reads sets that owners signed; contracts' signatures where there are RPC providers to run the contracts. */
function signedSetReaderOf(options: NameClientOptions, shards: ShardTargets, resolver: Hex): ReadForeign {
  const { deployment, paths, trust, signedSets = {} } = options;
  const { chainId, tld } = deployment;
  const { rpcUrls = [] } = paths.chain ?? {};
  const quorum = Math.min(trust?.rpcQuorum ?? 2, rpcUrls.length);
  const recover = options.recoverAddress ?? recoverAddress;
  const isContractSignature = rpcUrls.length === 0 ? {} : { isContractSignature: contractSignatures(rpcUrls, quorum) };
  const domain = { chainId, resolver };
  return createSignedSetReader({ domain, tld, shards, recoverAddress: recover, ...signedSets, ...isContractSignature });
}

/** The paths of a client, and which blocks count for it where it has RPC providers. */
export interface MadePaths {
  readonly paths: readonly Path[];
  readonly head: ChainHeadOptions | undefined;
}

/** What a client knows of the fleet, as of now. */
export interface Fleet {
  readonly directory: () => Directory;
  readonly hintsOf: ShardHintLookup;
}

/** The paths that `options` set up. */
export function createPaths(options: NameClientOptions, shared: Shared, { directory, hintsOf }: Fleet): MadePaths {
  const { deployment, paths, trust } = options;
  const { tld, contracts } = deployment;
  const seed = options.seed ?? toHex(shared.random.bytes(16));
  const shards = createShardTargets({ directory, hintsOf, seed });
  const { offchainResolver } = contracts;
  const common: Common = {
    options,
    guard: createBlockGuard(shared.clock, options.freshness),
    shards,
    directory,
    foreign: {
      ...(offchainResolver === undefined
        ? {}
        : { offchainResolver, readSigned: signedSetReaderOf(options, shards, offchainResolver) }),
    },
    lightClient: trust?.lightClient === undefined ? {} : { lightClient: trust.lightClient },
  };
  const head = paths.chain === undefined ? undefined : chainHeadOf(common, paths.chain);
  const verified = [
    ...(paths.gateways === undefined ? [] : [gatewaysPathOf(common)]),
    ...(head === undefined ? [] : [chainPathOf(common, head)]),
  ];
  const aliased = verified.map((path) => withAliases(path, tld));
  return { paths: paths.dns === undefined ? aliased : [...aliased, createDnsPath(paths.dns)], head };
}
