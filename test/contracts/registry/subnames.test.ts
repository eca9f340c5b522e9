import { expect } from "chai";
import { getAddress, type Hex, zeroAddress } from "viem";
import { labelhash, nodeOf, refuses, useHoldfast, YEAR_SECONDS } from "../support/holdfast.ts";

const NODE = nodeOf("shop.hold");
const STALL = nodeOf("stall.shop.hold");
const ELSEWHERE: Hex = "0x00000000000000000000000000000000000000aa";
const DAY = 86_400n;
const DEPTH_MAX = 16;
const EMANCIPATED_DEPTH_MAX = 15;

describe("subnames", () => {
  const world = useHoldfast(async ({ register, alice }) => {
    await register({ label: "shop", owner: alice.account.address });
  });
  const alice = () => ({ account: world().alice.account });
  const bob = () => ({ account: world().bob.account });
  const now = async () => BigInt(await world().time.latest());
  const issue = (expiry: bigint, owner: Hex = world().bob.account.address, parent = NODE) =>
    world().registry.write.issueSubname([parent, "stall", owner, expiry, 0n], alice());
  const refused = (call: Promise<unknown>, error: string, ...values: readonly unknown[]) =>
    refuses(world(), call, world().registry, error, values);

  describe("createSubname", () => {
    it("reverts for labels that DNS cannot carry, with the length, or the place and the byte", async () => {
      const create = (label: string) => world().registry.write.createSubname([NODE, label, ELSEWHERE], alice());
      await refused(create(""), "RegistryInvalidLabelLength", 0n);
      await refused(create("a".repeat(64)), "RegistryInvalidLabelLength", 64n);
      await refused(create("a.b"), "RegistryInvalidLabelByte", 1n, "0x2e");
      await refused(create("abc\0"), "RegistryInvalidLabelByte", 3n, "0x00");
      await refused(create(`${"x".repeat(62)}.`), "RegistryInvalidLabelByte", 62n, "0x2e");
      await create("a".repeat(63));
    });

    it("reverts for the zero owner, a name that is not live, a stranger, and the TLD", async () => {
      const { registry } = world();
      const create = (node: Hex, owner: Hex, as = alice()) => registry.write.createSubname([node, "www", owner], as);
      await refused(create(NODE, zeroAddress), "RegistryZeroOwner", nodeOf("www.shop.hold"));
      await refused(create(nodeOf("none.hold"), ELSEWHERE), "RegistryNameNotLive", nodeOf("none.hold"));
      await refused(create(NODE, ELSEWHERE, bob()), "RegistryUnauthorized", NODE, getAddress(bob().account.address));
      await refused(create(nodeOf("hold"), ELSEWHERE), "RegistryUseController", nodeOf("hold"));
    });

    it("reverts below 16 plain names, with the parent and the limit", async () => {
      const { registry } = world();
      let name = "shop.hold";
      for (let depth = 1; depth <= DEPTH_MAX; depth += 1) {
        await registry.write.createSubname([nodeOf(name), "x", alice().account.address], alice());
        name = `x.${name}`;
      }
      await registry.write.setText([nodeOf(name), "url", "deep"], alice());
      expect(await registry.read.text([nodeOf(name), "url"])).to.equal("deep");
      const deeper = registry.write.createSubname([nodeOf(name), "x", alice().account.address], alice());
      await refused(deeper, "RegistryNameTooDeep", nodeOf(name), BigInt(DEPTH_MAX));
    });

    it("starts anew what is granted again: no records, no subnames, no operators of the one before", async () => {
      const { registry } = world();
      const www = nodeOf("www.shop.hold");
      const below = nodeOf("a.www.shop.hold");
      for (let round = 0; round < 3; round += 1) {
        await registry.write.createSubname([NODE, "www", bob().account.address], alice());
        expect(await registry.read.text([www, "url"])).to.equal("");
        expect(await registry.read.owner([below])).to.equal(zeroAddress);
        await registry.write.setText([www, "url", `round ${round}`], bob());
        await registry.write.createSubname([www, "a", bob().account.address], bob());
        await registry.write.setText([below, "url", "below"], bob());
        await registry.write.setSubnodeOwner([NODE, labelhash("www"), zeroAddress], alice());
        expect(await registry.read.owner([www])).to.equal(zeroAddress);
        expect(await registry.read.text([www, "url"])).to.equal("");
        expect(await registry.read.text([below, "url"])).to.equal("");
      }
    });

    it("keeps everything when it is granted to the same owner once more", async () => {
      const { registry } = world();
      const www = nodeOf("www.shop.hold");
      await registry.write.createSubname([NODE, "www", bob().account.address], alice());
      await registry.write.setText([www, "url", "kept"], bob());
      await registry.write.createSubname([NODE, "www", bob().account.address], alice());
      expect(await registry.read.text([www, "url"])).to.equal("kept");
    });

    it("grants under another tenure what an earlier one had granted", async () => {
      const { registry, register, time } = world();
      const www = nodeOf("www.shop.hold");
      await registry.write.createSubname([NODE, "www", alice().account.address], alice());
      await registry.write.setText([www, "url", "old"], alice());
      await time.increase(YEAR_SECONDS + 112n * DAY);
      await register({ label: "shop", owner: bob().account.address });
      await registry.write.createSubname([NODE, "www", bob().account.address], bob());
      expect(await registry.read.text([www, "url"])).to.equal("");
      expect(await registry.read.owner([www])).to.equal(getAddress(bob().account.address));
    });
  });

  describe("setSubnodeOwner", () => {
    it("emits the new owner, also when that is the zero owner (EIP-137)", async () => {
      const { registry, viem } = world();
      for (const owner of [getAddress(bob().account.address), zeroAddress]) {
        const call = registry.write.setSubnodeOwner([NODE, labelhash("www"), owner], alice());
        await viem.assertions.emitWithArgs(call, registry, "NewOwner", [NODE, labelhash("www"), owner]);
      }
    });
  });

  describe("setSubnodeRecord", () => {
    it("sets owner, resolver and ttl, and takes the name back with the zero owner", async () => {
      const { registry } = world();
      const set = (owner: Hex) =>
        registry.write.setSubnodeRecord([NODE, labelhash("www"), owner, ELSEWHERE, 60n], alice());
      const www = nodeOf("www.shop.hold");
      await set(bob().account.address);
      expect(await registry.read.owner([www])).to.equal(getAddress(bob().account.address));
      expect(await registry.read.resolver([www])).to.equal(getAddress(ELSEWHERE));
      expect(await registry.read.ttl([www])).to.equal(60n);
      expect(await registry.read.recordExists([www])).to.equal(true);
      await set(zeroAddress);
      expect(await registry.read.recordExists([www])).to.equal(false);
      expect(await registry.read.resolver([www])).to.equal(zeroAddress);
      expect(await registry.read.ttl([www])).to.equal(0n);
    });

    it("sets all of a name at once by setRecord, for its owner", async () => {
      const { registry, viem } = world();
      await registry.write.createSubname([NODE, "www", bob().account.address], alice());
      const www = nodeOf("www.shop.hold");
      const call = registry.write.setRecord([www, ELSEWHERE, registry.address, 5n], bob());
      await viem.assertions.emitWithArgs(call, registry, "NewTTL", [www, 5n]);
      expect(await registry.read.owner([www])).to.equal(getAddress(ELSEWHERE));
      await refused(registry.write.setOwner([NODE, zeroAddress], alice()), "RegistryZeroOwner", NODE);
    });
  });

  describe("issueSubname", () => {
    it("reverts below 15 emancipated subnames, with the parent and the limit; plain ones go on below", async () => {
      const { registry } = world();
      const expiry = (await now()) + 100n * DAY;
      const own = alice().account.address;
      let name = "shop.hold";
      for (let depth = 1; depth <= EMANCIPATED_DEPTH_MAX; depth += 1) {
        await registry.write.issueSubname([nodeOf(name), "x", own, expiry, 0n], alice());
        name = `x.${name}`;
        const word = await registry.read.nameWord([nodeOf(name)]);
        expect((word >> 196n) & 15n).to.equal(BigInt(depth));
        expect(await registry.read.expiryOf([nodeOf(name)])).to.equal(expiry);
      }
      const deeper = registry.write.issueSubname([nodeOf(name), "x", own, expiry, 0n], alice());
      await refused(deeper, "RegistryNameTooDeep", nodeOf(name), BigInt(EMANCIPATED_DEPTH_MAX));
      await registry.write.createSubname([nodeOf(name), "x", own], alice());
      await registry.write.extendSubname([nodeOf("x.shop.hold"), labelhash("x"), expiry], alice());
      expect(await registry.read.isLive([nodeOf(`x.${name}`)])).to.equal(true);
    });

    it("reverts for an expiry in the past or after the parent's, with both limits", async () => {
      const last = await world().registry.read.expiryOf([NODE]);
      const timestamp = (await now()) + 100n;
      await world().time.setNextBlockTimestamp(timestamp);
      await refused(issue(timestamp), "RegistryInvalidExpiry", timestamp, timestamp + 1n, last);
      await world().time.setNextBlockTimestamp(timestamp + 10n);
      await refused(issue(last + 1n), "RegistryInvalidExpiry", last + 1n, timestamp + 11n, last);
    });

    it("reverts under a plain name, for the zero owner, for locks that are none, and while the name is held", async () => {
      const { registry } = world();
      const expiry = await registry.read.expiryOf([NODE]);
      await registry.write.createSubname([NODE, "www", alice().account.address], alice());
      const www = nodeOf("www.shop.hold");
      await refused(issue(expiry, ELSEWHERE, www), "RegistryNotLeased", www);
      await refused(issue(expiry, zeroAddress), "RegistryZeroOwner", STALL);
      await refused(
        registry.write.issueSubname([NODE, "stall", ELSEWHERE, expiry, 2n], alice()),
        "RegistryInvalidLocks",
        2n,
      );
      await issue(expiry);
      await refused(issue(expiry), "RegistryNameEmancipated", STALL);
    });

    it("turns a plain subname into a held one, which starts empty", async () => {
      const { registry } = world();
      await registry.write.createSubname([NODE, "stall", alice().account.address], alice());
      await registry.write.setText([STALL, "url", "plain"], alice());
      await issue(await registry.read.expiryOf([NODE]));
      expect(await registry.read.text([STALL, "url"])).to.equal("");
      expect(await registry.read.balanceOf([bob().account.address])).to.equal(1n);
    });

    it("can issue again what has lapsed, and so can createSubname, as a plain name that starts empty", async () => {
      const { registry, time } = world();
      const expiry = (await now()) + 30n * DAY;
      await issue(expiry);
      await registry.write.setText([STALL, "url", "first"], bob());
      await time.increaseTo(expiry);
      expect(await registry.read.text([STALL, "url"])).to.equal("");
      await issue(expiry + 30n * DAY, ELSEWHERE);
      expect(await registry.read.balanceOf([bob().account.address])).to.equal(0n);
      await time.increaseTo(expiry + 30n * DAY);
      for (let round = 0; round < 3; round += 1) {
        const owner = round === 1 ? ELSEWHERE : alice().account.address;
        await registry.write.createSubname([NODE, "stall", owner], alice());
        expect(await registry.read.owner([STALL])).to.equal(getAddress(owner));
        expect(await registry.read.text([STALL, "url"])).to.equal("");
        if (round !== 1) await registry.write.setText([STALL, "url", "plain"], alice());
      }
      expect(await registry.read.balanceOf([ELSEWHERE])).to.equal(0n);
    });

    it("gives away subnames of a held subname, never beyond it", async () => {
      const { registry } = world();
      const expiry = (await now()) + 30n * DAY;
      await issue(expiry);
      const deep = nodeOf("stall.stall.shop.hold");
      await registry.write.issueSubname([STALL, "stall", ELSEWHERE, expiry, 0n], bob());
      expect(await registry.read.ownerOf([BigInt(deep)])).to.equal(getAddress(ELSEWHERE));
      expect(await registry.read.shardIndexOf([deep])).to.satisfy(([known]: readonly [boolean, number]) => !known);
      await world().time.increaseTo(expiry);
      expect(await registry.read.isLive([deep])).to.equal(false);
    });
  });

  describe("extendSubname", () => {
    const extend = (expiry: bigint, as = alice()) =>
      world().registry.write.extendSubname([NODE, labelhash("stall"), expiry], as);

    it("moves the expiry of a held subname on, up to the parent's", async () => {
      const { registry, viem } = world();
      const first = (await now()) + 30n * DAY;
      const last = await registry.read.expiryOf([NODE]);
      await issue(first);
      await viem.assertions.emitWithArgs(extend(last), registry, "NameRenewed", [STALL, last]);
      expect(await registry.read.expiryOf([STALL])).to.equal(last);
    });

    it("reverts for an earlier expiry, one after the parent's, a plain name, a lapsed one, and a stranger", async () => {
      const { registry, time } = world();
      const first = (await now()) + 30n * DAY;
      const last = await registry.read.expiryOf([NODE]);
      await refused(extend(first), "RegistryNotLeased", STALL);
      await issue(first);
      await refused(extend(first - 1n), "RegistryInvalidExpiry", first - 1n, first, last);
      await refused(extend(last + 1n), "RegistryInvalidExpiry", last + 1n, first, last);
      await refused(extend(last, bob()), "RegistryUnauthorized", NODE, getAddress(bob().account.address));
      await time.increaseTo(first);
      await refused(extend(last), "RegistryNotLeased", STALL);
      await registry.write.createSubname([NODE, "stall", ELSEWHERE], alice());
      await refused(extend(last), "RegistryNotLeased", STALL);
    });
  });

  describe("rented out by a contract that the parent approved", () => {
    const PRICE = 10n ** 9n;
    const open = async (permissions = 2n) => {
      const shop = await world().viem.deployContract("MockSubnameShop", [world().registry.address, PRICE]);
      await world().registry.write.setNameOperator([NODE, shop.address, permissions], alice());
      return shop;
    };

    it("are their renters' until their expiry, whatever the parent or the contract does", async () => {
      const { registry } = world();
      const shop = await open();
      await shop.write.rent([NODE, "stall", 30n * DAY], { ...bob(), value: PRICE * 30n * DAY });
      expect(await registry.read.ownerOf([BigInt(STALL)])).to.equal(getAddress(bob().account.address));
      const again = shop.write.rent([NODE, "stall", DAY], { ...alice(), value: PRICE * DAY });
      await refused(again, "RegistryNameEmancipated", STALL);
      await refused(
        registry.write.setSubnodeOwner([NODE, labelhash("stall"), alice().account.address], alice()),
        "RegistryNameEmancipated",
        STALL,
      );
      await registry.write.setText([STALL, "url", "mine"], bob());
      await shop.write.prolong([NODE, labelhash("stall"), DAY], { ...bob(), value: PRICE * DAY });
      expect(await registry.read.text([STALL, "url"])).to.equal("mine");
    });

    it("pay the parent's owner the rent, to the wei", async () => {
      const shop = await open();
      const client = await world().viem.getPublicClient();
      const before = await client.getBalance({ address: alice().account.address });
      await shop.write.rent([NODE, "stall", DAY], { ...bob(), value: PRICE * DAY });
      expect((await client.getBalance({ address: alice().account.address })) - before).to.equal(PRICE * DAY);
      const wrong = shop.write.rent([NODE, "other", DAY], { ...bob(), value: 1n });
      await refuses(world(), wrong, shop, "ShopWrongPayment", [1n, PRICE * DAY]);
    });

    it("are not to be had without the permission, nor after it was withdrawn", async () => {
      const shop = await open(1n);
      const rent = () => shop.write.rent([NODE, "stall", DAY], { ...bob(), value: PRICE * DAY });
      await refused(rent(), "RegistryUnauthorized", NODE, getAddress(shop.address));
      await world().registry.write.setNameOperator([NODE, shop.address, 2n], alice());
      await rent();
      await world().registry.write.setNameOperator([NODE, shop.address, 0n], alice());
      const prolong = shop.write.prolong([NODE, labelhash("stall"), DAY], { ...bob(), value: PRICE * DAY });
      await refused(prolong, "RegistryUnauthorized", NODE, getAddress(shop.address));
    });
  });

  it("of the root are governance's alone, and the TLD's are the controller's", async () => {
    const { registry, manager } = world();
    const { encodeFunctionData } = await import("viem");
    const rule = (functionName: "createSubname" | "setSubnodeOwner", args: readonly unknown[]) =>
      manager.write.execute([registry.address, encodeFunctionData({ abi: registry.abi, functionName, args } as never)]);
    const root = `0x${"00".repeat(32)}` as const;
    await rule("createSubname", [root, "test", bob().account.address]);
    expect(await registry.read.owner([nodeOf("test")])).to.equal(getAddress(bob().account.address));
    expect(await registry.read.expiryOf([nodeOf("test")])).to.equal(2n ** 36n - 1n);
    await registry.write.createSubname([nodeOf("test"), "a", ELSEWHERE], bob());
    expect(await registry.read.isLive([nodeOf("a.test")])).to.equal(true);
    await refused(
      rule("setSubnodeOwner", [root, labelhash("hold"), ELSEWHERE]),
      "RegistryUseController",
      nodeOf("hold"),
    );
  });
});
