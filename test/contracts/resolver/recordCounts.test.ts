import { expect } from "chai";
import { concatHex, encodeFunctionData, type Hex, numberToHex } from "viem";
import { toHex } from "../../../src/base/bytes.ts";
import { encodeDnsName } from "../../../src/naming/dnsName.ts";
import { countsSlot, GLOBAL_TEXT_KEYS, isCounted } from "../../../src/proof/recordCounts.ts";
import { placeOf } from "../../../src/protocol/recordPlace.ts";
import { nodeOf, refuses, useHoldfast } from "../support/holdfast.ts";

const NODE = nodeOf("shop.hold");
const OTHERS_MAX = 255;
const ADDRESS: Hex = "0x00000000000000000000000000000000000000aa";

/** An A record of an owner below the name; without data it deletes. */
function aRecord(label: string, data: Hex = "0xc0000201"): Hex {
  const size = numberToHex((data.length - 2) / 2, { size: 2 });
  return concatHex([toHex(encodeDnsName(`${label}.shop.hold`)), "0x000100010000012c", size, data]);
}

describe("How many records a name has", () => {
  const world = useHoldfast(({ register, alice }) => register({ label: "shop", owner: alice.account.address }));
  const as = () => ({ account: world().alice.account });
  const write = () => world().registry.write;
  const counts = async () => {
    const { dnsRecordCount, otherRecordCount } = world().registry.read;
    return (await Promise.all([dnsRecordCount([NODE]), otherRecordCount([NODE])])).map(Number);
  };
  const call = (functionName: "setText" | "setDNSRecords", args: readonly unknown[]): Hex =>
    encodeFunctionData({ abi: world().registry.abi, functionName, args } as never);
  const texts = (from: number, to: number, value = "v") =>
    Array.from({ length: to - from }, (_, index) => call("setText", [NODE, `com.example.${from + index}`, value]));
  const zone = (from: number, to: number, data?: Hex) =>
    concatHex(Array.from({ length: to - from }, (_, index) => aRecord(`h${from + index}`, data)));

  it("goes up with a new record and down with a deleted one, once for each of the kinds that are counted", async () => {
    const setters: Readonly<Record<string, (isSet: boolean) => Promise<unknown>>> = {
      text: (isSet) => write().setText([NODE, "com.github", isSet ? "shop" : ""], as()),
      longText: (isSet) => write().setText([NODE, "org.telegram", isSet ? "x".repeat(99) : ""], as()),
      longKey: (isSet) => write().setText([NODE, "k".repeat(33), isSet ? "v" : ""], as()),
      address: (isSet) => write().setAddr([NODE, 0x8000000an, isSet ? ADDRESS : "0x"], as()),
      coin: (isSet) => write().setAddr([NODE, 512n, isSet ? "0x01" : "0x"], as()),
      data: (isSet) => write().setData([NODE, "key", isSet ? "0x01" : "0x"], as()),
      interface: (isSet) => write().setInterface([NODE, "0x01ffc9a7", isSet ? ADDRESS : `0x${"00".repeat(20)}`], as()),
    };
    let expected = 0;
    for (const [kind, set] of Object.entries(setters)) {
      await set(false);
      expect(await counts(), `${kind} deleted that was not there`).to.deep.equal([0, expected]);
      await set(true);
      await set(true);
      expected += 1;
      expect(await counts(), `${kind} set twice`).to.deep.equal([0, expected]);
    }
    for (const [kind, set] of Object.entries(setters)) {
      await set(false);
      expected -= 1;
      expect(await counts(), `${kind} deleted`).to.deep.equal([0, expected]);
    }
  });

  it("leaves out what there can be few of: global keys, the first coin types, single records, content types", async () => {
    expect(GLOBAL_TEXT_KEYS.length).to.equal(16);
    await write().multicall(
      [
        GLOBAL_TEXT_KEYS.flatMap((key) => [
          call("setText", [NODE, key, "v"]),
          call("setText", [NODE, key, "x".repeat(40)]),
        ]),
      ],
      as(),
    );
    for (const key of GLOBAL_TEXT_KEYS.slice(0, 3)) await write().setText([NODE, key, ""], as());
    for (const coinType of [0n, 60n, 501n, 511n, 0x80000000n]) {
      await write().setAddr([NODE, coinType, ADDRESS], as());
    }
    await write().setAddr([NODE, ADDRESS], as());
    await write().setContenthash([NODE, "0xe301"], as());
    await write().setName([NODE, "shop.hold"], as());
    await write().setABI([NODE, 8n, "0x01"], as());
    await write().setPubkey([NODE, NODE, NODE], as());
    await write().setZonehash([NODE, "0x01"], as());
    expect(await counts()).to.deep.equal([0, 0]);
  });

  it("is told alike by the contract and by TypeScript, record by record", async () => {
    const keys = [...GLOBAL_TEXT_KEYS, "com.github", "Avatar", "avatar ", "url.", "k".repeat(40)];
    for (const key of keys) {
      const before = (await counts())[1]!;
      await write().setText([NODE, key, "v"], as());
      const { kind, subkey } = placeOf({ kind: "text", key });
      expect((await counts())[1]! - before, key).to.equal(Number(isCounted(kind, subkey)));
    }
    for (const coinType of [0n, 511n, 512n, 0x7fffffffn, 0x80000000n, 0x80000001n, 2n ** 255n]) {
      const before = (await counts())[1]!;
      await write().setAddr([NODE, coinType, ADDRESS], as());
      const { kind, subkey } = placeOf({ kind: "addr", coinType });
      expect((await counts())[1]! - before, String(coinType)).to.equal(Number(isCounted(kind, subkey)));
    }
  });

  it("stops at 255 others, by whatever way they are written, and says which name and how many", async () => {
    const refused = (writing: Promise<unknown>) =>
      refuses(world(), writing, world().registry, "RecordTooMany", [NODE, BigInt(OTHERS_MAX)]);
    await write().multicall([texts(0, 128)], as());
    await write().multicall([texts(128, OTHERS_MAX)], as());
    expect(await counts()).to.deep.equal([0, OTHERS_MAX]);
    await refused(write().setText([NODE, "one.more", "v"], as()));
    await refused(write().multicall([texts(OTHERS_MAX, OTHERS_MAX + 1)], as()));
    await refused(write().setAddr([NODE, 512n, "0x01"], as()));
    await refused(write().setData([NODE, "key", "0x01"], as()));
    await refused(write().setInterface([NODE, "0x01ffc9a7", ADDRESS], as()));
    // What is there can be changed, what is not counted written; and each that goes makes room for one.
    await write().setText([NODE, "com.example.0", "another"], as());
    await write().setText([NODE, "avatar", "v"], as());
    await write().setDNSRecords([NODE, zone(0, 255)], as());
    expect(await counts()).to.deep.equal([255, OTHERS_MAX]);
    await write().setText([NODE, "com.example.0", ""], as());
    await write().setText([NODE, "one.more", "v"], as());
    await refused(write().setText([NODE, "com.example.0", "v"], as()));
  });

  it("keeps RRsets and others apart, in either order, below 128 and above, and when a zone is emptied", async () => {
    await write().multicall([texts(0, 127)], as());
    await write().setDNSRecords([NODE, zone(0, 1)], as());
    expect(await counts()).to.deep.equal([1, 127]);
    await write().setDNSRecords([NODE, zone(0, 1, "0x")], as());
    expect(await counts()).to.deep.equal([0, 127]);
    await write().multicall([texts(127, 129)], as());
    await write().multicall([[...texts(127, 129, ""), call("setDNSRecords", [NODE, zone(0, 128)])]], as());
    expect(await counts()).to.deep.equal([128, 127]);
    await write().clearDNSZone([NODE], as());
    expect(await counts()).to.deep.equal([0, 127]);
    await write().setDNSRecords([NODE, zone(0, 127)], as());
    await write().multicall([texts(0, 127, "")], as());
    expect(await counts()).to.deep.equal([127, 0]);
    await write().setDNSRecords([NODE, zone(127, 128)], as());
    expect(await counts()).to.deep.equal([128, 0]);
    await write().clearDNSZone([NODE], as());
    expect(await counts()).to.deep.equal([0, 0]);
  });

  it("frees the slot of its own once a byte holds the counts again, and starts anew when records are cleared", async () => {
    const client = await world().viem.getPublicClient();
    const { registry } = world();
    const slotNow = async () => {
      const slot = countsSlot(NODE, await registry.read.epochOf([NODE]));
      return BigInt((await client.getStorageAt({ address: registry.address, slot }))!);
    };
    await write().setText([NODE, "com.github", "shop"], as());
    expect(await slotNow()).to.equal(0n);
    await write().setDNSRecords([NODE, zone(0, 2)], as());
    expect(await slotNow()).to.equal((1n << 16n) | 2n);
    await write().setText([NODE, "com.github", ""], as());
    expect(await slotNow()).to.equal(0n);
    expect(await counts()).to.deep.equal([2, 0]);
    await write().setText([NODE, "com.github", "shop"], as());
    await write().clearRecords([NODE], as());
    expect([await slotNow(), await counts()]).to.deep.equal([0n, [0, 0]]);
    await write().setText([NODE, "com.github", "shop"], as());
    expect(await counts()).to.deep.equal([0, 1]);
  });

  it("costs a first text of another key 4,200 gas at the most, and an update nothing", async () => {
    const client = await world().viem.getPublicClient();
    const gasOf = async (key: string, value: string) =>
      Number((await client.getTransactionReceipt({ hash: await write().setText([NODE, key, value], as()) })).gasUsed);
    const value = "https://example.org/avatar.webp";
    const [global, other] = [await gasOf("avatar", value), await gasOf("banner", value)];
    // The keys are as long; their bytes cost the same.
    expect(other - global).to.be.within(2_900, 4_200);
    expect((await gasOf("banner", "x")) - (await gasOf("avatar", "x"))).to.be.within(-50, 50);
  });
});
