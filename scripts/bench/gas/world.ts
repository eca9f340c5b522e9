/** A chain of its own with every contract, and the moves of the gas benchmark. Gas is exact: no clock, no chance. */
import { encodeFunctionData, type Hex } from "viem";
import { encodeDnsName } from "../../../src/naming/dnsName.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import { deployInProcess, registration, type Wanted, YEAR_SECONDS } from "../../deploy/inProcess.ts";

async function deploy() {
  const world = await deployInProcess({ feedUpdated: "once", feedAgeSecondsMax: 10n * YEAR_SECONDS });
  const { viem, manager, registry, reverse } = world;
  const directory = await viem.deployContract("GatewayDirectory", [manager.address, registry.address]);
  const universal = await viem.deployContract("UniversalResolver", [registry.address, reverse.address]);
  const meter = await viem.deployContract("GasMeter");
  const accounts = world.wallets.map((wallet) => wallet.account.address);
  return { ...world, accounts, directory, universal, meter };
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
