/** Owner-signed record sets of a whole gateway: what it holds of them, and how it shares them with a name's other gateways. */
import { join } from "node:path";
import type { Hex } from "../base/bytes.ts";
import type { Deployment } from "../chain/deployment.ts";
import type { GatewayConfig } from "./config.ts";
import type { Route } from "./http/handler.ts";
import { setRoutes } from "./http/setRoutes.ts";
import type { GatewayWorld } from "./run.ts";
import { createContractSignatures, type SignatureProviders } from "./sets/contractSignature.ts";
import { createReplication, type Replication } from "./sets/replication.ts";
import { SetStore } from "./sets/setStore.ts";
import { createSets, type SetsOptions } from "./sets/sets.ts";
import { createSignedZones, type SignedZones } from "./sets/signedZones.ts";

export interface RunningSets {
  readonly routes: readonly Route[];
  readonly replication: Replication;
  /** The sets as the DNS front reads them. */
  readonly signed: { readonly zones: SignedZones; readonly resolver: Hex };
  /** Asks the RPC providers of another configuration from now on. */
  follow(config: GatewayConfig): void;
  close(): void;
}

/** Opens a gateway's sets; `replication.start` begins to share them. */
export function openSets(
  config: GatewayConfig,
  deployment: Deployment,
  { log, fetch = globalThis.fetch }: GatewayWorld,
  parts: Pick<SetsOptions, "gateway" | "replica" | "clock">,
): RunningSets {
  const { chainId, contracts, tld } = deployment;
  const { registry, offchainResolver: resolver } = contracts;
  const { replica, clock, gateway } = parts;
  const { gatewayId, sets: quota } = config;
  const store = new SetStore(join(config.data, "sets.db"));
  let providers = providersOf(config);
  const isContractSignature = createContractSignatures({ providers: () => providers, clock, fetch });
  const domain = { chainId, resolver };
  const sets = createSets({ ...parts, store, domain, registry, tld, quota, isContractSignature });
  const { serves } = gateway;
  const replication = createReplication({ sets, store, replica, gatewayId, tld, clock, log, fetch, serves });
  const origin = () => replica.directory.gateways.get(gatewayId)?.httpUrl ?? "";
  const zones = createSignedZones({ sets, store, replica, clock });
  return {
    routes: setRoutes({ sets, store, replication, origin }),
    replication,
    signed: { zones, resolver },
    follow(next) {
      providers = providersOf(next);
    },
    close() {
      zones.close();
      store.close();
    },
  };
}

function providersOf({ rpc: urls, agreement, rpcDeadlineMs: deadlineMs }: GatewayConfig): SignatureProviders {
  return { urls, agreement: agreement ?? (urls.length >= 3 ? 2 : 1), deadlineMs };
}
