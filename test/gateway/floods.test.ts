/**
 * Floods over real sockets against a gateway's own process, with clients of other networks asking in between. Networks are
 * addresses of the loopback: a /24 each. Pass line: at least 99 of 100 of the others are answered, and no query reads the chain.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { encodeFunctionData } from "viem";
import { systemClock } from "../../src/base/clock.ts";
import { seededRandom } from "../../src/base/random.ts";
import { RCODE } from "../../src/dns/codes.ts";
import { decodeMessage } from "../../src/dns/decode.ts";
import { encodeMessage } from "../../src/dns/encode.ts";
import type { Message } from "../../src/dns/message.ts";
import { namehash } from "../../src/naming/namehash.ts";
import { type Chain, deployWithDirectory } from "../support/gateway/chain.ts";
import { keyOf, listGateways, recordWire, registerShop, writeDeployment } from "../support/gateway/fleet.ts";
import { type GatewayProcess, startGatewayProcess } from "../support/gateway/gatewayProcess.ts";
import { type RpcServer, startRpcServer } from "../support/gateway/rpcServer.ts";
import { queryOf } from "./dns/support.ts";

const ROUNDS = 300;
const FLOOD_PER_ROUND = 30;
const CLIENTS = 12;
const ANSWER_MS_MAX = 1_000;
const RESPONSES_PER_SECOND = 50;

async function bound(address: string): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, address);
  await once(socket, "listening");
  return socket;
}

describe("floods over sockets", function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-floods-"));
  const random = seededRandom(20, "floods");
  let chain: Chain;
  let rpc: RpcServer;
  let gateway: GatewayProcess;
  let clients: Socket[];
  let attackers: Socket[];
  let nextId = 0;

  before(async () => {
    chain = await deployWithDirectory();
    await listGateways(chain);
    await registerShop(chain);
    // Indices 1 and 2; the second is this gateway's again.
    await chain.register({ label: "between", owner: chain.bob.account.address });
    const args = [namehash("calm.hold"), recordWire("www.calm.hold", 1, "c0000208")] as const;
    const data = [encodeFunctionData({ abi: chain.registry.abi, functionName: "setDNSRecords", args })];
    await chain.register({ label: "calm", owner: chain.bob.account.address, data });
    await chain.mineToCheckpoint();
    writeDeployment(chain, join(folder, "deployment.json"));
    rpc = await startRpcServer(chain.provider);
    const files = ["--deployment", join(folder, "deployment.json"), "--data", folder];
    const environment = { HOLDFAST_SIGNER_KEY: keyOf(1), HOLDFAST_GATEWAY_ID: "1", HOLDFAST_RPC: rpc.url };
    const config = join(folder, "gateway.yaml");
    const { writeFileSync } = await import("node:fs");
    writeFileSync(config, `pollMs: 100\ndns: { responsesPerSecond: ${RESPONSES_PER_SECOND}, budgetPerSecond: 200 }\n`);
    gateway = await startGatewayProcess(["--config", config, ...files], environment);
    await gateway.ready();
    clients = await Promise.all(Array.from({ length: CLIENTS }, (_, index) => bound(`127.77.${index}.1`)));
    attackers = await Promise.all(Array.from({ length: 4 }, (_, index) => bound(`127.66.0.${index + 1}`)));
  });
  after(async () => {
    for (const socket of [...clients, ...attackers]) socket.close();
    await gateway.stop();
    await rpc.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  /** One query from one of the well-behaved clients; `undefined` where no answer came in time. */
  const askAs = (client: Socket, name: string): Promise<{ message: Message; ms: number } | undefined> => {
    nextId = (nextId + 1) & 0xffff;
    const id = nextId;
    const startMs = systemClock.monotonicMs();
    return new Promise((resolve) => {
      const done = (result: { message: Message; ms: number } | undefined) => {
        client.off("message", onMessage);
        timer.cancel();
        resolve(result);
      };
      const onMessage = (bytes: Uint8Array) => {
        const message = decodeMessage(bytes);
        if (message.id === id) done({ message, ms: systemClock.monotonicMs() - startMs });
      };
      const timer = systemClock.schedule(ANSWER_MS_MAX, () => done(undefined));
      client.on("message", onMessage);
      client.send(encodeMessage({ ...queryOf(name, "A"), id }), gateway.dnsPort, "127.0.0.1");
    });
  };

  interface Outcome {
    readonly answeredRatio: number;
    readonly latencyMsP99: number;
    readonly floodAnswers: number;
    readonly floodBytesRatio: number;
    readonly seconds: number;
    readonly rpcCalls: number;
  }

  /** Floods with `floodName`, and lets the others ask for `names` in turn. */
  const flood = async (floodName: () => string, names: readonly [string, (message: Message) => boolean][]) => {
    const latencies: number[] = [];
    let [answered, floodAnswers, bytesOut, bytesIn] = [0, 0, 0, 0];
    const count = (bytes: Uint8Array) => {
      bytesIn += bytes.length;
      if ((bytes[2]! & 2) === 0) floodAnswers += 1;
    };
    for (const attacker of attackers) attacker.on("message", count);
    const callsBefore = rpc.callCount("eth_getProof") + rpc.callCount("eth_getLogs") + rpc.callCount("eth_call");
    const startMs = systemClock.monotonicMs();
    for (let round = 0; round < ROUNDS; round += 1) {
      for (let index = 0; index < FLOOD_PER_ROUND; index += 1) {
        const query = encodeMessage(queryOf(floodName(), "A"));
        bytesOut += query.length;
        attackers[index % attackers.length]!.send(query, gateway.dnsPort, "127.0.0.1");
      }
      const [name, isRight] = names[round % names.length]!;
      const got = await askAs(clients[round % CLIENTS]!, name);
      if (got !== undefined && isRight(got.message)) answered += 1;
      latencies.push(got?.ms ?? Number.POSITIVE_INFINITY);
    }
    for (const attacker of attackers) attacker.off("message", count);
    const calls = rpc.callCount("eth_getProof") + rpc.callCount("eth_getLogs") + rpc.callCount("eth_call");
    latencies.sort((left, right) => left - right);
    return {
      answeredRatio: answered / ROUNDS,
      latencyMsP99: latencies[Math.floor(ROUNDS * 0.99) - 1]!,
      floodAnswers,
      floodBytesRatio: bytesIn / bytesOut,
      seconds: (systemClock.monotonicMs() - startMs) / 1000,
      rpcCalls: calls - callsBefore,
    } satisfies Outcome;
  };

  const OTHERS: readonly [string, (message: Message) => boolean][] = [
    ["www.calm.hold", ({ answers }) => answers.length === 1 && answers[0]!.rdata[3] === 8],
    ["x.between.hold", ({ authorities }) => authorities.length === 4],
    ["nothing.calm.hold", ({ rcode }) => rcode === RCODE.NXDOMAIN],
  ];

  it("answers others, and a forged network no more than its rate, while that is used for reflection", async () => {
    const outcome = await flood(() => "www.shop.hold", OTHERS);
    expect(outcome.answeredRatio).to.be.at.least(0.99);
    expect(outcome.latencyMsP99).to.be.below(ANSWER_MS_MAX);
    expect(outcome.floodAnswers).to.be.at.most(RESPONSES_PER_SECOND * (outcome.seconds + 2));
    expect(outcome.floodBytesRatio).to.be.at.most(10);
    expect(outcome.rpcCalls).to.equal(0);
  });

  it("answers others, and reads no chain, while random names under one name are asked for", async () => {
    const outcome = await flood(() => `${random.below(2 ** 32).toString(36)}.shop.hold`, OTHERS);
    expect(outcome.answeredRatio).to.be.at.least(0.99);
    expect(outcome.latencyMsP99).to.be.below(ANSWER_MS_MAX);
    expect(outcome.rpcCalls).to.equal(0);
  });

  it("answers others, and reads no chain, while random names under the TLD are asked for", async () => {
    const outcome = await flood(() => `${random.below(2 ** 32).toString(36)}.hold`, OTHERS);
    expect(outcome.answeredRatio).to.be.at.least(0.99);
    expect(outcome.latencyMsP99).to.be.below(ANSWER_MS_MAX);
    expect(outcome.rpcCalls).to.equal(0);
  });

  it("answers others while clients open connections by the hundred, read nothing and write by drips", async () => {
    const { connect } = await import("node:net");
    const port = Number(new URL(gateway.httpUrl).port);
    const dials = Array.from({ length: 200 }, (_, index) => {
      const isHttp = index % 2 === 0;
      const socket = connect({ port: isHttp ? port : gateway.dnsPort, host: "127.0.0.1", localAddress: "127.66.0.9" });
      socket.on("error", () => {});
      socket.pause();
      socket.write(isHttp ? "GET /v1/directory HTTP/1.1\r\nHost: a\r\nX: " : Uint8Array.of(0));
      return socket;
    });
    let [http, tcp] = [0, 0];
    for (let index = 0; index < 100; index += 1) {
      for (const socket of dials) if (!socket.destroyed) socket.write("y");
      if ((await fetch(`${gateway.httpUrl}/v1/names/calm.hold`)).ok) http += 1;
      const client = connect(gateway.dnsPort, "127.0.0.1");
      const query = encodeMessage(queryOf("www.calm.hold", "A"));
      client.write(Buffer.concat([Uint8Array.of(0, query.length), query]));
      const [bytes] = (await once(client, "data")) as [Buffer];
      if (decodeMessage(bytes.subarray(2)).answers.length === 1) tcp += 1;
      client.destroy();
    }
    for (const socket of dials) socket.destroy();
    expect([http, tcp]).to.deep.equal([100, 100]);
  });
});
