import { getTextRecord } from "@ensdomains/ensjs/public";
import { expect } from "chai";
import { ethers } from "ethers";
import { createPublicClient, encodeFunctionData, type Hex, http, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import { offchainResolverAbi } from "../../../src/chain/abis/offchainResolver.ts";
import { registryAbi } from "../../../src/chain/abis/registry.ts";
import { deployContracts } from "../../../src/chain/deploy.ts";
import type { Deployment } from "../../../src/chain/deployment.ts";
import { listGateways } from "../../../src/chain/listGateways.ts";
import { encodeDnsName } from "../../../src/naming/dnsName.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import { encodeSignedAnswer, leavesOf, recordOfCall } from "../../../src/protocol/offchainMessages.ts";
import { type RecordSetDomain, recordSetDigest } from "../../../src/protocol/offchainSet.ts";
import { recordKeyHash, wildcardNode } from "../../../src/protocol/offchainTree.ts";
import {
  type Conduct,
  type HeldSet,
  type Holdings,
  signSet,
  startTestGateway,
  type TestGateway,
} from "../../support/offchain/gateways.ts";
import { connectTo, startEdr, type TestNode } from "../support/node.ts";
import { registerAll, registryCall, send } from "../support/world.ts";

/** The second and third accounts of every development chain. */
const OWNER_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
const OTHER_KEY = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a";
const NODE = namehash("shop.hold");
const TARGET = "0x52908400098527886E0F7030069857D2E4169EE7";
const DAY = 86_400;

const textCall = (name: string, key: string) =>
  encodeFunctionData({ abi: registryAbi, functionName: "text", args: [namehash(name), key] });
const addrCall = (name: string) =>
  encodeFunctionData({ abi: registryAbi, functionName: "addr", args: [namehash(name)] });

const coinCall = (name: string, coinType: bigint) =>
  encodeFunctionData({ abi: registryAbi, functionName: "addr", args: [namehash(name), coinType] });

function entry(node: Hex, call: Hex, value: Hex) {
  const { kindWord, subkey } = recordOfCall(call);
  return { key: recordKeyHash(node, kindWord, subkey), value };
}

/** Records of `shop.hold`, one of `a.shop.hold`, and a wildcard for all others, among a thousand more. */
function entriesOf(url: string) {
  return [
    entry(NODE, addrCall("shop.hold"), TARGET),
    entry(NODE, textCall("shop.hold", "url"), toHex(url)),
    entry(namehash("a.shop.hold"), addrCall("a.shop.hold"), TARGET),
    entry(namehash("every.shop.hold"), coinCall("every.shop.hold", 0x80000000n), TARGET),
    entry(wildcardNode(NODE), textCall("shop.hold", "url"), toHex("https://example.org/any")),
    ...Array.from({ length: 1_000 }, (_, number) =>
      entry(namehash(`u${number}.shop.hold`), addrCall("shop.hold"), toHex(number + 1, { size: 20 })),
    ),
  ];
}

describe("OffchainResolver", () => {
  let node: TestNode;
  let deployment: Deployment;
  let domain: RecordSetDomain;
  let owner: Awaited<ReturnType<typeof connectTo>>;
  let gateways: TestGateway[];
  let holdings: Holdings;
  let now: number;

  before(async function () {
    this.timeout(60_000);
    node = await startEdr();
    owner = await connectTo(node, 1);
    deployment = await deployContracts({ chain: node.url, pollMs: 20 });
    const { registry, offchainResolver } = deployment.contracts;
    domain = { chainId: 31337, resolver: offchainResolver };
    await registerAll(node, deployment, owner, [{ label: "shop", owner: owner.account.address }]);
    await send(owner, registry, registryCall("setResolver", NODE, offchainResolver));
    now = Number((await owner.getBlock()).timestamp);
    const epoch = await owner.readContract({
      abi: registryAbi,
      address: registry,
      functionName: "epochOf",
      args: [NODE],
    });
    const head = { node: NODE, epoch, sequence: 5n, validFrom: now - DAY, validUntil: now + DAY };
    const sign = (key: Hex, change: object = {}, url = "https://example.org/new") =>
      signSet(key, domain, { ...head, ...change }, entriesOf(url));
    holdings = {
      honest: await sign(OWNER_KEY),
      forging: await sign(OTHER_KEY, { sequence: 9n }, "https://example.org/forged"),
      replaying: await sign(OWNER_KEY, { sequence: 4n }, "https://example.org/old"),
      expired: await sign(OWNER_KEY, { sequence: 8n, validUntil: now - 1 }, "https://example.org/expired"),
      elsewhere: await sign(OWNER_KEY, { node: namehash("other.hold") }, "https://example.org/elsewhere"),
    };
    gateways = await Promise.all([0, 1, 2, 3].map(() => startTestGateway(() => holdings)));
    const governor = await connectTo(node, 0);
    await listGateways({
      rpcUrl: node.url,
      deployment,
      sender: governor.account.address,
      gateways: gateways.map(({ url }, zone) => ({
        operator: governor.account.address,
        signer: governor.account.address,
        zone,
        httpUrl: url,
        dnsEndpoint: `127.0.0.1:${9_000 + zone}`,
      })),
      seed: 1,
    });
  });
  after(async () => {
    await Promise.all((gateways ?? []).map((gateway) => gateway.close()));
    await node?.stop();
  });
  beforeEach(() => {
    for (const gateway of gateways) Object.assign(gateway, { conduct: "honest", hitCount: 0 });
  });

  const conducts = (...list: readonly Conduct[]) => {
    list.forEach((conduct, index) => {
      gateways[index]!.conduct = conduct;
    });
  };
  const chain = () => ({
    ...foundry,
    contracts: { ensUniversalResolver: { address: deployment.contracts.universalResolver } },
  });
  const viemClient = () => createPublicClient({ transport: http(node.url, { retryCount: 0 }), chain: chain() });
  const ethersProvider = (universal: boolean) => {
    const { registry, universalResolver } = deployment.contracts;
    const network = new ethers.Network("local", 31337);
    network.attachPlugin(new ethers.EnsPlugin(registry, 31337, ...((universal ? [universalResolver] : []) as never[])));
    return new ethers.JsonRpcProvider(node.url, network, { staticNetwork: network });
  };

  describe("with stock clients", () => {
    it("resolves records of the name, of a subname and of the wildcard", async () => {
      const client = viemClient();
      expect(await client.getEnsAddress({ name: "shop.hold" })).to.equal(TARGET);
      expect(await client.getEnsText({ name: "shop.hold", key: "url" })).to.equal("https://example.org/new");
      expect(await client.getEnsAddress({ name: "a.shop.hold" })).to.equal(TARGET);
      for (const coinType of [60n, 0x80000000n | 8453n]) {
        expect((await client.getEnsAddress({ name: "every.shop.hold", coinType }))?.toLowerCase()).to.equal(
          TARGET.toLowerCase(),
        );
      }
      expect(await client.getEnsText({ name: "b.c.shop.hold", key: "url" })).to.equal("https://example.org/any");
      expect(await client.getEnsAddress({ name: "u41.shop.hold" })).to.equal(
        "0x000000000000000000000000000000000000002A",
      );
      expect(await client.getEnsText({ name: "shop.hold", key: "none" })).to.equal(null);
      expect(await client.getEnsAddress({ name: "nobody.shop.hold" })).to.equal(null);
      expect(await getTextRecord(client as never, { name: "shop.hold", key: "url" })).to.equal(
        "https://example.org/new",
      );
    });

    const faults: readonly Conduct[] = [
      "down",
      "error",
      "junk",
      "empty",
      "lying",
      "forging",
      "replaying",
      "expired",
      "elsewhere",
      "withholding",
    ];
    for (const fault of faults) {
      it(`resolves in viem with one, two and three gateways ${fault}`, async () => {
        for (let count = 1; count <= 3; count += 1) {
          conducts(...Array.from({ length: count }, () => fault));
          const text = await viemClient().getEnsText({ name: "shop.hold", key: "url" });
          expect(text, `${count} ${fault}`).to.equal("https://example.org/new");
        }
      });
    }

    for (const universal of [true, false]) {
      for (const fault of faults) {
        // One at a time, ethers cannot know of a newer set than the one it is shown.
        const old = fault === "replaying";
        it(`${old ? "shows the older valid set" : "resolves"} in ethers ${universal ? "with" : "without"} the universal resolver, gateways ${fault}`, async () => {
          const provider = ethersProvider(universal);
          try {
            for (let count = 1; count <= 3; count += 1) {
              conducts(...Array.from({ length: count }, () => fault));
              const resolver = await provider.getResolver("shop.hold");
              expect(await resolver!.getText("url"), `${count} ${fault}`).to.equal(
                old ? "https://example.org/old" : "https://example.org/new",
              );
            }
          } finally {
            provider.destroy();
          }
        });
      }
    }

    it("fails, and says so, when all four lie", async () => {
      conducts("lying", "lying", "lying", "lying");
      const error = await viemClient()
        .getEnsText({ name: "shop.hold", key: "url", strict: true })
        .catch((cause: unknown) => cause);
      expect(error).to.be.instanceOf(Error);
    });

    it("answers several records with one request a gateway", async () => {
      const calls = [addrCall("shop.hold"), textCall("shop.hold", "url"), textCall("shop.hold", "none")];
      const data = encodeFunctionData({ abi: registryAbi, functionName: "multicall", args: [calls] });
      const client = viemClient();
      const result = await client.readContract({
        abi: [...offchainResolverAbi],
        address: deployment.contracts.offchainResolver,
        functionName: "resolve",
        args: [toHex(encodeDnsName("shop.hold")), data],
      });
      expect(result.length).to.be.greaterThan(2);
      expect(gateways.map(({ hitCount }) => hitCount)).to.deep.equal([1, 1, 1, 1]);
    });
  });

  describe("verifyAnswer", () => {
    const question = () => ({
      resolver: domain.resolver,
      node: NODE,
      name: "shop.hold",
      calls: [addrCall("shop.hold")],
    });
    const verify = (held: HeldSet, change: object = {}) =>
      owner.readContract({
        abi: offchainResolverAbi,
        address: domain.resolver,
        functionName: "verifyAnswer",
        args: [
          encodeSignedAnswer({ ...held.set, ...change }, leavesOf(question(), held.tree)),
          NODE,
          toHex(encodeDnsName("shop.hold")),
          question().calls,
        ],
      });
    const refuses = async (error: string, held: HeldSet, change: object = {}) => {
      const cause = await verify(held, change).catch((caught: unknown) => caught);
      expect((cause as Error).message).to.contain(error);
    };

    it("agrees with TypeScript about the digest", async () => {
      const { signer, signature, ...set } = holdings.honest.set;
      const digest = await owner.readContract({
        abi: offchainResolverAbi,
        address: domain.resolver,
        functionName: "recordSetDigest",
        args: [set],
      });
      expect(digest).to.equal(recordSetDigest(domain, set));
      expect(signer).to.equal(privateKeyToAccount(OWNER_KEY).address);
      expect(signature.length).to.equal(132);
    });

    it("rejects a change of any signed field", async () => {
      const { honest } = holdings;
      expect((await verify(honest))[1]).to.equal(5n);
      await refuses("RecordSetWrongNode", honest, { node: namehash("other.hold") });
      await refuses("RecordSetWrongEpoch", honest, { epoch: honest.set.epoch + 1n });
      await refuses("RecordSetInvalidSignature", honest, { sequence: 6n });
      await refuses("RecordSetInvalidSignature", honest, { validFrom: honest.set.validFrom + 1 });
      await refuses("RecordSetInvalidSignature", honest, { validUntil: honest.set.validUntil + 1 });
      await refuses("RecordSetInvalidSignature", honest, { root: namehash("x") });
      await refuses("RecordSetSignerUnauthorized", honest, { signer: privateKeyToAccount(OTHER_KEY).address });
      await refuses("RecordSetNotValidAt", honest, { validUntil: now - 1 });
      await refuses("RecordSetNotValidAt", honest, { validFrom: now + DAY });
    });

    it("accepts a delegate's signature while it may write records", async () => {
      const delegate = privateKeyToAccount(OTHER_KEY).address;
      const { honest } = holdings;
      const held = await signSet(
        OTHER_KEY,
        domain,
        { ...honest.set, sequence: 7n },
        entriesOf("https://example.org/d"),
      );
      await refuses("RecordSetSignerUnauthorized", held);
      const approveCall = (allowed: boolean) =>
        encodeFunctionData({
          abi: registryAbi,
          functionName: "approve",
          args: [NODE, delegate, allowed],
        } as never);
      await send(owner, deployment.contracts.registry, approveCall(true));
      expect((await verify(held))[1]).to.equal(7n);
      await send(owner, deployment.contracts.registry, approveCall(false));
      await refuses("RecordSetSignerUnauthorized", held);
    });

    it("rejects sets below the minimum sequence, a record of the registry", async () => {
      const setMinimum = async (number: Hex) => {
        const call = encodeFunctionData({
          abi: registryAbi,
          functionName: "setData",
          args: [NODE, "holdfast.minSequence", number],
        });
        await send(owner, deployment.contracts.registry, call);
      };
      expect((await verify(holdings.replaying))[1]).to.equal(4n);
      await setMinimum("0x0005");
      await refuses("RecordSetRevoked", holdings.replaying);
      expect((await verify(holdings.honest))[1]).to.equal(5n);
      await setMinimum(`0x${"00".repeat(33)}`);
      await refuses("RecordSetRevoked", holdings.honest);
      for (const lower of ["0x", "0x05", `0x${"ff".repeat(32)}`] as const) {
        const error = await setMinimum(lower).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        // 32 bytes of ones are as high as 33 of anything.
        expect(error === undefined, lower).to.equal(lower.length === 66);
      }
      await refuses("RecordSetRevoked", holdings.honest);
    });
  });
});
