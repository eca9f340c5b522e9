import { expect } from "chai";
import { artifacts } from "hardhat";
import { encodeDeployData, getAddress, getContractAddress, type Hex } from "viem";
import { refuses, TLD, useHoldfast } from "../support/holdfast.ts";

describe("Genesis", () => {
  const world = useHoldfast();

  const creationCode = async (): Promise<Hex> => {
    const { manager, feed, registry } = world();
    const { abi, bytecode } = await artifacts.readArtifact("Genesis");
    const parameters = {
      tldLabel: TLD,
      governance: manager.address,
      registryCode: registry.address,
      priceFeed: feed.address,
      maxFeedAge: 3_600n,
      treasury: world().governor.account.address,
    };
    return encodeDeployData({ abi, bytecode: bytecode as Hex, args: [parameters] });
  };

  it("reverts when its first contract is not created by its first nonce, with both addresses", async () => {
    const { viem, connection, governor } = world();
    // A constructor runs once, at nonce 1. Here it is an account's code, and runs at whatever nonce the account has.
    const from: Hex = "0x00000000000000000000000000000000000c0de5";
    await connection.networkHelpers.setCode(from, await creationCode());
    await connection.networkHelpers.setNonce(from, 2n);
    const { abi } = await viem.getContractAt("Genesis", from);
    await refuses(
      world(),
      governor.sendTransaction({ to: from }),
      { abi, address: from },
      "GenesisUnexpectedAddress",
      [4n, 5n].map((nonce) => getContractAddress({ from, nonce })),
    );
  });

  it("puts code behind the controller that is a controller too, which keeps its commitments to itself", async () => {
    const { viem, controller, registry, reverse, feed, governor } = world();
    const code = await viem.deployContract("RegistrarController", [
      registry.address,
      TLD,
      reverse.address,
      feed.address,
      3_600n,
      governor.account.address,
    ]);
    const commitment: Hex = `0x${"c0".repeat(32)}`;
    await code.write.commit([commitment]);
    expect(await code.read.commitments([commitment])).to.not.equal(0n);
    expect(await controller.read.commitments([commitment])).to.equal(0n);
  });

  it("deploys three contracts that know one another", async () => {
    const { controller, registry, reverse } = world();
    expect(await registry.read.controller()).to.equal(getAddress(controller.address));
    expect(await registry.read.firstController()).to.equal(getAddress(controller.address));
    expect(reverse.address).to.not.equal(registry.address);
  });
});
