import { expect } from "chai";
import type { Hex } from "viem";
import { fromHex, utf8Text } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { readPrimaryName } from "../../src/proof/reverse.ts";
import type { Replica } from "../../src/replica/replica.ts";
import { createReverseReplica } from "../../src/replica/reverseReplica.ts";
import { ProviderPool } from "../../src/replica/source/providerPool.ts";
import { Store } from "../../src/replica/store/store.ts";
import { type Chain, deployWithDirectory } from "../support/gateway/chain.ts";

const LONG = `${"a-label-that-is-longer-than-one-slot".repeat(3)}.hold`;

describe("replica of primary names", function () {
  this.timeout(60_000);
  let chain: Chain;
  let replica: Replica;
  let alice: Hex;
  let bob: Hex;

  before(async () => {
    chain = await deployWithDirectory();
    [alice, bob] = [chain.alice, chain.bob].map(({ account }) => account.address.toLowerCase() as Hex) as [Hex, Hex];
    const { address } = chain.reverse;
    const pool = new ProviderPool({ sources: [chain.source], clock: systemClock, log: silentLog });
    replica = createReverseReplica({
      address,
      codeHash: chain.reverseCodeHash,
      store: new Store(":memory:", { chainId: 31337, registry: address, directory: address, startBlock: 0 }),
      pool,
      startBlock: 0,
      clock: systemClock,
      log: silentLog,
    });
  });
  after(async () => await replica.stop());

  /** Follows to the next checkpoint, which holds the rebuilt storage against the account's root. */
  const follow = async () => {
    await chain.mineToCheckpoint();
    await replica.step();
    expect(replica.status).to.equal("following");
    expect(replica.checkpoint?.header.number).to.equal(await chain.head());
  };
  const nameOf = (account: Hex, coinType = 60n) => {
    const found = readPrimaryName((slot) => replica.readAtCheckpoint(fromHex(slot)), { account, coinType });
    return found === undefined ? undefined : utf8Text(found);
  };

  it("has the chain's storage root through names of every length, shorter ones after longer, and none", async () => {
    const { reverse } = chain;
    await reverse.write.setName(["alice.hold"], { account: alice });
    await reverse.write.setDefaultName([LONG], { account: bob });
    await follow();
    expect([nameOf(alice), nameOf(bob), nameOf(bob, 0x8000000an)]).to.deep.equal(["alice.hold", LONG, LONG]);
    await reverse.write.setName([LONG.slice(40)], { account: alice });
    await reverse.write.setDefaultName(["b.hold"], { account: bob });
    await follow();
    expect([nameOf(alice), nameOf(bob)]).to.deep.equal([LONG.slice(40), "b.hold"]);
    await reverse.write.setName([""], { account: alice });
    await follow();
    expect(nameOf(alice)).to.equal(undefined);
  });

  it("keeps names that are no UTF-8 as they are", async () => {
    // setName(string) with two bytes that no text has.
    const word = (digits: string) => digits.padEnd(64, "0");
    const data = `0xc47f0027${"20".padStart(64, "0")}${"2".padStart(64, "0")}${word("fffe")}` as Hex;
    await chain.alice.sendTransaction({ to: chain.reverse.address, data });
    await follow();
    const found = readPrimaryName((slot) => replica.readAtCheckpoint(fromHex(slot)), { account: alice, coinType: 60n });
    expect([...found!]).to.deep.equal([0xff, 0xfe]);
  });

  it("takes in controllers and claims by signature", async () => {
    const { reverse, connection } = chain;
    const signedAt = Number((await (await chain.viem.getPublicClient()).getBlock()).timestamp);
    const claim = { account: alice, isDefault: false, name: "claimed.hold", signedAt, expiresAt: signedAt + 3_600 };
    const signature = (await connection.provider.request({
      method: "eth_signTypedData_v4",
      params: [
        alice,
        {
          domain: {
            name: "Holdfast Reverse Registrar",
            version: "1",
            chainId: 31337,
            verifyingContract: reverse.address,
          },
          types: {
            EIP712Domain: [
              { name: "name", type: "string" },
              { name: "version", type: "string" },
              { name: "chainId", type: "uint256" },
              { name: "verifyingContract", type: "address" },
            ],
            PrimaryNameClaim: [
              { name: "account", type: "address" },
              { name: "isDefault", type: "bool" },
              { name: "name", type: "string" },
              { name: "signedAt", type: "uint48" },
              { name: "expiresAt", type: "uint48" },
            ],
          },
          primaryType: "PrimaryNameClaim",
          message: claim,
        },
      ],
    })) as Hex;
    await reverse.write.setNameForAddrWithSignature([claim, signature]);
    await reverse.write.setController([bob, true], { account: chain.governor.account });
    await follow();
    expect(nameOf(alice)).to.equal("claimed.hold");
    await reverse.write.setController([bob, false], { account: chain.governor.account });
    await follow();
  });
});
