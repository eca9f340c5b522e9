import { expect } from "chai";
import { type EnsPlugin as EthersEnsPlugin, ethers } from "ethers";
import { createPublicClient, http } from "viem";
import { foundry } from "viem/chains";
import { type CcipReaderOptions, CcipUnavailableError, createCcipReader } from "../../src/client/dropins/ccipRead.ts";
import { isOutwardUrl } from "../../src/client/dropins/ccipUrl.ts";
import { withHoldfast } from "../../src/client/dropins/ethers.ts";
import { ccipReadOption, nameActions } from "../../src/client/dropins/viem.ts";
import { createNodeNameClient } from "../../src/client/nodeClient.ts";
import { nodeTransport } from "../../src/client/nodeTransport.ts";
import { type CcipFault, type CcipWorld, createCcipWorld, VALUE } from "../support/client/ccipWorld.ts";

const NAME = "offchain.hold";

describe("drop-ins for off-chain lookups", () => {
  let world: CcipWorld;
  before(async function () {
    this.timeout(60_000);
    world = await createCcipWorld(5);
  });
  after(() => world.stop());
  beforeEach(() => {
    world.faults.fill("good");
    world.hits.fill(0);
  });

  const options = (): CcipReaderOptions => ({
    transport: nodeTransport,
    verify: world.verify,
    allowsUrl: () => true,
    deadlineMs: 2_000,
    // However slow the machine is.
    health: { quarantineMs: 60_000 },
  });
  const viem = () =>
    createPublicClient({
      transport: http(world.node.url, { retryCount: 0 }),
      ccipRead: ccipReadOption(options()),
      chain: {
        ...foundry,
        contracts: { ensUniversalResolver: { address: world.deployment.contracts.universalResolver } },
      },
    });
  const ethersProvider = () => {
    const { registry } = world.deployment.contracts;
    const network = new ethers.Network("local", 31337);
    network.attachPlugin(new ethers.EnsPlugin(registry, 31337) as EthersEnsPlugin);
    const Provider = withHoldfast(ethers.JsonRpcProvider, { ccipRead: options() });
    return new Provider(world.node.url, network, { staticNetwork: network });
  };

  const faults: readonly (readonly [string, CcipFault])[] = [
    ["is well", "good"],
    ["says 500", { status: 500 }],
    ["hangs", "hangs"],
    ["drips", "drips"],
    ["signs with another key", "wrongSignature"],
    ["answers from long ago", "expired"],
    ["lies", "lies"],
    ["sends junk", "junk"],
    ["sends nothing", "empty"],
    ["says 404", { status: 404 }],
    ["says 400", { status: 400 }],
    ["says 429", { status: 429, retryAfter: "60" }],
  ];
  for (const [what, fault] of faults) {
    it(`lets viem resolve when the first gateway ${what}`, async () => {
      world.faults[0] = fault;
      expect(await viem().getEnsAddress({ name: NAME })).to.equal(ethers.getAddress(VALUE));
    });
    it(`lets ethers resolve when the first gateway ${what}`, async () => {
      world.faults[0] = fault;
      const provider = ethersProvider();
      expect(await provider.resolveName(NAME)).to.equal(ethers.getAddress(VALUE));
      provider.destroy();
    });
  }

  it("throws within the deadline when all are down, and never says null", async () => {
    for (const fault of ["hangs", { status: 500 }, "lies"] as const) {
      world.faults.fill(fault);
      const provider = ethersProvider();
      const told = await provider.resolveName(NAME).catch((error: Error) => error);
      expect(told).to.be.instanceOf(Error);
      provider.destroy();
    }
  });

  it("asks a liar last from then on", async () => {
    world.faults[0] = "lies";
    const provider = ethersProvider();
    await provider.resolveName(NAME);
    const before = world.hits[0];
    await provider.resolveName(NAME);
    expect(world.hits[0]).to.equal(before);
    provider.destroy();
  });

  it("leaves a gateway alone until its Retry-After", async () => {
    world.faults[0] = { status: 429, retryAfter: "60" };
    const provider = ethersProvider();
    for (let round = 0; round < 5; round += 1) await provider.resolveName(NAME);
    expect(world.hits[0]).to.equal(1);
    provider.destroy();
  });

  it("never asks a URL that points inward, unless told to", async () => {
    const { allowsUrl: _, ...strict } = options();
    const error = await createCcipReader(strict)({
      sender: "0x00",
      data: "0x00",
      urls: ["http://127.0.0.1:9/x", "file:///etc/passwd"],
    }).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(CcipUnavailableError);
    for (const url of [
      "http://localhost/",
      "http://10.1.2.3/",
      "http://192.168.0.1/",
      "http://169.254.169.254/latest",
      "http://172.20.0.1/",
      "http://[::1]/",
      "http://[::ffff:127.0.0.1]/",
      "http://[fd00::1]/",
      "http://0x7f000001/",
      "http://2130706433/",
      "http://user:pass@example.org/",
      "ftp://example.org/",
      "nonsense",
    ]) {
      expect(isOutwardUrl(url), url).to.equal(false);
    }
    expect(isOutwardUrl("https://g1.example.org/{sender}/{data}")).to.equal(true);
  });

  it("gives viem and ethers the names of a name client", async () => {
    const { deployment } = world;
    const names = createNodeNameClient({
      deployment,
      paths: { chain: { rpcUrls: [world.node.url], allowsUrl: () => true } },
      freshness: { ageSecondsMax: 1e9 },
    });
    const client = viem().extend(nameActions(names));
    expect(await client.getEnsAddress({ name: "nobody.hold" })).to.equal(null);
    expect(await client.getEnsText({ name: "nobody.hold", key: "url" })).to.equal(null);
    expect(await client.getEnsAddress({ name: NAME })).to.equal(ethers.getAddress(VALUE));
  });
});
