import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { network } from "hardhat";
import { createTestClient, createWalletClient, type Hex, http, publicActions, zeroHash } from "viem";
import { hardhat } from "viem/chains";
import { directoryAbi } from "../../src/chain/abis/directory.ts";
import { registryAbi } from "../../src/chain/abis/registry.ts";
import { deployContracts } from "../../src/chain/deploy.ts";
import { type Deployment, formatDeployment } from "../../src/chain/deployment.ts";
import { createChainReader, readFleet, UnreadableFleetError, WrongChainError } from "../../src/chain/fleet.ts";
import { IsolationFailedError } from "../../src/chain/isolation.ts";
import { EXIT, UsageError } from "../../src/cli/command.ts";
import { namehash } from "../../src/naming/index.ts";
import {
  NobodyHoldsSlotError,
  placeGateways,
  RESERVED_INDEX_MIN,
  slotsOf,
  tableWords,
} from "../../src/sharding/index.ts";
import { failureOf, runHoldfast } from "../support/program.ts";

const NAME_COUNT = 12;
const ZONES = [0, 1, 2, 3];
const YEAR_SECONDS = 31_536_000n;

describe("shards on a chain", () => {
  let url = "";
  let file = "";
  let folder = "";
  let deployment: Deployment;
  let stop = async () => {};

  const run = (...args: string[]) => runHoldfast([...args, "--rpc", url, "--deployment", file]);
  const failure = (...args: string[]) => failureOf(run(...args));

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-chain-"));
    const server = await network.createServer({ network: "default", override: { chainId: 31337 } }, "127.0.0.1", 0);
    url = `http://127.0.0.1:${(await server.listen()).port}`;
    stop = () => server.close();
    deployment = await deployContracts({ chain: url, pollMs: 10 });
    file = join(folder, "31337.json");
    await writeFile(file, formatDeployment(deployment));
    await fillChain();
  });

  after(async () => {
    await stop();
    rmSync(folder, { recursive: true });
  });

  /** Two gateways in every zone and one without slots, and names with indices 0 to 11. */
  async function fillChain(): Promise<void> {
    const transport = http(url, { retryCount: 0 });
    const test = createTestClient({ mode: "hardhat", chain: hardhat, transport }).extend(publicActions);
    const [account] = (await test.request({ method: "eth_accounts" } as never)) as Hex[];
    const wallet = createWalletClient({ account: account!, chain: hardhat, transport });
    const directory = { address: deployment.contracts.directory, abi: directoryAbi } as const;
    const gateways = [];
    for (let id = 1; id <= 12; id += 1) {
      const [zone, names] = [
        (id - 1) % 4,
        { httpUrl: `http://g${id}.example.org`, dnsEndpoint: `g${id}.example.org:53` },
      ];
      const entry = { operator: account!, signer: account!, zone, ...names };
      await wallet.writeContract({ ...directory, functionName: "registerGateway", args: [entry] });
      if (id <= 8) gateways.push({ id, zone });
    }
    const { table } = placeGateways({ gateways, seed: 5 });
    for (const zone of ZONES) {
      const words = tableWords(table, zone).slice(0, 32);
      await wallet.writeContract({ ...directory, functionName: "seedZone", args: [zone, words as never] });
    }
    const controller = deployment.contracts.controller;
    await test.impersonateAccount({ address: controller });
    await test.setBalance({ address: controller, value: 10n ** 20n });
    const asController = createWalletClient({ account: controller, chain: hardhat, transport });
    for (let n = 0; n < NAME_COUNT; n += 1) {
      const registration = {
        label: `name${n}`,
        owner: account!,
        duration: YEAR_SECONDS,
        secret: zeroHash,
        data: [],
        reverse: 0n,
        referrer: zeroHash,
      };
      await asController.writeContract({
        address: deployment.contracts.registry,
        abi: registryAbi,
        functionName: "register",
        args: [registration],
      });
    }
  }

  describe("readFleet", () => {
    it("returns the names, gateways and tables of one block", async () => {
      const fleet = await readFleet(createChainReader(url), deployment);
      expect(fleet.names.map((name) => [name.label, name.shardIndex])).to.deep.equal(
        Array.from({ length: NAME_COUNT }, (_, n) => [`name${n}`, n]),
      );
      expect(fleet.gateways.map((gateway) => gateway.zone)).to.deep.equal([0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]);
      expect([...fleet.table.subarray(0, 512)].every((id) => id === 1 || id === 5)).to.equal(true);
      expect(fleet.isolated.size).to.equal(0);
    });

    it("rejects another chain, and a provider that does not answer", async () => {
      const read = (reader: string, other: Partial<Deployment>) =>
        readFleet(createChainReader(reader), { ...deployment, ...other }).catch((error: unknown) => error);
      expect(await read(url, { chainId: 5 })).to.be.instanceOf(WrongChainError);
      expect(await read("http://127.0.0.1:9", {})).to.be.instanceOf(UnreadableFleetError);
    });
  });

  describe("holdfast shards audit", () => {
    it("returns overlap and balance of every registered name", async () => {
      const { out, code } = await run("shards", "audit", "--json");
      const report = JSON.parse(out);
      expect(code).to.equal(EXIT.ok);
      expect(report).to.include({
        nameCount: NAME_COUNT,
        gatewayCount: 12,
        guaranteedOverlapMax: 0,
        pairsBeyondCount: 0,
      });
      expect(report.virtualPairs).to.deep.equal([66, 0, 0, 0, 0]);
      expect(report.physicalPairs.reduce((sum: number, count: number) => sum + count)).to.equal(66);
      expect(report.gatewayLoads).to.have.length(8);
      expect((await run("shards", "audit")).out)
        .to.include("12 names on 12 gateways")
        .and.to.include("beyond it: 0");
    });
  });

  describe("holdfast shard NAME --rpc", () => {
    it("returns the index the chain stores, and the bootstrap index of a name it does not know", async () => {
      expect(JSON.parse((await run("shard", "www.name7.hold", "--json")).out)).to.deep.include({
        name: "name7.hold",
        index: 7,
        kind: "registered",
        slots: [7, 7, 7, 7],
      });
      expect(JSON.parse((await run("shard", "nobody.hold", "--json")).out)).to.include({ kind: "bootstrap" });
    });
  });

  describe("holdfast shards plan --rpc", () => {
    const planOf = async (...args: string[]) =>
      JSON.parse((await run("shards", "plan", ...args, "--seed", "1", "--json")).out);

    it("says when the zone's next change can be made, while the handover of its last is under way", async () => {
      const test = createTestClient({ mode: "hardhat", chain: hardhat, transport: http(url) }).extend(publicActions);
      const [account] = (await test.request({ method: "eth_accounts" } as never)) as Hex[];
      const wallet = createWalletClient({ account: account!, chain: hardhat, transport: http(url) });
      const snapshot = await test.snapshot();
      const { calls, ...first } = await planOf("join", "--gateway", "10");
      expect(first).to.include({ notBefore: 0, handoverSeconds: 300 });
      await wallet.writeContract({
        address: deployment.contracts.directory,
        abi: directoryAbi,
        functionName: "joinZone",
        args: [10, calls[0].slotSet.map(BigInt)],
      });
      const movedAt = Number((await test.getBlock()).timestamp);
      expect((await planOf("leave", "--gateway", "2")).notBefore).to.equal(movedAt + 300);
      expect((await planOf("leave", "--gateway", "1")).notBefore).to.equal(0);
      const { out } = await run("shards", "plan", "leave", "--gateway", "2", "--seed", "1");
      expect(out)
        .to.include(`Not before ${new Date((movedAt + 300) * 1_000).toISOString()}`)
        .and.to.include("no other join or leave in zone 1");
      await test.increaseTime({ seconds: 300 });
      await test.mine({ blocks: 1 });
      expect((await planOf("leave", "--gateway", "2")).notBefore).to.equal(0);
      await test.revert({ id: snapshot });
    });

    it("plans for the directory of the chain, with a listed gateway as the newcomer", async () => {
      const plan = await planOf("join", "--gateway", "10");
      expect(plan.change.gateway).to.deep.equal({ id: 10, zone: 1, weight: 1 });
      expect(plan.moves).to.have.length(170);
      expect(plan.calls.map((call: { method: string }) => call.method)).to.deep.equal(["joinZone"]);
    });
  });

  describe("holdfast shards isolate", () => {
    it("rejects what cannot be isolated", async () => {
      expect(await failure("shards", "isolate", "name3.hold")).to.be.instanceOf(NobodyHoldsSlotError);
      expect(await failure("shards", "isolate", "nobody.hold")).to.be.instanceOf(UsageError);
      expect(await failure("shards", "isolate", "name3.hold", "--release")).to.be.instanceOf(UsageError);
      expect(await failure("shards", "isolate", "name3.hold", "--gateways", "9,10,11,11")).to.be.instanceOf(UsageError);
    });

    it("shows what would change, and sends nothing without --yes", async () => {
      const { out } = await run("shards", "isolate", "www.name3.hold", "--gateways", "9,10,11,12");
      expect(out).to.include(`isolate name3.hold: index 3 -> ${RESERVED_INDEX_MIN}`).and.to.include("Nothing was sent");
      expect((await readFleet(createChainReader(url), deployment)).isolated.size).to.equal(0);
    });

    it("moves a name to dedicated gateways and back", async () => {
      const { out } = await run("shards", "isolate", "name3.hold", "--gateways", "9,10,11,12", "--yes", "--json");
      const report = JSON.parse(out);
      expect(report.acts.map((act: { kind: string }) => act.kind)).to.deep.equal([
        ...ZONES.map(() => "assignReservedSlot"),
        "isolate",
      ]);
      expect(report.transactions).to.have.length(5);
      expect(report.plan.gatewaysAfter).to.deep.equal([9, 10, 11, 12]);
      expect(report.othersAfter).to.deep.equal([NAME_COUNT - 1, 0, 0, 0, 0]);
      expect(report.othersBefore.slice(1).reduce((sum: number, count: number) => sum + count)).to.be.above(0);
      const reader = createChainReader(url);
      const isolated = await readFleet(reader, deployment);
      expect([...isolated.isolated]).to.deep.equal([[namehash("name3.hold"), RESERVED_INDEX_MIN]]);
      expect(JSON.parse((await run("shard", "name3.hold", "--json")).out)).to.deep.include({
        kind: "isolation",
        slots: slotsOf(RESERVED_INDEX_MIN),
      });
      expect((await run("shards", "audit")).out).to.include(`isolated: name3.hold at index ${RESERVED_INDEX_MIN}`);
      expect(await failure("shards", "isolate", "name3.hold")).to.be.instanceOf(UsageError);

      const second = JSON.parse(
        (await run("shards", "isolate", "name4.hold", "--gateways", "9,10,11,12", "--json")).out,
      );
      expect(second.plan.toIndex).to.equal(RESERVED_INDEX_MIN + 1);

      const released = await run("shards", "isolate", "name3.hold", "--release", "--yes");
      expect(released.out)
        .to.include(`index ${RESERVED_INDEX_MIN} -> 3`)
        .and.to.match(/release: 0x[0-9a-f]{64}/);
      expect((await readFleet(reader, deployment)).isolated.size).to.equal(0);
    });

    it("says until when a reserved slot that was just taken from its gateway stays where it is", async () => {
      const isolate = (gateways: string) =>
        run("shards", "isolate", "name3.hold", "--gateways", gateways, "--yes", "--json");
      await isolate("5,6,7,8");
      await run("shards", "isolate", "name3.hold", "--release", "--yes");
      const error = (await failureOf(isolate("9,10,11,12"))) as IsolationFailedError;
      expect(error).to.be.instanceOf(IsolationFailedError);
      expect(error.message).to.match(/GatewayDirectorySlotHandoverUnderWay\(0, 512, \d{10}\)/);
      expect(error.message).to.include("Another reserved index is free to use").and.not.to.include("HOLDFAST_KEY");
    });

    it("rejects a sender without the role, naming it", async () => {
      process.env.HOLDFAST_KEY = `0x${"11".repeat(32)}`;
      try {
        expect(await failure("shards", "isolate", "name3.hold", "--gateways", "9,10,11,12", "--yes"))
          .to.be.instanceOf(IsolationFailedError)
          .and.to.have.property("message")
          .that.includes("HOLDFAST_KEY");
      } finally {
        delete process.env.HOLDFAST_KEY;
      }
    });
  });
});
