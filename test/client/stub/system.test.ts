/** The stub as programs meet it that know nothing of it: the C library and curl through a resolv.conf, and unbound that forwards. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { type Peer, startPeer } from "../../../scripts/bench/dnsPeers.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { type Listening, listenStub } from "../../../src/client/stub/listen.ts";
import { respond } from "../../../src/client/stub/reply.ts";
import { createStub } from "../../../src/client/stub/stub.ts";
import { createStubMetrics } from "../../../src/client/stub/stubMetrics.ts";
import { EDE } from "../../../src/dns/codes.ts";
import { aRecords } from "../../support/client/chainWorld.ts";
import { addName, createLiveWorld } from "../../support/client/gatewayWorld.ts";
import { needPrograms } from "../../support/tools.ts";

const run = promisify(execFile);
const CHILD = fileURLToPath(new URL("../../support/client/stubChild.ts", import.meta.url));

describe("stub, for programs that know nothing of it", function () {
  this.timeout(30_000);

  describe("in a network of its own, by resolv.conf", () => {
    const space = `holdfast-${process.pid}`;
    const etc = `/etc/netns/${space}`;
    let child: ChildProcess | undefined;
    const within = async (...command: readonly string[]) =>
      (await run("ip", ["netns", "exec", space, ...command])).stdout;

    before(async function () {
      try {
        if (process.getuid?.() !== 0) throw new Error("not root");
        await run("ip", ["netns", "add", space]);
        await within("ip", "link", "set", "lo", "up");
        mkdirSync(etc, { recursive: true });
        writeFileSync(`${etc}/resolv.conf`, "nameserver 127.0.0.1\noptions timeout:2 attempts:1\n");
        await within("curl", "--version");
      } catch (error) {
        console.log(`      skipped: ${(error as Error).message.split("\n")[0]}`);
        this.skip();
      }
      child = spawn("ip", ["netns", "exec", space, process.execPath, CHILD], { stdio: ["ignore", "pipe", "inherit"] });
      await once(child.stdout!, "data");
    });
    after(async () => {
      if (child !== undefined && child.exitCode === null) {
        const ended = once(child, "exit");
        child.kill();
        await ended;
      }
      rmSync(etc, { recursive: true, force: true });
      await run("ip", ["netns", "delete", space]).catch(() => {});
    });

    it("lets the C library find a name of ours", async () => {
      expect(await within("getent", "hosts", "www.shop.hold")).to.match(/^127\.0\.0\.1\s+www\.shop\.hold/);
    });

    it("lets curl fetch from it", async () => {
      expect(await within("curl", "--silent", "--max-time", "10", "http://www.shop.hold/")).to.equal(
        "hello from www.shop.hold\n",
      );
    });

    it("tells the C library that there is no such name", async () => {
      const told = await within("getent", "hosts", "nobody.hold").catch((error: { code?: number }) => error.code);
      expect(told).to.equal(2);
    });
  });

  describe("behind unbound that forwards to it", () => {
    let stub: Listening | undefined;
    let unbound: Peer | undefined;
    const world = createLiveWorld();

    before(async function () {
      needPrograms(this, "unbound", "kdig");
      addName(world, "shop.hold", 5);
      world.records.set("www.shop.hold", new Map([["dns:1:www.shop.hold", aRecords("www.shop.hold", "192.0.2.1")]]));
      addName(world, "dead.hold", 9);
      const answer = createStub({
        client: world.client({ deadlineMs: 1_000 }),
        clock: systemClock,
        forward: async (query) => ({ message: respond(query, { rcode: 5 }), source: "none" }),
        metrics: createStubMetrics(),
      });
      stub = await listenStub({ host: "127.0.0.1", port: 0 }, answer);
      const server = `server:\n    do-not-query-localhost: no\n    domain-insecure: "hold"\n    local-zone: "hold." nodefault\n`;
      const forward = `forward-zone:\n    name: "hold."\n    forward-addr: 127.0.0.1@${stub.port}\n`;
      unbound = await startPeer("unbound", { zones: [], extra: `${server}${forward}` });
    });
    after(async () => {
      await unbound?.stop();
      await stub?.close();
    });
    // Its first question may come before unbound is listening.
    const kdig = async (port: number, ...args: readonly string[]) =>
      (await run("kdig", ["@127.0.0.1", "-p", String(port), "+time=1", "+retry=8", ...args])).stdout;

    it("answers through it, over UDP and TCP, and says which names are not there", async () => {
      expect(await kdig(unbound!.port, "www.shop.hold", "A")).to.match(/status: NOERROR[\s\S]*192\.0\.2\.1/);
      expect(await kdig(unbound!.port, "+tcp", "www.shop.hold", "A")).to.match(/192\.0\.2\.1/);
      expect(await kdig(unbound!.port, "www.shop.hold", "AAAA")).to.match(/status: NOERROR.*\n.*ANSWER: 0/);
      expect(await kdig(unbound!.port, "nobody.hold", "A")).to.match(/status: NXDOMAIN/);
    });

    it("tells an outage by SERVFAIL and an extended error, never by an empty answer", async () => {
      for (const id of world.directory.gateways.keys()) world.behaviours.set(id, "unreachable");
      const told = await kdig(stub!.port, "+edns", "dead.hold", "A");
      expect(told).to.match(/status: SERVFAIL/);
      expect(told).to.match(new RegExp(`EDE: ${EDE.NO_REACHABLE_AUTHORITY} `));
    });
  });
});
