/** Names whose owner signs their records, and their four gateways as processes of their own, which can be killed. */
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { freePort } from "../../../scripts/bench/dnsPeers.ts";
import { fromHex } from "../../../src/base/bytes.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { type Deployment, writeDeployment } from "../../../src/chain/deployment.ts";
import { signSet } from "../../../src/client/publish.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import { nameSlot, parseNameWord } from "../../../src/proof/layout.ts";
import { type GatewayProcess, startGatewayProcess } from "../gateway/gatewayProcess.ts";
import { addressRecord } from "./publish.ts";
import { listFour, startOffchainChain } from "./world.ts";

/** A tick of Linux's process accounting. */
const TICK_MS = 10;

/** CPU time of a process, in milliseconds. */
function cpuMsOf(pid: number): number | undefined {
  try {
    // The name of the program, in brackets, may hold anything; user and system time are the 12th and 13th fields behind it.
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return undefined;
  }
}

/** What a gateway said to a request. */
export interface Told {
  readonly status: number;
  readonly body: string;
}

export interface ProcessWorld {
  readonly deployment: Deployment;
  readonly ownerKey: Hex;
  readonly urls: readonly string[];
  /** The texts of signed sets of a name, by sequence from a first one on. */
  sign(label: string, first: number, count: number): Promise<readonly string[]>;
  put(index: number, text: string): Promise<Told>;
  get(index: number, path: string): Promise<Told>;
  /** CPU time that the four have used, in milliseconds; `undefined` where the system does not tell (Linux does). */
  cpuMs(): number | undefined;
  /** kill -9. */
  kill(index: number): Promise<void>;
  /** Starts a killed one again and waits until it serves. */
  restart(index: number): Promise<void>;
  stop(): Promise<void>;
}

export async function createProcessWorld(names: readonly string[]): Promise<ProcessWorld> {
  const chain = await startOffchainChain(names);
  const { node, deployment, owner, ownerKey } = chain;
  const keys = [0, 1, 2, 3].map(() => generatePrivateKey());
  const ports: number[] = [];
  for (const _ of keys) ports.push(await freePort());
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  await listFour(chain, urls, keys);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-processes-"));
  const deploymentFile = join(folder, "deployment.json");
  await writeDeployment(deploymentFile, deployment);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });

  const start = async (index: number): Promise<GatewayProcess> => {
    const config = join(folder, `g${index}.yaml`);
    const about = {
      gatewayId: index + 1,
      rpc: [node.url],
      deployment: deploymentFile,
      data: join(folder, `g${index}`),
      http: { port: ports[index] },
      dns: false,
      sets: { updatesPerMinute: 1_000_000 },
      log: "warn",
    };
    // JSON is YAML too.
    writeFileSync(config, JSON.stringify(about));
    const gateway = await startGatewayProcess(["--config", config], { HOLDFAST_SIGNER_KEY: keys[index]! });
    await gateway.ready();
    return gateway;
  };
  const gateways = await Promise.all(keys.map((_, index) => start(index)));

  const call = (index: number, method: string, path: string, text = ""): Promise<Told> =>
    new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
      const sent = request(`${urls[index]}${path}`, { method, agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
        });
      });
      sent.on("error", reject);
      sent.end(text);
    });
  const epochOf = async (name: string): Promise<bigint> => {
    const slot = await owner.getStorageAt({ address: deployment.contracts.registry, slot: nameSlot(namehash(name)) });
    return parseNameWord(fromHex(slot!)).epoch;
  };

  return {
    deployment,
    ownerKey,
    urls,
    async sign(label, first, count) {
      const name = `${label}.hold`;
      const validFrom = Math.floor(systemClock.nowMs() / 1_000);
      const domain = { chainId: 31337, resolver: deployment.contracts.offchainResolver };
      const head = { name, validFrom, validUntil: validFrom + 86_400, domain, signer: privateKeyToAccount(ownerKey) };
      const epoch = await epochOf(name);
      const texts: string[] = [];
      for (let sequence = first; sequence < first + count; sequence += 1) {
        const records = [addressRecord(name, sequence), addressRecord(`www.${name}`, sequence)];
        texts.push((await signSet({ ...head, epoch, records, sequence: BigInt(sequence) })).text);
      }
      return texts;
    },
    put: (index, text) => call(index, "PUT", "/v1/sets", text),
    get: (index, path) => call(index, "GET", path),
    cpuMs() {
      const each = gateways.map(({ child }) => cpuMsOf(child.pid!));
      return each.reduce((sum, ms) => (sum === undefined || ms === undefined ? undefined : sum + ms), 0);
    },
    async kill(index) {
      const { child } = gateways[index]!;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
    async restart(index) {
      gateways[index] = await start(index);
    },
    async stop() {
      agent.destroy();
      await Promise.all(gateways.map((gateway) => gateway.stop()));
      await node.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
