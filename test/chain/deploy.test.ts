import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { DeploymentFailedError, deployContracts } from "../../src/chain/deploy.ts";
import { createDeployProvider, deployKey, MalformedKeyError } from "../../src/chain/deployer.ts";
import { findAnvil, startAnvil, startEdr, type TestNode } from "../contracts/support/node.ts";

/** The first account of every development chain. */
const KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const SEPOLIA = 11_155_111;

/**
 * A provider whose process ends at its transaction number `limit`, counted from 0: before that is sent, or before its hash is
 * known. From then on no call comes back, so that nothing of the dead process goes on.
 */
function dying(url: string, limit: number, moment: "before" | "after") {
  const provider = createDeployProvider(url, KEY);
  const { promise: death, reject: die } = Promise.withResolvers<never>();
  const forever = new Promise<never>(() => {});
  let sent = 0;
  let dead = false;
  const underWay = new Set<Promise<unknown>>();
  const end = () => {
    dead = true;
    // What the dead process had put on the wire reaches the chain before its successor looks there.
    void Promise.allSettled(underWay).then(() => die(new Error("the process was killed")));
    return forever;
  };
  const request = async (call: { method: string; params?: readonly unknown[] | object }) => {
    if (dead) return forever;
    const sends = call.method === "eth_sendTransaction";
    if (sends && sent === limit && moment === "before") return end();
    const exchange = provider.request(call);
    if (sends) underWay.add(exchange);
    const result = await exchange;
    underWay.delete(exchange);
    if (dead) return forever;
    if (sends && sent === limit) return end();
    if (sends) sent += 1;
    return result;
  };
  return { death, request };
}

describe("deployContracts", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-deploy-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("deploys to a development chain without a key, twice the same", async () => {
    const node = await startEdr();
    try {
      const first = await deployContracts({ chain: node.url, pollMs: 20 });
      const second = await deployContracts({ chain: node.url, pollMs: 20 });
      expect(first.chainId).to.equal(31337);
      expect(first.contracts.registry).not.to.equal(second.contracts.registry);
      expect(first.codeHashes.accessManager).to.equal(second.codeHashes.accessManager);
    } finally {
      await node.stop();
    }
  });

  it("rejects a malformed key without showing it", () => {
    expect(() => deployKey("0x1234")).to.throw(MalformedKeyError, /^(?!.*1234)/);
    expect(deployKey("")).to.equal(undefined);
  });

  describe("on a chain with Sepolia's id", () => {
    const program = findAnvil();
    let node: TestNode;
    before(async function () {
      if (program === undefined) {
        console.log("skipped: anvil is not installed");
        this.skip();
      }
      node = await startAnvil(program, SEPOLIA);
    });
    after(() => node?.stop());

    const attempt = (chain: Parameters<typeof deployContracts>[0]["chain"], journalFolder: string) =>
      deployContracts({ chain, journalFolder, pollMs: 20, confirmations: 1 });

    for (const moment of ["before", "after"] as const) {
      it(`goes on after an interruption ${moment} every transaction, and then has nothing to do`, async function () {
        this.timeout(60_000);
        const journal = join(folder, "journal");
        const provider = createDeployProvider(node.url, KEY);
        const nonce = async () =>
          Number(
            await provider.request({ method: "eth_getTransactionCount", params: [(await accounts())[0], "latest"] }),
          );
        const accounts = () => provider.request({ method: "eth_accounts" }) as Promise<string[]>;
        const start = await nonce();
        let interruptions = 0;
        for (;;) {
          // One transaction more gets through each time, and the next is where it ends.
          const chain = dying(node.url, 1, moment);
          try {
            await Promise.race([attempt(chain, journal), chain.death]);
            break;
          } catch (error) {
            expect((error as Error).message).to.equal("the process was killed");
            interruptions += 1;
            expect(interruptions).to.be.below(40);
          }
        }
        const finished = await attempt(provider, journal);
        const sent = (await nonce()) - start;
        expect(finished.chainId).to.equal(SEPOLIA);
        expect(interruptions).to.be.at.least(7);
        // Nothing was sent twice: a whole deployment takes as many.
        const clean = await nonce();
        await attempt(provider, join(folder, "clean"));
        expect(sent).to.equal((await nonce()) - clean);
        const again = await attempt(provider, journal);
        expect(again).to.deep.equal(finished);
      });
    }

    it("writes what block explorers need, proven against the chain", async () => {
      const verificationFolder = join(folder, "verification");
      await deployContracts({ chain: node.url, privateKey: KEY, pollMs: 20, confirmations: 1, verificationFolder });
      const files = (await readdir(verificationFolder)).sort();
      expect(files).to.include.members(["NameRegistry.json", "GatewayDirectory.json", "OffchainResolver.json"]);
      const input = JSON.parse(await readFile(join(verificationFolder, "NameRegistry.json"), "utf8"));
      expect(input.contract).to.contain("contracts/registry/NameRegistry.sol:NameRegistry");
      expect(input.compilerVersion).to.match(/^v0\.8\.37\+commit\./);
      expect(Object.keys(input.standardJson)).to.include.members(["language", "sources", "settings"]);
    });

    it("rejects a chain whose transactions fail, and says which step", async () => {
      const error = await deployContracts({
        chain: node.url,
        privateKey: KEY,
        pollMs: 20,
        confirmations: 1,
        priceFeed: "0x0000000000000000000000000000000000000001",
      }).catch((cause: unknown) => cause);
      expect(error).to.be.instanceOf(DeploymentFailedError);
      expect((error as Error).message).to.contain("Genesis");
    });
  });
});
