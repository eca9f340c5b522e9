import { expect } from "chai";
import {
  concatHex,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  keccak256,
  toFunctionSelector,
  zeroAddress,
  zeroHash,
} from "viem";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { childNode } from "../../src/naming/namehash.ts";
import { labelhash, nodeOf, YEAR_SECONDS } from "../contracts/support/holdfast.ts";
import { type Chain, deployWithDirectory, replicaOf } from "../support/gateway/chain.ts";

const ADDRESS: Hex = "0x00000000000000000000000000000000000000aa";
const LONG = "a text that is much longer than what the head of a record holds, so that it takes three slots";

function wire(name: string): string {
  const labels = name.split(".").map((label) => {
    const bytes = Buffer.from(label);
    return `${bytes.length.toString(16).padStart(2, "0")}${bytes.toString("hex")}`;
  });
  return `${labels.join("")}00`;
}

function record(name: string, rrtype: number, ttl: number, rdata: string): string {
  const type = rrtype.toString(16).padStart(4, "0");
  const length = (rdata.length / 2).toString(16).padStart(4, "0");
  return `${wire(name)}${type}0001${ttl.toString(16).padStart(8, "0")}${length}${rdata}`;
}

/** Everything that changes the registry's storage, one thing after the other. */
async function useRegistry(chain: Chain): Promise<void> {
  const { registry, controller, alice, bob, carol, register, time } = chain;
  const asAlice = { account: alice.account };
  const asBob = { account: bob.account };
  const shop = await register({ label: "shop", owner: alice.account.address });
  const bazaar = await register({ label: "bazaar", owner: bob.account.address });
  await registry.write.setAddr([shop, ADDRESS], asAlice);
  await registry.write.setAddr([shop, 0n, "0x0102030405"], asAlice);
  await registry.write.setAddr([shop, 60n, ADDRESS], asAlice);
  await registry.write.setAddr([shop, 60n, "0x"], asAlice);
  await registry.write.setText([shop, "url", LONG], asAlice);
  await registry.write.setText([shop, "url", "short"], asAlice);
  await registry.write.setText([shop, "email", LONG], asAlice);
  await registry.write.setContenthash([shop, "0xe30101701220aabb"], asAlice);
  await registry.write.setName([shop, "shop.hold"], asAlice);
  await registry.write.setABI([shop, 1n, "0x7b7d"], asAlice);
  await registry.write.setPubkey([shop, keccak256("0x01"), keccak256("0x02")], asAlice);
  await registry.write.setInterface([shop, "0x01ffc9a7", ADDRESS], asAlice);
  await registry.write.setData([shop, "key", "0x0011223344"], asAlice);
  await registry.write.setZonehash([shop, "0x1234"], asAlice);
  const rrsets = [
    record("shop.hold", 1, 300, "c0000201"),
    record("shop.hold", 1, 300, "c0000202"),
    record("www.shop.hold", 1, 60, "c0000203"),
    record("*.shop.hold", 16, 60, `03${Buffer.from("any").toString("hex")}`),
  ];
  await registry.write.setDNSRecords([shop, `0x${rrsets.join("")}`], asAlice);
  await registry.write.setDNSRecords([shop, `0x${record("www.shop.hold", 1, 60, "")}`], asAlice);
  await registry.write.setTTL([shop, 3_600n], asAlice);
  await registry.write.setResolver([shop, ADDRESS], asAlice);
  await registry.write.setResolver([shop, registry.address], asAlice);
  await registry.write.setTTL([shop, 0n], asAlice);
  await registry.write.clearDNSZone([shop], asAlice);
  await registry.write.setDNSRecords([shop, `0x${record("api.shop.hold", 28, 60, "20".repeat(16))}`], asAlice);
  await registry.write.createSubname([shop, "www", carol.account.address], asAlice);
  const www = nodeOf("www.shop.hold");
  await registry.write.setText([www, "url", "first"], { account: carol.account });
  await registry.write.createSubname([www, "eu", carol.account.address], { account: carol.account });
  await registry.write.setSubnodeOwner([shop, labelhash("dev"), bob.account.address], asAlice);
  await registry.write.setOwner([nodeOf("dev.shop.hold"), alice.account.address], asBob);
  await registry.write.setSubnodeRecord([shop, labelhash("tmp"), bob.account.address, ADDRESS, 60n], asAlice);
  await registry.write.setSubnodeOwner([shop, labelhash("tmp"), zeroAddress], asAlice);
  const expiry = await registry.read.expiryOf([shop]);
  await registry.write.issueSubname([shop, "stall", bob.account.address, expiry - 1_000n, 4n], asAlice);
  await registry.write.extendSubname([shop, labelhash("stall"), expiry], asAlice);
  await registry.write.lock([nodeOf("stall.shop.hold"), 8n], asBob);
  await registry.write.clearRecords([shop], asAlice);
  await registry.write.setText([shop, "url", "after the clearing"], asAlice);
  await registry.write.setNameOperator([bazaar, carol.account.address, 1n], asBob);
  await registry.write.approve([alice.account.address, BigInt(bazaar)], asBob);
  await registry.write.setApprovalForAll([carol.account.address, true], asBob);
  await registry.write.setApprovalForAll([carol.account.address, false], asBob);
  await registry.write.transferFrom([bob.account.address, alice.account.address, BigInt(bazaar)], asAlice);
  await registry.write.publishName([`0x${wire("bazaar.hold")}`], asAlice);
  await controller.write.renew(["bazaar", YEAR_SECONDS, `0x${"00".repeat(32)}`], { ...asAlice, value: 10n ** 18n });
  await time.increase(YEAR_SECONDS + 112n * 86_400n);
  await register({ label: "shop", owner: carol.account.address });
  await register({ label: "late", owner: carol.account.address });
}

/** Every order in which both overloads of `setAddr` can follow each other about Ethereum's coin, each on a name of its own. */
async function useBothAddressEvents(chain: Chain): Promise<void> {
  const { registry, alice, register } = chain;
  const asAlice = { account: alice.account };
  const first: Hex = "0x1111111111111111111111111111111111111111";
  // The short overload emits AddrChanged alone, the long one AddrChanged and then AddressChanged.
  const short = (node: Hex, address: Hex) => () => registry.write.setAddr([node, address], asAlice);
  const long = (node: Hex, bytes: Hex) => () => registry.write.setAddr([node, 60n, bytes], asAlice);
  for (const [index, write] of [short, long].entries()) {
    for (const [next, change] of [short, long].entries()) {
      const node = await register({ label: `pair${index}${next}`, owner: alice.account.address });
      await write(node, first)();
      await change(node, ADDRESS)();
      expect(String(await registry.read.addr([node])).toLowerCase()).to.equal(ADDRESS);
    }
  }
  const emptied = await register({ label: "emptied", owner: alice.account.address });
  await short(emptied, first)();
  await long(emptied, "0x")();
  const zeroed = await register({ label: "zeroed", owner: alice.account.address });
  await long(zeroed, first)();
  await short(zeroed, zeroAddress)();
  const again = await register({ label: "again", owner: alice.account.address });
  await long(again, "0x")();
  await short(again, ADDRESS)();
  // Both in one transaction, so that their events stand in one block.
  const both = await register({ label: "both", owner: alice.account.address });
  const { abi } = registry;
  const call = (args: readonly [Hex, bigint, Hex] | readonly [Hex, Hex]) =>
    encodeFunctionData({ abi, functionName: "setAddr", args });
  await registry.write.multicall(
    [[call([both, 60n, first]), call([both, ADDRESS]), call([both, 0n, "0x01"])]],
    asAlice,
  );
}

/** Counts of records through every form that they are kept in: a byte, a slot of their own, and back. */
async function useCounts(chain: Chain): Promise<void> {
  const { registry, alice, register } = chain;
  const as = { account: alice.account };
  const { abi } = registry;
  const texts = (node: Hex, count: number, value: string) =>
    Array.from({ length: count }, (_, index) =>
      encodeFunctionData({ abi, functionName: "setText", args: [node, `key${index}`, value] }),
    );
  const zone = (count: number, rdata = "c0000201"): Hex =>
    `0x${Array.from({ length: count }, (_, index) => record(`h${index}.shop.hold`, 1, 60, rdata)).join("")}`;
  const shop = await register({ label: "shop", owner: alice.account.address });
  await registry.write.setText([shop, "avatar", "not counted"], as);
  await registry.write.multicall([texts(shop, 128, "a value")], as);
  await registry.write.setText([shop, "key127", ""], as);
  await registry.write.setDNSRecords([shop, zone(2)], as);
  await registry.write.setAddr([shop, 0x8000000an, ADDRESS], as);
  await registry.write.setData([shop, "key", "0x01"], as);
  await registry.write.setInterface([shop, "0x01ffc9a7", ADDRESS], as);
  await registry.write.clearDNSZone([shop], as);
  await registry.write.setDNSRecords([shop, zone(128)], as);
  await registry.write.setData([shop, "key", "0x"], as);
  await registry.write.setInterface([shop, "0x01ffc9a7", zeroAddress], as);
  const kept = await register({ label: "kept", owner: alice.account.address });
  await registry.write.setText([kept, "com.github", "shop"], as);
  await registry.write.setDNSRecords([kept, zone(3)], as);
  await registry.write.setText([kept, "com.github", ""], as);
  await registry.write.setDNSRecords([kept, zone(128)], as);
  await registry.write.setDNSRecords([kept, zone(1, "")], as);
  const cleared = await register({ label: "cleared", owner: alice.account.address });
  await registry.write.setText([cleared, "com.github", "shop"], as);
  await registry.write.setDNSRecords([cleared, zone(1)], as);
  await registry.write.clearRecords([cleared], as);
  await registry.write.createSubname([cleared, "www", alice.account.address], as);
  const www = nodeOf("www.cleared.hold");
  await registry.write.setText([www, "com.github", "shop"], as);
  await registry.write.setDNSRecords([www, zone(1)], as);
  const told = await Promise.all(
    [shop, kept, cleared, www].flatMap((node) => [
      registry.read.dnsRecordCount([node]),
      registry.read.otherRecordCount([node]),
    ]),
  );
  expect(told.map(Number)).to.deep.equal([128, 128, 127, 0, 0, 0, 1, 1]);
}

/** A replica that has followed the chain to its head, whose storage root must be the chain's. */
async function follow(chain: Chain) {
  await chain.mineToCheckpoint();
  const { replica } = replicaOf(chain);
  await replica.step();
  expect(replica.status).to.equal("following");
  const { storageHash } = await chain.client.getProof({ address: chain.registry.address, storageKeys: [] });
  expect(replica.checkpoint?.storageRoot).to.equal(storageHash);
  return replica;
}

describe("registry mirror", () => {
  it("rebuilds the counts of records, whichever form they are kept in", async () => {
    const chain = await deployWithDirectory();
    await useCounts(chain);
    await follow(chain);
  });

  /** What a holder can do that is easily taken for something else, each of which must lead to the chain's root. */
  const RARE: Readonly<Record<string, (chain: Chain) => Promise<unknown>>> = {
    "a subname with a resolver, given to another with the default one": async ({ register, registry, alice, bob }) => {
      const shop = await register({ label: "shop", owner: alice.account.address });
      const as = { account: alice.account };
      await registry.write.setSubnodeRecord([shop, labelhash("www"), alice.account.address, ADDRESS, 0n], as);
      await registry.write.setSubnodeRecord([shop, labelhash("www"), bob.account.address, registry.address, 0n], as);
    },
    "a name with a resolver, registered anew, set to the default one": async (chain) => {
      const { register, registry, alice, bob, time } = chain;
      const shop = await register({ label: "shop", owner: alice.account.address });
      await registry.write.setResolver([shop, ADDRESS], { account: alice.account });
      await time.increase(YEAR_SECONDS + 112n * 86_400n);
      await register({ label: "shop", owner: bob.account.address });
      await registry.write.setResolver([shop, registry.address], { account: bob.account });
    },
    "a text, its key and a name that are not UTF-8": async ({ register, registry, alice }) => {
      const shop = await register({ label: "shop", owner: alice.account.address });
      const raw = (signature: string, ...values: readonly Hex[]) => {
        const types = [{ type: "bytes32" }, ...values.map(() => ({ type: "bytes" }))];
        const data = concatHex([toFunctionSelector(signature), encodeAbiParameters(types, [shop, ...values])]);
        return alice.sendTransaction({ to: registry.address, data });
      };
      await raw("setText(bytes32,string,string)", "0x6bff", "0xff00fe");
      await raw("setText(bytes32,string,string)", "0x6b", `0x${"ff".repeat(40)}`);
      await raw("setName(bytes32,string)", "0xc328");
      await raw("setData(bytes32,string,bytes)", "0xfe", "0x01");
    },
  };
  for (const [what, play] of Object.entries(RARE)) {
    it(`rebuilds ${what}`, async () => {
      const chain = await deployWithDirectory();
      await play(chain);
      // What nobody can ask for is not listed.
      const listed = (await follow(chain)).store.recordsOf(nodeOf("shop.hold"));
      expect(listed.filter((record) => record.includes("\ufffd"))).to.deep.equal([]);
    });
  }

  it("rebuilds an address whichever of its two events comes last", async () => {
    const chain = await deployWithDirectory();
    await useBothAddressEvents(chain);
    const replica = await follow(chain);
    const { registry } = chain;
    const head = async (name: string) => {
      const node = nodeOf(name);
      const kindWord = (1n << 248n) | (await registry.read.epochOf([node]));
      const parts = [{ type: "bytes32" }, { type: "uint256" }, { type: "uint256" }] as const;
      const slot = keccak256(encodeAbiParameters(parts, [node, kindWord, 60n]));
      const onChain = await chain.client.getStorageAt({ address: registry.address, slot });
      expect(toHex(replica.read(fromHex(slot)))).to.equal(onChain);
      return onChain;
    };
    const held = `${ADDRESS}${"00".repeat(11)}14`;
    for (const label of ["pair00", "pair01", "pair10", "pair11", "again", "both"]) {
      expect(await head(`${label}.hold`)).to.equal(held);
    }
    expect(await head("emptied.hold")).to.equal(zeroHash);
    expect(await head("zeroed.hold")).to.equal(`0x${"00".repeat(31)}14`);
  });

  it("rebuilds the contract's storage from its events alone, root for root", async () => {
    const chain = await deployWithDirectory();
    await useRegistry(chain);
    const replica = await follow(chain);
    expect(replica.checkpoint?.header.number).to.equal(await chain.head());
    expect(replica.slotCount).to.be.greaterThan(30);
    const slot = fromHex(
      keccak256(encodeAbiParameters([{ type: "bytes32" }, { type: "uint256" }], [nodeOf("shop.hold"), 1n])),
    );
    expect(replica.read(slot)).to.deep.equal(replica.readAtCheckpoint(slot));
    const names = replica.store.childrenOf(nodeOf("hold")).map(({ label }) => label);
    expect(names).to.deep.equal(["bazaar", "late", "shop"]);
    expect(replica.store.nameEntry(childNode(nodeOf("shop.hold"), "www"))?.label).to.equal("www");
    expect(replica.store.recordsOf(nodeOf("shop.hold"))).to.include("dns:28:api.shop.hold");
  });
});
