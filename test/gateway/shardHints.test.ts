import { expect } from "chai";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { createShardHintLookup } from "../../src/directory/shardHintLookup.ts";
import { decodeShardHints, hintCountOf } from "../../src/directory/shardHints.ts";
import { followShardHints } from "../../src/gateway/shardHints.ts";
import { namehash } from "../../src/naming/namehash.ts";
import { type Chain, deployWithDirectory, replicaOf } from "../support/gateway/chain.ts";
import { openSynthetic } from "../support/gateway/synthetic.ts";

const YEAR_SECONDS = 365 * 24 * 3_600;

describe("shard hints of a gateway", function () {
  this.timeout(60_000);

  it("cover every name that the store holds, page by page", async () => {
    const replica = openSynthetic(":memory:", 2_500, systemClock, silentLog);
    await replica.step();
    const followed = followShardHints({ replica, tld: "hold", clock: systemClock, log: silentLog });
    await followed.whenComplete;
    const hints = decodeShardHints(followed.published().encoded);
    expect([hints.firstIndex, hintCountOf(hints)]).to.deep.equal([0, 2_500]);
    const lookUp = createShardHintLookup(hints);
    for (const number of [0, 999, 1_000, 1_001, 2_499]) {
      expect(lookUp(namehash(`name-${number}.hold`)), `name-${number}`).to.have.length.greaterThan(0);
    }
    expect(followed.published()).to.equal(followed.published());
    followed.close();
    await replica.stop();
  });

  describe("over a chain", () => {
    let chain: Chain;
    before(async () => {
      chain = await deployWithDirectory();
    });

    it("follow registrations, and one of a name that was free again", async () => {
      const { replica } = replicaOf(chain);
      const followed = followShardHints({ replica, tld: "hold", clock: systemClock, log: silentLog });
      const owner = chain.alice.account.address;
      const lookUp = (name: string) =>
        createShardHintLookup(decodeShardHints(followed.published().encoded))(namehash(name));
      await chain.register({ label: "shop", owner, data: [] });
      await chain.register({ label: "bank", owner, data: [] });
      await replica.step();
      expect([lookUp("shop.hold"), lookUp("bank.hold"), lookUp("nobody.hold")]).to.deep.equal([[0], [1], []]);
      await chain.time.increase(2 * YEAR_SECONDS);
      await chain.register({ label: "shop", owner, data: [] });
      await replica.step();
      expect(lookUp("shop.hold")[0]).to.equal(2);
      followed.close();
      await replica.stop();
    });
  });
});
