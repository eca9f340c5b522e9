/**
 * The contracts' libraries against their TypeScript twins, on inputs drawn from a printed seed: a thousand of each kind, or as
 * many as DIFFERENTIAL_RUNS says.
 */
import { expect } from "chai";
import { network } from "hardhat";
import { concatBytes, fromHex, type Hex, toHex } from "../../../src/base/bytes.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { decodeDnsName, encodeDnsName } from "../../../src/naming/dnsName.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import { bootstrapSlotsOf, type Slots, slotsOf } from "../../../src/sharding/shard.ts";

const RUNS = Number(process.env.DIFFERENTIAL_RUNS ?? 1_000);
const SEED = process.env.DIFFERENTIAL_SEED ?? "1";
const BATCH = 100;
const ALPHABET = [..."abcdefghijklmnopqrstuvwxyz0123456789-_", "ö", "字", "🦊"];

type Random = ReturnType<typeof seededRandom>;

const unpack = (packed: bigint): Slots =>
  [0n, 16n, 32n, 48n].map((shift) => Number((packed >> shift) & 0xffffn)) as unknown as Slots;

function randomName(random: Random): string {
  const labels = Array.from({ length: 1 + random.below(random.below(20) === 0 ? 40 : 5) }, () =>
    Array.from(
      { length: 1 + random.below(random.below(10) === 0 ? 20 : 8) },
      () => ALPHABET[random.below(ALPHABET.length)],
    ).join(""),
  );
  return labels.join(".");
}

/** A name that the wire form may or may not hold. */
function oddName(random: Random): string {
  const name = randomName(random);
  const at = random.below(name.length + 1);
  const insert = ["", ".", "..", "\0", "x".repeat(60), "y".repeat(64), "z.".repeat(120)][random.below(7)]!;
  return name.slice(0, at) + insert + name.slice(at);
}

function encodes(name: string): boolean {
  // The contract refuses NUL as it refuses a dot within a label; the TypeScript name never holds one (ENSIP-15).
  if (name.includes("\0") || name.split(".").includes("")) return name === "";
  try {
    encodeDnsName(name);
    return true;
  } catch {
    return false;
  }
}

function decodes(bytes: Uint8Array): boolean {
  try {
    return !decodeDnsName(bytes).includes("\0");
  } catch {
    return false;
  }
}

describe(`libraries of contracts and their TypeScript twins (seed ${SEED}, ${RUNS} runs)`, function () {
  this.timeout(Math.max(60_000, RUNS * 10));

  async function deployProbe() {
    const { viem } = await network.create();
    return viem.deployContract("LibraryProbe");
  }
  let probe: Awaited<ReturnType<typeof deployProbe>>;
  before(async () => {
    probe = await deployProbe();
  });

  /** Calls `compare` with batches of inputs until there were RUNS of them. */
  async function inBatches<Input>(
    purpose: string,
    draw: (random: Random) => Input,
    compare: (inputs: Input[]) => Promise<void>,
  ) {
    const random = seededRandom(SEED, purpose);
    for (let done = 0; done < RUNS; done += BATCH) {
      await compare(Array.from({ length: Math.min(BATCH, RUNS - done) }, () => draw(random)));
    }
  }

  it("agree about the shard of an index, reserved ones included", async () => {
    const edges = [0, 511, 512, 262_143, 262_144, 134_217_728, 0xffffffdf, 0xffffffe0, 0xffffffff];
    expect((await probe.read.slotsOf([edges])).map(unpack)).to.deep.equal(edges.map((index) => [...slotsOf(index)]));
    await inBatches(
      "index",
      (random) => random.below(2 ** random.below(33)),
      async (indices) => {
        expect((await probe.read.slotsOf([indices])).map(unpack)).to.deep.equal(
          indices.map((index) => [...slotsOf(index)]),
        );
      },
    );
  });

  it("agree about the bootstrap shard of a node", async () => {
    await inBatches(
      "node",
      (random) => toHex(random.bytes(32)),
      async (nodes) => {
        expect((await probe.read.bootstrapSlotsOf([nodes])).map(unpack)).to.deep.equal(
          nodes.map((node) => [...bootstrapSlotsOf(node)]),
        );
      },
    );
  });

  it("agree about namehash, wire form and text of a name", async () => {
    await inBatches("name", randomName, async (drawn) => {
      const names = drawn.filter(encodes);
      const wires = names.map((name) => toHex(encodeDnsName(name)));
      expect(await probe.read.encodeAll([names])).to.deep.equal(wires);
      const [nodes, texts] = await probe.read.readAll([wires]);
      expect(texts).to.deep.equal(names);
      expect(nodes).to.deep.equal(names.map(namehash));
    });
  });

  it("agree about which texts have a wire form", async () => {
    await inBatches("odd", oddName, async (names) => {
      expect(await probe.read.areEncodable([names])).to.deep.equal(names.map(encodes));
    });
  });

  it("agree about which bytes are a wire name", async () => {
    const mutated = (random: Random): Hex => {
      const bytes = fromHex(toHex(encodeDnsName(["a.hold", "shop.hold", "www.shop.hold"][random.below(3)]!)));
      switch (random.below(4)) {
        case 0:
          bytes[random.below(bytes.length)] = [0, 1, 3, 5, 46, 63, 64, 97, 98][random.below(9)]!;
          return toHex(bytes);
        case 1:
          return toHex(bytes.subarray(0, random.below(bytes.length + 1)));
        case 2:
          return toHex(concatBytes(bytes, random.bytes(random.below(3))));
        default:
          return toHex(bytes);
      }
    };
    await inBatches("bytes", mutated, async (names) => {
      const expected = names.map((name) => decodes(fromHex(name)));
      expect(await probe.read.areValid([names])).to.deep.equal(expected);
    });
  });

  it("agree about the reverse nodes of an account", async () => {
    await inBatches(
      "account",
      (random) => toHex(random.bytes(20)),
      async (accounts) => {
        const [nodes, defaults] = await probe.read.reverseNodes([accounts]);
        const digits = accounts.map((account) => account.slice(2));
        expect(nodes).to.deep.equal(digits.map((text) => namehash(`${text}.addr.reverse`)));
        expect(defaults).to.deep.equal(digits.map((text) => namehash(`${text}.default.reverse`)));
      },
    );
  });
});
