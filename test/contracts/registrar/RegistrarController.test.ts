import { expect } from "chai";
import { getAddress, type Hex, zeroAddress, zeroHash } from "viem";
import { deployHoldfast, FEED_ANSWER, type Holdfast, nodeOf, registration, YEAR_SECONDS } from "../support/holdfast.ts";

const DAY = 86_400n;
const TREASURY: Hex = "0x00000000000000000000000000000000000071ea";
const ETHER = 10n ** 18n;

describe("RegistrarController", () => {
  let holdfast: Holdfast;
  let snapshot: { restore(): Promise<void> };
  let owner: Hex;

  before(async () => {
    holdfast = await deployHoldfast();
    owner = holdfast.alice.account.address;
    snapshot = await holdfast.connection.networkHelpers.takeSnapshot();
  });
  afterEach(() => snapshot.restore());

  const rejects = (call: Promise<unknown>, error: string) =>
    holdfast.viem.assertions.revertWithCustomError(
      call as Promise<Hex>,
      error.startsWith("Registry") ? holdfast.registry : holdfast.controller,
      error as never,
    );

  async function committed(wish: ReturnType<typeof registration>, wait = 60n) {
    await holdfast.controller.write.commit([await holdfast.controller.read.makeCommitment([wish])]);
    await holdfast.time.increase(wait);
    return wish;
  }
  const reveal = (wish: ReturnType<typeof registration>, value = ETHER) =>
    holdfast.controller.write.register([wish], { value });

  describe("commit", () => {
    it("reverts when the same commitment waits, and takes it again when that is too old", async () => {
      const { controller, time } = holdfast;
      await controller.write.commit([zeroHash]);
      await rejects(controller.write.commit([zeroHash]), "CommitmentDuplicated");
      await time.increase(DAY);
      await controller.write.commit([zeroHash]);
      expect(await controller.read.commitments([zeroHash])).to.equal(BigInt(await time.latest()));
    });
  });

  describe("register", () => {
    it("reverts for a commitment that is unknown, too new, too old or used", async () => {
      const wish = registration({ label: "shop", owner });
      await rejects(reveal(wish), "CommitmentUnknown");
      await committed(wish, 1n);
      await rejects(reveal(wish), "CommitmentTooNew");
      await holdfast.time.increase(DAY);
      await rejects(reveal(wish), "CommitmentTooOld");
      await committed(wish);
      await reveal(wish);
      await rejects(reveal(wish), "CommitmentUnknown");
    });

    it("reverts for labels that DNS cannot carry", async () => {
      for (const label of ["", "a".repeat(64)]) {
        await rejects(reveal(await committed(registration({ label, owner }))), "RegistryInvalidLabelLength");
      }
      for (const label of ["a.b", "a\0b", `${"b".repeat(40)}.`, "."]) {
        await rejects(
          reveal(await committed(registration({ label, owner })), 100n * ETHER),
          "RegistryInvalidLabelByte",
        );
        expect(await holdfast.controller.read.available([label])).to.equal(false);
      }
    });

    it("reverts for a lease too short or too long, no owner, unknown reverse bits, and too little money", async () => {
      const wish = { label: "shop", owner };
      await rejects(
        reveal(await committed(registration({ ...wish, duration: 28n * DAY - 1n }))),
        "ControllerDurationTooShort",
      );
      await rejects(
        reveal(await committed(registration({ ...wish, duration: 36_526n * DAY }))),
        "ControllerDurationTooLong",
      );
      await rejects(reveal(await committed(registration({ ...wish, owner: zeroAddress }))), "RegistryZeroOwner");
      await rejects(reveal(await committed(registration({ ...wish, reverse: 8n }))), "ControllerInvalidReverse");
      const [price] = await holdfast.controller.read.rentPrice(["shop", YEAR_SECONDS]);
      await rejects(reveal(await committed(registration(wish)), price - 1n), "ControllerUnderpaid");
    });

    it("reverts when the name is taken, until the grace period is over", async () => {
      await holdfast.register({ label: "shop", owner });
      await rejects(reveal(await committed(registration({ label: "shop", owner }))), "RegistryNameTaken");
      await holdfast.time.increase(YEAR_SECONDS + 90n * DAY - 120n);
      expect(await holdfast.controller.read.available(["shop"])).to.equal(false);
      await holdfast.time.increase(120n);
      expect(await holdfast.controller.read.available(["shop"])).to.equal(true);
    });

    it("sets the address by a bit of reverse, both primary names by the others, and tells the referrer", async () => {
      const { registry, reverse, controller, viem } = holdfast;
      const referrer: Hex = `0x${"ab".repeat(32)}`;
      const wish = await committed(registration({ label: "shop", owner, reverse: 7n, referrer }));
      const [price] = await controller.read.rentPrice(["shop", YEAR_SECONDS]);
      const call = controller.write.register([wish], { account: owner, value: ETHER });
      await viem.assertions.emitWithArgs(call, controller, "NameReferred", [nodeOf("shop.hold"), referrer, price]);
      expect(await registry.read.addr([nodeOf("shop.hold")])).to.equal(getAddress(owner));
      expect(await reverse.read.nameFor([owner, 60n])).to.equal("shop.hold");
      expect(await reverse.read.nameFor([owner, 0x8000000an])).to.equal("shop.hold");
    });

    it("gives a name to its owner when a stranger copies the reveal and pays; the primary name is the copier's, unbelieved", async () => {
      const { registry, reverse, controller, viem, bob } = holdfast;
      const wish = await committed(registration({ label: "shop", owner, reverse: 5n }));
      const copier = bob.account.address;
      await controller.write.register([wish], { account: copier, value: ETHER });
      await rejects(controller.write.register([wish], { account: owner, value: ETHER }), "CommitmentUnknown");
      expect(await registry.read.owner([nodeOf("shop.hold")])).to.equal(getAddress(owner));
      expect(await registry.read.addr([nodeOf("shop.hold")])).to.equal(getAddress(owner));
      expect(await reverse.read.nameFor([owner, 60n])).to.equal("");
      expect(await reverse.read.nameFor([copier, 60n])).to.equal("shop.hold");
      const universal = await viem.deployContract("UniversalResolver", [registry.address, reverse.address]);
      const shown = universal.read.reverse([copier, 60n]);
      await viem.assertions.revertWithCustomError(shown as never, universal, "ReverseAddressMismatch");
      await reverse.write.setName(["shop.hold"], { account: owner });
      expect((await universal.read.reverse([owner, 60n]))[0]).to.equal("shop.hold");
    });

    it("emits each primary name that it sets, short ones too", async () => {
      const { reverse, controller, viem } = holdfast;
      const wish = await committed(registration({ label: "shop", owner, reverse: 3n }));
      const call = controller.write.register([wish], { account: owner, value: ETHER });
      const args: [Hex, string] = [getAddress(owner), "shop.hold"];
      await viem.assertions.emitWithArgs(call, reverse, "NameForAddrChanged", args);
      await viem.assertions.emitWithArgs(call, reverse, "DefaultNameForAddrChanged", args);
    });

    it("takes the premium of a name that lapsed lately, and not the rent alone", async () => {
      const { controller, viem } = holdfast;
      await holdfast.register({ label: "shop", owner });
      await holdfast.time.increase(YEAR_SECONDS + 100n * DAY);
      const wish = await committed(registration({ label: "shop", owner: holdfast.bob.account.address }));
      const [base, premium] = await controller.read.rentPrice(["shop", YEAR_SECONDS]);
      expect(premium > 100n * base, `${premium}`).to.equal(true);
      await rejects(reveal(wish, base + (premium * 99n) / 100n), "ControllerUnderpaid");
      const client = await viem.getPublicClient();
      const before = await client.getBalance({ address: controller.address });
      await reveal(wish, base + premium);
      const kept = (await client.getBalance({ address: controller.address })) - before;
      expect(kept > base + (premium * 999n) / 1000n && kept <= base + premium, `${kept}`).to.equal(true);
    });

    it("keeps the price, returns the rest, and sends the fees to the treasury", async () => {
      const { controller, viem, time } = holdfast;
      await committed(registration({ label: "shop", owner }));
      const [price] = await controller.read.rentPrice(["shop", YEAR_SECONDS]);
      await reveal(registration({ label: "shop", owner }));
      const client = await viem.getPublicClient();
      expect(await client.getBalance({ address: controller.address })).to.equal(price);
      await controller.write.renew(["shop", YEAR_SECONDS, zeroHash], { value: ETHER });
      await controller.write.withdraw();
      expect(await client.getBalance({ address: TREASURY })).to.equal(2n * price);
      expect(await time.latest()).to.be.greaterThan(0);
    });
  });

  describe("registerMany", () => {
    it("reverts for an empty batch, and for one that was committed to otherwise", async () => {
      await rejects(holdfast.controller.write.registerMany([[]]), "ControllerEmptyBatch");
      const one = registration({ label: "shop", owner });
      await committed(one);
      await rejects(holdfast.controller.write.registerMany([[one]], { value: ETHER }), "CommitmentUnknown");
    });
  });

  describe("rentPrice", () => {
    it("follows length in characters, duration and the feed, rounded up", async () => {
      const { controller, feed } = holdfast;
      const usd = async (label: string) => {
        const [base] = await controller.read.rentPrice([label, YEAR_SECONDS]);
        return (base * FEED_ANSWER) / 10n ** 26n;
      };
      const labels = ["a", "ab", "abc", "abcd", "abcde", "ééé", "日本", `${"é".repeat(31)}`];
      expect(await Promise.all(labels.map(usd))).to.deep.equal([10_240n, 2_560n, 640n, 160n, 5n, 640n, 2_560n, 5n]);
      await feed.write.set([3n, 0n]);
      const [base] = await controller.read.rentPrice(["abcde", YEAR_SECONDS]);
      expect(base).to.equal((5n * 10n ** 26n + 2n) / 3n);
    });

    it("reverts for a feed that is stale, from the future, not positive or broken", async () => {
      const { controller, feed, time } = holdfast;
      const price = () => controller.read.rentPrice(["shop", YEAR_SECONDS]);
      const now = BigInt(await time.latest());
      await feed.write.set([FEED_ANSWER, now - 4_000n]);
      await rejects(price(), "PriceFeedStale");
      await feed.write.set([FEED_ANSWER, now + 4_000n]);
      await rejects(price(), "PriceFeedStale");
      for (const answer of [0n, -1n]) {
        await feed.write.set([answer, 0n]);
        await rejects(price(), "PriceFeedNotPositive");
      }
      await holdfast.connection.networkHelpers.setCode(feed.address, "0x");
      await rejects(price(), "PriceFeedUnreadable");
    });

    it("adds a premium that halves every day, from 100 million USD to nothing in 21 days", async () => {
      const { controller } = holdfast;
      const premium = (elapsed: bigint) => controller.read.premiumAttoUsd([elapsed]);
      const start = 10n ** 26n;
      const end = start >> 21n;
      expect(await premium(0n)).to.equal(start - end);
      expect(await premium(DAY)).to.equal((start >> 1n) - end);
      expect(await premium(20n * DAY)).to.equal((start >> 20n) - end);
      expect(await premium(21n * DAY)).to.equal(0n);
      const half = Number(await premium(DAY / 2n)) / 1e18;
      expect(Math.abs(half - (1e8 / Math.SQRT2 - 1e8 / 2 ** 21))).to.be.below(1);
      await holdfast.register({ label: "shop", owner });
      await holdfast.time.increase(YEAR_SECONDS + 90n * DAY);
      const [, wei] = await controller.read.rentPrice(["shop", YEAR_SECONDS]);
      expect(Number(wei) / 1e18).to.be.within(39_900, 40_000);
    });
  });

  describe("renew", () => {
    it("is anyone's while the name is live, and the former holder's alone in the grace period", async () => {
      const { controller, registry, bob, time } = holdfast;
      const node = await holdfast.register({ label: "shop", owner });
      const renew = (account: Hex) =>
        controller.write.renew(["shop", YEAR_SECONDS, zeroHash], { account, value: ETHER });
      const expiry = await registry.read.expiryOf([node]);
      await renew(bob.account.address);
      expect(await registry.read.expiryOf([node])).to.equal(expiry + YEAR_SECONDS);
      await time.increase(2n * YEAR_SECONDS);
      expect(await registry.read.owner([node])).to.equal(zeroAddress);
      await rejects(renew(bob.account.address), "RegistryGraceForHolderOnly");
      await registry.write.setApprovalForAll([bob.account.address, true], { account: owner });
      await renew(bob.account.address);
      expect(await registry.read.owner([node])).to.equal(getAddress(owner));
      await time.increase(2n * YEAR_SECONDS);
      await rejects(renew(owner), "RegistryNotRenewable");
      await rejects(controller.write.renew(["never", 1n, zeroHash], { value: ETHER }), "RegistryNotRenewable");
    });

    it("renews several at once, and none beyond a hundred years", async () => {
      const { controller, registry } = holdfast;
      const labels = ["shop", "bazaar"];
      for (const label of labels) await holdfast.register({ label, owner });
      await controller.write.renewMany([labels, YEAR_SECONDS, zeroHash], { value: ETHER });
      const left = (await registry.read.expiryOf([nodeOf("shop.hold")])) - BigInt(await holdfast.time.latest());
      expect(left / DAY).to.equal(729n);
      await rejects(controller.write.renewMany([[], 1n, zeroHash]), "ControllerEmptyBatch");
      const century = 36_525n * DAY;
      await rejects(controller.write.renew(["shop", century, zeroHash], { value: ETHER }), "ControllerDurationTooLong");
      await rejects(controller.write.renew(["shop", 2n ** 255n, zeroHash], { value: ETHER }), "RegistryInvalidExpiry");
    });
  });

  describe("governance", () => {
    it("can appoint another controller, which cannot keep the first from renewing", async () => {
      const { controller, registry, manager, bob } = holdfast;
      await holdfast.register({ label: "shop", owner });
      await rejects(registry.write.setController([bob.account.address]), "RegistryUnauthorized");
      const { encodeFunctionData } = await import("viem");
      const args = [bob.account.address] as const;
      const data = encodeFunctionData({ abi: registry.abi, functionName: "setController", args });
      await manager.write.execute([registry.address, data]);
      await rejects(reveal(await committed(registration({ label: "bazaar", owner }))), "RegistryNotController");
      await controller.write.renew(["shop", YEAR_SECONDS, zeroHash], { value: ETHER });
      await rejects(registry.write.renew([owner, zeroHash, 1n], { account: owner }), "RegistryNotController");
    });
  });
});
