/** A deployment with a few names in it, on a node, as clients of ENS meet it. */
import { readFileSync } from "node:fs";
import { type Abi, encodeFunctionData, type Hex, keccak256, parseEther, stringToHex, zeroHash } from "viem";
import { controllerAbi } from "../../../src/chain/abis/controller.ts";
import { registryAbi } from "../../../src/chain/abis/registry.ts";
import { reverseRegistrarAbi } from "../../../src/chain/abis/reverseRegistrar.ts";
import { deployContracts } from "../../../src/chain/deploy.ts";
import type { Deployment } from "../../../src/chain/deployment.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import { connectTo, passTime, type TestNode } from "./node.ts";

export const DAY_SECONDS = 86_400;
export const AVATAR = "data:image/svg+xml;base64,PHN2Zy8+";
/** Pays to the public key hash 62e9…62c8 of Bitcoin's address 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa. */
export const BITCOIN_SCRIPT: Hex = "0x76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac";
export const BITCOIN_ADDRESS = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

type Client = Awaited<ReturnType<typeof connectTo>>;

export interface World {
  readonly node: TestNode;
  readonly deployment: Deployment;
  readonly alice: Client;
  readonly bob: Client;
  readonly carol: Client;
  /** Whose primary name is `old.hold`. */
  readonly dave: Client;
  /** What the resolver of `wild.hold` answers for every name below it. */
  readonly wildcardAddress: Hex;
}

/** Sends a transaction and waits; rejects where it reverts. */
export async function send(client: Client, to: Hex, data: Hex, value = 0n): Promise<bigint> {
  const hash = await client.sendTransaction({ to, data, value });
  const receipt = await client.waitForTransactionReceipt({ hash });
  if (receipt.status !== "success") throw new Error(`transaction ${hash} reverted`);
  return receipt.gasUsed;
}

/** A call of the registry as a registration carries it. */
export function registryCall(functionName: string, ...args: readonly unknown[]): Hex {
  return encodeFunctionData({ abi: registryAbi as Abi, functionName, args });
}

/** Deploys a compiled contract of this repository. */
export async function deployMock(client: Client, name: string, args: readonly unknown[]): Promise<Hex> {
  const artifact = JSON.parse(readFileSync(`artifacts/contracts/mocks/${name}.sol/${name}.json`, "utf8"));
  const hash = await client.deployContract({ abi: artifact.abi as Abi, bytecode: artifact.bytecode as Hex, args });
  const { contractAddress } = await client.waitForTransactionReceipt({ hash });
  return contractAddress!;
}

export interface WantedName {
  readonly label: string;
  readonly owner: Hex;
  readonly data?: readonly Hex[];
  readonly days?: number;
}

/** Registers names in one batch, by commitment and reveal. */
export async function registerAll(
  node: TestNode,
  deployment: Deployment,
  client: Client,
  names: readonly WantedName[],
): Promise<void> {
  const { controller } = deployment.contracts;
  const registrations = names.map(({ label, owner, data = [], days = 365 }) => ({
    label,
    owner,
    duration: BigInt(days * DAY_SECONDS),
    secret: keccak256(stringToHex(label)),
    data,
    reverse: 0n,
    referrer: zeroHash,
  }));
  const commitment = await client.readContract({
    abi: controllerAbi,
    address: controller,
    functionName: "makeBatchCommitment",
    args: [registrations],
  });
  await send(
    client,
    controller,
    encodeFunctionData({ abi: controllerAbi, functionName: "commit", args: [commitment] }),
  );
  await passTime(node, 61);
  const data = encodeFunctionData({ abi: controllerAbi, functionName: "registerMany", args: [registrations] });
  await send(client, controller, data, parseEther("10"));
}

/**
 * `alice.hold` with every kind of record, a subname and a primary name; `bob` claims her name; `carol.hold` with a primary name
 * for all EVM chains; `wild.hold` with a resolver of its own; `old.hold`, expired, which was `dave`'s with his primary name.
 */
export async function createWorld(node: TestNode): Promise<World> {
  const connect = (index: number) => connectTo(node, index);
  const [alice, bob, carol, dave] = await Promise.all([connect(1), connect(2), connect(3), connect(4)]);
  const deployment = await deployContracts({ chain: node.url, pollMs: 20, confirmations: 1 });
  const { registry, reverseRegistrar } = deployment.contracts;
  const owner = alice.account.address;
  const aliceNode = namehash("alice.hold");
  const wildcardAddress: Hex = "0x00000000000000000000000000000000000c0de1";
  await registerAll(node, deployment, alice, [
    {
      label: "alice",
      owner,
      data: [
        encodeFunctionData({ abi: registryAbi, functionName: "setAddr", args: [aliceNode, owner] }),
        encodeFunctionData({ abi: registryAbi, functionName: "setAddr", args: [aliceNode, 0n, BITCOIN_SCRIPT] }),
        registryCall("setText", aliceNode, "avatar", AVATAR),
        registryCall("setText", aliceNode, "url", "https://example.org/alice"),
      ],
    },
    {
      label: "carol",
      owner: carol.account.address,
      data: [
        encodeFunctionData({
          abi: registryAbi,
          functionName: "setAddr",
          args: [namehash("carol.hold"), 1n << 31n, carol.account.address],
        }),
      ],
    },
    { label: "wild", owner },
    {
      label: "old",
      owner: dave.account.address,
      days: 30,
      data: [
        encodeFunctionData({
          abi: registryAbi,
          functionName: "setAddr",
          args: [namehash("old.hold"), dave.account.address],
        }),
      ],
    },
  ]);
  await send(alice, registry, registryCall("createSubname", aliceNode, "pay", owner));
  await send(
    alice,
    registry,
    encodeFunctionData({
      abi: registryAbi,
      functionName: "setAddr",
      args: [namehash("pay.alice.hold"), bob.account.address],
    }),
  );
  const wildcard = await deployMock(alice, "MockWildcardResolver", [wildcardAddress]);
  await send(alice, registry, registryCall("setResolver", namehash("wild.hold"), wildcard));
  const claim = (functionName: "setName" | "setDefaultName", name: string) =>
    encodeFunctionData({ abi: reverseRegistrarAbi, functionName, args: [name] });
  await send(alice, reverseRegistrar, claim("setName", "alice.hold"));
  await send(bob, reverseRegistrar, claim("setName", "alice.hold"));
  await send(carol, reverseRegistrar, claim("setDefaultName", "carol.hold"));
  await send(dave, reverseRegistrar, claim("setName", "old.hold"));
  await passTime(node, 40 * DAY_SECONDS);
  return { node, deployment, alice, bob, carol, dave, wildcardAddress };
}
