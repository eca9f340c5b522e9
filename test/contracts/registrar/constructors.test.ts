/** What the controller, in front of its code or not, and Genesis refuse to be made with. */
import { expect } from "chai";
import { getAddress, type Hex, zeroAddress } from "viem";
import { nodeOf, refuses, TLD, useHoldfast } from "../support/holdfast.ts";

const FEED_AGE = 3_600n;
const LONGEST = "a".repeat(31);

interface Change {
  readonly tldLabel?: string;
  readonly priceFeed?: Hex;
  readonly treasury?: Hex;
}

describe("the constructors of the registrar", () => {
  const world = useHoldfast();
  const wantedOf = (change: Change) => ({
    tldLabel: TLD,
    priceFeed: world().feed.address as Hex,
    treasury: world().governor.account.address as Hex,
    ...change,
  });
  const controllerArguments = (change: Change) => {
    const { tldLabel, priceFeed, treasury } = wantedOf(change);
    return [world().registry.address, tldLabel, world().reverse.address, priceFeed, FEED_AGE, treasury] as const;
  };
  const makers: Readonly<Record<string, (change: Change) => Promise<unknown>>> = {
    RegistrarController: (change) => world().viem.deployContract("RegistrarController", controllerArguments(change)),
    FastRegistrarController: (change) =>
      world().viem.deployContract("FastRegistrarController", [
        ...controllerArguments(change),
        world().controller.address,
      ]),
    Genesis: (change) =>
      world().viem.deployContract("Genesis", [
        {
          ...wantedOf(change),
          governance: world().manager.address,
          registryCode: world().registry.address,
          maxFeedAge: FEED_AGE,
        },
      ]),
  };
  /** An account with code of the test's own. */
  const codeAt = async (code: Hex) => {
    const account: Hex = "0x0000000000000000000000000000000000feed00";
    await world().connection.networkHelpers.setCode(account, code);
    return account;
  };

  for (const [name, make] of Object.entries(makers)) {
    describe(name, () => {
      const refused = (change: Change, error: string, ...values: readonly unknown[]) =>
        refuses(world(), make(change), world().controller, error, values);

      it("rejects a TLD's label that is empty or over 31 bytes, with the label", async () => {
        for (const tldLabel of ["", "a".repeat(32), "é".repeat(16), "a".repeat(200)]) {
          await refused({ tldLabel }, "ControllerInvalidTld", tldLabel);
        }
        await make({ tldLabel: LONGEST });
        await make({ tldLabel: "a" });
      });

      it("rejects a treasury that is nobody", () => refused({ treasury: zeroAddress }, "ControllerZeroTreasury"));

      it("rejects a feed that is no feed, with its address", async () => {
        const unreadable = (priceFeed: Hex) => refused({ priceFeed }, "PriceFeedUnreadable", getAddress(priceFeed));
        await unreadable(zeroAddress);
        await unreadable(world().alice.account.address);
        // The contract that hashes by SHA-256 gives a word whatever it is asked.
        await unreadable("0x0000000000000000000000000000000000000002");
        await unreadable(world().registry.address);
        // Reverts; says 256 decimals; says 18 decimals and nothing else, as a token does.
        await unreadable(await codeAt("0x5f5ffd"));
        await unreadable(await codeAt("0x6101005f5260a05ff3"));
        await unreadable(await codeAt("0x60125f5260205ff3"));
        await refused({ priceFeed: await codeAt("0x60255f5260a05ff3") }, "PriceFeedDecimals", 37);
        await make({ priceFeed: await codeAt("0x60125f5260a05ff3") });
      });
    });
  }

  it("keep the longest TLD whole in a primary name", async () => {
    const { viem, manager, feed, alice, governor, renderer, time } = world();
    const code = await viem.deployContract("NameRegistry", [
      LONGEST,
      zeroAddress,
      zeroAddress,
      zeroAddress,
      renderer.address,
    ]);
    const parameters = { tldLabel: LONGEST, governance: manager.address, registryCode: code.address };
    const genesis = await viem.deployContract("Genesis", [
      { ...parameters, priceFeed: feed.address, maxFeedAge: FEED_AGE, treasury: governor.account.address },
    ]);
    const controller = await viem.getContractAt("RegistrarController", await genesis.read.controller());
    const reverse = await viem.getContractAt("ReverseRegistrar", await genesis.read.reverseRegistrar());
    const account = alice.account.address;
    const secret = nodeOf("secret");
    const wish = {
      label: "shop",
      owner: account,
      duration: 31_536_000n,
      secret,
      data: [],
      reverse: 1n,
      referrer: secret,
    };
    await controller.write.commit([await controller.read.makeCommitment([wish])]);
    await time.increase(60);
    await controller.write.register([wish], { account, value: 10n ** 18n });
    expect(await reverse.read.nameFor([account, 60n])).to.equal(`shop.${LONGEST}`);
  });
});
