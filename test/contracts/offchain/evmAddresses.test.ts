/** ENSIP-19 in signed sets: addresses of EVM chains fall back to the default one, alike in the contract and in TypeScript. */
import { expect } from "chai";
import {
  decodeAbiParameters,
  encodeAbiParameters,
  encodeFunctionData,
  getAddress,
  type Hex,
  parseAbi,
  toHex,
} from "viem";
import { seededRandom } from "../../../src/base/random.ts";
import { encodeDnsName } from "../../../src/naming/dnsName.ts";
import { InvalidSetError, readLeaves } from "../../../src/proof/signedSet.ts";
import { callOfRecord, encodeSignedAnswer, leavesOf, recordOfCall } from "../../../src/protocol/offchainMessages.ts";
import { recordKeyHash, wildcardNode } from "../../../src/protocol/offchainTree.ts";
import { type HeldSet, signSet } from "../../support/offchain/gateways.ts";
import { nodeOf, refuses, useHoldfast } from "../support/holdfast.ts";

/** That of alice, the second account of every development chain. */
const ALICE_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
const NODE = nodeOf("shop.hold");
const NAME = "shop.hold";
const DAY = 86_400;
const SEED = 1_959;

describe("OffchainResolver, asked for addresses of EVM chains", () => {
  const world = useHoldfast(async ({ viem, registry, register, alice, time }) => {
    const offchain = await viem.deployContract("OffchainResolver", [registry.address, registry.address]);
    await register({ label: "shop", owner: alice.account.address });
    const now = await time.latest();
    const epoch = await registry.read.epochOf([NODE]);
    const head = { node: NODE, epoch, sequence: 5n, validFrom: now - DAY, validUntil: now + DAY };
    return { offchain, head, domain: { chainId: 31337, resolver: offchain.address } };
  });
  const prepared = () => world().prepared;
  const refused = (call: Promise<unknown>, error: string, ...values: readonly unknown[]) =>
    refuses(world(), call, prepared().offchain, error, values);
  const question = (calls: readonly Hex[], name: string) => ({
    resolver: prepared().offchain.address,
    node: NODE,
    name,
    calls,
  });
  const verify = (answer: Hex, calls: readonly Hex[], name: string) =>
    prepared().offchain.read.verifyAnswer([answer, NODE, toHex(encodeDnsName(name)), [...calls]]);
  const asBytes = (result: Hex) => decodeAbiParameters([{ type: "bytes" }], result)[0];
  const own: Hex = `0x${"0d".repeat(20)}`;
  const wild60: Hex = `0x${"60".repeat(20)}`;
  const wildDefault: Hex = `0x${"dd".repeat(20)}`;
  const [ETHEREUM, DEFAULT, BASE] = [60n, 0x80000000n, 0x80000000n | 8453n];
  const addrOf = (name: string, coinType: bigint) => callOfRecord(name, { kind: "addr", coinType });
  const placed = (name: string, coinType: bigint, value: Hex) => {
    const { kindWord, subkey } = recordOfCall(addrOf(NAME, coinType));
    const node = name === "*.shop.hold" ? wildcardNode(NODE) : nodeOf(name);
    return { key: recordKeyHash(node, kindWord, subkey), value };
  };
  /** What the contract and TypeScript, each by itself, read out of a set for an address; they must agree. */
  const read = async (held: HeldSet, name: string, coinType: bigint): Promise<Hex> => {
    const calls = [addrOf(name, coinType)];
    const leaves = leavesOf(question(calls, name), held.tree);
    const [results] = await verify(encodeSignedAnswer(held.set, leaves), calls, name);
    const value = asBytes(results[0]!);
    expect(readLeaves(held.set, question(calls, name), leaves)[0]!.value ?? "0x").to.equal(value);
    return value;
  };
  const signed = (...entries: readonly { key: Hex; value: Hex }[]) =>
    signSet(ALICE_KEY, prepared().domain, prepared().head, [...entries]);

  it("answers with the default address where a chain has none, and for no other coin", async () => {
    const held = await signed(placed(NAME, DEFAULT, own), placed(NAME, BASE, wild60));
    for (const coin of [ETHEREUM, DEFAULT, 0x80000001n, 0xffffffffn]) {
      expect(await read(held, NAME, coin), `coin ${coin}`).to.equal(own);
    }
    expect(await read(held, NAME, BASE)).to.equal(wild60);
    for (const coin of [0n, 59n, 0x7fffffffn, 0x100000000n]) {
      expect(await read(held, NAME, coin), `coin ${coin}`).to.equal("0x");
    }
    const abi = parseAbi(["function addr(bytes32 node)"]);
    const addr = encodeFunctionData({ abi, functionName: "addr", args: [NODE] });
    const [results] = await verify(
      encodeSignedAnswer(held.set, leavesOf(question([addr], NAME), held.tree)),
      [addr],
      NAME,
    );
    expect(results).to.deep.equal([encodeAbiParameters([{ type: "address" }], [getAddress(own)])]);
  });

  it("answers with the name's own default before the wildcard's addresses, then with those in the same order", async () => {
    const held = await signed(
      placed("a.shop.hold", DEFAULT, own),
      placed("*.shop.hold", ETHEREUM, wild60),
      placed("*.shop.hold", DEFAULT, wildDefault),
    );
    expect(await read(held, "a.shop.hold", ETHEREUM)).to.equal(own);
    expect(await read(held, "b.shop.hold", ETHEREUM)).to.equal(wild60);
    expect(await read(held, "b.shop.hold", BASE)).to.equal(wildDefault);
    expect(await read(held, "b.shop.hold", 0n)).to.equal("0x");
    // The name that signs has no wildcard above it.
    expect(await read(held, NAME, ETHEREUM)).to.equal("0x");
  });

  it("reverts where the default's or the wildcard's leaf is held back", async () => {
    const held = await signed(placed(NAME, DEFAULT, own), placed("*.shop.hold", DEFAULT, wildDefault));
    for (const [name, count] of [
      [NAME, 2],
      ["b.shop.hold", 4],
    ] as const) {
      const calls = [addrOf(name, BASE)];
      const [all] = leavesOf(question(calls, name), held.tree);
      expect(all).to.have.length(count);
      for (let shown = 0; shown < count; shown += 1) {
        const leaves = [all!.slice(0, shown)];
        const answer = encodeSignedAnswer(held.set, leaves);
        await refused(verify(answer, calls, name), "RecordSetWrongLeafCount", BigInt(shown), BigInt(shown + 1));
        expect(() => readLeaves(held.set, question(calls, name), leaves)).to.throw(
          InvalidSetError,
          "A leaf is missing",
        );
      }
    }
  });

  it("answers at random what a resolver on chain would, in both languages", async () => {
    const random = seededRandom(SEED, "defaults");
    const coins = [0n, ETHEREUM, DEFAULT, BASE];
    for (let round = 0; round < 12; round += 1) {
      const values = new Map<string, Hex>();
      for (const name of [NAME, "a.shop.hold", "*.shop.hold"]) {
        for (const coin of coins) {
          if (random.below(3) === 0) values.set(`${name}/${coin}`, toHex(random.bytes(20)));
        }
      }
      const entries = [...values].map(([place, value]) => {
        const [name, coin] = place.split("/") as [string, string];
        return placed(name, BigInt(coin), value);
      });
      const held = await signed(...entries);
      for (const name of [NAME, "a.shop.hold"]) {
        for (const coin of coins) {
          const at = (where: string) =>
            values.get(`${where}/${coin}`) ?? (coin === 0n ? undefined : values.get(`${where}/${DEFAULT}`));
          const expected = at(name) ?? (name === NAME ? undefined : at("*.shop.hold")) ?? "0x";
          expect(await read(held, name, coin), `seed ${SEED}, round ${round}, ${name} ${coin}`).to.equal(expected);
        }
      }
    }
  });
});
