import { readFileSync } from "node:fs";
import { expect } from "chai";
import { network } from "hardhat";
import { recoverAddress } from "viem";

/** TypeScript is held against the same file, in test/protocol/recordSet.test.ts. */
const VECTORS = JSON.parse(readFileSync(new URL("../../protocol/recordSet.vectors.json", import.meta.url), "utf8"));

describe("OffchainResolver, by the vectors it shares with TypeScript", () => {
  const resolverOn = async (chainId: number) => {
    const { viem, provider } = await network.create({ override: { chainId } });
    const { address } = await viem.deployContract("OffchainResolver", [VECTORS.resolver, VECTORS.resolver]);
    const code = await (await viem.getPublicClient()).getCode({ address });
    // The digest is bound to the contract's address, so the contract goes where the vectors have it.
    await provider.request({ method: "hardhat_setCode", params: [VECTORS.resolver, code!] });
    return await viem.getContractAt("OffchainResolver", VECTORS.resolver);
  };

  for (const chainId of [1, 31337]) {
    it(`returns the digests of chain ${chainId}, which the signatures are of`, async () => {
      const resolver = await resolverOn(chainId);
      const sets = VECTORS.sets.filter((vector: { chainId: number }) => vector.chainId === chainId);
      for (const { set, digest, signature } of sets) {
        const epoch = BigInt(set.epoch);
        const sequence = BigInt(set.sequence);
        expect(await resolver.read.recordSetDigest([{ ...set, epoch, sequence }])).to.equal(digest);
        expect((await recoverAddress({ hash: digest, signature })).toLowerCase()).to.equal(VECTORS.signer);
      }
    });
  }

  it("returns the record that each resolver call reads", async () => {
    const resolver = await resolverOn(31337);
    for (const { call, kindWord, subkey } of VECTORS.calls) {
      expect(await resolver.read.recordOf([call])).to.deep.equal([BigInt(kindWord), subkey]);
    }
  });
});
