/** Primary names by the gateways path: nobody needs an RPC provider to know what an account is called. */
import { expect } from "chai";
import fc from "fast-check";
import { encodeFunctionData, type Hex, parseAbi } from "viem";
import { fromHex, toHex, utf8Bytes } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { createNameClient, type NameClient } from "../../src/client/nameClient.ts";
import { getPrimaryName, resolvePrimaryName } from "../../src/client/primaryName.ts";
import { createGateway, type Gateway } from "../../src/gateway/gateway.ts";
import { withReverseNames } from "../../src/gateway/reverseNames.ts";
import { createSigner } from "../../src/gateway/signer.ts";
import { namehash } from "../../src/naming/namehash.ts";
import { recoverAddressFast } from "../../src/proof/recoverAddressFast.ts";
import { reverseNameOf } from "../../src/proof/reverse.ts";
import type { ProofEvidence, RecordsAnswer } from "../../src/protocol/answer.ts";
import { decodeQuery, encodeAnswer } from "../../src/protocol/json.ts";
import type { RecordKey } from "../../src/protocol/record.ts";
import type { Replica } from "../../src/replica/replica.ts";
import { createReverseReplica } from "../../src/replica/reverseReplica.ts";
import { Store } from "../../src/replica/store/store.ts";
import { registryCall, send } from "../contracts/support/world.ts";
import { createWorld } from "../support/client/gatewayWorld.ts";
import { provenDirectory } from "../support/client/provenFleet.ts";
import { attest, attesterKey, DOMAIN } from "../support/client/provenWorld.ts";
import { type Chain, deployWithDirectory, replicaOf } from "../support/gateway/chain.ts";
import { createOffchainWorld } from "../support/offchain/world.ts";

const NAME: RecordKey = { kind: "name" };
const LONG = `${"a-label-that-is-longer-than-one-slot".repeat(2)}.hold`;
type Proven = RecordsAnswer & { readonly evidence: ProofEvidence };

describe("primary names by the gateways path", function () {
  this.timeout(60_000);

  describe("of a fleet with some liars", () => {
    let chain: Chain;
    const copies: Replica[] = [];
    let gateway: Gateway;
    /** The same without a copy of primary names. */
    let plain: Gateway;
    let alice: Hex;
    let bob: Hex;
    let carol: Hex;
    let codeHashes: { readonly registry: Hex; readonly reverseRegistrar: Hex };
    const directory = provenDirectory(8);

    before(async () => {
      chain = await deployWithDirectory();
      [alice, bob, carol] = [chain.alice, chain.bob, chain.carol].map(
        ({ account }) => account.address.toLowerCase() as Hex,
      ) as [Hex, Hex, Hex];
      const { reverse, registry } = chain;
      const setAddr = encodeFunctionData({
        abi: registry.abi,
        functionName: "setAddr",
        args: [namehash("alice.hold"), alice],
      });
      await chain.register({ label: "alice", owner: alice, data: [setAddr] });
      await reverse.write.setName(["alice.hold"], { account: alice });
      await reverse.write.setDefaultName([LONG], { account: bob });
      await chain.mineToCheckpoint();
      const { replica, pool } = replicaOf(chain);
      const codeHash = chain.reverseCodeHash;
      codeHashes = { registry: chain.codeHash, reverseRegistrar: codeHash };
      const identity = { chainId: 31337, registry: reverse.address, directory: reverse.address, startBlock: 0 };
      const keeper = createReverseReplica({
        address: reverse.address,
        codeHash,
        store: new Store(":memory:", identity),
        pool,
        startBlock: 0,
        clock: systemClock,
        log: silentLog,
      });
      copies.push(replica, keeper);
      for (const copy of copies) await copy.step();
      const speaker = { gatewayId: 1, signer: createSigner(toHex(attesterKey(1))), domain: DOMAIN };
      plain = createGateway({ replica, registry: registry.address, tld: "hold", clock: systemClock, ...speaker });
      gateway = withReverseNames(plain, { ...speaker, replica: keeper });
    });
    after(async () => {
      for (const copy of copies) await copy.stop();
    });

    const proofOf = (account: Hex, from: Gateway = gateway): Proven =>
      from.answer({ name: reverseNameOf({ account, coinType: 60n }), records: [NAME], evidence: "proof" }) as Proven;
    /** As gateway `id` sends it. */
    const spoken = (answer: Proven, id: number): string =>
      encodeAnswer({ ...answer, evidence: { ...answer.evidence, attestations: [attest(id, answer.block)] } });
    const connect = (bodyOf: (id: number, name: string) => string): NameClient => {
      const nowMs = Number(proofOf(alice).block.timestamp) * 1000 + 60_000;
      return createNameClient({
        deployment: {
          chainId: DOMAIN.chainId,
          tld: "hold",
          contracts: {
            registry: chain.registry.address,
            directory: DOMAIN.directory,
            reverseRegistrar: chain.reverse.address,
          },
          codeHashes,
        },
        paths: { gateways: { directory } },
        transport: {
          ...createWorld().transport,
          async http({ url, body }) {
            const { name } = decodeQuery(String(body));
            const text = bodyOf(Number(/g(\d+)\./.exec(url)?.[1]), name);
            return { status: 200, field: () => undefined, body: utf8Bytes(text) };
          },
        },
        clock: { nowMs: () => nowMs, monotonicMs: () => performance.now(), schedule: () => ({ cancel: () => {} }) },
        recoverAddress: recoverAddressFast,
        cache: false,
        seed: "a client",
      });
    };
    const ask = async (account: Hex, bodyOf: (id: number, name: string) => string) =>
      await connect(bodyOf).resolve(reverseNameOf({ account, coinType: 60n }), NAME);

    it("are proven: of one slot, of several, and that there is none", async () => {
      const truth = (account: Hex) => (id: number) => spoken(proofOf(account), id);
      const short = await ask(alice, truth(alice));
      expect(short).to.include({ outcome: "answered", path: "gateways", evidence: "proof" });
      expect(short.value).to.equal(toHex(utf8Bytes("alice.hold")));
      expect((await ask(bob, truth(bob))).value).to.equal(toHex(utf8Bytes(LONG)));
      expect(await ask(carol, truth(carol))).to.include({ outcome: "absent", value: null, evidence: "proof" });
    });

    /** What a gateway may send instead. */
    const LIES: Readonly<Record<string, (id: number, at: number) => string>> = {
      "says another name": (id) => {
        const honest = proofOf(alice);
        return spoken({ ...honest, results: [{ ...honest.results[0]!, value: toHex(utf8Bytes("mallory.hold")) }] }, id);
      },
      "says that there is none": (id) => {
        const honest = proofOf(alice);
        return spoken({ ...honest, results: [{ ...honest.results[0]!, value: null }] }, id);
      },
      "proves what another account claims": (id) => {
        const { name, node } = proofOf(alice);
        return spoken({ ...proofOf(bob), name, node }, id);
      },
      "proves the registry's storage instead": (id) => {
        const name = reverseNameOf({ account: alice, coinType: 60n });
        const told = plain.answer({ name: "alice.hold", records: [NAME], evidence: "proof" }) as Proven;
        return spoken({ ...told, name, node: namehash(name) }, id);
      },
      "withholds slots": (id) => {
        const honest = proofOf(alice);
        return spoken({ ...honest, evidence: { ...honest.evidence, storage: [] } }, id);
      },
      "has no copy and refers": (id) => spoken(proofOf(alice, plain), id),
      "forges a node": (id, at) => {
        const honest = proofOf(alice);
        const bent = (node: Hex): Hex => {
          const bytes = fromHex(node);
          bytes[at % bytes.length]! ^= 1;
          return toHex(bytes);
        };
        const storage = honest.evidence.storage.map((proof) => ({ ...proof, nodes: proof.nodes.map(bent) }));
        return spoken({ ...honest, evidence: { ...honest.evidence, storage } }, id);
      },
    };

    for (const [what, lie] of Object.entries(LIES)) {
      it(`are right when one gateway ${what}, whichever it is`, async () => {
        for (const liar of directory.gateways.keys()) {
          const told = await ask(alice, (id) => (id === liar ? lie(id, 7) : spoken(proofOf(alice), id)));
          expect(told.value, `gateway ${liar}`).to.equal(toHex(utf8Bytes("alice.hold")));
        }
      });
    }

    it("are never wrong, whoever lies and how", async () => {
      const names = Object.keys(LIES);
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.option(fc.nat(names.length - 1), { freq: 2 }), { minLength: 8, maxLength: 8 }),
          fc.nat(2_000),
          async (lies, at) => {
            const told = await ask(alice, (id) => {
              const lie = lies[id - 1];
              return lie === null || lie === undefined ? spoken(proofOf(alice), id) : LIES[names[lie]!]!(id, at);
            });
            if (told.value !== null) expect(told.value).to.equal(toHex(utf8Bytes("alice.hold")));
            else expect(told.outcome).to.not.be.oneOf(["answered", "absent"]);
          },
        ),
        { numRuns: Number(process.env.FC_NUM_RUNS ?? 40) },
      );
    });

    it("are told by signature where that is asked for", () => {
      const name = reverseNameOf({ account: alice, coinType: 60n });
      const answer = gateway.answer({ name, records: [NAME], evidence: "signature" });
      expect(answer).to.deep.include({ kind: "records", name, evidence: { ...answer.evidence, kind: "signature" } });
      expect((answer as RecordsAnswer).results[0]!.value).to.equal(toHex(utf8Bytes("alice.hold")));
    });
  });

  it("are checked forward, over real gateways and with no RPC provider", async () => {
    const world = await createOffchainWorld(["alice"]);
    try {
      const { deployment, owner } = world;
      const { registry, reverseRegistrar } = deployment.contracts;
      const account = owner.account.address.toLowerCase() as Hex;
      await send(owner, registry, registryCall("setResolver", namehash("alice.hold"), registry));
      await send(owner, registry, registryCall("setAddr", namehash("alice.hold"), account));
      const abi = parseAbi(["function setName(string name)", "function setDefaultName(string name)"]);
      await send(owner, reverseRegistrar, encodeFunctionData({ abi, functionName: "setName", args: ["alice.hold"] }));
      await world.caughtUp();
      const client = world.client({ paths: { gateways: { directory: world.client().directory()! } } });
      const told = await resolvePrimaryName(client, account);
      expect(told.name).to.equal("alice.hold");
      expect(told.reverse).to.include({ path: "gateways", evidence: "proof" });
      expect(told.forward).to.include({ path: "gateways", evidence: "proof", value: account });
      await send(owner, reverseRegistrar, encodeFunctionData({ abi, functionName: "setName", args: ["bank.hold"] }));
      await world.caughtUp();
      expect(await getPrimaryName(client, account)).to.equal(null);
    } finally {
      await world.stop();
    }
  });
});
