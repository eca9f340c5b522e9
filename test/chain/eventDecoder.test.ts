import { expect } from "chai";
import fc from "fast-check";
import { type AbiEvent, decodeEventLog, encodeAbiParameters, encodeEventTopics, type Hex } from "viem";
import { toHex } from "../../src/base/bytes.ts";
import { createEventDecoder, MalformedLogError } from "../../src/chain/eventDecoder.ts";
import { directoryEvents, registryEvents } from "../../src/chain/followedEvents.ts";

const EVENTS = [...registryEvents, ...directoryEvents] as readonly AbiEvent[];

function argumentOf(type: string): fc.Arbitrary<unknown> {
  const list = /^uint256\[(\d+)\]$/.exec(type);
  if (list !== null) {
    const size = Number(list[1]);
    return fc.array(argumentOf("uint256"), { minLength: size, maxLength: size });
  }
  if (type === "bool") return fc.boolean();
  if (type === "string") return fc.string({ unit: "grapheme", maxLength: 80 });
  if (type === "bytes") return fc.uint8Array({ maxLength: 80 }).map(toHex);
  if (type === "address") return fc.uint8Array({ minLength: 20, maxLength: 20 }).map(toHex);
  const fixed = /^bytes(\d+)$/.exec(type);
  if (fixed !== null) return fc.uint8Array({ minLength: Number(fixed[1]), maxLength: Number(fixed[1]) }).map(toHex);
  const bits = Number(type.slice(4));
  const max = 2n ** BigInt(bits) - 1n;
  return fc.bigInt({ min: 0n, max }).map((value) => (bits <= 48 ? Number(value) : value));
}

/** Addresses are lower case here and checksummed there. */
function lower(value: unknown): unknown {
  if (typeof value === "string" && /^0x[0-9a-fA-F]{40}$/.test(value)) return value.toLowerCase();
  return value;
}

describe("event decoder", () => {
  for (const event of EVENTS) {
    const inputs = event.inputs.map(({ type }) => type).join(",");
    it(`returns what viem returns for ${event.name}(${inputs})`, () => {
      const decode = createEventDecoder(EVENTS);
      const values = fc.tuple(...event.inputs.map(({ type }) => argumentOf(type)));
      fc.assert(
        fc.property(values, (list) => {
          const args = Object.fromEntries(event.inputs.map(({ name }, index) => [name, list[index]]));
          const topics = encodeEventTopics({ abi: [event], args } as never) as [Hex, ...Hex[]];
          const plain = event.inputs.flatMap((input, index) => (input.indexed ? [] : [[input, list[index]] as const]));
          const data = encodeAbiParameters(
            plain.map(([input]) => input),
            plain.map(([, value]) => value),
          );
          const theirs = decodeEventLog({ abi: [event], topics, data }) as unknown as { args: Record<string, unknown> };
          const ours = decode(topics, data);
          const expected = Object.entries(theirs.args).map(([name, value]) => [name, lower(value)]);
          expect(ours?.args).to.deep.equal(Object.fromEntries(expected));
        }),
        { numRuns: 20 },
      );
    });
  }

  it("rejects logs that are cut short", () => {
    const decode = createEventDecoder(registryEvents);
    const event = registryEvents.find(({ name }) => name === "LabelPublished")!;
    const zero: Hex = `0x${"00".repeat(32)}`;
    const topics = encodeEventTopics({ abi: [event], args: { parent: zero, label: zero } } as never) as Hex[];
    const data = encodeAbiParameters([{ type: "string" }], ["label"]);
    for (let length = 2; length < data.length; length += 2) {
      const cut = data.slice(0, length) as Hex;
      if (length >= 2 + 128 + 10) continue;
      expect(() => decode(topics, cut)).to.throw(MalformedLogError);
    }
    expect(() => decode(topics.slice(0, 2), data)).to.throw(MalformedLogError);
  });

  it("leaves events of other kinds out", () => {
    expect(createEventDecoder(registryEvents)([`0x${"11".repeat(32)}`], "0x")).to.equal(undefined);
  });
});
