import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { encodeFunctionData, type Hex, keccak256 } from "viem";
import { fromHex } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { secureRandom } from "../../src/base/random.ts";
import { shardOf } from "../../src/directory/directory.ts";
import { readConfig } from "../../src/gateway/config.ts";
import { type RunningGateway, startGateway } from "../../src/gateway/run.ts";
import { createSigner } from "../../src/gateway/signer.ts";
import { namehash } from "../../src/naming/namehash.ts";
import { verifyAccount, verifySlot } from "../../src/proof/account.ts";
import { ForeignResolverError, readName } from "../../src/proof/readName.ts";
import { recoverAddress } from "../../src/proof/recoverAddress.ts";
import { verifyAnswer } from "../../src/proof/verifyAnswer.ts";
import { type Answer, answerDigest, contentHash } from "../../src/protocol/answer.ts";
import { attestationDigest } from "../../src/protocol/attestation.ts";
import { decodeAnswer, encodeQuery } from "../../src/protocol/json.ts";
import type { Query } from "../../src/protocol/query.ts";
import { parseRecordKey } from "../../src/protocol/record.ts";
import { type Chain, deployWithDirectory, fetchFrom } from "../support/gateway/chain.ts";
import { keyOf, listGateways, registerShop, writeDeployment } from "../support/gateway/fleet.ts";

const FOREIGN: Hex = "0x00000000000000000000000000000000000f0e16";

/** A name whose records are in another contract. */
async function registerElsewhere(chain: Chain): Promise<void> {
  const { registry, register, alice } = chain;
  const args = [namehash("elsewhere.hold"), FOREIGN] as const;
  const data = [encodeFunctionData({ abi: registry.abi, functionName: "setResolver", args })];
  await register({ label: "elsewhere", owner: alice.account.address, data });
}

/** Beside the RRset that `shop.hold` has. */
async function addWildcard(chain: Chain): Promise<void> {
  const { registry, alice } = chain;
  const owner = Buffer.from("\x01*\x04shop\x04hold\0", "latin1").toString("hex");
  const rr: Hex = `0x${owner}000100010000012c0004c0000209`;
  await registry.write.setDNSRecords([namehash("shop.hold"), rr], { account: alice.account });
}

const KEYS = ["addr:60", "dns:1:www.shop.hold", "text:none"].map(parseRecordKey);

describe("gateway", function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-gateway-"));
  const deploymentFile = join(folder, "deployment.json");
  const running: RunningGateway[] = [];
  let chain: Chain;
  let isDown = false;

  const start = async (id: number, name = `g${id}`, partition = false): Promise<RunningGateway> => {
    const flags = {
      gatewayId: id,
      partition,
      rpc: ["http://rpc.example"],
      deployment: deploymentFile,
      data: join(folder, name),
    };
    const config = readConfig(undefined, { HOLDFAST_SIGNER_KEY: keyOf(id) }, { ...flags, pollMs: 10 });
    const ask = fetchFrom(chain.provider);
    const fetch: typeof ask = (url, init) => (isDown ? Promise.reject(new Error("down")) : ask(url, init));
    const gateway = await startGateway(config, { clock: systemClock, random: secureRandom, log: silentLog, fetch });
    running.push(gateway);
    return gateway;
  };
  const caughtUp = async (gateway: RunningGateway, block: number): Promise<void> => {
    // No change comes any more once the head is reached, whether or not the checkpoint is sealed yet.
    if ((gateway.replica.head?.number ?? -1) < block) {
      await new Promise<void>((resolve) => {
        const stop = gateway.replica.onChange(({ head }) => {
          if (head === undefined || head.number < block) return;
          stop();
          resolve();
        });
      });
    }
    // The checkpoint is sealed in the same step, after the change was told.
    while (gateway.replica.checkpoint === undefined) await new Promise((resolve) => setImmediate(resolve));
  };
  const ask = async (gateway: RunningGateway, query: Query): Promise<Answer> => {
    const response = await fetch(`${gateway.httpUrl}/v1/answer`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: encodeQuery(query),
    });
    expect(response.status).to.equal(200);
    return decodeAnswer(await response.text());
  };
  const shopIds = (gateway: RunningGateway): number[] => {
    const { directory } = gateway.replica;
    return shardOf(directory, namehash("shop.hold"), 0).map((slot, zone) => directory.table[zone * 544 + slot]!);
  };

  before(async () => {
    chain = await deployWithDirectory();
    await listGateways(chain);
    await registerShop(chain);
    await registerElsewhere(chain);
    await addWildcard(chain);
    await chain.mineToCheckpoint();
    writeDeployment(chain, deploymentFile);
  });
  afterEach(async () => {
    isDown = false;
    for (const gateway of running.splice(0)) await gateway.close();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const QUERY: Query = { name: "shop.hold", records: KEYS, evidence: "signature" };
  const domain = () => ({ chainId: 31337, directory: chain.directory.address as Hex });

  it("answers for its names with values signed by the key the directory lists", async () => {
    const [first, second] = [await start(1), await start(3)];
    await Promise.all([caughtUp(first, await chain.head()), caughtUp(second, await chain.head())]);
    expect(shopIds(first)).to.deep.equal([1, 3, 5, 7]);
    const answers = [await ask(first, QUERY), await ask(second, QUERY)];
    for (const [index, answer] of answers.entries()) {
      if (answer.kind !== "records" || answer.evidence.kind !== "signature") throw new Error("not a signed answer");
      expect(answer.results.map(({ value }) => value?.slice(-8) ?? null)).to.deep.equal(["000000aa", "c0000207", null]);
      expect(answer.status.shardIndex).to.equal(0);
      const signer = recoverAddress(fromHex(answerDigest(domain(), answer)), fromHex(answer.evidence.signature));
      const listed = first.replica.directory.gateways.get(answer.evidence.gatewayId);
      expect(signer).to.equal(listed?.signer.toLowerCase());
      expect(answer.evidence.gatewayId).to.equal([1, 3][index]);
    }
    expect(contentHash(answers[0] as never)).to.equal(contentHash(answers[1] as never));
  });

  it("refers for its own names too while its copy is not the chain's", async () => {
    const own = await start(1);
    await caughtUp(own, await chain.head());
    expect((await ask(own, QUERY)).kind).to.equal("records");
    Object.defineProperty(own.replica, "status", { get: () => "diverged" });
    expect((await ask(own, { ...QUERY, records: KEYS.slice(1) })).kind).to.equal("referral");
  });

  it("refers for names outside its shards, saying which shard is theirs", async () => {
    const other = await start(2);
    await caughtUp(other, await chain.head());
    const answer = await ask(other, QUERY);
    expect(answer.kind).to.equal("referral");
    expect(answer.status.shardIndex).to.equal(0);
  });

  for (const partition of [false, true])
    it(`proves its answers from its own trie${partition ? ", slots left in the store" : ""}, with no RPC provider alive and after a restart`, async () => {
      const before = await start(1, `proving-${partition}`, partition);
      await caughtUp(before, await chain.head());
      await before.close();
      running.splice(0);
      isDown = true;
      const gateway = await start(1, `proving-${partition}`, partition);
      const answer = await ask(gateway, { ...QUERY, evidence: "proof" });
      if (answer.kind !== "records" || answer.evidence.kind !== "proof") throw new Error("not a proven answer");
      const { evidence, block } = answer;
      expect(keccak256(evidence.header)).to.equal(block.hash);
      const [attestation] = evidence.attestations;
      const signer = recoverAddress(fromHex(attestationDigest(domain(), block)), fromHex(attestation!.signature));
      expect(signer).to.equal(createSigner(keyOf(1)).address);
      const registry = chain.registry.address as Hex;
      const account = evidence.account.map(fromHex);
      const root = verifyAccount(fromHex(block.stateRoot), registry, chain.codeHash, account);
      const words = new Map(
        evidence.storage.map(({ slot, nodes }) => [slot, verifySlot(root, slot, nodes.map(fromHex))] as const),
      );
      const reading = readName((slot) => words.get(slot)!, {
        name: "shop.hold",
        records: KEYS,
        tld: "hold",
        registry,
        timestamp: block.timestamp,
      });
      expect(reading).to.deep.equal({ status: answer.status, results: answer.results });
    });

  it("proves which contract keeps a name's records where that is not the registry, and signs nothing about them", async () => {
    const gateway = await start(1);
    await caughtUp(gateway, await chain.head());
    const query: Query = { name: "elsewhere.hold", records: KEYS.slice(0, 1), evidence: "proof" };
    const holder = shardOf(gateway.replica.directory, namehash("elsewhere.hold"), 1);
    const ids = holder.map((slot, zone) => gateway.replica.directory.table[zone * 544 + slot]!);
    const own = ids.includes(1) ? gateway : await start(ids[0]!);
    await caughtUp(own, await chain.head());
    const answer = await ask(own, query);
    if (answer.kind !== "records" || answer.evidence.kind !== "proof") throw new Error("not a proven answer");
    const pinned = { tld: "hold", registry: chain.registry.address as Hex, codeHash: chain.codeHash };
    const proven = { ...answer, evidence: answer.evidence };
    expect(() => verifyAnswer(pinned, proven, query.records))
      .to.throw(ForeignResolverError)
      .with.nested.property("foreign.resolver", FOREIGN);
    const signed = await fetch(`${own.httpUrl}/v1/answer`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: encodeQuery({ ...query, evidence: "signature" }),
    });
    expect(signed.status).to.equal(422);
  });

  it("proves a wildcard's answer by the whole zone, and signs the same", async () => {
    const gateway = await start(1);
    await caughtUp(gateway, await chain.head());
    const records = ["dns:1:any.shop.hold", "dns:16:any.shop.hold", "dns:1:www.shop.hold"].map(parseRecordKey);
    const answer = await ask(gateway, { name: "shop.hold", records, evidence: "proof" });
    if (answer.kind !== "records" || answer.evidence.kind !== "proof") throw new Error("not a proven answer");
    const pinned = { tld: "hold", registry: chain.registry.address as Hex, codeHash: chain.codeHash };
    const { evidence } = answer;
    const { reading } = verifyAnswer(pinned, { ...answer, evidence }, records);
    const told = reading.results.map(({ value }) => value?.slice(-8) ?? null);
    expect(told).to.deep.equal(["c0000209", null, "c0000207"]);
    expect(evidence.zone).to.have.length(2);
    const partial = { ...answer, evidence: { ...evidence, zone: evidence.zone!.slice(1) } };
    expect(() => verifyAnswer(pinned, partial, records))
      .to.throw()
      .with.property("code", "PROOF_UNKNOWN_ZONE");
    const signed = await ask(gateway, { name: "shop.hold", records, evidence: "signature" });
    expect(contentHash(signed as never)).to.equal(contentHash(answer));
  });

  it("keeps answering from its copy while every RPC provider is down", async () => {
    const gateway = await start(1);
    await caughtUp(gateway, await chain.head());
    isDown = true;
    const answer = await ask(gateway, QUERY);
    expect(answer.kind).to.equal("records");
  });

  it("tells requests it cannot serve apart by status and problem type", async () => {
    const gateway = await start(1);
    await caughtUp(gateway, await chain.head());
    const post = async (body: string, type = "application/json") => {
      const response = await fetch(`${gateway.httpUrl}/v1/answer`, {
        method: "POST",
        headers: { "content-type": type },
        body,
      });
      const problem = (await response.json()) as { type: string };
      return [response.status, problem.type.split("/").at(-1)];
    };
    expect(await post("{")).to.deep.equal([400, "malformed-request"]);
    expect(await post(" ".repeat(40_000))).to.deep.equal([413, "too-large"]);
    expect(await post(" ".repeat(100_000))).to.deep.equal([413, "too-large"]);
    expect(await post("{}", "text/plain")).to.deep.equal([415, "unsupported-media-type"]);
    expect(await post(encodeQuery({ ...QUERY, blockNumberMin: 1_000_000n }))).to.deep.equal([503, "behind"]);
    expect((await fetch(`${gateway.httpUrl}/v1/answer`)).status).to.equal(405);
    expect((await fetch(`${gateway.httpUrl}/nowhere`)).status).to.equal(404);
    expect(await (await fetch(`${gateway.httpUrl}/ready`)).text()).to.equal("ready\n");
  });
});
