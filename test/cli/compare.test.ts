/** The command itself: what it watches, what it writes, whom it tells of a disagreement, and how it ends. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { decodeMessage } from "../../src/dns/decode.ts";
import { encodeMessage } from "../../src/dns/encode.ts";
import { aRecord, startDnsServer, type TestDnsServer } from "../support/client/dnsServer.ts";
import { DEPLOYMENT } from "../support/client/gatewayWorld.ts";
import { perContract } from "../support/deployment.ts";
import { type Printed, runHoldfast } from "../support/program.ts";
import { parseMetrics } from "../support/prometheus.ts";

describe("holdfast compare", function () {
  this.timeout(30_000);
  let right: TestDnsServer;
  let other: TestDnsServer;
  /** Takes webhooks at /hook, and DNS over HTTPS at /dns-query. */
  let web: Server;
  let webUrl: string;
  let posted: { event: string; kind: string; state: string; name: string }[];
  let folder: string;
  let otherAddress: string;

  before(async () => {
    right = await startDnsServer((query) => ({ answers: [aRecord(query.questions[0]!.name, "192.0.2.7", 60)] }));
    other = await startDnsServer((query) => ({ answers: [aRecord(query.questions[0]!.name, otherAddress, 60)] }));
    web = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part) => parts.push(part));
      request.on("end", () => {
        const body = Buffer.concat(parts);
        if (request.url === "/hook") {
          posted.push(JSON.parse(body.toString()));
          return response.writeHead(204).end();
        }
        const query = decodeMessage(body);
        const answers = [aRecord(query.questions[0]!.name, "192.0.2.7", 60)];
        response.setHeader("content-type", "application/dns-message");
        response.end(encodeMessage({ ...query, isResponse: true, answers, authorities: [], additionals: [] }));
      });
    });
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    webUrl = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  });
  after(async () => {
    await Promise.all([right?.close(), other?.close()]);
    web?.closeAllConnections();
    web?.close();
  });
  beforeEach(() => {
    posted = [];
    otherAddress = "192.0.2.7";
    folder = mkdtempSync(join(tmpdir(), "holdfast-compare-"));
    const deployment = {
      chainId: DEPLOYMENT.chainId,
      tld: "hold",
      startBlock: "0",
      contracts: perContract(`0x${"11".repeat(20)}`),
      codeHashes: perContract(`0x${"22".repeat(32)}`),
    };
    writeFileSync(join(folder, "profile.json"), JSON.stringify({ deployment }));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** What the last run has printed so far. */
  let printed: Printed;

  async function run(...args: string[]) {
    printed = { out: "", err: "", code: -1 };
    const fixed = [
      "--profile",
      join(folder, "profile.json"),
      "--journal",
      join(folder, "j.jsonl"),
      "--vantage",
      "here",
    ];
    return await runHoldfast(["compare", "shop.hold=shop.example.org", ...fixed, ...args], printed);
  }
  const servers = () => ["--dns", `127.0.0.1:${right.port}`, "--dns", `127.0.0.1:${other.port}`];
  const samples = () =>
    readFileSync(join(folder, "j.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));

  it("ends with 0 where nobody contradicts anybody, the samples in its journal", async () => {
    const { code, out } = await run(...servers(), "--every", "0.1", "--rounds", "3");
    expect([code, posted.length]).to.deep.equal([0, 0]);
    expect(out).to.match(/^3 rounds, 15 samples, \d+ void, 0 disagreements/);
    expect(samples().filter(({ path }) => path === `dns@127.0.0.1:${right.port}`).length).to.equal(3);
  });

  it("ends with 1 after a disagreement, and posts its begin and its end to the webhook", async () => {
    otherAddress = "203.0.113.66";
    const watching = run(...servers(), "--every", "0.2", "--rounds", "8", "--webhook", `${webUrl}/hook`);
    while (posted.length === 0) await new Promise((resolve) => setImmediate(resolve));
    otherAddress = "192.0.2.7";
    const { code, err } = await watching;
    expect(code).to.equal(1);
    expect(posted.map(({ event, kind, state, name }) => [event, kind, state, name])).to.deep.equal([
      ["disagreement", "answer", "raised", "shop.hold"],
      ["disagreement", "answer", "cleared", "shop.hold"],
    ]);
    expect(err).to.include("disagreement (answer) about shop.hold");
  });

  it("ends at the first disagreement where that is asked for, webhook or none", async () => {
    otherAddress = "203.0.113.66";
    const { code, err } = await run(
      ...servers(),
      ...["--every", "0.1", "--rounds", "1000", "--exit-on-alert", "--webhook", "http://127.0.0.1:1/hook"],
    );
    expect(code).to.equal(1);
    expect(err).to.include("the webhook was not reached");
  });

  it("asks DNS over HTTPS, and tells how long each step took", async () => {
    const watching = run("--dns", `${webUrl}/dns-query`, "--every", "0.2", "--rounds", "6", "--metrics", "0");
    const path = join(folder, "j.jsonl");
    while (!existsSync(path) || !readFileSync(path, "utf8").includes(`"dns@${webUrl}`)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const response = await fetch(/metrics at (\S+)/.exec(printed.err)![1]!);
    expect(response.headers.get("content-type")).to.match(/^text\/plain; version=0\.0\.4/);
    const metrics = await response.text();
    const { code } = await watching;
    expect(code).to.equal(0);
    const page = parseMetrics(metrics);
    const labels = { name: "shop.hold", type: "A", path: `dns@${webUrl}/dns-query`, vantage: "here" };
    for (const phase of ["resolve", "connect", "request"]) {
      expect(page.value("probe_dns_duration_seconds", { ...labels, phase })).to.be.within(0, 30);
    }
    expect(page.value("probe_dns_lookup_time_seconds", labels)).to.be.within(0, 30);
    expect(page.value("probe_dns_query_succeeded", labels)).to.equal(1);
    expect(page.value("probe_dns_answer_rrs", labels)).to.equal(1);
    const doh = samples().filter(({ path: source }) => source === `dns@${webUrl}/dns-query`);
    expect(doh.map(({ outcome }) => outcome)).to.deep.equal(Array(6).fill("answered"));
  });

  it("rejects names, numbers and files that are none, before it begins", async () => {
    for (const bad of [
      ["--rate", "0"],
      ["--timeout", "x"],
      ["--confirm", "0.5"],
      ["--confirm", "1.5"],
      ["--rounds", "1.5"],
      ["--tries", "1.5"],
      ["--metrics", "80.5"],
    ]) {
      const error = await run(...bad).catch((reason: unknown) => reason as { code: string });
      expect(error)
        .to.have.property("code")
        .that.matches(/USAGE|commander/);
    }
    expect(existsSync(join(folder, "j.jsonl"))).to.equal(false);
  });

  it("ends with 2 and a sentence where the disk is full", async function () {
    if (!existsSync("/dev/full")) this.skip();
    symlinkSync("/dev/full", join(folder, "j.jsonl"));
    const main = new URL("../../src/cli/main.ts", import.meta.url).pathname;
    const args = [
      "compare",
      "shop.hold",
      "--profile",
      join(folder, "profile.json"),
      "--journal",
      join(folder, "j.jsonl"),
    ];
    const node = ["--disable-warning=ExperimentalWarning", "--conditions=source", main];
    const child = spawn(process.execPath, [...node, ...args], { stdio: ["ignore", "ignore", "pipe"] });
    let err = "";
    child.stderr.on("data", (part) => {
      err += part;
    });
    const [code] = await once(child, "close");
    expect(code).to.equal(2);
    expect(err).to.match(/^holdfast: The journal .* cannot be written: ENOSPC/m);
    expect(err).to.not.match(/^\s+at /m);
  });

  it("asks once for a name that two arguments hold", async () => {
    const { out } = await run("shop.hold=shop.example.org", ...servers(), "--every", "0.1", "--rounds", "1", "--json");
    expect(JSON.parse(out).samples).to.equal(5);
    const [header] = samples();
    expect(header.settings.names).to.equal(1);
  });
});
