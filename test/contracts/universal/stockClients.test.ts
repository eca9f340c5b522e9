import { getAddressRecord, getName, getRecords, getResolver, getTextRecord } from "@ensdomains/ensjs/public";
import { expect } from "chai";
import { type EnsPlugin as EthersEnsPlugin, ethers } from "ethers";
import { createPublicClient, http, zeroAddress } from "viem";
import { foundry } from "viem/chains";
import { findAnvil, startAnvil, startEdr, type TestNode } from "../support/node.ts";
import { AVATAR, BITCOIN_ADDRESS, BITCOIN_SCRIPT, createWorld, type World } from "../support/world.ts";

/** What every stock client must find, over every node. */
function behavesLikeEns(start: () => Promise<TestNode>) {
  let world: World;
  let aliceAddress: string;
  before(async function () {
    this.timeout(60_000);
    world = await createWorld(await start());
    aliceAddress = ethers.getAddress(world.alice.account.address);
  });
  after(() => world?.node.stop());

  describe("viem", () => {
    const client = () =>
      createPublicClient({
        transport: http(world.node.url, { retryCount: 0 }),
        chain: {
          ...foundry,
          contracts: { ensUniversalResolver: { address: world.deployment.contracts.universalResolver } },
        },
      });

    it("resolves a name, a subname and another chain's address", async () => {
      expect(await client().getEnsAddress({ name: "alice.hold" })).to.equal(aliceAddress);
      expect(await client().getEnsAddress({ name: "pay.alice.hold" })).to.equal(
        ethers.getAddress(world.bob.account.address),
      );
      expect(await client().getEnsAddress({ name: "alice.hold", coinType: 0n })).to.equal(BITCOIN_SCRIPT);
    });

    it("reads text, avatar and resolver", async () => {
      expect(await client().getEnsText({ name: "alice.hold", key: "url" })).to.equal("https://example.org/alice");
      expect(await client().getEnsText({ name: "alice.hold", key: "none" })).to.equal(null);
      expect(await client().getEnsAvatar({ name: "alice.hold" })).to.equal(AVATAR);
      expect(await client().getEnsResolver({ name: "alice.hold" })).to.equal(
        ethers.getAddress(world.deployment.contracts.registry),
      );
    });

    it("resolves below a wildcard", async () => {
      expect((await client().getEnsAddress({ name: "a.b.wild.hold" }))?.toLowerCase()).to.equal(world.wildcardAddress);
    });

    it("finds nothing for unregistered and expired names", async () => {
      expect(await client().getEnsAddress({ name: "nobody.hold" })).to.equal(null);
      expect(await client().getEnsAddress({ name: "old.hold" })).to.equal(null);
      expect(await client().getEnsAddress({ name: "nobody.alice.hold" })).to.equal(null);
      expect(await client().getEnsAddress({ name: "nobody.elsewhere" })).to.equal(null);
    });

    it("reads no text and no avatar of unregistered and expired names, and finds no resolver out of the TLD", async () => {
      for (const name of ["nobody.hold", "old.hold", "nobody.elsewhere"]) {
        expect(await client().getEnsText({ name, key: "url" }), name).to.equal(null);
        expect(await client().getEnsAvatar({ name }), name).to.equal(null);
        expect(await client().getEnsAddress({ name, coinType: 0n }), name).to.equal(null);
      }
      expect(await client().getEnsResolver({ name: "nobody.elsewhere" })).to.equal(zeroAddress);
    });

    it("finds the resolver of the TLD for unregistered and expired names below it, which answers nothing for them", async () => {
      const registry = ethers.getAddress(world.deployment.contracts.registry);
      for (const name of ["nobody.hold", "old.hold", "nobody.alice.hold"]) {
        expect(await client().getEnsResolver({ name }), name).to.equal(registry);
      }
    });

    it("finds the wildcard's resolver below it", async () => {
      const resolver = await client().getEnsResolver({ name: "wild.hold" });
      expect(resolver).to.not.equal(ethers.getAddress(world.deployment.contracts.registry));
      expect(await client().getEnsResolver({ name: "a.b.wild.hold" })).to.equal(resolver);
    });

    it("finds the primary name of its account, and none for a false claim", async () => {
      expect(await client().getEnsName({ address: world.alice.account.address })).to.equal("alice.hold");
      expect(await client().getEnsName({ address: world.bob.account.address })).to.equal(null);
      expect(await client().getEnsName({ address: world.deployment.contracts.registry })).to.equal(null);
    });

    it("finds no primary name whose name has expired", async () => {
      const { address } = world.dave.account;
      expect(await client().getEnsName({ address })).to.equal(null);
    });

    it("finds the default primary name for Ethereum and another EVM chain", async () => {
      const { address } = world.carol.account;
      expect(await client().getEnsName({ address })).to.equal("carol.hold");
      expect(await client().getEnsName({ address, coinType: (1n << 31n) + 10n })).to.equal("carol.hold");
      expect(await client().getEnsName({ address, coinType: 0n })).to.equal(null);
    });
  });

  for (const universal of [true, false]) {
    describe(`ethers ${universal ? "with" : "without"} the universal resolver`, () => {
      const connect = () => {
        const { registry, universalResolver } = world.deployment.contracts;
        const network = new ethers.Network("local", 31337);
        const plugin = new ethers.EnsPlugin(registry, 31337, ...((universal ? [universalResolver] : []) as never[]));
        network.attachPlugin(plugin as EthersEnsPlugin);
        return new ethers.JsonRpcProvider(world.node.url, network, { staticNetwork: network });
      };
      let provider: ethers.JsonRpcProvider;
      before(() => {
        provider = connect();
      });
      after(() => provider?.destroy());

      it("resolves a name, a subname and another chain's address", async () => {
        expect(await provider.resolveName("alice.hold")).to.equal(aliceAddress);
        expect(await provider.resolveName("pay.alice.hold")).to.equal(ethers.getAddress(world.bob.account.address));
        const resolver = await provider.getResolver("alice.hold");
        // ethers decodes addresses of EVM chains alone, unless a plug-in teaches it others.
        const carol = await provider.getResolver("carol.hold");
        expect(await carol!.getAddress(2 ** 31 + 10)).to.equal(ethers.getAddress(world.carol.account.address));
        expect(await resolver!.getText("url")).to.equal("https://example.org/alice");
        expect(await resolver!.getAvatar()).to.equal(AVATAR);
      });

      it("resolves below a wildcard", async () => {
        expect((await provider.resolveName("a.b.wild.hold"))?.toLowerCase()).to.equal(world.wildcardAddress);
      });

      it("finds nothing for unregistered and expired names", async () => {
        expect(await provider.resolveName("nobody.hold")).to.equal(null);
        expect(await provider.resolveName("old.hold")).to.equal(null);
        for (const name of ["nobody.hold", "old.hold"]) {
          const resolver = await provider.getResolver(name);
          expect((await resolver?.getText("url")) || null, name).to.equal(null);
          expect((await resolver?.getAvatar()) || null, name).to.equal(null);
        }
      });

      // With the universal resolver ethers passes its refusals on; without it, it finds out itself.
      it("finds no resolver out of the TLD, and no primary name for a false claim", async () => {
        const said = (error: Error) => /: (\w+)\(/.exec(error.message)?.[1];
        const resolver = await provider.getResolver("nobody.elsewhere").catch(said);
        expect(resolver).to.equal(universal ? "ResolverNotFound" : null);
        const name = await provider.lookupAddress(world.bob.account.address).catch(said);
        expect(name).to.equal(universal ? "ReverseAddressMismatch" : null);
        const expired = await provider.lookupAddress(world.dave.account.address).catch(said);
        expect(expired).to.equal(universal ? "ReverseAddressMismatch" : null);
      });

      it("finds for unregistered and expired names a resolver that has no address of theirs, if any", async () => {
        for (const name of ["nobody.hold", "old.hold"]) {
          const resolver = await provider.getResolver(name);
          expect((await resolver?.getAddress()) ?? null, name).to.equal(null);
        }
      });

      it("finds primary names, checked forward", async () => {
        expect(await provider.lookupAddress(world.alice.account.address)).to.equal("alice.hold");
        expect(await provider.lookupAddress(world.carol.account.address)).to.equal("carol.hold");
        expect(await provider.lookupAddress(world.deployment.contracts.registry)).to.equal(null);
      });
    });
  }

  describe("ensjs", () => {
    const client = () =>
      createPublicClient({
        transport: http(world.node.url, { retryCount: 0 }),
        chain: {
          ...foundry,
          contracts: {
            ensUniversalResolver: { address: world.deployment.contracts.universalResolver },
            ensRegistry: { address: world.deployment.contracts.registry },
          },
        },
      }) as never;

    it("reads single records and a batch of them", async () => {
      expect((await getAddressRecord(client(), { name: "alice.hold" }))?.value).to.equal(aliceAddress);
      expect(await getTextRecord(client(), { name: "alice.hold", key: "avatar" })).to.equal(AVATAR);
      const records = await getRecords(client(), {
        name: "alice.hold",
        texts: ["url", "none"],
        coins: ["ETH", "BTC"],
        contentHash: true,
      });
      expect(records.texts).to.deep.equal([{ key: "url", value: "https://example.org/alice" }]);
      expect(records.coins.map(({ value }) => value)).to.deep.equal([aliceAddress, BITCOIN_ADDRESS]);
      expect(records.contentHash).to.equal(null);
    });

    it("finds primary names and resolvers, and nothing where there is none", async () => {
      expect((await getName(client(), { address: world.alice.account.address }))?.name).to.equal("alice.hold");
      expect(await getName(client(), { address: world.bob.account.address })).to.equal(null);
      expect(await getName(client(), { address: world.dave.account.address })).to.equal(null);
      expect((await getResolver(client(), { name: "alice.hold" }))?.toLowerCase()).to.equal(
        world.deployment.contracts.registry.toLowerCase(),
      );
      expect(await getAddressRecord(client(), { name: "old.hold" })).to.equal(null);
      expect(await getAddressRecord(client(), { name: "nobody.hold" })).to.equal(null);
      expect(await getTextRecord(client(), { name: "old.hold", key: "url" })).to.equal(null);
    });

    it("resolves below a wildcard, subnames, and another EVM chain's address", async () => {
      const below = await getAddressRecord(client(), { name: "a.b.wild.hold" });
      expect(String(below?.value).toLowerCase()).to.equal(world.wildcardAddress);
      const pay = await getAddressRecord(client(), { name: "pay.alice.hold" });
      expect(pay?.value).to.equal(ethers.getAddress(world.bob.account.address));
      const bitcoin = await getAddressRecord(client(), { name: "alice.hold", coin: "BTC" });
      expect(bitcoin?.value).to.equal(BITCOIN_ADDRESS);
      expect((await getName(client(), { address: world.carol.account.address }))?.name).to.equal("carol.hold");
    });
  });
}

describe("stock clients over EDR", () => {
  behavesLikeEns(() => startEdr());
});

describe("stock clients over anvil", () => {
  const program = findAnvil();
  before(function () {
    if (program !== undefined) return;
    console.log("skipped: anvil is not installed");
    this.skip();
  });
  if (program !== undefined) behavesLikeEns(() => startAnvil(program));
});
