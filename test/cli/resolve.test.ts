import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { drawTimeline } from "../../src/cli/commands/resolveTimeline.ts";
import { aRecord, startDnsServer, type TestDnsServer } from "../support/client/dnsServer.ts";
import { DEPLOYMENT } from "../support/client/gatewayWorld.ts";
import { perContract } from "../support/deployment.ts";
import { runHoldfast } from "../support/program.ts";

describe("holdfast resolve", () => {
  let dns: TestDnsServer;
  let folder: string;
  let profile: string;
  before(async () => {
    dns = await startDnsServer((query) => {
      const [question] = query.questions;
      if (question?.name === "gone.example.org") return { rcode: 3 };
      if (question?.name === "broken.example.org") return { rcode: 2 };
      return { answers: [aRecord(question!.name, "192.0.2.7", 60)] };
    });
    folder = await mkdtemp(join(tmpdir(), "holdfast-resolve-"));
    profile = join(folder, "profile.json");
    const deployment = {
      chainId: DEPLOYMENT.chainId,
      tld: "hold",
      startBlock: "0",
      contracts: perContract(`0x${"11".repeat(20)}`),
      codeHashes: perContract(`0x${"22".repeat(32)}`),
    };
    await writeFile(
      profile,
      JSON.stringify({ deployment, dns: [`127.0.0.1:${dns.port}`], mirrorSuffix: "example.org" }),
    );
  });
  after(async () => {
    await dns.close();
    await rm(folder, { recursive: true });
  });

  const run = (...args: string[]) => runHoldfast(["resolve", "--profile", profile, ...args]);

  it("prints the value, how it came, and a timeline", async () => {
    const { out, err, code } = await run("www.hold", "--trace");
    expect([out, code]).to.deep.equal(["A 192.0.2.7\n", 0]);
    expect(err).to.match(/^www\.hold A: a value, path dns, evidence none, ttl 60 s, \d+ ms\n/);
    expect(err).to.match(/\|\s*=+\s*\|.*dns {6}udp:\/\/127\.0\.0\.1:\d+: answered, 1 record/);
  });

  it("tells absence from an outage, and exits with 1", async () => {
    const gone = await run("gone.hold");
    expect([gone.out, gone.code]).to.deep.equal(["", 1]);
    expect(gone.err).to.include("no such record (not proven)");
    const broken = await run("broken.hold");
    expect(broken.err).to.include("unavailable: everyone asked refused");
  });

  it("never prints what nobody vouches for when told to trust the verified alone", async () => {
    const { out, err } = await run("www.hold", "--trust", "verified");
    expect(out).to.equal("");
    expect(err).to.include("failed verification");
  });

  it("prints JSON", async () => {
    const { out } = await run("www.hold", "--json", "--path", "dns");
    expect(JSON.parse(out)).to.deep.include({ name: "www.hold", outcome: "answered", path: "dns", evidence: "none" });
  });

  it("rejects what is no name, no type, or below another TLD", async () => {
    for (const args of [
      ["shop..hold"],
      ["shop.hold", "--type", "NOPE"],
      ["shop.example"],
      ["shop.hold", "--deadline", "0"],
    ]) {
      const error = await run(...args).catch((thrown: { code?: string }) => thrown);
      expect((error as { code?: string }).code, args.join(" ")).to.match(/^(NAMING|CLIENT|CLI)_/);
    }
  });

  it("asks for the name of an account, and says that nobody could tell where there is no RPC provider", async () => {
    const account = `0x${"a1".repeat(20)}`;
    const told = await run(account);
    expect(told).to.include({ out: "", code: 1 });
    expect(told.err).to.match(/^claims no name: unreachable/);
    const json = JSON.parse((await run(account, "--json")).out);
    expect(json).to.include({ name: null, claim: null, forward: null });
    expect(json.reverse.name).to.equal(`${"a1".repeat(20)}.addr.reverse`);
    const thrown = await run(account, "--type", "TXT").catch((error: { code?: string }) => error);
    expect(thrown)
      .to.have.property("shortMessage")
      .that.matches(/has a name on a chain/);
  });

  it("draws tries that failed and those called off differently", () => {
    const attempt = {
      path: "gateways",
      endpoint: "g",
      startedAtMs: 0,
      durationMs: 50,
      hedge: false,
      reason: "r",
    } as const;
    const lines = drawTimeline(
      [
        { ...attempt, outcome: "timedOut" },
        { ...attempt, startedAtMs: 50, outcome: "abandoned", hedge: true },
      ],
      100,
    );
    expect(lines[1]).to.match(/^\|x+ +\|/);
    expect(lines[2]).to.match(/^\| +\.+\|.*\(hedge\)/);
  });
});
