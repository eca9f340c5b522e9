/** Every refusal of the controller and of its prices, with the values that offend. */
import { expect } from "chai";
import { encodeFunctionData, getAddress, type Hex, keccak256, zeroAddress, zeroHash } from "viem";
import {
  FEED_ANSWER,
  labelhash,
  nodeOf,
  refuses,
  registration,
  useHoldfast,
  YEAR_SECONDS,
} from "../support/holdfast.ts";

const DAY = 86_400n;
const ETHER = 10n ** 18n;
const NODE = nodeOf("shop.hold");

describe("RegistrarController, given bad input", () => {
  const world = useHoldfast();
  const owner = () => world().alice.account.address;
  const refused = (call: Promise<unknown>, error: string, ...values: readonly unknown[]) =>
    refuses(world(), call, /^(Registry|Record)/.test(error) ? world().registry : world().controller, error, values);
  const commitmentOf = (wish: ReturnType<typeof registration>) => world().controller.read.makeCommitment([wish]);
  /** Commits and waits; the time of the commitment. */
  async function commit(wish: ReturnType<typeof registration>, wait = 60n) {
    await world().controller.write.commit([await commitmentOf(wish)]);
    const madeAt = BigInt(await world().time.latest());
    await world().time.increase(wait);
    return madeAt;
  }
  const reveal = (wish: ReturnType<typeof registration>, value = ETHER) =>
    world().controller.write.register([wish], { value });

  describe("commitments", () => {
    it("unknown, too new, too old and duplicated are refused with the commitment and the times", async () => {
      const { controller, time } = world();
      const wish = registration({ label: "shop", owner: owner() });
      const commitment = await commitmentOf(wish);
      await refused(reveal(wish), "CommitmentUnknown", commitment);
      const madeAt = await commit(wish, 1n);
      await refused(controller.write.commit([commitment]), "CommitmentDuplicated", commitment);
      await time.setNextBlockTimestamp(madeAt + 59n);
      await refused(reveal(wish), "CommitmentTooNew", commitment, madeAt + 60n, madeAt + 59n);
      await time.setNextBlockTimestamp(madeAt + DAY);
      await refused(reveal(wish), "CommitmentTooOld", commitment, madeAt + DAY, madeAt + DAY);
    });

    it("count from the 60th second to the last of the day", async () => {
      const wish = registration({ label: "shop", owner: owner() });
      const madeAt = await commit(wish, 1n);
      const snapshot = await world().connection.networkHelpers.takeSnapshot();
      for (const age of [60n, DAY - 1n]) {
        await world().time.setNextBlockTimestamp(madeAt + age);
        await reveal(wish);
        await snapshot.restore();
      }
    });

    it("of a batch are those of that batch alone", async () => {
      const batch = ["shop", "bazaar"].map((label) => registration({ label, owner: owner() }));
      await world().controller.write.commit([await world().controller.read.makeBatchCommitment([batch])]);
      await world().time.increase(60n);
      const other = [...batch].reverse();
      const { controller } = world();
      await refused(
        controller.write.registerMany([other], { value: ETHER }),
        "CommitmentUnknown",
        await controller.read.makeBatchCommitment([other]),
      );
    });
  });

  describe("a registration", () => {
    const attempt = async (change: object, value = ETHER) => {
      const wish = { ...registration({ label: "shop", owner: owner() }), ...change };
      await commit(wish);
      return reveal(wish, value);
    };

    it("of a label that DNS cannot carry is refused with its length, or with the place and the byte", async () => {
      await refused(attempt({ label: "" }), "RegistryInvalidLabelLength", 0n);
      await refused(attempt({ label: "a".repeat(64) }), "RegistryInvalidLabelLength", 64n);
      await refused(attempt({ label: "ab.c" }), "RegistryInvalidLabelByte", 2n, "0x2e");
      await refused(attempt({ label: `${"a".repeat(40)}\0` }), "RegistryInvalidLabelByte", 40n, "0x00");
    });

    it("of a lease too short or too long is refused with both durations", async () => {
      const { controller } = world();
      const min = await controller.read.minRegistrationDuration();
      const max = await controller.read.maxLeaseDuration();
      expect([min, max]).to.deep.equal([28n * DAY, 36_525n * DAY]);
      expect(await controller.read.minCommitmentAge()).to.equal(60n);
      expect(await controller.read.maxCommitmentAge()).to.equal(DAY);
      await refused(attempt({ duration: min - 1n }), "ControllerDurationTooShort", min - 1n, min);
      await refused(attempt({ duration: max + 1n }), "ControllerDurationTooLong", max + 1n, max);
      await refused(controller.read.rentPrice(["shop", max + 1n]), "ControllerDurationTooLong", max + 1n, max);
    });

    it("without an owner, or with reverse bits that are none, is refused with the node or the bits", async () => {
      await refused(attempt({ owner: zeroAddress }), "RegistryZeroOwner", NODE);
      await refused(attempt({ reverse: 8n }), "ControllerInvalidReverse", 8n);
    });

    it("paid too little is refused with what was paid and the price", async () => {
      const [price] = await world().controller.read.rentPrice(["shop", YEAR_SECONDS]);
      await refused(attempt({}, price - 1n), "ControllerUnderpaid", price - 1n, price);
    });

    it("of a name that is taken is refused with the time it is free at the earliest", async () => {
      const { registry } = world();
      await world().register({ label: "shop", owner: owner() });
      const freeAt = (await registry.read.expiryOf([NODE])) + 90n * DAY;
      await refused(attempt({ secret: zeroHash }), "RegistryNameTaken", NODE, freeAt);
    });

    it("with a call about another name is refused with both", async () => {
      const { registry } = world();
      const other = nodeOf("bazaar.hold");
      const call = encodeFunctionData({ abi: registry.abi, functionName: "setText", args: [other, "k", "v"] });
      await refused(attempt({ data: [call] }), "RecordCallForOtherNode", NODE, other);
    });

    it("with a call that fails is refused with that call's own error", async () => {
      const { registry } = world();
      const call = encodeFunctionData({ abi: registry.abi, functionName: "setText", args: [NODE, "", "v"] });
      await refuses(world(), attempt({ data: [call] }), registry, "RecordInvalidKeyLength", [0n, 255n]);
    });

    it("of a caller that takes no ether back is refused with the rest", async () => {
      const { controller, connection, feed } = world();
      const wish = registration({ label: "shop", owner: owner() });
      await commit(wish);
      const [price] = await controller.read.rentPrice(["shop", YEAR_SECONDS]);
      // The feed is a contract without a receive function; it is given ether and made to call.
      await connection.networkHelpers.impersonateAccount(feed.address);
      await connection.networkHelpers.setBalance(feed.address, 10n * ETHER);
      const call = controller.write.register([wish], { account: feed.address, value: price + 1n });
      await refused(call, "ControllerTransferFailed", getAddress(feed.address), 1n);
    });
  });

  describe("a batch", () => {
    it("that is empty, or not in canonical order, is refused", async () => {
      const { controller, bob } = world();
      await refused(controller.write.registerMany([[]]), "ControllerEmptyBatch");
      const batch = ["shop", "bazaar"].map((label) => registration({ label, owner: owner() }));
      const data = encodeFunctionData({ abi: controller.abi, functionName: "registerMany", args: [batch] });
      // The two offsets behind the array's length, swapped: the second registration stands before the first.
      const [selector, offset, count, first, second] = [data.slice(0, 10), 10, 74, 138, 202].map((part) =>
        typeof part === "string" ? part : data.slice(part, part + 64),
      ) as [string, string, string, string, string];
      const swapped = `${selector}${offset}${count}${second}${first}${data.slice(266)}` as Hex;
      const commitment = keccak256(`0x${swapped.slice(10)}`);
      await controller.write.commit([commitment]);
      await world().time.increase(60n);
      const sent = bob.sendTransaction({ to: controller.address, data: swapped, value: ETHER });
      await refused(sent, "ControllerUnorderedBatch", 0n);
    });
  });

  describe("a renewal", () => {
    it("of a name never leased, or past its grace period, is refused with the end of that", async () => {
      const { controller, registry, time } = world();
      const renew = (label: string) => controller.write.renew([label, YEAR_SECONDS, zeroHash], { value: ETHER });
      await refused(renew("shop"), "RegistryNotRenewable", NODE, 90n * DAY);
      await world().register({ label: "shop", owner: owner() });
      const endsAt = (await registry.read.expiryOf([NODE])) + 90n * DAY;
      await time.increaseTo(endsAt);
      await refused(renew("shop"), "RegistryNotRenewable", NODE, endsAt);
    });

    it("by another in the grace period is refused with the payer", async () => {
      const { controller, bob, time } = world();
      await world().register({ label: "shop", owner: owner() });
      await time.increase(YEAR_SECONDS);
      const call = controller.write.renew(["shop", DAY, zeroHash], { account: bob.account, value: ETHER });
      await refused(call, "RegistryGraceForHolderOnly", NODE, getAddress(bob.account.address));
    });

    it("beyond a hundred years is refused with the time left, one beyond 36 bits with the limits", async () => {
      const { controller, registry, time } = world();
      await world().register({ label: "shop", owner: owner() });
      const expiry = await registry.read.expiryOf([NODE]);
      const timestamp = BigInt(await time.latest()) + 10n;
      const max = await controller.read.maxLeaseDuration();
      const duration = timestamp + max - expiry + 1n;
      await time.setNextBlockTimestamp(timestamp);
      const renew = (seconds: bigint) => controller.write.renew(["shop", seconds, zeroHash], { value: ETHER });
      await refused(renew(duration), "ControllerDurationTooLong", max + 1n, max);
      const beyond = 2n ** 36n - expiry;
      await refused(renew(beyond), "RegistryInvalidExpiry", 2n ** 36n, expiry, 2n ** 36n - 1n);
      await refused(renew(2n ** 256n - 1n), "RegistryInvalidExpiry", expiry - 1n, expiry, 2n ** 36n - 1n);
    });

    it("paid too little is refused, and one with a referrer tells of it", async () => {
      const { controller, viem } = world();
      await world().register({ label: "shop", owner: owner() });
      const [price] = await controller.read.rentPrice(["shop", DAY]);
      const referrer: Hex = `0x${"cd".repeat(32)}`;
      await refused(
        controller.write.renew(["shop", DAY, referrer], { value: price - 1n }),
        "ControllerUnderpaid",
        price - 1n,
        price,
      );
      const call = controller.write.renew(["shop", DAY, referrer], { value: price });
      await viem.assertions.emitWithArgs(call, controller, "NameReferred", [NODE, referrer, price]);
    });
  });

  describe("a primary name set with a registration", () => {
    // One slot keeps up to 31 bytes, the TLD and its dot included.
    for (const size of [1, 26, 27, 32, 58, 59, 63]) {
      for (const [bit, coinType] of [
        [1n, 60n],
        [2n, (1n << 31n) | 10n],
      ] as const) {
        it(`is the whole name where the label has ${size} bytes, by the bit ${bit}`, async () => {
          const { reverse } = world();
          const label = "n".repeat(size);
          const account = owner();
          const wish = registration({ label, owner: account, reverse: bit });
          await commit(wish);
          await world().controller.write.register([wish], { account, value: 20n * ETHER });
          expect(await reverse.read.nameFor([account, coinType])).to.equal(`${label}.hold`);
          expect(await reverse.read.nameFor([account, 60n])).to.equal(`${label}.hold`);
        });
      }
    }
  });

  describe("calldata that no client makes", () => {
    const word32 = (value: bigint) => value.toString(16).padStart(64, "0");
    const call = async (data: Hex, value = 0n) => {
      const { connection, controller, alice } = world();
      const params = [{ from: alice.account.address, to: controller.address, data, value: `0x${value.toString(16)}` }];
      return connection.provider.request({ method: "eth_call", params: [...params, "latest"] });
    };
    const refusedBare = async (data: Hex, value = 0n) => {
      const error = await call(data, value).then(
        () => undefined,
        (cause: Error) => cause,
      );
      expect(error, data).to.be.instanceOf(Error);
    };

    it("is refused: a commitment cut off or with ether, offsets out of it", async () => {
      const { controller } = world();
      const commitment = encodeFunctionData({ abi: controller.abi, functionName: "commit", args: [zeroHash] });
      await call(commitment);
      await refusedBare(commitment.slice(0, -2) as Hex);
      await refusedBare(commitment, 1n);
      await world().register({ label: "shop", owner: owner() });
      const renew = encodeFunctionData({ abi: controller.abi, functionName: "renew", args: ["shop", DAY, zeroHash] });
      const wish = registration({ label: "new", owner: owner() });
      const register = encodeFunctionData({ abi: controller.abi, functionName: "register", args: [wish] });
      for (const good of [renew, register]) {
        await refusedBare(`${good.slice(0, 10)}${word32(2n ** 32n)}${good.slice(74)}` as Hex, ETHER);
        await refusedBare(good.slice(0, 10 + 64 * 3) as Hex, ETHER);
      }
      await call(renew, ETHER);
    });
  });

  describe("the registry itself", () => {
    it("takes registrations and renewals from controllers alone, and says who asked", async () => {
      const { registry, bob } = world();
      const as = { account: bob.account };
      const stranger = getAddress(bob.account.address);
      const wish = registration({ label: "shop", owner: owner() });
      await refused(registry.write.register([wish], as), "RegistryNotController", stranger);
      await refused(registry.write.renew([owner(), labelhash("shop"), 1n], as), "RegistryNotController", stranger);
      await refused(registry.write.setController([stranger], as), "RegistryUnauthorized", zeroHash, stranger);
      expect(await registry.read.firstController()).to.equal(getAddress(world().controller.address));
      expect(await registry.read.controller()).to.equal(getAddress(world().controller.address));
      expect(await registry.read.nextShardIndex()).to.equal(0);
    });

    it("refuses another controller's leases that end now or after 36 bits, with the limits", async () => {
      const { registry, manager, bob, time } = world();
      const args = [bob.account.address] as const;
      const data = encodeFunctionData({ abi: registry.abi, functionName: "setController", args });
      await manager.write.execute([registry.address, data]);
      const timestamp = BigInt(await time.latest()) + 10n;
      const attempt = async (duration: bigint, at: bigint) => {
        await time.setNextBlockTimestamp(at);
        const wish = registration({ label: "shop", owner: owner(), duration });
        return registry.write.register([wish], { account: bob.account });
      };
      const max = 2n ** 36n - 1n;
      await refused(attempt(0n, timestamp), "RegistryInvalidExpiry", timestamp, timestamp + 1n, max);
      const at = timestamp + 1n;
      await refused(attempt(max + 1n - at, at), "RegistryInvalidExpiry", max + 1n, at + 1n, max);
      const longest = 2n ** 64n - 1n;
      await refused(attempt(longest, at + 1n), "RegistryInvalidExpiry", at + 1n + longest, at + 2n, max);
    });
  });

  describe("the price feed", () => {
    it("stale, from the future, or not positive is refused with what it said", async () => {
      const { controller, feed, time } = world();
      await world().register({ label: "shop", owner: owner() });
      const renewAt = async (timestamp: bigint, answer: bigint, updatedAt: bigint) => {
        await feed.write.set([answer, updatedAt]);
        await time.setNextBlockTimestamp(timestamp);
        return controller.write.renew(["shop", DAY, zeroHash], { value: ETHER });
      };
      const now = BigInt(await time.latest()) + 100n;
      const old = now - 3_600n;
      await renewAt(now, FEED_ANSWER, old);
      await refused(renewAt(now + 10n, FEED_ANSWER, old + 9n), "PriceFeedStale", old + 9n, now + 10n, 3_600n);
      await renewAt(now + 20n, FEED_ANSWER, now + 20n);
      await refused(renewAt(now + 30n, FEED_ANSWER, now + 31n), "PriceFeedStale", now + 31n, now + 30n, 3_600n);
      await renewAt(now + 40n, 1n, now).catch((error: Error) =>
        expect(error.message).to.contain("ControllerUnderpaid"),
      );
      await refused(renewAt(now + 50n, 0n, now), "PriceFeedNotPositive", 0n);
      await refused(renewAt(now + 60n, -5n, now), "PriceFeedNotPositive", -5n);
    });

    it("that is not there, or answers in another shape, is refused with its address", async () => {
      const { controller, feed, connection } = world();
      const price = () => controller.read.rentPrice(["shop", YEAR_SECONDS]);
      for (const code of ["0x", "0x5f5ffd", "0x60206000f3"] as const) {
        await connection.networkHelpers.setCode(feed.address, code);
        await refused(price(), "PriceFeedUnreadable", getAddress(feed.address));
      }
    });

    it("that is not there, or too fine to be scaled, keeps a controller from being deployed", async () => {
      const { viem, registry, reverse } = world();
      const deploy = (feed: Hex) =>
        viem.deployContract("RegistrarController", [registry.address, "hold", reverse.address, feed, 3600n, owner()]);
      await refused(deploy(owner()), "PriceFeedUnreadable", getAddress(owner()));
      const fine = await viem.deployContract("MockPriceFeed", [37, 1n]);
      await refused(deploy(fine.address), "PriceFeedDecimals", 37);
      const coarse = await viem.deployContract("MockPriceFeed", [36, 10n ** 36n]);
      await deploy(coarse.address);
    });

    it("is known, with its greatest age, and gives rent in attodollars", async () => {
      const { controller, feed } = world();
      expect(await controller.read.priceFeed()).to.equal(getAddress(feed.address));
      expect(await controller.read.maxFeedAge()).to.equal(3_600n);
      const rents = await Promise.all(
        [1n, 2n, 3n, 4n, 5n, 63n].map((n) => controller.read.rentAttoUsd([n, YEAR_SECONDS])),
      );
      expect(rents.map((rent) => rent / ETHER)).to.deep.equal([10_240n, 2_560n, 640n, 160n, 5n, 5n]);
    });
  });
});
