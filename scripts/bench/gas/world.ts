/** A chain of its own with every contract, and the moves of the gas benchmark. Gas is exact: no clock, no chance. */
import { network } from "hardhat";
import { encodeFunctionData, type Hex, keccak256, stringToBytes, zeroAddress, zeroHash } from "viem";
import { encodeDnsName } from "../../../src/naming/dnsName.ts";
import { namehash } from "../../../src/naming/namehash.ts";

export const YEAR_SECONDS = 365n * 86_400n;
const FEED_ANSWER = 250_000_000_000n;
const TREASURY: Hex = "0x00000000000000000000000000000000000071ea";

export interface Wanted {
  readonly label: string;
  readonly owner: Hex;
  readonly data?: readonly Hex[];
  readonly reverse?: bigint;
}

function registration(wanted: Wanted) {
  return {
    label: wanted.label,
    owner: wanted.owner,
    duration: YEAR_SECONDS,
    secret: keccak256(stringToBytes(wanted.label)),
    data: wanted.data ?? [],
    reverse: wanted.reverse ?? 0n,
    referrer: zeroHash,
  };
}

async function deploy() {
  const connection = await network.create();
  const { viem } = connection;
  const client = await viem.getPublicClient();
  const accounts = (await viem.getWalletClients()).map((wallet) => wallet.account.address);
  const governor = accounts[0];
  if (!governor) throw new Error("the chain has no accounts");
  const feed = await viem.deployContract("MockPriceFeed", [8, FEED_ANSWER]);
  await feed.write.set([FEED_ANSWER, (await client.getBlock()).timestamp]);
  const manager = await viem.deployContract("AccessManager", [governor]);
  const renderer = await viem.deployContract("TokenRenderer");
  const code = await viem.deployContract("NameRegistry", [
    "hold",
    zeroAddress,
    zeroAddress,
    zeroAddress,
    renderer.address,
  ]);
  const genesis = await viem.deployContract("Genesis", [
    {
      tldLabel: "hold",
      governance: manager.address,
      registryCode: code.address,
      priceFeed: feed.address,
      maxFeedAge: 10n * YEAR_SECONDS,
      treasury: TREASURY,
    },
  ]);
  const reverse = await viem.getContractAt("ReverseRegistrar", await genesis.read.reverseRegistrar());
  const registry = await viem.getContractAt("NameRegistry", await genesis.read.registry());
  const controller = await viem.getContractAt("RegistrarController", await genesis.read.controller());
  const directory = await viem.deployContract("GatewayDirectory", [manager.address, registry.address]);
  const universal = await viem.deployContract("UniversalResolver", [registry.address, reverse.address]);
  const meter = await viem.deployContract("GasMeter");
  return { connection, client, accounts, reverse, registry, controller, directory, universal, meter };
}

export async function createWorld() {
  const world = await deploy();
  const { connection, client, registry, controller, directory, meter } = world;

  /** The gas of a transaction by its hash. */
  async function gasOf(hash: Hex): Promise<number> {
    const receipt = await client.getTransactionReceipt({ hash });
    if (receipt.status !== "success") throw new Error(`the transaction ${hash} failed`);
    return Number(receipt.gasUsed);
  }

  /** The gas of a view's execution on a cold target. */
  async function executionOf(target: Hex, data: Hex): Promise<number> {
    const [gasUsed] = await meter.read.measure([target, data]);
    return Number(gasUsed);
  }

  /** Registers a name; the hash of the revealing transaction, whose payment is exact. */
  async function register(wanted: Wanted): Promise<Hex> {
    const wish = registration(wanted);
    const account = wanted.owner;
    await controller.write.commit([await controller.read.makeCommitment([wish])], { account });
    await connection.networkHelpers.time.increase(60);
    const [base, premium] = await controller.read.rentPrice([wish.label, wish.duration]);
    return controller.write.register([wish], { account, value: base + premium });
  }

  /** Four gateways, one a zone, each with all slots of its zone. */
  async function seedDirectory(): Promise<void> {
    const operator = world.accounts[0]!;
    for (let zone = 0; zone < 4; zone++) {
      const endpoint = `g${zone}.example.org`;
      await directory.write.registerGateway([
        { operator, signer: operator, zone, httpUrl: `https://${endpoint}`, dnsEndpoint: `${endpoint}:53` },
      ]);
      const id = BigInt(zone + 1);
      const word = Array.from({ length: 16 }, (_, slot) => id << BigInt(16 * slot)).reduce((sum, part) => sum | part);
      await directory.write.seedZone([zone, Array.from({ length: 32 }, () => word) as never]);
    }
  }

  const setAddrCall = (name: string, address: Hex): Hex =>
    encodeFunctionData({ abi: registry.abi, functionName: "setAddr", args: [namehash(name), address] });

  return { ...world, gasOf, executionOf, register, seedDirectory, setAddrCall };
}

export type World = Awaited<ReturnType<typeof createWorld>>;

/** One A record in wire form. */
export function aRecord(name: string, ttlSeconds: number, address: readonly number[]): Hex {
  const bytes = Uint8Array.from([
    ...encodeDnsName(name),
    0,
    1,
    0,
    1,
    0,
    0,
    ttlSeconds >> 8,
    ttlSeconds & 255,
    0,
    4,
    ...address,
  ]);
  return `0x${Buffer.from(bytes).toString("hex")}`;
}
