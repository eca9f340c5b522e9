/** A gateway as its operator meets it: a process, its configuration file, and signals. */
import { execFileSync } from "node:child_process";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { expect } from "chai";
import { freePort, PROGRAMS, startPeer, untilServed } from "../../scripts/bench/dnsPeers.ts";
import { fromHex, type Hex } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { EDNS_OPTION, TYPE } from "../../src/dns/codes.ts";
import { decodeMessage } from "../../src/dns/decode.ts";
import { optionOf } from "../../src/dns/edns.ts";
import { encodeMessage } from "../../src/dns/encode.ts";
import type { Message } from "../../src/dns/message.ts";
import { nameToWire } from "../../src/dns/name.ts";
import { namehash } from "../../src/naming/namehash.ts";
import { nameSlot, parseNameWord } from "../../src/proof/layout.ts";
import { type Chain, deployWithDirectory } from "../support/gateway/chain.ts";
import { keyOf, listGateways, recordWire, registerShop, writeDeployment } from "../support/gateway/fleet.ts";
import { type GatewayProcess, startGatewayProcess } from "../support/gateway/gatewayProcess.ts";
import { type RpcServer, startRpcServer } from "../support/gateway/rpcServer.ts";
import { addressRecord, publishable } from "../support/offchain/publish.ts";
import { needPrograms } from "../support/tools.ts";
import { EDNS, queryOf } from "./dns/support.ts";
import { sortedText, transferFrom } from "./dns/tcpClient.ts";

async function askUdp(port: number, query: Message): Promise<Message> {
  const socket = createSocket("udp4");
  socket.send(encodeMessage(query), port, "127.0.0.1");
  const [bytes] = (await once(socket, "message")) as [Uint8Array];
  socket.close();
  return decodeMessage(bytes);
}

async function nsidOf(port: number): Promise<string> {
  const options = [{ code: EDNS_OPTION.NSID, data: new Uint8Array() }];
  const answer = await askUdp(port, queryOf("hold", "SOA", { edns: { ...EDNS, options } }));
  return Buffer.from(optionOf(answer.edns, EDNS_OPTION.NSID) ?? []).toString();
}

/** The name that the certificate of a TLS server was made out for. */
async function certifiedName(url: string): Promise<string> {
  const socket = connectTls({ port: Number(new URL(url).port), host: "127.0.0.1", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

async function readSlot({ provider, registry }: Chain, slot: Hex): Promise<Uint8Array> {
  const params = [registry.address, slot, "latest"];
  return fromHex((await provider.request({ method: "eth_getStorageAt", params })) as Hex);
}

/** A recursive resolver that answers nothing until it is told to. */
class SlowResolver {
  readonly socket: Socket = createSocket("udp4");
  readonly #waiting: { query: Message; peer: RemoteInfo }[] = [];

  async start(): Promise<number> {
    this.socket.on("message", (bytes, peer) => this.#waiting.push({ query: decodeMessage(bytes), peer }));
    this.socket.bind(0, "127.0.0.1");
    await once(this.socket, "listening");
    return this.socket.address().port;
  }

  answerAll(): void {
    for (const { query, peer } of this.#waiting.splice(0)) {
      const { name, type } = query.questions[0]!;
      const record = { name, type, class: 1, ttlSeconds: 60, rdata: Uint8Array.of(192, 0, 2, 77) };
      const reply = encodeMessage({ ...query, isResponse: true, recursionAvailable: true, answers: [record] });
      this.socket.send(reply, peer.port, peer.address);
    }
  }
}

describe("holdfast gateway", function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-process-"));
  const configFile = join(folder, "gateway.yaml");
  let chain: Chain;
  let rpc: RpcServer;
  let running: GatewayProcess | undefined;
  let startCount = 0;

  const write = (lines: readonly string[]) => writeFileSync(configFile, `${lines.join("\n")}\n`);
  const base = () => [
    "gatewayId: 1",
    `rpc: [${rpc.url}]`,
    "deployment: deployment.json",
    `data: data-${startCount}`,
    "pollMs: 20",
  ];
  const start = async (lines: readonly string[]): Promise<GatewayProcess> => {
    startCount += 1;
    write([...base(), ...lines]);
    running = await startGatewayProcess(["--config", configFile], { HOLDFAST_SIGNER_KEY: keyOf(1) });
    return running;
  };
  const certificate = (name: string) => {
    const subject = ["-subj", `/CN=${name}`, "-days", "2", "-nodes"];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
    execFileSync("openssl", ["req", "-x509", ...curve, ...subject, ...files], { stdio: "ignore" });
  };

  before(async () => {
    chain = await deployWithDirectory();
    await listGateways(chain);
    const target = Buffer.from(nameToWire("far.example.com")).toString("hex");
    await registerShop(chain, recordWire("shop.hold", TYPE.ALIAS, target));
    await chain.mineToCheckpoint();
    writeDeployment(chain, join(folder, "deployment.json"));
    rpc = await startRpcServer(chain.provider);
  });
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });
  after(async () => {
    await rpc.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  describe("on SIGHUP", () => {
    it("takes over what can change, says what cannot, and keeps everything when the file is wrong", async function () {
      needPrograms(this, "openssl");
      certificate("one.example");
      const tls = "http: { tls: { certificate: cert.pem, key: key.pem } }";
      const gateway = await start([tls, "dns: { nsid: one }"]);
      expect(await certifiedName(gateway.httpUrl)).to.equal("one.example");
      expect(await nsidOf(gateway.dnsPort)).to.equal("one");

      certificate("two.example");
      write([...base(), tls.replace("tls:", "port: 1, tls:"), "dns: { nsid: two }", "log: debug", "partition: true"]);
      gateway.child.kill("SIGHUP");
      const { changed } = await gateway.logged({ message: "configuration read again" });
      expect(changed).to.equal("dns.nsid, log");
      const warning = await gateway.logged({ level: "warn", fields: "partition, http.port" });
      expect(warning.message).to.include("only a restart");
      expect(await certifiedName(gateway.httpUrl)).to.equal("two.example");
      expect(await nsidOf(gateway.dnsPort)).to.equal("two");

      write([...base(), tls, "dns: { nsid: 5 }"]);
      gateway.child.kill("SIGHUP");
      const refused = await gateway.logged({ level: "error", message: "configuration not read again" });
      expect(refused.detail).to.match(/gateway\.yaml:7:14: dns\.nsid/);
      write([...base(), tls, "dns: { nsid: three, secondaries: [{ host: 192.0.2.1, key: nobody }] }"]);
      gateway.child.kill("SIGHUP");
      const missing = await gateway.logged({ level: "error", message: "configuration not read again" });
      expect(missing.detail).to.include("there is no key nobody");
      expect(await nsidOf(gateway.dnsPort)).to.equal("two");
    });

    it("goes on following by other providers", async () => {
      const first = await startRpcServer(chain.provider);
      const gateway = await start(["http: {}", `rpcDeadlineMs: 500`]);
      await gateway.ready();
      write([...base().filter((line) => !line.startsWith("rpc:")), `rpc: [${first.url}]`, "rpcDeadlineMs: 500"]);
      gateway.child.kill("SIGHUP");
      await gateway.logged({ message: "configuration read again" });
      const asked = rpc.callCount("eth_getBlockByNumber");
      await gateway.logged({ message: "provider", provider: first.url });
      await chain.mineToCheckpoint();
      await chain.mine(8);
      const head = await chain.head();
      for (let number = 0; number < head; ) {
        const status = (await (await fetch(`${gateway.httpUrl}/v1/status`)).json()) as { head: { number: string } };
        number = Number(status.head.number);
      }
      // At most the step that was under way.
      expect(rpc.callCount("eth_getBlockByNumber") - asked).to.be.at.most(20);
      await first.kill();
    });

    it("asks other providers whether a contract signed", async () => {
      const other = await startRpcServer(chain.provider);
      const gateway = await start(["http: {}", "dns: false"]);
      await gateway.ready();
      /** What becomes of a set that no key signed. */
      const offer = async (): Promise<number> => {
        const nowSeconds = Math.floor(systemClock.nowMs() / 1000);
        const [validFrom, validUntil] = [nowSeconds - 10, nowSeconds + 3600];
        const { epoch } = parseNameWord(await readSlot(chain, nameSlot(namehash("shop.hold"))));
        const head = { epoch, sequence: 1n, validFrom, validUntil };
        const address = chain.alice.account.address.toLowerCase() as Hex;
        const signer = { address, signTypedData: async (): Promise<Hex> => `0x${"ab".repeat(65)}` };
        const domain = { chainId: 31337, resolver: chain.registry.address as Hex };
        const body = await publishable("shop.hold", head, [addressRecord("shop.hold", 1)], domain, signer);
        return (await fetch(`${gateway.httpUrl}/v1/sets`, { method: "PUT", body })).status;
      };
      const asked = () => [rpc, other].map((server) => server.callCount("eth_call"));
      const [before] = asked();
      expect(await offer()).to.equal(403);
      expect(asked()).to.deep.equal([before! + 1, 0]);
      write([...base().filter((line) => !line.startsWith("rpc:")), `rpc: [${other.url}]`, "dns: false"]);
      gateway.child.kill("SIGHUP");
      await gateway.logged({ message: "configuration read again" });
      expect(await offer()).to.equal(403);
      expect(asked()).to.deep.equal([before! + 1, 1]);
      await other.kill();
    });
  });

  describe("on SIGTERM", () => {
    it("answers what is under way over HTTP and TCP, takes nothing new, and ends with 0", async () => {
      const resolver = new SlowResolver();
      const resolverPort = await resolver.start();
      const gateway = await start([`dns: { resolvers: ["127.0.0.1:${resolverPort}"] }`]);
      await gateway.ready();
      const query = encodeMessage(queryOf("shop.hold", "A"));
      const asked = once(resolver.socket, "message");
      const tcp = connect(gateway.dnsPort, "127.0.0.1");
      tcp.write(Buffer.concat([Uint8Array.of(0, query.length), query]));
      const tcpReply = once(tcp, "data") as Promise<[Buffer]>;
      await asked;
      const httpReply = fetch(`${gateway.httpUrl}/dns-query`, {
        method: "POST",
        headers: { "content-type": "application/dns-message" },
        body: query,
      });
      // Asked behind it on the other front's connection, so that the request has been read when this is answered.
      await fetch(`${gateway.httpUrl}/health`);
      gateway.child.kill("SIGTERM");
      await gateway.logged({ message: "ending" });
      // The listening socket goes a moment after the word.
      const refusal = async () => {
        const late = connect(gateway.dnsPort, "127.0.0.1");
        const [error] = (await once(late, "error")) as [NodeJS.ErrnoException];
        return error.code;
      };
      while ((await refusal()) !== "ECONNREFUSED");
      await fetch(`${gateway.httpUrl}/health`).then(
        () => expect.fail("took a new connection"),
        () => undefined,
      );
      resolver.answerAll();
      const [bytes] = await tcpReply;
      expect([...decodeMessage(bytes.subarray(2)).answers[0]!.rdata]).to.deep.equal([192, 0, 2, 77]);
      const response = await httpReply;
      const message = decodeMessage(new Uint8Array(await response.arrayBuffer()));
      expect([...message.answers[0]!.rdata]).to.deep.equal([192, 0, 2, 77]);
      expect(await gateway.ended).to.equal(0);
      resolver.socket.close();
    });
  });

  describe("as the primary of Knot", () => {
    it("hands out the TLD and the names it serves, and each change of the chain's", async function () {
      needPrograms(this, PROGRAMS.knot);
      const knotPort = await freePort();
      const key = { name: "t.example", algorithm: "hmac-sha256", secret: Buffer.alloc(32, 7).toString("base64") };
      const gateway = await start([
        "dns:",
        "  responsesPerSecond: 0",
        `  keys: [{ name: ${key.name}, algorithm: ${key.algorithm}, secret: "${key.secret}" }]`,
        `  transfer: { networks: [127.0.0.0/8], keyNames: [${key.name}] }`,
        `  secondaries: [{ host: 127.0.0.1, port: ${knotPort}, key: ${key.name} }]`,
      ]);
      await gateway.ready();
      const primary = { port: gateway.dnsPort, key: key.name };
      const zones = ["hold", "shop.hold"].map((apex) => ({ apex, primary }));
      const knot = await startPeer("knot", { port: knotPort, zones, keys: [key] });
      const options = {
        key: { ...key, algorithm: "hmac-sha256" as const, secret: new Uint8Array(32).fill(7) },
        nowSeconds: Math.floor(systemClock.nowMs() / 1000),
      };
      const recordsOf = async (apex: string, port: number, signed: object) =>
        sortedText((await transferFrom(port, apex, signed)).records.filter(({ type }) => type !== TYPE.SOA));
      try {
        for (const apex of ["hold", "shop.hold"]) await untilServed(knot, apex);
        const { registry, alice, bob } = chain;
        const changed = recordWire("www.shop.hold", 1, "c0000263");
        await registry.write.setDNSRecords([namehash("shop.hold"), changed], { account: alice.account });
        await chain.register({ label: "newcomer", owner: bob.account.address });
        const deadlineMs = systemClock.monotonicMs() + 20_000;
        const isThere = async () =>
          (await recordsOf("shop.hold", knotPort, {})).some((line) => line.includes("192.0.2.99")) &&
          (await recordsOf("hold", knotPort, {})).some((line) => line.startsWith("newcomer.hold"));
        while (!(await isThere())) if (systemClock.monotonicMs() > deadlineMs) throw new Error(knot.log());
        for (const apex of ["hold", "shop.hold"]) {
          const ours = await recordsOf(apex, gateway.dnsPort, options);
          expect(await recordsOf(apex, knotPort, {}), apex).to.deep.equal(ours);
        }
        expect(knot.log()).to.match(/\[shop\.hold\.\] IXFR, incoming.*finished/);
      } finally {
        await knot.stop();
      }
    });
  });
});
