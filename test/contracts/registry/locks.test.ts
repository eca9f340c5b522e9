import { expect } from "chai";
import { getAddress, type Hex } from "viem";
import { labelhash, nodeOf, refuses, useHoldfast } from "../support/holdfast.ts";

const TRANSFER = 4n;
const RESOLVER = 8n;
const SUBNAMES = 16n;
const ELSEWHERE: Hex = "0x00000000000000000000000000000000000000aa";
const NODE = nodeOf("shop.hold");
const TOKEN = BigInt(NODE);

describe("locks of a leased name", () => {
  const world = useHoldfast((holdfast) => holdfast.register({ label: "shop", owner: holdfast.alice.account.address }));
  const alice = () => ({ account: world().alice.account });
  const lock = (locks: bigint) => world().registry.write.lock([NODE, locks], alice());
  const locked = (call: Promise<unknown>, flag: bigint) =>
    refuses(world(), call, world().registry, "RegistryLocked", [NODE, flag]);

  it("keep the token where it is: neither holder, operator nor approved account can transfer it", async () => {
    const { registry, alice: holder, bob } = world();
    const from = holder.account.address;
    const to = bob.account.address;
    await registry.write.setApprovalForAll([to, true], alice());
    await lock(TRANSFER);
    await locked(registry.write.transferFrom([from, to, TOKEN], alice()), TRANSFER);
    await locked(registry.write.safeTransferFrom([from, to, TOKEN], alice()), TRANSFER);
    await locked(registry.write.transferFrom([from, to, TOKEN], { account: to }), TRANSFER);
    await locked(registry.write.setOwner([NODE, to], alice()), TRANSFER);
    await locked(registry.write.setRecord([NODE, to, registry.address, 0n], alice()), TRANSFER);
    expect(await registry.read.owner([NODE])).to.equal(getAddress(from));
  });

  it("keep resolver and ttl, and let records be written on", async () => {
    const { registry, alice: holder } = world();
    await registry.write.setTTL([NODE, 300n], alice());
    await lock(RESOLVER);
    await locked(registry.write.setResolver([NODE, ELSEWHERE], alice()), RESOLVER);
    await locked(registry.write.setTTL([NODE, 0n], alice()), RESOLVER);
    await locked(registry.write.setRecord([NODE, holder.account.address, ELSEWHERE, 0n], alice()), RESOLVER);
    await registry.write.setAddr([NODE, ELSEWHERE], alice());
    await registry.write.clearDNSZone([NODE], alice());
    expect(await registry.read.resolver([NODE])).to.equal(getAddress(registry.address));
    expect(await registry.read.ttl([NODE])).to.equal(300n);
    expect(await registry.read.addr([NODE])).to.equal(getAddress(ELSEWHERE));
  });

  it("keep the set of subnames, and let those there are live on", async () => {
    const { registry, alice: holder } = world();
    const owner = holder.account.address;
    await registry.write.createSubname([NODE, "www", owner], alice());
    await lock(SUBNAMES);
    const expiry = await registry.read.expiryOf([NODE]);
    await locked(registry.write.createSubname([NODE, "new", owner], alice()), SUBNAMES);
    await locked(registry.write.setSubnodeOwner([NODE, labelhash("www"), ELSEWHERE], alice()), SUBNAMES);
    await locked(
      registry.write.setSubnodeRecord([NODE, labelhash("www"), ELSEWHERE, ELSEWHERE, 0n], alice()),
      SUBNAMES,
    );
    await locked(registry.write.issueSubname([NODE, "new", owner, expiry, 0n], alice()), SUBNAMES);
    await locked(registry.write.extendSubname([NODE, labelhash("www"), expiry], alice()), SUBNAMES);
    expect(await registry.read.owner([nodeOf("www.shop.hold")])).to.equal(getAddress(owner));
    // What is below a subname is that subname's matter.
    await registry.write.createSubname([nodeOf("www.shop.hold"), "eu", owner], alice());
  });

  it("add up and cannot be undone, by a lock of nothing either", async () => {
    await lock(TRANSFER);
    await lock(SUBNAMES);
    await lock(0n);
    const flags = ((await world().registry.read.nameWord([NODE])) >> 208n) & 0xffn;
    expect(flags).to.equal(1n | TRANSFER | SUBNAMES);
  });

  it("hold an emancipated subname from its first moment", async () => {
    const { registry, bob } = world();
    const expiry = await registry.read.expiryOf([NODE]);
    await registry.write.issueSubname([NODE, "stall", bob.account.address, expiry, TRANSFER | RESOLVER], alice());
    const stall = nodeOf("stall.shop.hold");
    await refuses(
      world(),
      registry.write.setResolver([stall, ELSEWHERE], { account: bob.account }),
      registry,
      "RegistryLocked",
      [stall, RESOLVER],
    );
    await refuses(
      world(),
      registry.write.setOwner([stall, ELSEWHERE], { account: bob.account }),
      registry,
      "RegistryLocked",
      [stall, TRANSFER],
    );
  });

  it("end with the tenure", async () => {
    const { registry, bob, time, register } = world();
    await lock(TRANSFER | RESOLVER | SUBNAMES);
    await time.increase(365n * 86_400n + 112n * 86_400n);
    await register({ label: "shop", owner: bob.account.address });
    const as = { account: bob.account };
    await registry.write.setResolver([NODE, ELSEWHERE], as);
    await registry.write.createSubname([NODE, "www", ELSEWHERE], as);
    await registry.write.setOwner([NODE, ELSEWHERE], as);
    expect(await registry.read.owner([NODE])).to.equal(getAddress(ELSEWHERE));
  });

  describe("lock", () => {
    it("reverts for flags that are none, for a plain name, and for anyone but the owner", async () => {
      const { registry, alice: holder, bob } = world();
      await refuses(world(), lock(1n), registry, "RegistryInvalidLocks", [1n]);
      await refuses(world(), lock(32n | TRANSFER), registry, "RegistryInvalidLocks", [36n]);
      await registry.write.createSubname([NODE, "www", holder.account.address], alice());
      const www = nodeOf("www.shop.hold");
      await refuses(world(), registry.write.lock([www, TRANSFER], alice()), registry, "RegistryNotLeased", [www]);
      await registry.write.setNameOperator([NODE, bob.account.address, 7n], alice());
      const bobs = registry.write.lock([NODE, TRANSFER], { account: bob.account });
      await refuses(world(), bobs, registry, "RegistryUnauthorized", [NODE, getAddress(bob.account.address)]);
    });
  });
});
