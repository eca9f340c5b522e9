/** The registry at its limits, and given calldata that no client makes. */
import { expect } from "chai";
import {
  concatHex,
  encodeAbiParameters,
  encodeFunctionData,
  getAddress,
  type Hex,
  keccak256,
  numberToHex,
  pad,
  toHex,
  zeroAddress,
  zeroHash,
} from "viem";
import {
  labelhash,
  mappingSlot,
  nodeOf,
  refuses,
  registration,
  useHoldfast,
  YEAR_SECONDS,
} from "../support/holdfast.ts";

const NODE = nodeOf("shop.hold");
const TLD = nodeOf("hold");
const ADDRESS: Hex = "0x00000000000000000000000000000000000000aa";
const ETHER = 10n ** 18n;

describe("NameRegistry at its limits", () => {
  const world = useHoldfast(({ register, alice }) => register({ label: "shop", owner: alice.account.address }));
  const alice = () => ({ account: world().alice.account });
  const refused = (call: Promise<unknown>, error: string, ...values: readonly unknown[]) =>
    refuses(world(), call, world().registry, error, values);
  const helpers = () => world().connection.networkHelpers;
  const word = (slot: Hex) =>
    world().connection.provider.request({
      method: "eth_getStorageAt",
      params: [world().registry.address, slot, "latest"],
    }) as Promise<Hex>;
  /** Sets some bits of the state's slot: next index in bits 0..31, next upper tenure in 32..63 (`LAYOUT.md`). */
  async function setCounter(shift: bigint, value: bigint) {
    const before = BigInt(await word(toHex(0, { size: 32 })));
    const after = (before & ~(0xffffffffn << shift)) | (value << shift);
    await helpers().setStorageAt(world().registry.address, toHex(0, { size: 32 }), toHex(after, { size: 32 }));
  }

  it("gives out 2^31 shard indices and no more", async () => {
    const { registry, alice: holder } = world();
    await setCounter(0n, 2n ** 31n - 1n);
    const last = await world().register({ label: "last", owner: holder.account.address });
    expect(await registry.read.shardIndexOf([last])).to.deep.equal([true, 2 ** 31 - 1]);
    await refused(world().register({ label: "none", owner: holder.account.address }), "RegistryIdsExhausted");
  });

  it("opens 2^31 - 1 other tenures and no more: the last number is the root's", async () => {
    const { registry, alice: holder } = world();
    await setCounter(32n, 2n ** 31n - 2n);
    const expiry = await registry.read.expiryOf([NODE]);
    const issue = (label: string) =>
      registry.write.issueSubname([NODE, label, holder.account.address, expiry, 0n], alice());
    await issue("last");
    expect((await registry.read.nameWord([nodeOf("last.shop.hold")])) >> 224n).to.equal(0xfffffffen);
    await refused(issue("none"), "RegistryIdsExhausted");
    expect(await registry.read.nextShardIndex()).to.equal(1);
  });

  it("lets the present controller renew, and gives it the TLD, which it cannot hand on", async () => {
    const { registry, manager, bob } = world();
    const args = [bob.account.address] as const;
    const data = encodeFunctionData({ abi: registry.abi, functionName: "setController", args });
    await manager.write.execute([registry.address, data]);
    expect(await registry.read.owner([TLD])).to.equal(getAddress(bob.account.address));
    const expiry = await registry.read.expiryOf([NODE]);
    await registry.write.renew([bob.account.address, labelhash("shop"), 5n], { account: bob.account });
    expect(await registry.read.expiryOf([NODE])).to.equal(expiry + 5n);
    await refused(registry.write.setOwner([TLD, ADDRESS], { account: bob.account }), "RegistryUseController", TLD);
  });

  it("lets names fall with any plain name on the way up, taken back, given to another, or issued", async () => {
    const { registry, alice: holder } = world();
    const own = holder.account.address;
    const [a, b, c] = [nodeOf("a.shop.hold"), nodeOf("b.a.shop.hold"), nodeOf("c.b.a.shop.hold")];
    const build = async () => {
      await registry.write.createSubname([NODE, "a", own], alice());
      await registry.write.createSubname([a, "b", own], alice());
      await registry.write.createSubname([b, "c", own], alice());
      expect(await registry.read.isLive([c])).to.equal(true);
      expect(await registry.read.expiryOf([c])).to.equal(await registry.read.expiryOf([NODE]));
    };
    const gone = async () => {
      expect(await registry.read.isLive([c])).to.equal(false);
      expect(await registry.read.expiryOf([c])).to.equal(0n);
    };
    await build();
    await registry.write.setSubnodeOwner([NODE, labelhash("a"), zeroAddress], alice());
    await gone();
    await build();
    await registry.write.setSubnodeOwner([a, labelhash("b"), ADDRESS], alice());
    await gone();
    await build();
    const expiry = await registry.read.expiryOf([NODE]);
    await registry.write.issueSubname([NODE, "a", own, expiry, 0n], alice());
    await gone();
    await build().catch((error: Error) => expect(error.message).to.contain("RegistryNameEmancipated"));
  });

  it("does not follow a plain name to an ancestor that was swept", async () => {
    const { registry, time, alice: holder } = world();
    await registry.write.createSubname([NODE, "www", holder.account.address], alice());
    await time.increase(YEAR_SECONDS + 91n * 86_400n);
    await registry.write.sweep([NODE]);
    expect(await registry.read.isLive([nodeOf("www.shop.hold")])).to.equal(false);
    expect(await registry.read.owner([nodeOf("www.shop.hold")])).to.equal(zeroAddress);
  });

  it("opens a tenure for a plain name whose 65,536 versions are used up", async () => {
    const { registry, alice: holder, bob } = world();
    const www = nodeOf("www.shop.hold");
    await registry.write.createSubname([NODE, "www", holder.account.address], alice());
    const full = (await registry.read.nameWord([www])) | (0xffn << 192n) | (0xffn << 216n);
    await helpers().setStorageAt(registry.address, mappingSlot(www, 1n), toHex(full, { size: 32 }));
    expect((await registry.read.epochOf([www])) & 0xffffn).to.equal(0xffffn);
    await refused(registry.write.clearRecords([www], alice()), "RegistryVersionsExhausted", www);
    await registry.write.setText([www, "k", "old"], alice());
    await registry.write.setSubnodeOwner([NODE, labelhash("www"), bob.account.address], alice());
    expect((await registry.read.epochOf([www])) >> 16n).to.equal(2n ** 31n);
    expect(await registry.read.text([www, "k"])).to.equal("");
  });

  it("passes on what a call within a multicall reverts with", async () => {
    const { registry } = world();
    const call = encodeFunctionData({ abi: registry.abi, functionName: "setABI", args: [NODE, 3n, "0x01"] });
    await refused(registry.write.multicall([[call]], alice()), "RecordInvalidContentType", 3n);
    const short = registry.write.multicall([["0x10f13a8c"]], alice());
    expect(await short.catch((error: Error) => error)).to.be.instanceOf(Error);
  });

  it("emits and keeps nothing new for settings that are as they were", async () => {
    const { registry, viem } = world();
    const before = await registry.read.nameWord([NODE]);
    const call = registry.write.setResolver([NODE, registry.address], alice());
    await viem.assertions.emitWithArgs(call, registry, "NewResolver", [NODE, getAddress(registry.address)]);
    expect(await registry.read.nameWord([NODE])).to.equal(before);
  });

  describe("given calldata that no client makes, it refuses", () => {
    const word32 = (value: bigint | number) => numberToHex(value, { size: 32 });
    const send = (from: "alice" | "controller", data: Hex) => {
      const { alice: holder, controller, registry, connection } = world();
      const sender = from === "alice" ? holder.account.address : controller.address;
      const params = [{ from: sender, to: registry.address, data }, "latest"];
      return connection.provider.request({ method: "eth_call", params });
    };
    const refusedBare = async (from: "alice" | "controller", data: Hex) => {
      const error = await send(from, data).then(
        () => undefined,
        (cause: Error & { data?: string | { data?: string } }) => cause,
      );
      expect(error, data).to.be.instanceOf(Error);
      // The compiler's own decoder gives no reason either.
      const said = typeof error!.data === "object" ? error!.data.data : error!.data;
      expect(said ?? "0x").to.equal("0x");
    };
    const own = () => pad(world().alice.account.address);

    it("a transfer that is cut off, or between numbers that are no addresses", async () => {
      const selector = "0x23b872dd";
      const good = concatHex([selector, own(), pad(ADDRESS), NODE]);
      await send("alice", good);
      await refusedBare("alice", good.slice(0, -2) as Hex);
      await refusedBare("alice", concatHex([selector, word32(2n ** 160n), pad(ADDRESS), NODE]));
      await refusedBare("alice", concatHex([selector, own(), word32(2n ** 255n), NODE]));
    });

    it("a subname with a ttl over 64 bits, an owner that is no address, or cut off", async () => {
      const selector = "0x5ef2c7f0";
      const call = (owner: Hex, ttl: bigint) =>
        concatHex([selector, NODE, labelhash("a"), owner, pad(ADDRESS), word32(ttl)]);
      await send("alice", call(own(), 2n ** 64n - 1n));
      await refusedBare("alice", call(own(), 2n ** 64n));
      await refusedBare("alice", call(word32(2n ** 160n), 0n));
      await refusedBare("alice", call(own(), 0n).slice(0, -2) as Hex);
    });

    it("records whose offsets or lengths lead out of it", async () => {
      const call = (offset: bigint, length: bigint) =>
        concatHex(["0x304e6ade", NODE, word32(offset), word32(length), `0x${"61".repeat(32)}`]);
      await send("alice", call(64n, 32n));
      await refusedBare("alice", call(64n, 33n));
      await refusedBare("alice", call(2n ** 32n, 1n));
      await refusedBare("alice", call(2n ** 33n, 1n));
      await refusedBare("alice", call(64n, 2n ** 32n));
      await refusedBare("alice", call(2n ** 256n - 1n, 1n));
    });

    it("a multicall whose array leads out of it, or is longer than what stands there", async () => {
      const call = (offset: bigint, length: bigint) => concatHex(["0xac9650d8", word32(offset), word32(length)]);
      await send("alice", call(32n, 0n));
      await refusedBare("alice", call(32n, 1n));
      // Of a place past the end nothing but zeros is read: an array of no calls.
      await refusedBare("alice", call(2n ** 33n, 0n));
      // So many calls that their heads, 32 bytes each, come to no bytes at all.
      await refusedBare("alice", call(32n, 2n ** 251n));
      await refusedBare("alice", call(2n ** 256n - 4n, 0n));
    });

    it("a call of a multicall whose offset leads back to before itself", async () => {
      // From the call's arguments on it goes back 100 bytes, to the number of calls: a length of one byte.
      const back = concatHex(["0x304e6ade", NODE, word32(2n ** 256n - 100n)]);
      const data = concatHex([
        "0xac9650d8",
        word32(32),
        word32(1),
        word32(32),
        word32(68),
        back,
        `0x${"00".repeat(28)}`,
      ]);
      await refusedBare("alice", data);
    });

    it("registrations whose tuple is cut off, leads out of it, or has an owner that is no address", async () => {
      const { registry, alice: holder } = world();
      const wish = registration({ label: "new", owner: holder.account.address });
      const good = encodeFunctionData({ abi: registry.abi, functionName: "register", args: [wish] });
      const changed = (place: number, value: bigint) => {
        const at = 10 + 64 * place;
        return `${good.slice(0, at)}${word32(value).slice(2)}${good.slice(at + 64)}` as Hex;
      };
      await send("controller", good);
      for (const place of [0, 1, 5]) {
        await refusedBare("controller", changed(place, 2n ** 32n));
        await refusedBare("controller", changed(place, 2n ** 33n));
      }
      await refusedBare("controller", changed(2, 2n ** 160n));
      await refusedBare("controller", good.slice(0, 10 + 64 * 7) as Hex);
      // As many calls as do not fit.
      const calls = 1 + Number(BigInt(`0x${good.slice(10 + 64 * 5, 10 + 64 * 6)}`) / 32n);
      await refusedBare("controller", changed(calls, 5n));
    });
  });

  it("keeps and emits a text without what stands behind key and value in calldata", async () => {
    const { alice: holder, registry, client } = world();
    const dirty = (text: string): Hex => `0x${Buffer.from(text).toString("hex").padEnd(64, "d1")}`;
    const head = [numberToHex(0x60, { size: 32 }), numberToHex(0xa0, { size: 32 })];
    const [size, three] = [numberToHex(2, { size: 32 }), numberToHex(3, { size: 32 })];
    const data = concatHex(["0x10f13a8c", NODE, ...head, three, dirty("url"), size, dirty("ab")]);
    const hash = await holder.sendTransaction({ to: registry.address, data });
    const { logs } = await client.getTransactionReceipt({ hash });
    const clean = encodeAbiParameters([{ type: "string" }, { type: "string" }], ["url", "ab"]);
    expect(logs.map((log) => log.data)).to.deep.equal([clean]);
    const kindWord = (2n << 248n) | (await registry.read.epochOf([NODE]));
    const slot = keccak256(concatHex([NODE, numberToHex(kindWord, { size: 32 }), keccak256(toHex("url"))]));
    expect(await word(slot)).to.equal(`0x6162${"00".repeat(29)}02`);
  });

  it("takes ether back from nobody: it has no payable function", async () => {
    const { alice: holder, registry } = world();
    const sent = holder.sendTransaction({ to: registry.address, value: ETHER });
    expect(await sent.catch((error: Error) => error)).to.be.instanceOf(Error);
    expect(await registry.read.owner([zeroHash])).to.equal(getAddress(world().manager.address));
  });
});
