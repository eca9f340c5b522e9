import { expect } from "chai";
import { encodeFunctionData, getAddress, type Hex, parseEventLogs, zeroAddress, zeroHash } from "viem";
import { deployHoldfast, type Holdfast, labelhash, nodeOf, registration, YEAR_SECONDS } from "../support/holdfast.ts";

const ADDRESS: Hex = "0x00000000000000000000000000000000000000aa";

describe("NameRegistry", () => {
  let holdfast: Holdfast;
  let snapshot: { restore(): Promise<void> };
  let shop: Hex;

  before(async () => {
    holdfast = await deployHoldfast();
    shop = await holdfast.register({ label: "shop", owner: holdfast.alice.account.address });
    snapshot = await holdfast.connection.networkHelpers.takeSnapshot();
  });
  afterEach(() => snapshot.restore());

  describe("register", () => {
    it("gives the name to its owner, with the registry as resolver and the first shard index", async () => {
      const { registry, alice } = holdfast;
      expect(await registry.read.owner([shop])).to.equal(getAddress(alice.account.address));
      expect(await registry.read.ownerOf([BigInt(shop)])).to.equal(getAddress(alice.account.address));
      expect(await registry.read.resolver([shop])).to.equal(getAddress(registry.address));
      expect(await registry.read.shardIndexOf([shop])).to.deep.equal([true, 0]);
      expect(await registry.read.balanceOf([alice.account.address])).to.equal(1n);
    });

    it("writes records and the primary name in the same transaction", async () => {
      const { registry, reverse, register, bob } = holdfast;
      const node = nodeOf("bazaar.hold");
      const data = [
        encodeFunctionData({ abi: registry.abi, functionName: "setAddr", args: [node, ADDRESS] }),
        encodeFunctionData({
          abi: registry.abi,
          functionName: "setText",
          args: [node, "url", "https://bazaar.example"],
        }),
      ];
      await register({ label: "bazaar", owner: bob.account.address, data, reverse: 1n });
      expect(await registry.read.addr([node])).to.equal(getAddress(ADDRESS));
      expect(await registry.read.text([node, "url"])).to.equal("https://bazaar.example");
      expect(await reverse.read.nameFor([bob.account.address, 60n])).to.equal("bazaar.hold");
    });

    it("registers a batch with DNS records under one commitment", async () => {
      const { registry, controller, alice, time } = holdfast;
      const owner = alice.account.address;
      const batch = Array.from({ length: 20 }, (_, index) => {
        const node = nodeOf(`batch${index}.hold`);
        // www.batchN.hold. 300 IN A 192.0.2.N
        const name = wireName(`www.batch${index}.hold`);
        const rr: Hex = `0x${name}00010001${"0000012c"}0004c00002${index.toString(16).padStart(2, "0")}`;
        const data = [encodeFunctionData({ abi: registry.abi, functionName: "setDNSRecords", args: [node, rr] })];
        return registration({ label: `batch${index}`, owner, data });
      });
      await controller.write.commit([await controller.read.makeBatchCommitment([batch])]);
      await time.increase(60);
      await controller.write.registerMany([batch], { value: 10n ** 18n });
      const rrset = await registry.read.dnsRecord([nodeOf("batch7.hold"), `0x${wireName("www.batch7.hold")}`, 1]);
      expect(rrset).to.equal(`0x${wireName("www.batch7.hold")}000100010000012c0004c0000207`);
      expect(await registry.read.dnsRecordCount([nodeOf("batch7.hold")])).to.equal(1n);
    });
  });

  describe("expiry", () => {
    it("empties a name and what hangs from it, at every depth, until it is renewed", async () => {
      const { registry, controller, alice, bob, time } = holdfast;
      const as = { account: alice.account };
      await registry.write.createSubname([shop, "www", bob.account.address], as);
      const www = nodeOf("www.shop.hold");
      await registry.write.createSubname([www, "eu", bob.account.address], { account: bob.account });
      const eu = nodeOf("eu.www.shop.hold");
      await registry.write.setText([eu, "url", "x"], { account: bob.account });
      expect(await registry.read.text([eu, "url"])).to.equal("x");
      await time.increaseTo(await registry.read.expiryOf([shop]));
      for (const node of [shop, www, eu]) {
        expect(await registry.read.owner([node])).to.equal(zeroAddress);
        expect(await registry.read.resolver([node])).to.equal(zeroAddress);
        expect(await registry.read.text([node, "url"])).to.equal("");
      }
      await controller.write.renew(["shop", YEAR_SECONDS, zeroHash], { ...as, value: 10n ** 18n });
      expect(await registry.read.text([eu, "url"])).to.equal("x");
    });

    it("leaves nothing of the former holder after a registration by another", async () => {
      const { registry, register, alice, bob, time } = holdfast;
      const as = { account: alice.account };
      await registry.write.setAddr([shop, ADDRESS], as);
      await registry.write.createSubname([shop, "www", alice.account.address], as);
      await registry.write.setAddr([nodeOf("www.shop.hold"), ADDRESS], as);
      await time.increase(YEAR_SECONDS + 112n * 86_400n);
      await register({ label: "shop", owner: bob.account.address });
      expect(await registry.read.addr([shop])).to.equal(zeroAddress);
      expect(await registry.read.owner([nodeOf("www.shop.hold")])).to.equal(zeroAddress);
      expect(await registry.read.addr([nodeOf("www.shop.hold")])).to.equal(zeroAddress);
      expect(await registry.read.balanceOf([alice.account.address])).to.equal(0n);
      expect(await registry.read.shardIndexOf([shop])).to.deep.equal([true, 1]);
      await registry.write.createSubname([shop, "www", bob.account.address], { account: bob.account });
      expect(await registry.read.addr([nodeOf("www.shop.hold")])).to.equal(zeroAddress);
    });
  });

  describe("issueSubname", () => {
    it("gives a subname away until its expiry", async () => {
      const { registry, alice, bob, viem } = holdfast;
      const as = { account: alice.account };
      const expiry = await registry.read.expiryOf([shop]);
      await registry.write.issueSubname([shop, "stall", bob.account.address, expiry, 0n], as);
      const stall = nodeOf("stall.shop.hold");
      expect(await registry.read.ownerOf([BigInt(stall)])).to.equal(getAddress(bob.account.address));
      await viem.assertions.revertWithCustomErrorWithArgs(
        registry.write.setSubnodeOwner([shop, labelhash("stall"), alice.account.address], as),
        registry,
        "RegistryNameEmancipated",
        [stall],
      );
    });
  });

  it("emits the label of a subname", async () => {
    const { registry, alice, viem } = holdfast;
    const hash = await registry.write.createSubname([shop, "www", alice.account.address], { account: alice.account });
    const receipt = await (await viem.getPublicClient()).getTransactionReceipt({ hash });
    const [log] = parseEventLogs({ abi: registry.abi, logs: receipt.logs, eventName: "LabelPublished" });
    expect(log?.args.text).to.equal("www");
  });
});

function wireName(name: string): string {
  return `${name
    .split(".")
    .map((label) => label.length.toString(16).padStart(2, "0") + Buffer.from(label).toString("hex"))
    .join("")}00`;
}
