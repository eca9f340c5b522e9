/** A primary name whose name has lapsed: in grace, free, and another's. What was claimed stays written; nobody is shown it. */
import { expect } from "chai";
import { artifacts } from "hardhat";
import { getAddress, zeroAddress } from "viem";
import { nodeOf, refuses, registration, useHoldfast, YEAR_SECONDS } from "../support/holdfast.ts";

const DAY = 86_400n;
const ETHEREUM = 60n;
const OPTIMISM = 0x8000000an;
const { abi } = await artifacts.readArtifact("UniversalResolver");

describe("UniversalResolver, asked for a primary name that has lapsed", () => {
  const world = useHoldfast(async ({ viem, registry, reverse, controller, alice, time }) => {
    const universal = await viem.deployContract("UniversalResolver", [registry.address, reverse.address]);
    // With its address and the primary names of its caller on Ethereum and on all chains.
    const account = alice.account.address;
    const wish = registration({ label: "shop", owner: account, reverse: 7n });
    await controller.write.commit([await controller.read.makeCommitment([wish])]);
    await time.increase(60);
    const [price] = await controller.read.rentPrice(["shop", YEAR_SECONDS]);
    await controller.write.register([wish], { account, value: price });
    await registry.write.setAddr([nodeOf("shop.hold"), OPTIMISM, account], { account });
    return { universal };
  });
  const ask = (coinType: bigint, account = world().alice.account.address) =>
    world().prepared.universal.read.reverse([account, coinType]);
  const refused = (coinType: bigint, found: string) =>
    refuses(world(), ask(coinType), { abi, address: world().prepared.universal.address }, "ReverseAddressMismatch", [
      "shop.hold",
      found,
    ]);
  const claimed = () => world().reverse.read.nameFor([world().alice.account.address, ETHEREUM]);

  it("shows it to the last second of the lease, and not in the grace period", async () => {
    const { registry, reverse, time } = world();
    const expiry = await registry.read.expiryOf([nodeOf("shop.hold")]);
    await time.increaseTo(expiry - 1n);
    const found = ["shop.hold", getAddress(registry.address), getAddress(reverse.address)];
    expect(await ask(ETHEREUM)).to.deep.equal(found);
    expect(await ask(OPTIMISM)).to.deep.equal(found);
    await time.increaseTo(expiry);
    await refused(ETHEREUM, zeroAddress);
    await refused(OPTIMISM, "0x");
    expect(await claimed()).to.equal("shop.hold");
  });

  it("shows it again when its holder renews in the grace period", async () => {
    const { registry, controller, alice, time } = world();
    await time.increaseTo((await registry.read.expiryOf([nodeOf("shop.hold")])) + DAY);
    const referrer = `0x${"00".repeat(32)}` as const;
    const payment = { account: alice.account.address, value: 10n ** 18n };
    await controller.write.renew(["shop", YEAR_SECONDS, referrer], payment);
    expect((await ask(ETHEREUM))[0]).to.equal("shop.hold");
    expect((await ask(OPTIMISM))[0]).to.equal("shop.hold");
  });

  it("shows it to neither when the name is another's, until that one sets it", async () => {
    const { registry, controller, bob, time } = world();
    await time.increaseTo((await registry.read.expiryOf([nodeOf("shop.hold")])) + 112n * DAY);
    await refused(ETHEREUM, zeroAddress);
    const account = bob.account.address;
    // With the new holder's address, and no primary name.
    const wish = registration({ label: "shop", owner: account, reverse: 4n });
    await controller.write.commit([await controller.read.makeCommitment([wish])]);
    await time.increase(60);
    const [price, premium] = await controller.read.rentPrice(["shop", YEAR_SECONDS]);
    await controller.write.register([wish], { account, value: price + premium });
    expect(await claimed()).to.equal("shop.hold");
    await refused(ETHEREUM, account);
    // The former holder's address on another chain went with its registration.
    await refused(OPTIMISM, "0x");
    expect((await ask(ETHEREUM, account))[0]).to.equal("");
    await world().reverse.write.setName(["shop.hold"], { account });
    expect((await ask(ETHEREUM, account))[0]).to.equal("shop.hold");
  });
});
