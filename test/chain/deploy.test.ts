import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { DeploymentFailedError, deployContracts, MissingPriceFeedError } from "../../src/chain/deploy.ts";
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

  describe("without a price feed", () => {
    it("rejects any chain but one's own before it sends or keeps anything, unless the mock is asked for", async () => {
      const node = await startEdr(SEPOLIA);
      try {
        const journalFolder = join(folder, "journal");
        const deploy = (parameters: object = {}) =>
          deployContracts({ chain: node.url, journalFolder, pollMs: 20, confirmations: 1, ...parameters });
        const error = (await deploy().catch((cause: unknown) => cause)) as MissingPriceFeedError;
        expect(error).to.be.instanceOf(MissingPriceFeedError).and.to.have.property("code", "CHAIN_MISSING_PRICE_FEED");
        expect(error.message)
          .to.include("chain 11155111 is no development chain")
          .and.to.include("--price-feed ADDRESS")
          .and.to.include("--mock-price-feed");
        const provider = createDeployProvider(node.url);
        expect(await provider.request({ method: "eth_blockNumber" })).to.equal("0x0");
        expect(await readdir(folder)).to.deep.equal([]);
        const { contracts } = await deploy({ mockPriceFeed: true });
        expect(contracts.priceFeed).to.match(/^0x/);
      } finally {
        await node.stop();
      }
    });

    it("takes the mock on the chain of geth's and Ganache's development modes", async () => {
      const node = await startEdr(1_337);
      try {
        expect((await deployContracts({ chain: node.url, pollMs: 20 })).chainId).to.equal(1_337);
      } finally {
        await node.stop();
      }
    });
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

    // The id is Sepolia's, its Chainlink feed is not there: a deployment with the mock, which has to be asked for.
    const attempt = (chain: Parameters<typeof deployContracts>[0]["chain"], journalFolder: string) =>
      deployContracts({ chain, journalFolder, mockPriceFeed: true, pollMs: 20, confirmations: 1 });

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
      const { contracts } = await deployContracts({
        chain: node.url,
        privateKey: KEY,
        mockPriceFeed: true,
        pollMs: 20,
        confirmations: 1,
        verificationFolder,
      });
      // All contracts but Genesis, which has done its work, and no other; two addresses have a second contract's code behind them.
      const sources: Readonly<Record<string, string>> = {
        AccessManager: "access/manager/AccessManager.sol",
        FastNameRegistry: "contracts/registry/FastNameRegistry.sol",
        FastRegistrarController: "contracts/registrar/FastRegistrarController.sol",
        GatewayDirectory: "contracts/directory/GatewayDirectory.sol",
        MockPriceFeed: "contracts/mocks/MockPriceFeed.sol",
        NameRegistry: "contracts/registry/NameRegistry.sol",
        OffchainResolver: "contracts/offchain/OffchainResolver.sol",
        RegistrarController: "contracts/registrar/RegistrarController.sol",
        ReverseRegistrar: "contracts/reverse/ReverseRegistrar.sol",
        TokenRenderer: "contracts/registry/TokenRenderer.sol",
        UniversalResolver: "contracts/universal/UniversalResolver.sol",
      };
      const files = (await readdir(verificationFolder)).sort();
      expect(files).to.deep.equal(Object.keys(sources).map((name) => `${name}.json`));
      const addresses = new Set<string>();
      for (const [name, source] of Object.entries(sources)) {
        const input = JSON.parse(await readFile(join(verificationFolder, `${name}.json`), "utf8"));
        expect(input.contract).to.match(new RegExp(`${source.replaceAll(".", "\\.")}:${name}$`));
        expect(input.compilerVersion).to.match(/^v0\.8\.37\+commit\./);
        const { language, sources: texts, settings } = input.standardJson;
        expect(language).to.equal("Solidity");
        expect(
          Object.values(texts as Record<string, { content: string }>).some(({ content }) =>
            content.includes(`contract ${name} `),
          ),
        ).to.equal(true);
        expect(settings.evmVersion).to.equal("osaka");
        addresses.add(input.address.toLowerCase());
      }
      expect(addresses.size).to.equal(Object.keys(sources).length);
      expect([...addresses]).to.include.members(Object.values(contracts).map((address) => address.toLowerCase()));
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
