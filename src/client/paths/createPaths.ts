/** Sets up the paths that a client's options ask for. */
import { toHex } from "../../base/bytes.ts";
import type { Directory } from "../../directory/directory.ts";
import { createHeaderTrust } from "../../proof/headerTrust.ts";
import { recoverAddress } from "../../proof/recoverAddress.ts";
import { isOutwardUrl } from "../dropins/ccipUrl.ts";
import { createBlockGuard } from "../guard.ts";
import type { NameClientOptions } from "../options.ts";
import type { Shared } from "../run.ts";
import { createSignedSetReader } from "../signedSets.ts";
import { withAliases } from "./aliases.ts";
import { createChainPath } from "./chainPath.ts";
import { createDnsPath } from "./dnsPath.ts";
import { type ForeignReaders, withForeignNames } from "./foreignNames.ts";
import { createForeignResolver } from "./foreignResolver.ts";
import { createGatewaysPath } from "./gatewaysPath.ts";
import type { Path } from "./pathReply.ts";
import { createShardTargets } from "./shardTargets.ts";

/** The paths that `options` set up. */
export function createPaths(options: NameClientOptions, shared: Shared, directory: () => Directory): Path[] {
  const { deployment, paths, trust } = options;
  const { tld, chainId, contracts, codeHashes } = deployment;
  const guard = createBlockGuard(shared.clock, options.freshness);
  const seed = options.seed ?? toHex(shared.random.bytes(16));
  const shards = createShardTargets(directory, seed);
  const { offchainResolver } = contracts;
  const readSigned = createSignedSetReader({ deployment, tld, shards });
  const signed: ForeignReaders = {
    ...(offchainResolver === undefined ? {} : { offchainResolver }),
    ...(readSigned === undefined ? {} : { readSigned }),
  };
  const made: Path[] = [];
  if (paths.gateways !== undefined) {
    const domain = { chainId, directory: contracts.directory };
    const recover = options.recoverAddress ?? recoverAddress;
    const headers = createHeaderTrust({
      domain,
      quorum: trust?.attestationQuorum ?? 2,
      attesterOf: (gatewayId) => directory().gateways.get(gatewayId),
      recoverAddress: recover,
    });
    const pinned = { tld, registry: contracts.registry, codeHash: codeHashes.registry };
    const checks = { domain, pinned, headers, roots: new Map(), guard, recoverAddress: recover };
    const evidence = trust?.gateways ?? "proof";
    made.push(withForeignNames(createGatewaysPath({ tld, checks, shards, evidence }), signed));
  }
  if (paths.chain !== undefined) {
    const { rpcUrls, allowsUrl = isOutwardUrl } = paths.chain;
    const account = { address: contracts.registry, codeHash: codeHashes.registry };
    const quorum = Math.min(trust?.rpcQuorum ?? 2, rpcUrls.length);
    const runResolver = createForeignResolver({ rpcUrls, quorum, guard, allowsUrl });
    const { reverseRegistrar: keeper } = contracts;
    const keeperCode = codeHashes.reverseRegistrar;
    const reverse =
      keeper === undefined || keeperCode === undefined
        ? {}
        : { reverseAccount: { address: keeper, codeHash: keeperCode } };
    const chain = createChainPath({ tld, account, rpcUrls, quorum, guard, ...reverse });
    made.push(withForeignNames(chain, { ...signed, runResolver }));
  }
  const aliased = made.map((path) => withAliases(path, tld));
  return paths.dns === undefined ? aliased : [...aliased, createDnsPath(paths.dns)];
}
