import { expect } from "chai";
import fc from "fast-check";
import type { Hex } from "viem";
import { utf8Bytes } from "../../src/base/bytes.ts";
import { createNameClient, type NameClient } from "../../src/client/nameClient.ts";
import type { DirectorySnapshot } from "../../src/directory/snapshot.ts";
import { recoverAddressFast } from "../../src/proof/recoverAddressFast.ts";
import type { HeaderAttestation } from "../../src/protocol/answer.ts";
import { decodeQuery, encodeAnswer } from "../../src/protocol/json.ts";
import type { RecordKey } from "../../src/protocol/record.ts";
import { type ChainWorld, createChainWorld, namehash } from "../support/client/chainWorld.ts";
import { createDirectory, gatewayUrl } from "../support/client/gatewayWorld.ts";
import {
  attest,
  attesterAddress,
  createProvenWorld,
  DOMAIN,
  type ProvenAnswer,
  type ProvenWorld,
} from "../support/client/provenWorld.ts";

const ADDR: RecordKey = { kind: "addr", coinType: 60n };
const VALUE: Hex = `0x${"ab".repeat(20)}`;
const OLD: Hex = `0x${"0d".repeat(20)}`;
const LIE: Hex = `0x${"de".repeat(20)}`;
const GATEWAYS = [1, 2, 3, 4, 5, 6, 7, 8] as const;

/** A chain on which `shop.hold` has one address after another, half an hour apart. */
async function chainWith(...addresses: readonly Hex[]) {
  const chain = await createChainWorld();
  const { holdfast, call } = chain;
  const owner = holdfast.alice.account;
  const answers: ProvenAnswer[] = [];
  let world: ProvenWorld | undefined;
  for (const [index, address] of addresses.entries()) {
    const data = [call("setAddr", [namehash("shop.hold"), address])];
    if (index === 0) await holdfast.register({ label: "shop", owner: owner.address, data });
    else {
      await holdfast.time.increase(1_800);
      await holdfast.registry.write.setAddr([namehash("shop.hold"), address], { account: owner });
    }
    world ??= await createProvenWorld(holdfast);
    answers.push(await world.prove("shop.hold", [ADDR]));
  }
  return { chain, world: world!, answers };
}

describe("gateways path, with proofs that lie", () => {
  let chain: ChainWorld;
  let world: ProvenWorld;
  let older: ProvenAnswer;
  let honest: ProvenAnswer;
  let bank: ProvenAnswer;
  /** The same contracts on another chain, where an attacker owns the name. */
  let elsewhere: ProvenAnswer;

  before(async function () {
    this.timeout(60_000);
    const other = await chainWith(LIE);
    [elsewhere] = other.answers as [ProvenAnswer];
    const here = await chainWith(OLD, VALUE);
    ({ chain, world } = here);
    [older, honest] = here.answers as [ProvenAnswer, ProvenAnswer];
    expect(other.world.pinned).to.deep.equal(world.pinned);
    const { holdfast, call } = chain;
    const data = [call("setAddr", [namehash("bank.hold"), LIE])];
    await holdfast.register({ label: "bank", owner: holdfast.bob.account.address, data });
    bank = await world.prove("bank.hold", [ADDR]);
  });

  const signed = (answer: ProvenAnswer, ...by: readonly HeaderAttestation[]): string =>
    encodeAnswer({ ...answer, evidence: { ...answer.evidence, attestations: by } });
  const flipped = (hex: Hex, at: number): Hex => {
    const place = 2 + (at % (hex.length - 2));
    return `${hex.slice(0, place)}${hex[place] === "0" ? "1" : "0"}${hex.slice(place + 1)}` as Hex;
  };
  const withStorage = (answer: ProvenAnswer, nodes: (nodes: readonly Hex[]) => readonly Hex[]): ProvenAnswer => {
    const storage = answer.evidence.storage.map((proof) => ({ ...proof, nodes: nodes(proof.nodes) }));
    return { ...answer, evidence: { ...answer.evidence, storage } };
  };
  const valued = (answer: ProvenAnswer, value: Hex | null): ProvenAnswer => {
    return { ...answer, results: answer.results.map((result) => ({ ...result, value })) };
  };

  /** What a gateway may send, by its number; `undefined` where it sends nothing. */
  const LIES: Readonly<Record<string, (id: number, at: number) => string | undefined>> = {
    "says another value": (id) => signed(valued(honest, LIE), attest(id, honest.block)),
    "says that there is none": (id) => signed(valued(honest, null), attest(id, honest.block)),
    "proves another name": (id) => signed({ ...bank, name: honest.name, node: honest.node }, attest(id, bank.block)),
    "answers for another name": (id) => signed(bank, attest(id, bank.block)),
    "proves another chain's state, and attests it": (id) => signed(elsewhere, attest(id, elsewhere.block)),
    "proves another chain's state under this block": (id) =>
      signed({ ...elsewhere, block: honest.block }, attest(id, honest.block)),
    "proves an older state under this header": (id) =>
      signed({ ...older, evidence: { ...older.evidence, header: honest.evidence.header } }, attest(id, honest.block)),
    "sends an old answer that was true, well attested": () =>
      signed(older, attest(1, older.block), attest(2, older.block)),
    "has its header attested for another chain": (id) =>
      signed(
        elsewhere,
        ...GATEWAYS.map((each) => attest(each === id ? id : each, elsewhere.block, { ...DOMAIN, chainId: 1 })),
      ),
    "has its header attested for another contract": (id) =>
      signed(
        elsewhere,
        ...GATEWAYS.map((each) => attest(each === id ? id : each, elsewhere.block, { ...DOMAIN, directory: LIE })),
      ),
    "attests in the name of others": (id) =>
      signed(elsewhere, ...GATEWAYS.map((each) => ({ ...attest(id, elsewhere.block), gatewayId: each }))),
    "attests many times over": (id) => signed(elsewhere, ...GATEWAYS.map(() => attest(id, elsewhere.block))),
    "truncates proofs": (id) =>
      signed(
        withStorage(honest, (nodes) => nodes.slice(0, -1)),
        attest(id, honest.block),
      ),
    "reorders proofs": (id) =>
      signed(
        withStorage(honest, (nodes) => [...nodes].reverse()),
        attest(id, honest.block),
      ),
    "doubles proofs": (id) =>
      signed(
        withStorage(honest, (nodes) => [...nodes, ...nodes]),
        attest(id, honest.block),
      ),
    "withholds slots": (id) =>
      signed({ ...honest, evidence: { ...honest.evidence, storage: [] } }, attest(id, honest.block)),
    "forges a node": (id, at) =>
      signed(
        withStorage(honest, (nodes) => nodes.map((node) => flipped(node, at))),
        attest(id, honest.block),
      ),
    "forges the header": (id, at) =>
      signed(
        { ...honest, evidence: { ...honest.evidence, header: flipped(honest.evidence.header, at) } },
        attest(id, honest.block),
      ),
    "forges its attestation": (id, at) => {
      const own = attest(id, elsewhere.block);
      return signed(elsewhere, own, { gatewayId: (id % 8) + 1, signature: flipped(own.signature, at) });
    },
    "sends junk": () => "<html>",
    "sends nothing": () => undefined,
  };
  const truth = (id: number) => signed(honest, attest(id, honest.block));

  /** A client of eight gateways, of which some lie; each is its own operator unless `operators` says otherwise. */
  const connect = (
    bodyOf: (id: number) => string | undefined,
    directory: DirectorySnapshot,
    seed: string,
  ): NameClient => {
    const nowMs = Number(honest.block.timestamp) * 1000 + 60_000;
    return createNameClient({
      deployment: {
        chainId: DOMAIN.chainId,
        tld: "hold",
        contracts: { registry: world.pinned.registry, directory: DOMAIN.directory },
        codeHashes: { registry: world.pinned.codeHash },
      },
      paths: { gateways: { directory } },
      transport: {
        ...chain.transport,
        async http({ url, body }) {
          const id = GATEWAYS.find((each) => url.startsWith(gatewayUrl(each)))!;
          expect(decodeQuery(String(body)).name).to.equal("shop.hold");
          const text = bodyOf(id);
          return { status: text === undefined ? 503 : 200, field: () => undefined, body: utf8Bytes(text ?? "") };
        },
      },
      clock: { nowMs: () => nowMs, monotonicMs: () => performance.now(), schedule: () => ({ cancel: () => {} }) },
      recoverAddress: recoverAddressFast,
      cache: false,
      seed,
    });
  };
  const fleet = (): DirectorySnapshot => {
    const stock = createDirectory();
    const gateways = [...stock.gateways].map(
      ([id, gateway]) => [id, { ...gateway, signer: attesterAddress(id) }] as const,
    );
    return { ...stock, gateways: new Map(gateways) };
  };

  for (const [what, lie] of Object.entries(LIES)) {
    it(`returns the right value when one gateway ${what}, whichever it is`, async () => {
      for (const liar of GATEWAYS) {
        const client = connect((id) => (id === liar ? lie(id, 77) : truth(id)), fleet(), `seed ${liar}`);
        const told = await client.resolve("shop.hold", ADDR);
        expect(told, `gateway ${liar}`).to.include({ outcome: "answered", value: VALUE, evidence: "proof" });
      }
    });
  }

  it("never trusts a header that one operator attests with several gateways", async () => {
    const directory = fleet();
    const one = `0x${"01".repeat(20)}` as Hex;
    const gateways = [...directory.gateways].map(([id, gateway]) => [id, { ...gateway, operator: one }] as const);
    const sameOperator = { ...directory, gateways: new Map(gateways) };
    const client = connect((id) => signed(elsewhere, attest(id, elsewhere.block)), sameOperator, "a seed");
    expect(await client.resolve("shop.hold", ADDR)).to.include({ value: null });
  });

  it("accepts neither side of a split view between two operators who have one attestation each", async () => {
    // Two gateways answer, of two operators, each from a chain of its own.
    const client = connect(
      (id) => (id % 2 === 0 ? signed(elsewhere, attest(2, elsewhere.block)) : signed(honest, attest(1, honest.block))),
      fleet(),
      "a seed",
    );
    expect(await client.resolve("shop.hold", ADDR)).to.include({ outcome: "wrong", value: null });
  });

  it("marks an old answer as stale where there is no other, and refuses it after a newer one was seen", async () => {
    const old = LIES["sends an old answer that was true, well attested"]!;
    const stale = await connect((id) => old(id, 0), fleet(), "a seed").resolve("shop.hold", ADDR);
    expect(stale).to.include({ outcome: "stale", value: OLD });
    const [blocks, turn] = [Number(honest.block.number - older.block.number), { isOld: false }];
    const client = connect((id) => (turn.isOld ? old(id, 0) : truth(id)), fleet(), "a seed");
    expect(await client.resolve("shop.hold", ADDR)).to.include({ value: VALUE });
    turn.isOld = true;
    const told = await client.resolve("shop.hold", ADDR);
    // Within the blocks that a chain may be reorganised by, it is old; beyond, it does not count at all.
    expect(told.outcome).to.equal("stale");
    expect(told.value).to.equal(blocks > 32 ? null : OLD);
  });

  it("never accepts a wrong value in random worlds with random liars of which no two attest the same lie", async () => {
    const names = Object.keys(LIES);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(fc.nat(names.length - 1), { freq: 1 }), { minLength: 8, maxLength: 8 }),
        fc.nat(8),
        fc.nat(),
        fc.string({ maxLength: 8 }),
        async (lies, forger, at, seed) => {
          // A header that two operators made up together is one that the quorum would trust, so one alone makes it up.
          const isInvented = (name: string) =>
            /another chain's state, and attests|forges its attestation|others|many times/.test(name);
          const client = connect(
            (id) => {
              const lie = lies[id - 1];
              const name = lie === null || lie === undefined ? undefined : names[lie];
              if (name === undefined || (isInvented(name) && id !== forger)) return truth(id);
              return LIES[name]!(id, at);
            },
            fleet(),
            seed,
          );
          for (let round = 0; round < 2; round += 1) {
            const told = await client.resolve("shop.hold", ADDR);
            expect(told.outcome).to.not.equal("absent");
            if (told.outcome === "answered") expect(told.value).to.equal(VALUE);
            else expect(told.value).to.be.oneOf(told.outcome === "stale" ? [OLD, null] : [null]);
          }
        },
      ),
      { numRuns: Number(process.env.FC_NUM_RUNS ?? 40) },
    );
  });
});
