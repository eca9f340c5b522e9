/** What an operator does to bring a gateway into a fleet: list it, copy another's store, start from that. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect } from "chai";
import { network } from "hardhat";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { deployContracts } from "../../src/chain/deploy.ts";
import { type Deployment, formatDeployment } from "../../src/chain/deployment.ts";
import { createChainReader, readFleet } from "../../src/chain/fleet.ts";
import { TransactionFailedError } from "../../src/chain/sender.ts";
import { UsageError } from "../../src/cli/command.ts";
import { type GatewayProcess, startGatewayProcess } from "../support/gateway/gatewayProcess.ts";
import { failureOf, runHoldfast } from "../support/program.ts";

const SIGNER_KEY = generatePrivateKey();
const SIGNER = privateKeyToAddress(SIGNER_KEY);

describe("holdfast gateway, on a chain", function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-register-"));
  const file = join(folder, "deployment.json");
  const snapshot = join(folder, "snapshot.db");
  const environment = { HOLDFAST_SIGNER_KEY: process.env.HOLDFAST_SIGNER_KEY, HOLDFAST_KEY: process.env.HOLDFAST_KEY };
  const running: GatewayProcess[] = [];
  let url = "";
  let deployment: Deployment;
  let stop = async () => {};

  const run = async (...args: string[]): Promise<string> => (await runHoldfast(["gateway", ...args])).out;
  const register = async (change: Readonly<Record<string, string | undefined>> = {}, ...more: string[]) => {
    const options: Record<string, string | undefined> = {
      "--rpc": url,
      "--deployment": file,
      "--zone": "2",
      "--http-url": "https://g1.example.org/",
      "--dns-endpoint": "192.0.2.1:53",
      "--signer": SIGNER,
      ...change,
    };
    const args = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
    return await run("register", ...args, ...more);
  };
  const start = async (id: number, data: string, ...args: string[]): Promise<GatewayProcess> => {
    const common = [
      "--id",
      String(id),
      "--rpc",
      url,
      "--deployment",
      file,
      "--data",
      join(folder, data),
      "--log",
      "info",
    ];
    const gateway = await startGatewayProcess([...common, ...args], { HOLDFAST_SIGNER_KEY: SIGNER_KEY });
    running.push(gateway);
    return gateway;
  };

  before(async () => {
    const server = await network.createServer({ network: "default", override: { chainId: 31337 } }, "127.0.0.1", 0);
    url = `http://127.0.0.1:${(await server.listen()).port}`;
    stop = () => server.close();
    deployment = await deployContracts({ chain: url, pollMs: 10 });
    writeFileSync(file, formatDeployment(deployment));
  });
  afterEach(async () => {
    for (const [name, value] of Object.entries(environment)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    for (const gateway of running.splice(0)) await gateway.stop();
  });
  after(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  describe("register", () => {
    const mistakes: readonly [string, Record<string, string | undefined>, RegExp][] = [
      ["a zone that is none", { "--zone": "4" }, /--zone is 0 to 3, not "4"/],
      ["a URL that is none", { "--http-url": "g1.example.org" }, /--http-url takes an http or https URL/],
      ["an endpoint without a port", { "--dns-endpoint": "192.0.2.1" }, /--dns-endpoint takes host:port/],
      ["a signer that is no address", { "--signer": "0x12" }, /--signer takes an address, not "0x12"/],
      ["no signer", { "--signer": undefined }, /Give --signer, or the key in HOLDFAST_SIGNER_KEY/],
      ["an operator that is no address", { "--operator": "me" }, /--operator takes an address, not "me"/],
    ];
    for (const [what, change, message] of mistakes) {
      it(`rejects ${what} before anything is sent`, async () => {
        const error = await failureOf(register(change));
        expect(error).to.be.instanceOf(UsageError);
        expect(String(error)).to.match(message);
        const fleet = await readFleet(createChainReader(url), deployment);
        expect(fleet.gateways).to.have.length(0);
      });
    }

    it("lists signer, zone, operator and endpoints as they were given", async () => {
      process.env.HOLDFAST_SIGNER_KEY = SIGNER_KEY;
      const operator = "0x00000000000000000000000000000000000000aa";
      const listed = JSON.parse(await register({ "--signer": undefined, "--operator": operator }, "--json"));
      expect(listed).to.include({ id: 1, zone: 2, httpUrl: "https://g1.example.org", dnsEndpoint: "192.0.2.1:53" });
      expect(listed.signer.toLowerCase()).to.equal(SIGNER.toLowerCase());
      expect(listed.operator).to.equal(operator);
      const fleet = await readFleet(createChainReader(url), deployment);
      expect(fleet.gateways.map(({ id, zone }) => [id, zone])).to.deep.equal([[1, 2]]);
    });

    it("says why the directory refuses: an endpoint that is taken, a sender without the role", async () => {
      const taken = await failureOf(register());
      expect(taken).to.be.instanceOf(TransactionFailedError);
      process.env.HOLDFAST_KEY = generatePrivateKey();
      const stranger = await failureOf(
        register({ "--http-url": "https://g2.example.org", "--dns-endpoint": "192.0.2.2:53" }),
      );
      expect(stranger).to.be.instanceOf(TransactionFailedError);
      const fleet = await readFleet(createChainReader(url), deployment);
      expect(fleet.gateways).to.have.length(1);
    });

    it("is what a running gateway then shows of itself", async () => {
      const gateway = await start(1, "first");
      await gateway.ready();
      const shown = (await (await fetch(`${gateway.httpUrl}/v1/directory`)).json()) as {
        gateways: { id: number; signer: string; httpUrl: string }[];
      };
      const [entry] = shown.gateways;
      expect([entry?.id, entry?.signer.toLowerCase(), entry?.httpUrl]).to.deep.equal([
        1,
        SIGNER.toLowerCase(),
        "https://g1.example.org",
      ]);
    });
  });

  describe("export and --bootstrap", () => {
    const statusOf = async ({ httpUrl }: GatewayProcess) =>
      (await (await fetch(`${httpUrl}/v1/status`)).json()) as { slotCount: number; head: { hash: string } };

    it("starts a second gateway from the first one's snapshot, at the same state", async () => {
      const first = await start(1, "first");
      await first.ready();
      while ((await fetch(`${first.httpUrl}/v1/checkpoint`)).status !== 200) {
        // The chain makes blocks only when asked to; the next checkpoint is at most eight away.
        const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "evm_mine", params: [] });
        await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
      }
      expect(await run("export", snapshot, "--from", join(folder, "first"))).to.include("is written");
      const second = await start(2, "second", "--bootstrap", snapshot);
      await second.logged({ message: "started from a snapshot" });
      await second.ready();
      const [left, right] = [await statusOf(first), await statusOf(second)];
      expect(right.slotCount).to.equal(left.slotCount);
      expect(right.head.hash).to.equal(left.head.hash);
    });

    it("refuses a snapshot that was tampered with, and says what is wrong", async () => {
      const forged = join(folder, "forged.db");
      await run("export", forged, "--from", join(folder, "first"));
      const database = new DatabaseSync(forged);
      database.exec("UPDATE slots SET value = randomblob(32) WHERE key = (SELECT min(key) FROM slots)");
      database.close();
      const error = await failureOf(start(3, "third", "--bootstrap", forged));
      expect(String(error)).to.include("its storage has another root than the chain's");
    });
  });
});
