import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect } from "chai";
import type { Hex } from "viem";
import { BaseError } from "../../src/base/errors.ts";
import { bootstrapStore } from "../../src/replica/bootstrap.ts";
import { createLogDecoder } from "../../src/replica/decode.ts";
import { exportStore } from "../../src/replica/store/store.ts";
import { type Chain, deployWithDirectory, replicaOf } from "../support/gateway/chain.ts";

describe("bootstrapStore", function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bootstrap-"));
  const snapshot = join(folder, "snapshot.db");
  let chain: Chain;
  let fileCount = 0;

  before(async () => {
    chain = await deployWithDirectory();
    const { governor, directory, register, alice } = chain;
    const operator = governor.account.address;
    const endpoints = { httpUrl: "http://g1.example.org", dnsEndpoint: "192.0.2.53:53" };
    await directory.write.registerGateway([{ operator, signer: operator, zone: 0, ...endpoints }]);
    await register({ label: "shop", owner: alice.account.address });
    await chain.mineToCheckpoint();
    const path = join(folder, "source.db");
    const { replica } = replicaOf(chain, { path });
    await replica.step();
    await register({ label: "later", owner: alice.account.address });
    await replica.step();
    exportStore(path, snapshot);
    await replica.stop();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const bootstrap = async (file: string, storePath: string): Promise<boolean> => {
    const registry = chain.registry.address as Hex;
    const directory = chain.directory.address as Hex;
    const { pool } = replicaOf(chain);
    const identity = { chainId: 31337, registry, directory, startBlock: 0 };
    const decode = createLogDecoder({ registry, directory });
    return await bootstrapStore({ file, storePath, identity, codeHash: chain.codeHash, pool, decode });
  };
  const freshPath = () => {
    fileCount += 1;
    return join(folder, `store-${fileCount}.db`);
  };
  /** A copy of the snapshot with one statement run on it. */
  const tampered = (sql: string): string => {
    const file = freshPath();
    copyFileSync(snapshot, file);
    const database = new DatabaseSync(file);
    database.exec(sql);
    database.close();
    return file;
  };

  it("takes a snapshot back to its proven block, from where the copy goes on", async () => {
    const path = freshPath();
    expect(await bootstrap(snapshot, path)).to.equal(true);
    const { replica } = replicaOf(chain, { path });
    expect(replica.head?.number).to.equal(replica.checkpoint?.header.number);
    expect(replica.directory.gateways.get(1)?.httpUrl).to.equal("http://g1.example.org");
    await replica.step();
    expect(replica.head?.number).to.equal(await chain.head());
    const clean = replicaOf(chain).replica;
    await clean.step();
    expect(replica.slotCount).to.equal(clean.slotCount);
    await replica.stop();
  });

  it("never replaces a store", async () => {
    const path = freshPath();
    const { replica } = replicaOf(chain, { path });
    await replica.stop();
    expect(await bootstrap(snapshot, path)).to.equal(false);
  });

  const lies: readonly [string, string, string][] = [
    ["a slot was changed", "UPDATE slots SET value = randomblob(32) WHERE key = (SELECT min(key) FROM slots)", "root"],
    ["a slot was left out", "DELETE FROM slots WHERE key = (SELECT max(key) FROM slots)", "root"],
    ["a name was made up", "UPDATE names SET label = 'forged' WHERE label = 'shop'", "hash to its node"],
    ["its checkpoint was taken away", "DELETE FROM meta WHERE key = 'checkpoint'", "no checkpoint"],
    [
      "its header was changed",
      `UPDATE meta SET value = replace(value, '"timestamp":', '"timestamp":1') WHERE key = 'checkpoint'`,
      "header",
    ],
  ];
  for (const [what, sql, reason] of lies) {
    it(`refuses a snapshot when ${what}, and leaves nothing behind`, async () => {
      const path = freshPath();
      let error: unknown;
      await bootstrap(tampered(sql), path).catch((caught: unknown) => {
        error = caught;
      });
      expect(error).to.be.instanceOf(BaseError);
      expect((error as BaseError).code).to.equal("REPLICA_UNTRUSTED_SNAPSHOT");
      expect((error as BaseError).shortMessage).to.include(reason);
      expect(existsSync(path)).to.equal(false);
      expect(existsSync(`${path}.draft`)).to.equal(false);
    });
  }
});
