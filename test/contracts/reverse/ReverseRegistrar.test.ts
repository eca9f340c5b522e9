import { expect } from "chai";
import { network } from "hardhat";
import { encodeFunctionData, getAddress, type Hex, keccak256, parseAbi, toHex, zeroAddress } from "viem";
import { encodeDnsName } from "../../../src/naming/dnsName.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import { refuses } from "../support/holdfast.ts";

const NAME_ABI = parseAbi(["function name(bytes32 node) view returns (string)"]);
const NOT_OURS = "0x1234567890123456789012345678901234567890";

async function deployReverse(chainId = 31337) {
  const connection = await network.create({ override: { chainId } });
  const { viem, networkHelpers } = connection;
  const [governor, alice, bob] = await viem.getWalletClients();
  const manager = await viem.deployContract("AccessManager", [governor!.account.address]);
  const reverse = await viem.deployContract("ReverseRegistrar", [manager.address, zeroAddress]);
  const client = await viem.getPublicClient();
  return { viem, networkHelpers, alice: alice!, bob: bob!, manager, reverse, client };
}

type World = Awaited<ReturnType<typeof deployReverse>>;

const reverseName = (account: Hex, suffix: string) => `${account.slice(2).toLowerCase()}.${suffix}`;

describe("ReverseRegistrar", () => {
  let world: World;
  let account: Hex;
  beforeEach(async () => {
    world = await deployReverse();
    account = world.alice.account.address;
  });

  describe("setName and setDefaultName", () => {
    it("keep names of every length, in one slot up to 31 bytes, and leave nothing of the longer one", async () => {
      const { reverse, client } = world;
      const node = namehash(reverseName(account, "addr.reverse"));
      const mapping = await headSlot(world, node);
      for (const size of [31, 255, 32, 29, 1, 64, 0, 100, 5]) {
        const name = "n".repeat(size);
        await reverse.write.setName([name], { account });
        expect(await reverse.read.name([node])).to.equal(name);
        expect(await reverse.read.hasName([node])).to.equal(size > 0);
        const slots = size <= 31 ? 0 : Math.ceil((size - 29) / 32);
        for (let offset = slots + 1; offset <= 8; offset += 1) {
          const slot = toHex(BigInt(mapping) + BigInt(offset), { size: 32 });
          expect(BigInt((await client.getStorageAt({ address: reverse.address, slot }))!)).to.equal(0n);
        }
      }
    });

    it("revert for a name over 255 bytes", async () => {
      const { viem, reverse } = world;
      await viem.assertions.revertWithCustomErrorWithArgs(
        reverse.write.setName(["n".repeat(256)], { account }),
        reverse,
        "ReverseNameTooLong",
        [256n, 255n],
      );
    });

    it("emit the account and the name", async () => {
      const { viem, reverse } = world;
      await viem.assertions.emitWithArgs(
        reverse.write.setName(["a.hold"], { account }),
        reverse,
        "NameForAddrChanged",
        [getAddress(account), "a.hold"],
      );
    });
  });

  describe("nameFor", () => {
    it("returns the name for Ethereum, else that for all EVM chains, else nothing", async () => {
      const { reverse } = world;
      await reverse.write.setDefaultName(["default.hold"], { account });
      expect(await reverse.read.nameFor([account, 60n])).to.equal("default.hold");
      await reverse.write.setName(["own.hold"], { account });
      expect(await reverse.read.nameFor([account, 60n])).to.equal("own.hold");
      expect(await reverse.read.nameFor([account, (1n << 31n) | 10n])).to.equal("default.hold");
      expect(await reverse.read.nameFor([account, 1n << 31n])).to.equal("default.hold");
      expect(await reverse.read.nameFor([account, 0n])).to.equal("");
      expect(await reverse.read.nameFor([NOT_OURS, 60n])).to.equal("");
    });
  });

  describe("setNameForAddr", () => {
    it("accepts the account, a contract's owner and controllers, and nobody else", async () => {
      const { viem, reverse, bob } = world;
      const wallet = await viem.deployContract("MockWallet", [account]);
      await reverse.write.setNameForAddr([wallet.address, "wallet.hold"], { account });
      expect(await reverse.read.nameFor([wallet.address, 60n])).to.equal("wallet.hold");
      await reverse.write.setNameForAddr([account, "alice.hold"], { account });
      const other = () => reverse.write.setNameForAddr([account, "x.hold"], { account: bob.account });
      await viem.assertions.revertWithCustomError(other(), reverse, "ReverseUnauthorized");
      await viem.assertions.revertWithCustomError(
        reverse.write.setDefaultNameForAddr([account, "x.hold"], { account: bob.account }),
        reverse,
        "ReverseUnauthorized",
      );
      await reverse.write.setController([bob.account.address, true]);
      await other();
      await reverse.write.setDefaultNameForAddr([account, "y.hold"], { account: bob.account });
      expect(await reverse.read.nameFor([account, 1n << 31n])).to.equal("y.hold");
      await reverse.write.setController([bob.account.address, false]);
      await viem.assertions.revertWithCustomError(other(), reverse, "ReverseUnauthorized");
      await viem.assertions.revertWithCustomError(
        reverse.write.setController([account, true], { account }),
        reverse,
        "AccessManagedUnauthorized",
      );
    });
  });

  describe("setNameForAddr of a contract", () => {
    const ownersOf = async (code: Hex) => {
      const { reverse, networkHelpers } = world;
      await networkHelpers.setCode(NOT_OURS, code);
      return () => reverse.write.setNameForAddr([NOT_OURS, "x.hold"], { account });
    };

    it("refuses its owner where it names none: no such function, too few bytes, no address", async () => {
      const { reverse } = world;
      const words = [getAddress(NOT_OURS), getAddress(account)];
      // Code that stops, reverts, returns 31 bytes, and returns the account with a bit above it.
      const above = `01${"00".repeat(20)}`;
      const tooLarge: Hex = `0x73${account.slice(2)}74${above}175f5260205ff3`;
      for (const code of ["0x00", "0x5f5ffd", "0x601f5ff3", tooLarge] as const) {
        await refuses(world, (await ownersOf(code))(), reverse, "ReverseUnauthorized", words);
      }
      const right = await ownersOf(`0x73${account.slice(2)}5f5260205ff3`);
      await right();
      expect(await reverse.read.nameFor([NOT_OURS, 60n])).to.equal("x.hold");
    });
  });

  describe("isController", () => {
    it("tells the first controller and those that governance appointed", async () => {
      const { reverse, bob } = world;
      expect(await reverse.read.isController([zeroAddress])).to.equal(true);
      expect(await reverse.read.isController([bob.account.address])).to.equal(false);
      await reverse.write.setController([bob.account.address, true]);
      expect(await reverse.read.isController([bob.account.address])).to.equal(true);
    });
  });

  describe("setNameForAddrWithSignature", () => {
    const types = {
      PrimaryNameClaim: [
        { name: "account", type: "address" },
        { name: "isDefault", type: "bool" },
        { name: "name", type: "string" },
        { name: "signedAt", type: "uint48" },
        { name: "expiresAt", type: "uint48" },
      ],
    } as const;

    async function claimOf(
      change: Partial<{ account: Hex; isDefault: boolean; name: string; signedAt: number; expiresAt: number }>,
    ) {
      const now = await world.networkHelpers.time.latest();
      return { account, isDefault: false, name: "signed.hold", signedAt: now, expiresAt: now + 600, ...change };
    }
    const sign = (claim: Awaited<ReturnType<typeof claimOf>>, wallet = world.alice, domain: object = {}) =>
      wallet.signTypedData({
        domain: {
          name: "Holdfast Reverse Registrar",
          version: "1",
          chainId: 31337,
          verifyingContract: world.reverse.address,
          ...domain,
        },
        types,
        primaryType: "PrimaryNameClaim",
        message: claim,
      });
    const use = (claim: Awaited<ReturnType<typeof claimOf>>, signature: Hex) =>
      world.reverse.write.setNameForAddrWithSignature([claim, signature], { account: world.bob.account });

    it("sets either name of an account that signed, once, the newest last", async () => {
      const { viem, reverse } = world;
      const claim = await claimOf({});
      const signature = await sign(claim);
      await use(claim, signature);
      expect(await reverse.read.nameFor([account, 60n])).to.equal("signed.hold");
      expect(await reverse.read.lastClaimAt([account, false])).to.equal(claim.signedAt);
      await viem.assertions.revertWithCustomError(use(claim, signature), reverse, "ReverseClaimSuperseded");
      const other = await claimOf({ isDefault: true, name: "all.hold" });
      await use(other, await sign(other));
      expect(await reverse.read.nameFor([account, 1n << 31n])).to.equal("all.hold");
      expect(await reverse.read.lastClaimAt([account, true])).to.equal(other.signedAt);
      const first = { ...claim, signedAt: claim.signedAt - 1 };
      await refuses(world, use(first, await sign(first)), reverse, "ReverseClaimSuperseded", [
        first.signedAt,
        claim.signedAt,
      ]);
    });

    it("reverts for another signer, a changed name, and times that do not fit", async () => {
      const { viem, reverse, bob } = world;
      const claim = await claimOf({});
      const refuses = async (
        changed: typeof claim,
        signature: Hex,
        error: "ReverseInvalidSignature" | "ReverseClaimNotValid",
      ) => viem.assertions.revertWithCustomError(use(changed, signature), reverse, error);
      await refuses(claim, await sign(claim, bob), "ReverseInvalidSignature");
      await refuses({ ...claim, name: "other.hold" }, await sign(claim), "ReverseInvalidSignature");
      for (const change of [
        { signedAt: claim.signedAt + 500 },
        { signedAt: claim.signedAt - 700, expiresAt: claim.signedAt - 100 },
        { expiresAt: claim.signedAt + 86_401 },
      ]) {
        const odd = await claimOf(change);
        await refuses(odd, await sign(odd), "ReverseClaimNotValid");
      }
    });

    it("reverts for a claim signed for another chain or another contract, in both directions", async () => {
      const { reverse } = world;
      const claim = await claimOf({});
      for (const domain of [{ chainId: 10 }, { verifyingContract: NOT_OURS }, { version: "2" }] as const) {
        const signature = await sign(claim, world.alice, domain);
        await refuses(world, use(claim, signature), reverse, "ReverseInvalidSignature", [getAddress(account)]);
      }
      // The same contract at the same address of a chain with another id, and a claim that is of its time.
      const here = await sign(claim);
      const there = await sign(claim, world.alice, { chainId: 10 });
      const other = await deployReverse(10);
      expect(other.reverse.address).to.equal(reverse.address);
      await other.networkHelpers.time.increaseTo(claim.signedAt + 1);
      const useThere = (signature: Hex) => other.reverse.write.setNameForAddrWithSignature([claim, signature]);
      await refuses(other, useThere(here), other.reverse, "ReverseInvalidSignature", [getAddress(account)]);
      await useThere(there);
      expect(await other.reverse.read.nameFor([account, 60n])).to.equal("signed.hold");
    });

    it("lets a claim that was not used undo a name set by a call, for its day, and not after a later claim", async () => {
      const { reverse, networkHelpers } = world;
      const [first, second] = [await claimOf({ name: "first.hold" }), await claimOf({ name: "second.hold" })];
      const unused = await sign(first);
      await networkHelpers.time.increase(10);
      await reverse.write.setName(["called.hold"], { account });
      const snapshot = await networkHelpers.takeSnapshot();
      await use(first, unused);
      expect(await reverse.read.nameFor([account, 60n])).to.equal("first.hold");
      await snapshot.restore();
      const later = { ...second, signedAt: second.signedAt + 5 };
      await use(later, await sign(later));
      await refuses(world, use(first, unused), reverse, "ReverseClaimSuperseded", [first.signedAt, later.signedAt]);
      expect(await reverse.read.nameFor([account, 60n])).to.equal("second.hold");
    });

    it("accepts a contract's own word (ERC-1271) and its owner's signature", async () => {
      const { viem, reverse } = world;
      const wallet = await viem.deployContract("MockWallet", [account]);
      const claim = await claimOf({ account: wallet.address, name: "w.hold" });
      await use(claim, await sign(claim));
      const second = await claimOf({ account: wallet.address, name: "v.hold", isDefault: true });
      await viem.assertions.revertWithCustomError(use(second, "0x12"), reverse, "ReverseInvalidSignature");
      await wallet.write.accept([await reverse.read.claimDigest([second])]);
      await use(second, "0x12");
      expect(await reverse.read.nameFor([wallet.address, 1n << 31n])).to.equal("v.hold");
    });
  });

  describe("resolve", () => {
    const nameCall = (node: Hex) => encodeFunctionData({ abi: NAME_ABI, functionName: "name", args: [node] });
    const ask = (name: string, data = nameCall(namehash(name))) =>
      world.reverse.read.resolve([toHex(encodeDnsName(name)), data]);

    it("answers for every form of an EVM account's reverse name", async () => {
      const { reverse } = world;
      await reverse.write.setDefaultName(["all.hold"], { account });
      await reverse.write.setName(["own.hold"], { account });
      expect(await ask(reverseName(account, "addr.reverse"))).to.contain(toHex("own.hold").slice(2));
      expect(await ask(reverseName(account, "3c.reverse"))).to.contain(toHex("own.hold").slice(2));
      expect(await ask(reverseName(account, "default.reverse"))).to.contain(toHex("all.hold").slice(2));
      expect(await ask(reverseName(account, "8000000a.reverse"))).to.contain(toHex("all.hold").slice(2));
    });

    it("reverts for reverse names of other coin types, of no number, or elsewhere, with the name", async () => {
      const { reverse } = world;
      const digits = account.slice(2).toLowerCase();
      for (const name of [
        `${digits}.g.reverse`,
        `${digits}.3C.reverse`,
        `${digits}.80000000x.reverse`,
        `${digits}.100000000.reverse`,
        `${digits}.7fffffff.reverse`,
        `${digits}.3c.elsewhere`,
        `${digits}.a.b.reverse`,
        digits,
        `${digits.slice(1)}/.addr.reverse`,
        `${digits.slice(1)}:.addr.reverse`,
        `${digits.slice(1)}\`.addr.reverse`,
        `${digits.slice(1)}g.addr.reverse`,
      ]) {
        const call = reverse.read.resolve([toHex(encodeDnsName(name)), nameCall(namehash(name))]);
        await refuses(world, call, reverse, "ReverseUnsupportedName", [toHex(encodeDnsName(name))]);
      }
      const last = "ffffffff";
      await reverse.write.setDefaultName(["all.hold"], { account });
      expect(await ask(`${digits}.${last}.reverse`)).to.contain(toHex("all.hold").slice(2));
      const addr = keccak256(toHex("addr(bytes32)")).slice(0, 10) as Hex;
      const other = reverse.read.resolve([toHex(encodeDnsName(`${digits}.addr.reverse`)), addr]);
      await refuses(world, other, reverse, "UnsupportedResolverProfile", [addr]);
    });

    it("reverts for other names and other records", async () => {
      const { viem, reverse } = world;
      for (const name of [
        "addr.reverse",
        `${"g".repeat(40)}.addr.reverse`,
        reverseName(account, "0.reverse"),
        "a.hold",
      ]) {
        await viem.assertions.revertWithCustomError(ask(name), reverse, "ReverseUnsupportedName");
      }
      const addr = keccak256(toHex("addr(bytes32)")).slice(0, 10) as Hex;
      await viem.assertions.revertWithCustomError(
        ask(reverseName(account, "addr.reverse"), `${addr}${"00".repeat(32)}` as Hex),
        reverse,
        "UnsupportedResolverProfile",
      );
    });

    it("answers for the nodes above accounts, by ENSIP-10", async () => {
      const { reverse } = world;
      for (const name of ["reverse", "addr.reverse", "default.reverse"]) {
        expect(await reverse.read.hasName([namehash(name)])).to.equal(true);
      }
      expect(await reverse.read.hasName([namehash("hold")])).to.equal(false);
      expect(await reverse.read.supportsInterface(["0x9061b923"])).to.equal(true);
      expect(await reverse.read.supportsInterface(["0x691f3431"])).to.equal(true);
      expect(await reverse.read.supportsInterface(["0xffffffff"])).to.equal(false);
    });
  });
});

/** Finds the mapping's slot of a node by its first name: the contract's storage is private. */
async function headSlot({ reverse, client, alice }: World, node: Hex): Promise<Hex> {
  await reverse.write.setName(["x"], { account: alice.account });
  for (let base = 0n; base < 8n; base += 1n) {
    const slot = keccak256(`${node}${base.toString(16).padStart(64, "0")}`);
    const word = await client.getStorageAt({ address: reverse.address, slot });
    if (word?.startsWith("0x78") && word.endsWith("01")) return slot;
  }
  throw new Error("no slot holds the name");
}
