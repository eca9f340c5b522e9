import { expect } from "chai";
import type { Hex } from "viem";
import { utf8Bytes } from "../../src/base/bytes.ts";
import { type LightClient, lightClientOf } from "../../src/client/lightClient.ts";
import type { NameClientOptions } from "../../src/client/options.ts";
import { encodeAnswer } from "../../src/protocol/json.ts";
import type { RecordKey } from "../../src/protocol/record.ts";
import { type ChainWorld, createChainWorld, namehash, RPC_URLS } from "../support/client/chainWorld.ts";
import { createDirectory } from "../support/client/gatewayWorld.ts";
import { createProvenWorld, type ProvenAnswer } from "../support/client/provenWorld.ts";

const ADDR: RecordKey = { kind: "addr", coinType: 60n };
const VALUE = `0x${"ab".repeat(20)}`;

describe("light client", () => {
  let world: ChainWorld;
  let answer: ProvenAnswer;
  let honest: LightClient;
  before(async () => {
    world = await createChainWorld();
    const { holdfast, call } = world;
    const node = namehash("shop.hold");
    await holdfast.register({
      label: "shop",
      owner: holdfast.alice.account.address,
      data: [call("setAddr", [node, VALUE])],
    });
    answer = await (await createProvenWorld(holdfast)).prove("shop.hold", [ADDR]);
    const { provider } = holdfast.connection;
    honest = lightClientOf({ request: ({ method, params }) => provider.request({ method, params: [...params] }) });
    world.ahead.seconds = 100;
  });
  afterEach(() => world.tampers.clear());

  const lying: LightClient = {
    latest: async (signal) => ({ ...(await honest.latest(signal)), stateRoot: `0x${"66".repeat(32)}` }),
    at: async (number, signal) => ({ ...(await honest.at(number, signal))!, hash: `0x${"66".repeat(32)}` }),
  };
  const broken: LightClient = {
    latest: () => Promise.reject(new Error("not in sync")),
    at: () => Promise.reject(new Error("not in sync")),
  };

  describe("on the chain path", () => {
    const resolve = (lightClient: LightClient, options: Partial<NameClientOptions> = {}) =>
      world.client({ trust: { lightClient }, ...options }).resolve("shop.hold", ADDR);

    it("lets a single provider's proof count, with no other asked", async () => {
      const paths = { chain: { rpcUrls: RPC_URLS.slice(0, 1) } };
      const told = await resolve(honest, { paths });
      expect(told).to.include({ outcome: "answered", value: VALUE, evidence: "proof" });
      expect(told.trace[0]).to.include({ endpoint: "light client", outcome: "answered" });
    });

    it("never lets providers agree on a block that is not the light client's", async () => {
      for (const url of RPC_URLS) {
        world.tampers.set(url, async (message, result, ask) =>
          message.method === "eth_getProof"
            ? await ask({ ...message, params: [...message.params.slice(0, 2), "0x6"] })
            : result,
        );
      }
      expect(await resolve(honest)).to.include({ outcome: "wrong", value: null });
    });

    it("never accepts what does not hold against the header, and says so when it is out", async () => {
      expect(await resolve(lying)).to.include({ outcome: "wrong", value: null });
      expect(await resolve(broken)).to.include({ outcome: "unreachable", value: null });
    });
  });

  describe("on the gateways path", () => {
    const resolve = (lightClient: LightClient, attestations: ProvenAnswer["evidence"]["attestations"] = []) => {
      const body = utf8Bytes(encodeAnswer({ ...answer, evidence: { ...answer.evidence, attestations } }));
      const transport = { ...world.transport, http: async () => ({ status: 200, field: () => undefined, body }) };
      const options = { paths: { gateways: { directory: createDirectory() } }, trust: { lightClient }, transport };
      const client = world.client({ ...options, freshness: { ageSecondsMax: 1e6 } });
      return client.resolve("shop.hold", ADDR, { deadlineMs: 1_000 });
    };

    it("trusts a header that no operator attests, by the light client's word", async () => {
      const told = await resolve(honest);
      expect(told).to.include({ outcome: "answered", value: VALUE, evidence: "proof", path: "gateways" });
    });

    it("never trusts one that it does not confirm, whoever attests it", async () => {
      expect(await resolve(lying, answer.evidence.attestations)).to.include({ outcome: "wrong", value: null });
      expect(await resolve(broken, answer.evidence.attestations)).to.include({ outcome: "unreachable", value: null });
      const ignorant: LightClient = { ...honest, at: async () => undefined };
      expect(await resolve(ignorant, answer.evidence.attestations)).to.include({ outcome: "stale", value: null });
    });
  });

  it("reads a verifying provider's blocks, and nothing out of form", async () => {
    const signal = new AbortController().signal;
    const block = await honest.latest(signal);
    expect(await honest.at(block.number, signal)).to.deep.equal(block);
    expect(await lightClientOf({ request: async () => null }).at(1n, signal)).to.equal(undefined);
    const odd: Hex = "0x1234";
    const thrown = await lightClientOf({ request: async () => ({ hash: odd }) })
      .latest(signal)
      .catch((error) => error);
    expect(thrown).to.have.property("code", "CLIENT_RPC");
  });
});
