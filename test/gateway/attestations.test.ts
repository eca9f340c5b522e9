import { expect } from "chai";
import type { Hex } from "viem";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { seededRandom } from "../../src/base/random.ts";
import { createAttestations } from "../../src/gateway/attestations.ts";
import { blockReferenceOf } from "../../src/gateway/evidence.ts";
import { createGateway } from "../../src/gateway/gateway.ts";
import { createSigner } from "../../src/gateway/signer.ts";
import { createHeaderTrust } from "../../src/proof/headerTrust.ts";
import { recoverAddress } from "../../src/proof/recoverAddress.ts";
import type { BlockReference } from "../../src/protocol/answer.ts";
import { attestationDigest } from "../../src/protocol/attestation.ts";
import { parseRecordKey } from "../../src/protocol/record.ts";
import type { Replica } from "../../src/replica/replica.ts";
import type { Fetch } from "../../src/replica/source/rpc.ts";
import { type Chain, deployWithDirectory, replicaOf } from "../support/gateway/chain.ts";
import { keyOf, listGateways, registerShop } from "../support/gateway/fleet.ts";

/** Gateways 1 and 2 are one operator's, all others have their own. */
const operatorOf = (id: number): Hex => `0x${(id <= 2 ? 1 : id).toString(16).padStart(40, "0")}`;

describe("attestations of other gateways", function () {
  this.timeout(30_000);
  let chain: Chain;
  let replica: Replica;
  const domain = () => ({ chainId: 31337, directory: chain.directory.address as Hex });

  before(async () => {
    chain = await deployWithDirectory();
    await listGateways(chain, undefined, operatorOf);
    await registerShop(chain);
    await chain.mineToCheckpoint();
    replica = replicaOf(chain).replica;
    await replica.step();
  });
  after(async () => await replica.stop());

  const signed = (id: number, block: BlockReference, signer = id) => ({
    gatewayId: id,
    signature: createSigner(keyOf(signer)).sign(attestationDigest(domain(), block)),
  });
  const block = () => blockReferenceOf(replica.checkpoint!.header);
  /** Collects once from peers that answer as told; gateways left out do not answer at all. */
  const collected = async (said: Readonly<Record<number, unknown>>, operatorsMax?: number) => {
    const asked: number[] = [];
    const fetch: Fetch = async (url) => {
      const id = Number(/g(\d+)\.example/.exec(url)?.[1]);
      asked.push(id);
      if (!(id in said)) throw new Error("down");
      return typeof said[id] === "string" ? new Response(said[id]) : Response.json({ attestation: said[id] });
    };
    const random = seededRandom(1, "attestations");
    const world = { clock: systemClock, random, log: silentLog, fetch };
    const limit = operatorsMax === undefined ? {} : { operatorsMax };
    const attestations = createAttestations({ ...world, replica, gatewayId: 1, domain: domain(), ...limit });
    await attestations.collect();
    return { attestations, asked };
  };

  it("keeps those that hold, one an operator, and asks nobody of its own", async () => {
    const said = Object.fromEntries([2, 3, 4, 5, 6, 7, 8].map((id) => [id, signed(id, block())]));
    const { attestations, asked } = await collected(said, 6);
    const ids = attestations.of(block().hash).map(({ gatewayId }) => gatewayId);
    expect([...ids].sort()).to.deep.equal([3, 4, 5, 6, 7, 8]);
    expect(asked).to.not.include(1).and.to.not.include(2);
  });

  it("asks no more than it needs", async () => {
    const said = Object.fromEntries([3, 4, 5, 6, 7, 8].map((id) => [id, signed(id, block())]));
    const { attestations, asked } = await collected(said, 2);
    expect(attestations.of(block().hash)).to.have.length.within(2, 4);
    expect(asked).to.have.length(4);
  });

  it("keeps nothing of liars, of gateways that are elsewhere, and of silent ones", async () => {
    const elsewhere = { ...block(), hash: `0x${"11".repeat(32)}` as Hex };
    const { attestations } = await collected({
      3: signed(3, elsewhere),
      4: signed(4, block(), 5),
      5: { ...signed(5, block()), gatewayId: 6 },
      6: "no JSON",
      7: { gatewayId: 7, signature: "0x12" },
    });
    expect(attestations.of(block().hash)).to.deep.equal([]);
    expect(attestations.of(elsewhere.hash)).to.deep.equal([]);
  });

  it("reads no more of an endless body than it allows, and follows no redirect", async () => {
    let given = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        given += 65_536;
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    const redirects = new Set<unknown>();
    const fetch: Fetch = async (_url, init) => {
      redirects.add(init.redirect);
      return new Response(endless);
    };
    const world = { clock: systemClock, random: seededRandom(1, "endless"), log: silentLog, fetch };
    const attestations = createAttestations({ ...world, replica, gatewayId: 8, domain: domain(), operatorsMax: 1 });
    await attestations.collect();
    expect(given).to.be.below(1_000_000);
    expect([...redirects]).to.deep.equal(["error"]);
    expect(attestations.of(block().hash)).to.deep.equal([]);
  });

  it("gives a client its quorum in the one answer of the one gateway left", async () => {
    const said = { 3: signed(3, block()), 5: signed(5, block()) };
    const { attestations } = await collected(said);
    const options = { replica, gatewayId: 1, domain: domain(), registry: chain.registry.address as Hex, tld: "hold" };
    const signer = createSigner(keyOf(1));
    const gateway = createGateway({ ...options, signer, clock: systemClock, othersAttesting: attestations.of });
    const answer = gateway.answer({ name: "shop.hold", records: [parseRecordKey("addr:60")], evidence: "proof" });
    if (answer.kind !== "records" || answer.evidence.kind !== "proof") throw new Error("not a proven answer");
    const attesterOf = (id: number) => replica.directory.gateways.get(id);
    const trust = createHeaderTrust({ domain: domain(), quorum: 3, attesterOf, recoverAddress });
    trust.add(answer.block, answer.evidence.attestations);
    expect(trust.isTrusted(answer.block)).to.equal(true);
  });
});
