/**
 * The contracts' libraries against their TypeScript twins, on inputs drawn from a printed seed: a thousand of each kind, or as
 * many as DIFFERENTIAL_RUNS says. A million takes some three minutes where there is anvil:
 *
 *     DIFFERENTIAL_RUNS=1000000 npx mocha test/contracts/naming/differential.test.ts
 */
import { expect } from "chai";
import { artifacts } from "hardhat";
import { encodeFunctionData, type Hex as ViemHex } from "viem";
import { concatBytes, fromHex, type Hex, toHex, utf8Bytes } from "../../../src/base/bytes.ts";
import { type Random, seededRandom } from "../../../src/base/random.ts";
import { decodeDnsName, encodeDnsName } from "../../../src/naming/dnsName.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import { bootstrapSlotsOf, type Slots, slotsOf } from "../../../src/sharding/shard.ts";
import { connectTo, findAnvil, startAnvil, startEdr, type TestNode } from "../support/node.ts";

const RUNS = Number(process.env.DIFFERENTIAL_RUNS ?? 1_000);
const SEED = process.env.DIFFERENTIAL_SEED ?? "1";
/** From this many on they run on anvil, which keeps no trace of a call and so is ten times as fast as EDR. */
const LONG_RUNS = 10_000;
const ALPHABET = [..."abcdefghijklmnopqrstuvwxyz0123456789-_", "ö", "字", "🦊"];

function randomName(random: Random): string {
  const labels = Array.from({ length: 1 + random.below(random.below(20) === 0 ? 40 : 5) }, () =>
    Array.from(
      { length: 1 + random.below(random.below(10) === 0 ? 20 : 8) },
      () => ALPHABET[random.below(ALPHABET.length)],
    ).join(""),
  );
  return labels.join(".");
}

/** A label of up to 64 bytes, of ASCII alone half the time. */
function randomLabel(random: Random): string {
  const letters = random.below(2) === 0 ? ALPHABET.slice(0, 38) : ALPHABET;
  const label = Array.from({ length: 1 + random.below(64) }, () => letters[random.below(letters.length)]!);
  while (utf8Bytes(label.join("")).length > 64) label.pop();
  return label.join("");
}

/** A name that the wire form may or may not hold. */
function oddName(random: Random): string {
  const name = randomName(random);
  const at = random.below(name.length + 1);
  const insert = ["", ".", "..", "\0", "x".repeat(60), "y".repeat(64), "z.".repeat(120)][random.below(7)]!;
  return name.slice(0, at) + insert + name.slice(at);
}

/** Bytes that are a wire name, or nearly so. */
function oddWire(random: Random): Uint8Array {
  const bytes = encodeDnsName(["a.hold", "shop.hold", "www.shop.hold"][random.below(3)]!);
  switch (random.below(4)) {
    case 0:
      bytes[random.below(bytes.length)] = [0, 1, 3, 5, 46, 63, 64, 97, 98][random.below(9)]!;
      return bytes;
    case 1:
      return bytes.subarray(0, random.below(bytes.length + 1));
    case 2:
      return concatBytes(bytes, random.bytes(random.below(3)));
    default:
      return bytes;
  }
}

function wireOf(name: string): Uint8Array | undefined {
  // The contract refuses NUL as it refuses a dot within a label; the TypeScript name never holds one (ENSIP-15).
  if (name !== "" && (name.includes("\0") || name.split(".").includes(""))) return undefined;
  try {
    return encodeDnsName(name);
  } catch {
    return undefined;
  }
}

function isWire(bytes: Uint8Array): boolean {
  try {
    return !decodeDnsName(bytes).includes("\0");
  } catch {
    return false;
  }
}

/** What `LibraryProbe.codec` answers about a text. */
function codecOf(text: string): Uint8Array {
  const wire = wireOf(text);
  if (wire === undefined) return Uint8Array.of(0);
  const back = utf8Bytes(decodeDnsName(wire));
  return concatBytes(
    Uint8Array.of(wire.length),
    wire,
    Uint8Array.of(Number(isWire(wire))),
    fromHex(namehash(text)),
    Uint8Array.of(back.length),
    back,
  );
}

/** Byte strings, each behind its length. */
const pack = (strings: readonly Uint8Array[]): Hex =>
  toHex(concatBytes(...strings.flatMap((bytes) => [Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes])));

/** A shard as the word that the contract packs it into. */
function wordOf(slots: Slots): Uint8Array {
  const word = new Uint8Array(32);
  const view = new DataView(word.buffer);
  for (const [zone, slot] of slots.entries()) view.setUint16(30 - 2 * zone, slot);
  return word;
}

/** Holds joined answers against those that are due, and names the first input about which they differ. */
function expectAnswers<Input>(inputs: readonly Input[], answers: Uint8Array, due: readonly Uint8Array[]) {
  const all = Buffer.concat(due);
  // Behind bytes there are zeros up to a word's end.
  const isSame = all.equals(answers.subarray(0, all.length)) && answers.length - all.length < 32;
  let start = 0;
  for (let position = 0; position < inputs.length && !isSame; position += 1) {
    const end = start + due[position]!.length;
    const about = `of ${JSON.stringify(inputs[position])}`;
    expect(toHex(answers.subarray(start, end)), about).to.equal(toHex(due[position]!));
    start = end;
  }
  expect(isSame, "more answers than inputs").to.equal(true);
}

describe(`libraries of contracts and their TypeScript twins (seed ${SEED}, ${RUNS} runs)`, function () {
  this.timeout(Math.max(60_000, RUNS));

  let node: TestNode;
  let batch: number;
  let ask: (functionName: string, argument: unknown) => Promise<Uint8Array>;
  before(async () => {
    const anvil = RUNS < LONG_RUNS ? undefined : findAnvil();
    node = anvil === undefined ? await startEdr() : await startAnvil(anvil);
    // EDR's traces grow faster than the call.
    batch = anvil === undefined ? 50 : 250;
    const client = await connectTo(node);
    const { abi, bytecode } = await artifacts.readArtifact("LibraryProbe");
    const hash = await client.deployContract({ abi, bytecode: bytecode as ViemHex });
    const { contractAddress } = await client.waitForTransactionReceipt({ hash });
    ask = async (functionName, argument) => {
      const call = encodeFunctionData({ abi: abi as readonly unknown[], functionName, args: [argument] });
      const { data } = await client.call({ to: contractAddress!, data: call });
      // The one answer is bytes or an array: its place and its length come first.
      return fromHex(data!).subarray(64);
    };
  });
  after(() => node.stop());

  /** Asks `functionName` about RUNS inputs, of which `encode` makes its argument, and compares with the twin. */
  async function agree<Input>(
    functionName: string,
    draw: (random: Random) => Input,
    encode: (inputs: Input[]) => unknown,
    twin: (input: Input) => Uint8Array,
  ) {
    const random = seededRandom(SEED, functionName + draw.name);
    // The node answers one batch while the next is drawn.
    let compared = Promise.resolve();
    for (let done = 0; done < RUNS; done += batch) {
      const inputs = Array.from({ length: Math.min(batch, RUNS - done) }, () => draw(random));
      const answers = ask(functionName, encode(inputs));
      const due = inputs.map(twin);
      await compared;
      compared = answers.then((joined) => expectAnswers(inputs, joined, due));
    }
    await compared;
  }

  it("agree about the shard of an index, reserved ones included", async () => {
    const edges = [0, 511, 512, 262_143, 262_144, 134_217_728, 0xffffffdf, 0xffffffe0, 0xffffffff];
    const twin = (index: number) => wordOf(slotsOf(index));
    expectAnswers(edges, await ask("slotsOf", edges), edges.map(twin));
    await agree(
      "slotsOf",
      (random) => random.below(2 ** random.below(33)),
      (indices) => indices,
      twin,
    );
  });

  it("agree about the bootstrap shard of a node", () =>
    agree(
      "bootstrapSlotsOf",
      (random) => toHex(random.bytes(32)),
      (nodes) => nodes,
      (node) => wordOf(bootstrapSlotsOf(node)),
    ));

  it("agree about namehash, wire form and text of a name", () =>
    agree("codec", randomName, (names) => pack(names.map(utf8Bytes)), codecOf));

  it("agree about which texts have a wire form", () =>
    agree("codec", oddName, (names) => pack(names.map(utf8Bytes)), codecOf));

  it("agree about which bytes are a wire name", () =>
    agree("areValid", oddWire, pack, (bytes) => Uint8Array.of(Number(isWire(bytes)))));

  it("agree about the characters of a label", () =>
    agree(
      "characterCounts",
      randomLabel,
      (labels) => pack(labels.map(utf8Bytes)),
      (label) => Uint8Array.of([...label].length),
    ));

  it("agree about the reverse nodes of an account", () =>
    agree(
      "reverseNodes",
      (random) => toHex(random.bytes(20)),
      (accounts) => accounts,
      (account) =>
        concatBytes(
          fromHex(namehash(`${account.slice(2)}.addr.reverse`)),
          fromHex(namehash(`${account.slice(2)}.default.reverse`)),
        ),
    ));

  it("are held against each other so that the first input they differ about is named", () => {
    const due = ["a", "b", "c"].map(codecOf);
    const inputs = ["a", "b", "c"];
    const answers = Buffer.concat(due);
    expectAnswers(inputs, answers, due);
    const spoilt = Buffer.from(answers);
    spoilt.set([0xff], due[0]!.length + 4);
    spoilt.set([0xff], answers.length - 1);
    expect(() => expectAnswers(inputs, spoilt, due)).to.throw(/^of "b"/);
    expect(() => expectAnswers(inputs, answers.subarray(0, -1), due)).to.throw(/^of "c"/);
    expect(() => expectAnswers(inputs, Buffer.concat([answers, Buffer.alloc(32)]), due)).to.throw(/^more answers/);
  });
});
