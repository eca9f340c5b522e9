import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Hex, keccak256, toHex } from "viem";
import { fromHex } from "../../src/base/bytes.ts";
import { BaseError } from "../../src/base/errors.ts";
import { nameSlot, parseNameWord } from "../../src/proof/layout.ts";
import type { Replica } from "../../src/replica/replica.ts";
import type { ChainSource } from "../../src/replica/source/chainSource.ts";
import { nodeOf } from "../contracts/support/holdfast.ts";
import {
  type Chain,
  deployWithDirectory,
  type ReplicaWishes,
  replicaOf as replicaOver,
} from "../support/gateway/chain.ts";

const ownerAt = (replica: Replica, name: string) =>
  parseNameWord(replica.read(fromHex(nameSlot(nodeOf(name))))).owner as string;

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof BaseError) return error.code;
    throw error;
  }
  return "nothing thrown";
}

/** A source that answers like another until told to do otherwise. */
class Puppet implements ChainSource {
  readonly label: string;
  readonly behaviour: Partial<ChainSource> = {};
  isDown = false;
  readonly #inner: ChainSource;
  constructor(label: string, inner: ChainSource) {
    this.label = label;
    this.#inner = inner;
  }
  #use<Name extends "chainId" | "header" | "logs" | "accountProof">(name: Name): ChainSource[Name] {
    if (this.isDown) {
      throw new BaseError("TEST_DOWN", "down", { retriable: true });
    }
    return (this.behaviour[name] ?? this.#inner[name]) as ChainSource[Name];
  }
  chainId = async () => await this.#use("chainId")();
  header: ChainSource["header"] = async (at) => await this.#use("header")(at);
  logs: ChainSource["logs"] = async (...args) => await this.#use("logs")(...args);
  accountProof: ChainSource["accountProof"] = async (...args) => await this.#use("accountProof")(...args);
}

for (const isPartition of [false, true])
  describe(`Replica${isPartition ? " with isPartition" : ""}`, function () {
    this.timeout(60_000);
    const replicaOf = (from: Chain, wishes: ReplicaWishes = {}) =>
      replicaOver(from, { ...wishes, options: { isPartition, ...wishes.options } });
    const folder = mkdtempSync(join(tmpdir(), "holdfast-replica-"));
    let chain: Chain;
    let genesis: { restore(): Promise<void> };
    let fileCount = 0;
    const freshPath = () => {
      fileCount += 1;
      return join(folder, `replica-${fileCount}.db`);
    };
    const rootOf = (replica: Replica) => replica.checkpoint?.storageRoot;

    before(async () => {
      chain = await deployWithDirectory();
      await chain.register({ label: "first", owner: chain.alice.account.address });
      await chain.mineToCheckpoint();
      genesis = await chain.connection.networkHelpers.takeSnapshot();
    });
    afterEach(async () => await genesis.restore());
    after(() => rmSync(folder, { recursive: true, force: true }));

    describe("step", () => {
      it("applies new blocks one by one and in runs to the same state", async () => {
        const eager = replicaOf(chain).replica;
        await eager.step();
        for (let index = 0; index < 12; index += 1) {
          await chain.register({ label: `name${index}`, owner: chain.bob.account.address });
          await eager.step();
        }
        await chain.mineToCheckpoint();
        await eager.step();
        const late = replicaOf(chain, { options: { rangeBlocksMax: 7, reorgBlocksMax: 16 } }).replica;
        await late.step();
        expect(rootOf(late)).to.be.a("string");
        expect(rootOf(late)).to.equal(rootOf(eager));
        expect(late.head).to.deep.equal(eager.head);
      });

      it("undoes a reorganisation and applies the other branch", async () => {
        const { replica } = replicaOf(chain);
        await replica.step();
        const fork = await chain.connection.networkHelpers.takeSnapshot();
        await chain.register({ label: "branch", owner: chain.alice.account.address });
        await replica.step();
        expect(BigInt(ownerAt(replica, "branch.hold"))).to.equal(BigInt(chain.alice.account.address));
        await fork.restore();
        await chain.register({ label: "branch", owner: chain.bob.account.address });
        await chain.mine(2);
        await replica.step();
        expect(BigInt(ownerAt(replica, "branch.hold"))).to.equal(BigInt(chain.bob.account.address));
        await chain.mineToCheckpoint();
        await replica.step();
        expect(replica.status).to.equal("following");
        expect(replica.checkpoint?.header.number).to.equal(await chain.head());
      });

      it("undoes a reorganisation that reaches below its checkpoint", async () => {
        const { replica } = replicaOf(chain);
        await replica.step();
        const fork = await chain.connection.networkHelpers.takeSnapshot();
        for (let index = 0; index < 4; index += 1) {
          await chain.register({ label: `old${index}`, owner: chain.alice.account.address });
        }
        await chain.mineToCheckpoint();
        await replica.step();
        const sealed = replica.checkpoint?.header.number;
        await fork.restore();
        await chain.register({ label: "new", owner: chain.bob.account.address });
        while ((await chain.head()) <= Number(sealed)) await chain.mine(1);
        await chain.mineToCheckpoint();
        await replica.step();
        expect(BigInt(ownerAt(replica, "old0.hold"))).to.equal(0n);
        expect(replica.checkpoint?.header.number).to.equal(await chain.head());
        const clean = replicaOf(chain).replica;
        await clean.step();
        expect(rootOf(replica)).to.equal(rootOf(clean));
      });

      it("keeps its copy when the providers are behind it", async () => {
        const { replica } = replicaOf(chain);
        const fork = await chain.connection.networkHelpers.takeSnapshot();
        await chain.mine(3);
        await replica.step();
        const before = replica.head;
        await fork.restore();
        await replica.step();
        expect(replica.head).to.equal(before);
      });

      it("stops where a reorganisation is deeper than it can undo", async () => {
        const { replica } = replicaOf(chain, { options: { reorgBlocksMax: 16 } });
        const fork = await chain.connection.networkHelpers.takeSnapshot();
        await chain.mine(40);
        await replica.step();
        await fork.restore();
        await chain.mine(1);
        await chain.time.increase(5);
        await chain.mine(60);
        expect(await codeOf(replica.step())).to.equal("REPLICA_REORG_TOO_DEEP");
        expect(replica.status).to.equal("diverged");
      });
    });

    describe("restart", () => {
      it("continues from the store, with its checkpoint, and serves proofs before any provider answers", async () => {
        const path = freshPath();
        const first = replicaOf(chain, { path }).replica;
        await first.step();
        await chain.register({ label: "second", owner: chain.bob.account.address });
        await first.step();
        const { head, checkpoint } = first;
        await first.stop();
        const again = replicaOf(chain, { path }).replica;
        expect(again.head).to.deep.equal(head);
        expect(again.checkpoint).to.deep.equal(checkpoint);
        expect(ownerAt(again, "second.hold")).not.to.equal(`0x${"00".repeat(20)}`);
        const atCheckpoint = again.readAtCheckpoint(fromHex(nameSlot(nodeOf("second.hold"))));
        expect(atCheckpoint.every((byte) => byte === 0)).to.equal(true);
        const root = again.prove(keccak256(nameSlot(nodeOf("first.hold")), "bytes"))[0];
        expect(keccak256(root!)).to.equal(checkpoint?.storageRoot);
        await chain.mineToCheckpoint();
        await again.step();
        expect(again.checkpoint?.header.number).to.equal(await chain.head());
        await again.stop();
      });

      it("refuses a store of another deployment", async () => {
        const path = freshPath();
        await replicaOf(chain, { path }).replica.stop();
        const other = { ...chain, directory: { ...chain.directory, address: `0x${"dd".repeat(20)}` as Hex } };
        expect(() => replicaOf(other as Chain, { path })).to.throw(BaseError, "not this deployment's");
      });
    });

    describe("providers", () => {
      const three = () => ["a", "b", "c"].map((label) => new Puppet(label, chain.source)) as [Puppet, Puppet, Puppet];
      const statesOf = (pool: ReturnType<typeof replicaOf>["pool"]) =>
        Object.fromEntries(pool.reports().map(({ label, state }) => [label, state]));

      it("follows while one of three is down, another's answers are slow to come, or both agree", async () => {
        const sources = three();
        const { replica, pool } = replicaOf(chain, { sources });
        sources[0].isDown = true;
        await replica.step();
        expect(replica.checkpoint?.header.number).to.equal(await chain.head());
        expect(statesOf(pool)).to.deep.equal({ a: "unreachable", b: "agreeing", c: "agreeing" });
      });

      it("finds a lagging provider", async () => {
        const sources = three();
        const old = await chain.source.header("latest");
        sources[1].behaviour.header = async (at) => (at === "latest" ? old : await chain.source.header(at));
        await chain.mine(10);
        const { replica, pool } = replicaOf(chain, { sources });
        await replica.step();
        expect(replica.head?.number).to.equal(await chain.head());
        expect(statesOf(pool).b).to.equal("lagging");
      });

      it("finds a forked provider by its block hash and follows the others", async () => {
        const sources = three();
        const head = (await chain.source.header("latest"))!;
        sources[0].behaviour.header = async (at) => {
          const header = at === "latest" ? head : await chain.source.header(at);
          return header === null ? null : { ...header, hash: keccak256(header.hash) };
        };
        const { replica, pool } = replicaOf(chain, { sources });
        await replica.step();
        expect(replica.head?.hash).to.equal(head.hash);
        expect(statesOf(pool).a).to.equal("forked");
      });

      it("follows nobody while two providers disagree, and keeps what it has", async () => {
        const sources = three().slice(0, 2) as [Puppet, Puppet];
        const { replica } = replicaOf(chain, { sources });
        await replica.step();
        const before = replica.head;
        await chain.mine(1);
        const head = (await chain.source.header("latest"))!;
        sources[0].behaviour.header = async () => ({ ...head, hash: keccak256(head.hash) });
        expect(await codeOf(replica.step())).to.equal("REPLICA_PROVIDERS_DISAGREE");
        expect(replica.head).to.equal(before);
      });

      it("is not fooled by a provider that claims to be far ahead", async () => {
        const sources = three();
        const head = (await chain.source.header("latest"))!;
        sources[2].behaviour.header = async (at) =>
          at === "latest" ? { ...head, number: head.number + 1_000_000 } : await chain.source.header(at);
        const { replica } = replicaOf(chain, { sources });
        await replica.step();
        expect(replica.head?.hash).to.equal(head.hash);
      });

      it("notices logs that a provider withheld, says so, and recovers by another's", async () => {
        const sources = three();
        await chain.register({ label: "hidden", owner: chain.bob.account.address });
        await chain.mineToCheckpoint();
        sources[0].behaviour.logs = async (...args) =>
          (await chain.source.logs(...args)).filter(({ topics }) => topics[1] !== nodeOf("hidden.hold"));
        const { replica, pool } = replicaOf(chain, { sources });
        expect(await codeOf(replica.step())).to.equal("REPLICA_STORAGE_MISMATCH");
        expect(replica.status).to.equal("diverged");
        expect(statesOf(pool).a).to.equal("suspected");
        await replica.step();
        expect(replica.status).to.equal("following");
        expect(BigInt(ownerAt(replica, "hidden.hold"))).to.equal(BigInt(chain.bob.account.address));
      });

      it("goes back to its last proven block, not to nothing, when its only provider's newer logs turn out wrong", async () => {
        const sources = three().slice(0, 1);
        const { replica } = replicaOf(chain, { sources });
        await replica.step();
        const proven = replica.checkpoint?.header.number;
        await chain.register({ label: "forged", owner: chain.bob.account.address });
        await chain.mineToCheckpoint();
        for (const source of sources) {
          source.behaviour.logs = async (...args) =>
            (await chain.source.logs(...args)).map((log) =>
              log.topics[1] === nodeOf("forged.hold") && log.topics.length === 3
                ? { ...log, topics: [log.topics[0]!, log.topics[1]!, toHex(0xaan, { size: 32 })] }
                : log,
            );
        }
        expect(await codeOf(replica.step())).to.equal("REPLICA_STORAGE_MISMATCH");
        expect(replica.head?.number).to.equal(proven);
        expect(replica.checkpoint?.header.number).to.equal(proven);
        sources[0]!.behaviour.logs = chain.source.logs;
        await replica.step();
        expect(BigInt(ownerAt(replica, "forged.hold"))).to.equal(BigInt(chain.bob.account.address));
      });

      it("does not seal a checkpoint on an account proof of another state", async () => {
        const sources = three();
        for (const source of sources) {
          source.behaviour.accountProof = async (address, block) => {
            const proof = await chain.source.accountProof(address, block - 8);
            return {
              ...proof,
              nodes: proof.nodes.map((node, index) => (index === 0 ? `${node.slice(0, -2)}00` : node) as Hex),
            };
          };
        }
        const { replica } = replicaOf(chain, { sources });
        await replica.step();
        expect(replica.head?.number).to.equal(await chain.head());
        expect(replica.checkpoint).to.equal(undefined);
      });
    });
  });
