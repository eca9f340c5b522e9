/** Stock clients, the same with the drop-ins, and the name client, against gateways of which 0 to 3 are bad. */
import { getTextRecord } from "@ensdomains/ensjs/public";
import { type EnsPlugin as EthersEnsPlugin, ethers } from "ethers";
import { createPublicClient, type Hex, http } from "viem";
import { foundry } from "viem/chains";
import { delay, systemClock } from "../../../src/base/clock.ts";
import { withHoldfast } from "../../../src/client/dropins/ethers.ts";
import { rankSignedRecords, verifySignedRecords } from "../../../src/client/dropins/verifySignedRecords.ts";
import { ccipReadOption } from "../../../src/client/dropins/viem.ts";
import { nodeTransport } from "../../../src/client/nodeTransport.ts";
import { getText } from "../../../src/client/verbs.ts";
import type { Conduct, OffchainWorld } from "../../../test/support/offchain/world.ts";

const NAME = "shop.hold";
const KEY = "url";

/** Asks once, from a cold start; resolves to the value, `null`, or rejects. */
type Ask = () => Promise<string | null>;

export interface Cell {
  readonly client: string;
  readonly conduct: Conduct;
  readonly badCount: number;
  readonly ms: number;
  /** `right`, `old`, `none` (told that there is no record), `failed`, or `no answer` within the time given. */
  readonly ending: "right" | "old" | "none" | "failed" | "no answer";
}

function checked(world: OffchainWorld) {
  const { offchainResolver } = world.deployment.contracts;
  const call = async (to: Hex, data: Hex): Promise<Hex> => {
    const result = await world.owner.call({ to, data });
    return result.data ?? "0x";
  };
  return {
    transport: nodeTransport,
    verify: verifySignedRecords({ resolver: offchainResolver, call }),
    ranking: rankSignedRecords(),
    allowsUrl: () => true,
  };
}

/** The clients, by name. */
export function clientsOf(world: OffchainWorld): Readonly<Record<string, () => { ask: Ask; end?: () => void }>> {
  const { universalResolver, registry } = world.deployment.contracts;
  const chain = {
    ...foundry,
    contracts: { ensUniversalResolver: { address: universalResolver } },
    subgraphs: { ens: { url: "http://127.0.0.1:1" } },
  };
  const viem = (more: object = {}) =>
    createPublicClient({ transport: http(world.node.url, { retryCount: 0 }), chain, ...more });
  const ensure = (Provider: typeof ethers.JsonRpcProvider) => {
    const network = new ethers.Network("local", 31337);
    network.attachPlugin(new ethers.EnsPlugin(registry, 31337) as EthersEnsPlugin);
    const provider = new Provider(world.node.url, network, { staticNetwork: network });
    const ask = async () => {
      const resolver = await provider.getResolver(NAME);
      return resolver === null ? null : await resolver.getText(KEY);
    };
    return { ask, end: () => provider.destroy() };
  };
  return {
    viem: () => ({ ask: () => viem().getEnsText({ name: NAME, key: KEY, strict: true }) }),
    ensjs: () => ({ ask: () => getTextRecord(viem() as never, { name: NAME, key: KEY }) }),
    ethers: () => ensure(ethers.JsonRpcProvider),
    "viem + hook": () => {
      const client = viem({ ccipRead: ccipReadOption(checked(world)) });
      return { ask: () => client.getEnsText({ name: NAME, key: KEY, strict: true }) };
    },
    "ensjs + hook": () => {
      const client = viem({ ccipRead: ccipReadOption(checked(world)) });
      return { ask: () => getTextRecord(client as never, { name: NAME, key: KEY }) };
    },
    "ethers + hook": () => ensure(withHoldfast(ethers.JsonRpcProvider, { ccipRead: checked(world) })),
    "our client": () => {
      const client = world.client();
      return { ask: () => getText(client, NAME, KEY) };
    },
  };
}

/** One cell of the table; `expected` and `old` are the values of the newest and of the former set. */
export async function measureCell(
  world: OffchainWorld,
  client: string,
  conduct: Conduct,
  badCount: number,
  patienceMs: number,
  values: { readonly expected: string; readonly old: string },
): Promise<Cell> {
  world.fronts.forEach((front, index) => {
    front.conduct = index < badCount ? conduct : "good";
  });
  const { ask, end } = clientsOf(world)[client]!();
  const startMs = systemClock.monotonicMs();
  const controller = new AbortController();
  const late = delay(systemClock, patienceMs, controller.signal).then(
    () => "no answer" as const,
    () => "no answer" as const,
  );
  const told = ask().then(
    (value) =>
      value === values.expected ? "right" : value === values.old ? "old" : value === null ? "none" : "failed",
    () => "failed" as const,
  );
  const ending = await Promise.race([told, late]);
  const ms = systemClock.monotonicMs() - startMs;
  controller.abort();
  end?.();
  return { client, conduct, badCount, ms, ending };
}
