import { expect } from "chai";
import { ethers } from "ethers";
import { createPublicClient, custom, type Hex } from "viem";
import { withHoldfast } from "../../src/client/dropins/ethers.ts";
import { nameActions } from "../../src/client/dropins/viem.ts";
import { getPrimaryName, resolvePrimaryName, UnsupportedAccountError } from "../../src/client/primaryName.ts";
import { UnavailableError, VerificationFailedError } from "../../src/client/verbs.ts";
import { parseReverseName, reverseNameOf } from "../../src/proof/reverse.ts";
import {
  type ChainWorld,
  createChainWorld,
  namehash,
  RPC_URLS,
  type RpcMessage,
} from "../support/client/chainWorld.ts";

const OPTIMISM = 0x8000000an;
const DEFAULT = 0x80000000n;
const LONG_LABEL = "a-label-that-is-longer-than-one-slot-of-storage";

describe("primary names", () => {
  let world: ChainWorld;
  let alice: Hex;
  let bob: Hex;
  let carol: Hex;
  let governor: Hex;
  before(async () => {
    world = await createChainWorld();
    const { holdfast, call } = world;
    const { reverse } = holdfast;
    [alice, bob, carol, governor] = [holdfast.alice, holdfast.bob, holdfast.carol, holdfast.governor].map(
      ({ account }) => account.address.toLowerCase() as Hex,
    ) as [Hex, Hex, Hex, Hex];
    for (const [label, owner] of [
      ["alice", alice],
      [LONG_LABEL, bob],
    ] as const) {
      const node = namehash(`${label}.hold`);
      const addr = holdfast.viem && call("setAddr", [node, owner]);
      await holdfast.register({ label, owner, data: [addr] });
    }
    await reverse.write.setName(["alice.hold"], { account: alice });
    await reverse.write.setDefaultName([`${LONG_LABEL}.hold`], { account: bob });
    await reverse.write.setName(["alice.hold"], { account: carol });
    await reverse.write.setName(["Alice.hold"], { account: governor });
    world.ahead.seconds = 200;
  });
  afterEach(() => world.tampers.clear());

  it("returns the name an account claims, by proof, where it resolves back", async () => {
    const told = await resolvePrimaryName(world.client(), alice);
    expect(told).to.include({ name: "alice.hold", claim: "alice.hold" });
    expect(told.reverse).to.include({ path: "chain", evidence: "proof" });
    expect(told.forward).to.include({ outcome: "answered", evidence: "proof", value: alice });
    expect(await getPrimaryName(world.client(), ethers.getAddress(alice) as Hex)).to.equal("alice.hold");
  });

  it("returns the name for all EVM chains on each of them, of any length, and no other chain's", async () => {
    const name = `${LONG_LABEL}.hold`;
    expect(await getPrimaryName(world.client(), bob)).to.equal(name);
    expect((await resolvePrimaryName(world.client(), bob, { coinType: DEFAULT })).claim).to.equal(name);
    const other = await resolvePrimaryName(world.client(), bob, { coinType: OPTIMISM });
    // The name has an address for Ethereum alone, so on another chain it does not resolve back.
    expect(other).to.include({ name: null, claim: name });
    expect(other.forward).to.include({ outcome: "absent", evidence: "proof" });
    expect((await resolvePrimaryName(world.client(), alice, { coinType: OPTIMISM })).claim).to.equal(null);
  });

  it("never returns a name that resolves to another account, or that is not in its normal form", async () => {
    const stolen = await resolvePrimaryName(world.client(), carol);
    expect(stolen).to.include({ name: null, claim: "alice.hold" });
    const odd = await resolvePrimaryName(world.client(), governor);
    expect(odd).to.include({ name: null, claim: "Alice.hold", forward: null });
    expect(await getPrimaryName(world.client(), carol)).to.equal(null);
  });

  it("returns null, proven, for an account that claims nothing", async () => {
    const told = await resolvePrimaryName(world.client(), `0x${"77".repeat(20)}`);
    expect(told).to.include({ name: null, claim: null });
    expect(told.reverse).to.include({ outcome: "absent", evidence: "proof" });
  });

  it("throws for an outage and for lies, and never says null", async () => {
    for (const url of RPC_URLS) {
      world.tampers.set(url, () => {
        throw new Error("down");
      });
    }
    expect(await getPrimaryName(world.client(), alice).catch((error) => error)).to.be.instanceOf(UnavailableError);
    const forge = ({ method }: RpcMessage, result: unknown) => {
      if (method !== "eth_getProof") return result;
      const proof = result as { storageProof: { proof: string[] }[] };
      for (const entry of proof.storageProof) entry.proof = [];
      return proof;
    };
    for (const url of RPC_URLS) world.tampers.set(url, forge);
    const thrown = await getPrimaryName(world.client(), alice).catch((error) => error);
    expect(thrown).to.be.instanceOf(VerificationFailedError);
  });

  it("never takes the proof of another contract's storage for it", async () => {
    for (const url of RPC_URLS) {
      world.tampers.set(url, async (message, result, ask) =>
        message.method === "eth_getProof"
          ? await ask({ ...message, params: [world.holdfast.registry.address, ...message.params.slice(1)] })
          : result,
      );
    }
    const told = await resolvePrimaryName(world.client(), alice);
    expect(told.reverse).to.include({ outcome: "wrong", value: null });
  });

  it("rejects what is no account of an EVM chain", async () => {
    for (const [account, coinType] of [
      ["0x1234", 60n],
      [alice, 0n],
      [alice, 0x100000000n],
    ] as const) {
      const thrown = await getPrimaryName(world.client(), account, { coinType }).catch((error) => error);
      expect(thrown).to.be.instanceOf(UnsupportedAccountError);
    }
  });

  it("gives viem and ethers the primary names, and leaves them the accounts that have none", async () => {
    const names = world.client();
    const stock = { getEnsName: async () => "stock.eth" };
    const viem = nameActions(names)(stock);
    expect(await viem.getEnsName({ address: alice })).to.equal("alice.hold");
    expect(await viem.getEnsName({ address: carol })).to.equal("stock.eth");
    const plain = createPublicClient({ transport: custom({ request: async () => null }) }).extend(nameActions(names));
    expect(await plain.getEnsName({ address: alice })).to.equal("alice.hold");
    const Provider = withHoldfast(ethers.JsonRpcProvider, { ccipRead: { transport: world.transport }, names });
    const network = new ethers.Network("local", 31337);
    const provider = new Provider("http://rpc.example.org", network, { staticNetwork: network });
    expect(await provider.lookupAddress(ethers.getAddress(alice))).to.equal("alice.hold");
    provider.destroy();
  });

  it("returns the same reverse names as ENSIP-19 writes them, and parses them back", () => {
    const account = alice;
    const digits = alice.slice(2);
    expect(reverseNameOf({ account, coinType: 60n })).to.equal(`${digits}.addr.reverse`);
    expect(reverseNameOf({ account, coinType: DEFAULT })).to.equal(`${digits}.default.reverse`);
    expect(reverseNameOf({ account, coinType: OPTIMISM })).to.equal(`${digits}.8000000a.reverse`);
    for (const coinType of [60n, DEFAULT, OPTIMISM]) {
      expect(parseReverseName(reverseNameOf({ account, coinType }))).to.deep.equal({ account, coinType });
    }
    for (const text of [`${digits}.0.reverse`, `${digits}.reverse`, `${digits.slice(1)}.addr.reverse`, "shop.hold"]) {
      expect(parseReverseName(text), text).to.equal(undefined);
    }
  });
});
