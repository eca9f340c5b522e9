import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createPublicClient, getAddress, http } from "viem";
import { registryAbi } from "../../src/chain/abis/registry.ts";
import { MissingPriceFeedError } from "../../src/chain/deploy.ts";
import type { Deployment } from "../../src/chain/deployment.ts";
import { UsageError } from "../../src/cli/command.ts";
import { namehash } from "../../src/naming/namehash.ts";
import { startEdr, type TestNode } from "../contracts/support/node.ts";
import { runHoldfast } from "../support/program.ts";

/** Runs a command line and returns what it printed. */
const run = async (...args: string[]): Promise<string> => (await runHoldfast(args)).out;

describe("holdfast deploy, register, set", () => {
  let node: TestNode;
  let folder: string;
  let home: string;
  before(async function () {
    this.timeout(60_000);
    node = await startEdr();
    folder = await mkdtemp(join(tmpdir(), "holdfast-cli-"));
    home = process.cwd();
    process.chdir(folder);
  });
  after(async () => {
    process.chdir(home);
    await node.stop();
    await rm(folder, { recursive: true });
  });

  it("deploys, registers a name, writes records of every kind and deletes one", async function () {
    this.timeout(60_000);
    const deployed = JSON.parse(await run("deploy", "--rpc", node.url, "--out", folder, "--json")) as Deployment;
    const again = JSON.parse(await run("deploy", "--rpc", node.url, "--out", folder, "--json")) as Deployment;
    expect(again).to.deep.equal(deployed);
    const chain = ["--rpc", node.url, "--deployment", join(folder, "31337.json")];
    const registered = JSON.parse(await run("register", "Shop.hold", "--skip-wait", "--primary", "--json", ...chain));
    expect(registered.name).to.equal("shop.hold");
    const client = createPublicClient({ transport: http(node.url) });
    const registry = { address: deployed.contracts.registry, abi: registryAbi } as const;
    const args = [namehash("shop.hold")] as const;
    expect(await client.readContract({ ...registry, functionName: "owner", args })).to.equal(
      getAddress(registered.owner),
    );

    await run("set", "www.shop.hold", "A", "192.0.2.1", "192.0.2.2", "--ttl", "60", ...chain);
    await run("set", "shop.hold", "addr", "0x52908400098527886E0F7030069857D2E4169EE7", ...chain);
    await run("set", "shop.hold", "text:url", "https://example.org/", ...chain);
    expect(await client.readContract({ ...registry, functionName: "text", args: [args[0], "url"] })).to.equal(
      "https://example.org/",
    );
    expect(await client.readContract({ ...registry, functionName: "addr", args })).to.equal(
      "0x52908400098527886E0F7030069857D2E4169EE7",
    );
    const count = () => client.readContract({ ...registry, functionName: "dnsRecordCount", args });
    expect(await count()).to.equal(1n);
    await run("set", "www.shop.hold", "A", "--delete", ...chain);
    expect(await count()).to.equal(0n);
  });

  it("takes the mock price feed elsewhere than on a development chain only when told to", async function () {
    this.timeout(60_000);
    const other = await startEdr(11_155_111);
    try {
      const deploy = (...args: string[]) => run("deploy", "--rpc", other.url, "--out", folder, "--json", ...args);
      const failure = (...args: string[]) => deploy(...args).catch((cause: unknown) => cause);
      // The id is Sepolia's, but its own feed is not there.
      expect(await failure()).to.be.instanceOf(MissingPriceFeedError);
      const both = ["--mock-price-feed", "--price-feed", `0x${"11".repeat(20)}`];
      expect(await failure(...both)).to.be.instanceOf(UsageError);
      const { chainId } = JSON.parse(await deploy("--mock-price-feed", "--confirmations", "1")) as Deployment;
      expect(chainId).to.equal(11_155_111);
    } finally {
      await other.stop();
    }
  });

  it("rejects a taken name, a name elsewhere, a missing value and an unknown type", async () => {
    const chain = ["--rpc", node.url, "--deployment", join(folder, "31337.json")];
    const refuses = async (text: RegExp, ...args: string[]) => {
      const error = await run(...args, ...chain).catch((cause: unknown) => cause);
      expect((error as Error).message).to.match(text);
    };
    await refuses(/cannot be registered/, "register", "shop.hold");
    await refuses(/not directly under \.hold/, "register", "a.shop.hold");
    await refuses(/There is no value/, "set", "shop.hold", "A");
    await refuses(/no type of record/, "set", "shop.hold", "nonsense", "1");
    await refuses(/Neither nobody\.hold nor/, "set", "nobody.hold", "A", "192.0.2.1");
  });
});
