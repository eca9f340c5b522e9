/** Names never met, asked for where hints say: one exchange where they are right, the right answer where they are made up. */
import { expect } from "chai";
import fc from "fast-check";
import type { Hex } from "viem";
import { utf8Bytes } from "../../src/base/bytes.ts";
import { delay } from "../../src/base/clock.ts";
import { createNameClient } from "../../src/client/nameClient.ts";
import type { NameClientOptions } from "../../src/client/options.ts";
import { refreshDirectory } from "../../src/client/refreshDirectory.ts";
import type { ClientTransport, HttpResponse } from "../../src/client/transport.ts";
import { gatewaysOfShard, shardOf } from "../../src/directory/directory.ts";
import {
  createShardHintTable,
  encodeShardHints,
  type ShardHints,
  shardHintsTag,
} from "../../src/directory/shardHints.ts";
import { type DirectorySnapshot, formatSnapshot } from "../../src/directory/snapshot.ts";
import { recoverAddressFast } from "../../src/proof/recoverAddressFast.ts";
import { decodeQuery } from "../../src/protocol/json.ts";
import type { RecordKey } from "../../src/protocol/record.ts";
import { FalseClock } from "../../src/simulation/falseClock.ts";
import { createChainWorld, namehash } from "../support/client/chainWorld.ts";
import { createWorld, EXCHANGE_MS } from "../support/client/gatewayWorld.ts";
import { bodyOfGateway, hintsOfAnswers, provenDirectory } from "../support/client/provenFleet.ts";
import { createProvenWorld, DOMAIN, type ProvenAnswer, type ProvenWorld } from "../support/client/provenWorld.ts";

const ADDR: RecordKey = { kind: "addr", coinType: 60n };
const NAME_COUNT = 12;
const FLEET = 64;
const addressOf = (index: number): Hex => `0x${(index + 1).toString(16).padStart(2, "0").repeat(20)}`;

/** What a gateway does instead of answering. */
type Fault = "hangs" | "fails" | "answersAnother";

describe("shard hints of a client", () => {
  let world: ProvenWorld;
  const answers = new Map<string, ProvenAnswer>();
  let hints: ShardHints;
  let directory: DirectorySnapshot;

  before(async function () {
    this.timeout(60_000);
    const { holdfast, call } = await createChainWorld();
    for (let index = 0; index < NAME_COUNT; index += 1) {
      const label = `name${index}`;
      const data = [call("setAddr", [namehash(`${label}.hold`), addressOf(index)])];
      await holdfast.register({ label, owner: holdfast.alice.account.address, data });
    }
    world = await createProvenWorld(holdfast);
    const names = Array.from({ length: NAME_COUNT }, (_, index) => `name${index}.hold`);
    for (const name of [...names, "www.name3.hold", "nobody.hold"]) answers.set(name, await world.prove(name, [ADDR]));
    hints = hintsOfAnswers(answers.values());
    directory = provenDirectory(FLEET);
  });

  /** A client over gateways of which some are bad, and time that passes when everybody waits. */
  const connect = (
    shardHints: ShardHints | undefined,
    {
      faults = new Map(),
      ...options
    }: { readonly faults?: ReadonlyMap<number, Fault> } & Partial<NameClientOptions> = {},
  ) => {
    const clock = new FalseClock(Number(answers.get("nobody.hold")!.block.timestamp) * 1000 + 60_000);
    const transport: ClientTransport = {
      ...createWorld().transport,
      async http({ url, body, signal }) {
        const id = Number(/g(\d+)\./.exec(url)?.[1]);
        const fault = faults.get(id);
        await delay(clock, fault === "hangs" ? 1e9 : EXCHANGE_MS, signal);
        const { name } = decodeQuery(String(body));
        const answer = answers.get(fault === "answersAnother" ? "name0.hold" : name)!;
        const text = fault === "fails" ? "" : bodyOfGateway(directory, answer, id);
        return { status: fault === "fails" ? 500 : 200, field: () => undefined, body: utf8Bytes(text) };
      },
    };
    const client = createNameClient({
      deployment: {
        chainId: DOMAIN.chainId,
        tld: "hold",
        contracts: { registry: world.pinned.registry, directory: DOMAIN.directory },
        codeHashes: { registry: world.pinned.codeHash },
      },
      paths: { gateways: { directory: { ...directory, ...(shardHints === undefined ? {} : { shardHints }) } } },
      transport,
      clock,
      recoverAddress: recoverAddressFast,
      cache: false,
      seed: "a client",
      ...options,
    });
    return { client, resolve: (name: string) => clock.runUntilSettled("it", client.resolve(name, ADDR)) };
  };
  const exchangesOf = ({ durationMs }: { readonly durationMs: number }) => Math.round(durationMs / EXCHANGE_MS);
  /** Hints that place a name at one index, and no other name anywhere. */
  const misplaced = (name: string, index: number): ShardHints => {
    const table = createShardHintTable(1);
    table.note(namehash(name), index);
    return table.hints();
  };
  const idsOf = (name: string, index: number | null) =>
    gatewaysOfShard(directory, shardOf(directory, namehash(name), index)).flatMap((gateway) => gateway?.id ?? []);

  it("spare a name never met its referral", async () => {
    for (let index = 0; index < NAME_COUNT; index += 1) {
      const told = await connect(hints).resolve(`name${index}.hold`);
      expect(told).to.include({ outcome: "answered", value: addressOf(index), evidence: "proof" });
      expect(exchangesOf(told)).to.equal(1);
    }
    const unhinted = await connect(undefined).resolve("name7.hold");
    expect(unhinted.value).to.equal(addressOf(7));
    expect(exchangesOf(unhinted)).to.equal(2);
  });

  it("serve subnames by the name directly under the TLD", async () => {
    const told = await connect(hints).resolve("www.name3.hold");
    expect(told).to.include({ outcome: "absent", evidence: "proof" });
    expect(exchangesOf(told)).to.equal(1);
  });

  it("are left alone where the client is told not to use them", async () => {
    const paths = { gateways: { directory: { ...directory, shardHints: hints }, shardHints: "unused" } } as const;
    const { client, resolve } = connect(undefined, { paths });
    expect(exchangesOf(await resolve("name7.hold"))).to.equal(2);
    client.setShardHints(hints);
    expect(client.shardHints()).to.equal(undefined);
  });

  it("are not used where votes decide: whoever chooses the voters would choose the answer", async () => {
    const votes = createWorld();
    votes.shardIndices.set("shop.hold", 5);
    votes.records.set("shop.hold", new Map([["addr:60", addressOf(1)]]));
    const asked = { ...votes.directory, shardHints: misplaced("shop.hold", 300) };
    const client = votes.client({ paths: { gateways: { directory: asked } } });
    const told = await votes.run(client.resolve("shop.hold", ADDR));
    const first = [...told.trace].sort((left, right) => left.startedAtMs - right.startedAtMs)[0]!;
    const bootstrap = gatewaysOfShard(asked, shardOf(asked, namehash("shop.hold"), null));
    expect(bootstrap.map((gateway) => gateway?.httpUrl)).to.include(first.endpoint);
  });

  it("cost a referral where they are wrong, and that once", async () => {
    const { resolve } = connect(misplaced("name7.hold", 400_000));
    const told = await resolve("name7.hold");
    expect(told.value).to.equal(addressOf(7));
    expect(exchangesOf(told)).to.equal(2);
    expect(exchangesOf(await resolve("name7.hold"))).to.equal(1);
  });

  it("cost a referral to whom they are given for a name that nobody holds, and that once", async () => {
    const { resolve } = connect(misplaced("nobody.hold", 400_000));
    const told = await resolve("nobody.hold");
    expect(told).to.include({ outcome: "absent", evidence: "proof" });
    expect(exchangesOf(told)).to.equal(2);
    expect(exchangesOf(await resolve("nobody.hold"))).to.equal(1);
  });

  it("yield to the directory where a name is isolated", async () => {
    const isolated = new Map([[namehash("name7.hold"), 0xffffffe3]]);
    const table = directory.table.slice();
    // Every zone's reserved slot 3 has a gateway of its own.
    for (const [zone, id] of [17, 18, 19, 20].entries()) table[zone * 544 + 512 + 3] = id;
    const moved: DirectorySnapshot = { ...directory, table, isolated, shardHints: hints };
    const { resolve } = connect(undefined, { paths: { gateways: { directory: moved } } });
    const told = await resolve("name7.hold");
    const asked = told.trace.map(({ endpoint }) => Number(/g(\d+)\./.exec(endpoint)?.[1]));
    expect([17, 18, 19, 20]).to.include.members(asked.slice(0, 2));
  });

  it("never lead to a wrong answer, nor away from the right one, whoever made them up", async () => {
    const faults: readonly Fault[] = ["hangs", "fails", "answersAnother"];
    await fc.assert(
      fc.asyncProperty(
        fc.nat(NAME_COUNT - 1),
        fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        fc.array(fc.constantFrom(...faults), { minLength: 4, maxLength: 4 }),
        fc.string({ maxLength: 6 }),
        async (which, index, bad, seed) => {
          const name = `name${which}.hold`;
          const own = new Set([...idsOf(name, which), ...idsOf(name, null)]);
          // Everybody whom the hint leads to is bad, but for those whom the name has by right.
          const led = idsOf(name, index).filter((id) => !own.has(id));
          const { resolve } = connect(misplaced(name, index), {
            faults: new Map(led.map((id, at) => [id, bad[at]!] as const)),
            seed,
          });
          const told = await resolve(name);
          expect(told).to.include({ outcome: "answered", value: addressOf(which), evidence: "proof" });
          expect(told.durationMs).to.be.below(1_000);
        },
      ),
      { numRuns: Number(process.env.FC_NUM_RUNS ?? 60) },
    );
  });

  describe("refreshed with the directory", () => {
    const refresh = async (
      current: ShardHints | undefined,
      hintsOf: (fields: Readonly<Record<string, string>>) => Partial<HttpResponse>,
      options: { readonly shardHints?: "refreshed" | "kept"; readonly deadlineMs?: number } = {},
    ) => {
      const votes = createWorld();
      const asked: string[] = [];
      const transport: ClientTransport = {
        ...votes.transport,
        async http({ url, fields, signal }) {
          const field = () => undefined;
          if (!url.endsWith("/hints")) {
            const body = utf8Bytes(JSON.stringify(formatSnapshot({ ...votes.directory, version: 9n })));
            return { status: 200, field, body };
          }
          asked.push(url);
          const response: HttpResponse = { status: 200, field, body: new Uint8Array(0), ...hintsOf(fields) };
          if (response.status === 0) await delay(votes.clock, 1e9, signal);
          return response;
        },
      };
      const shardHints = current === undefined ? {} : { shardHints: current };
      const client = votes.client({ paths: { gateways: { directory: { ...votes.directory, ...shardHints } } } });
      const isTaken = await votes.run(refreshDirectory(client, { transport, clock: votes.clock, ...options }));
      expect(isTaken).to.equal(true);
      return { told: client.shardHints(), asked };
    };

    it("come from whichever gateway has them", async () => {
      const { told, asked } = await refresh(undefined, () => ({ body: encodeShardHints(hints) }));
      expect(told).to.deep.equal(hints);
      expect(asked).to.have.length(1);
    });

    it("are not sent again where they are the same", async () => {
      const tag = shardHintsTag(encodeShardHints(hints));
      const { told } = await refresh(hints, (fields) => ({ status: fields["if-none-match"] === tag ? 304 : 500 }));
      expect(told).to.equal(hints);
    });

    it("stay as they are where a gateway sends none that can be read, or nothing in time", async () => {
      const junk = await refresh(hints, () => ({ body: utf8Bytes("<html>") }));
      expect([junk.told, junk.asked.length]).to.deep.equal([hints, 3]);
      const none = await refresh(hints, () => ({ status: 0 }), { deadlineMs: 500 });
      expect(none.told).to.equal(hints);
    });

    it("are not asked for where they are to be kept", async () => {
      const { told, asked } = await refresh(hints, () => ({}), { shardHints: "kept" });
      expect([told, asked]).to.deep.equal([hints, []]);
    });
  });
});
