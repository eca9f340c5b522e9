import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { PrivateKey } from "eciesjs";
import { toHex } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { formatDeployment } from "../../src/chain/deployment.ts";
import { serveSetFile } from "../../src/gateway/serveFile.ts";
import { parseSetFile } from "../../src/protocol/setFile.ts";
import { createOffchainWorld, type OffchainWorld } from "../support/offchain/world.ts";
import { runHoldfast } from "../support/program.ts";

describe("holdfast publish and export", function () {
  this.timeout(60_000);
  let world: OffchainWorld;
  let folder: string;
  let profile: string;
  const recipient = new PrivateKey();
  const stranger = new PrivateKey();
  const RECORDS = `
ttl: 120
records:
  "@":
    addr: 0x52908400098527886E0F7030069857D2E4169EE7
    text:url: https://example.org/
    A: [192.0.2.1, 192.0.2.2]
    text:phone: { private: "+1 555 0100", to: ["${toHex(recipient.publicKey.toBytes(true))}"] }
  www: { A: 192.0.2.3 }
  "*": { A: 192.0.2.9 }
`;

  before(async () => {
    world = await createOffchainWorld(["shop"]);
    folder = await mkdtemp(join(tmpdir(), "holdfast-publish-"));
    profile = join(folder, "profile.json");
    const deployment = JSON.parse(formatDeployment(world.deployment));
    const directory = await (await fetch(`${world.fronts[0]!.url}/v1/directory`)).json();
    await writeFile(profile, JSON.stringify({ deployment, directory, rpcUrls: [world.node.url, world.node.url] }));
    await writeFile(join(folder, "records.yaml"), RECORDS);
  });
  after(async () => {
    await world?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(() => {
    delete process.env.HOLDFAST_KEY;
    for (const front of world.fronts) front.conduct = "good";
  });

  /** Runs one command; returns what it printed and its exit code. */
  const run = async (key: string | undefined, ...args: readonly string[]) => {
    if (key === undefined) delete process.env.HOLDFAST_KEY;
    else process.env.HOLDFAST_KEY = key;
    return await runHoldfast([...args, "--profile", profile]);
  };
  const file = (name: string) => join(folder, name);

  it("publishes a file's records, which anyone can then resolve", async () => {
    const { out, code } = await run(world.ownerKey, "publish", "shop.hold", file("records.yaml"));
    expect([code, out]).to.deep.equal([0, out]);
    expect(out).to.match(/^shop\.hold: set 0 is held by 4 of its gateways, until 20/);
    expect((await run(undefined, "resolve", "shop.hold", "--type", "addr")).out).to.match(/^0x5290/i);
    expect((await run(undefined, "resolve", "www.shop.hold")).out).to.equal("A 192.0.2.3\n");
    expect((await run(undefined, "resolve", "any.shop.hold")).out).to.equal("A 192.0.2.9\n");
    const told = await run(undefined, "resolve", "shop.hold", "--type", "text:none");
    expect(told.code).to.equal(1);
    expect(told.err).to.match(/no such record \((?!not)/);
  });

  it("shows a private record to its recipient and to nobody else", async () => {
    const args = ["resolve", "shop.hold", "--type", "text:phone"];
    expect((await run(undefined, ...args)).out).to.match(/^0x[0-9a-f]+\n$/);
    expect((await run(toHex(recipient.secret), ...args, "--decrypt")).out).to.equal("+1 555 0100\n");
    const refused = await run(toHex(stranger.secret), ...args, "--decrypt").catch((error: Error) => error);
    expect(refused).to.include({ name: "Protocol.UnreadableRecordError" });
  });

  it("shows each gateway's own words, and never the key, where too few take the set", async () => {
    for (const front of world.fronts) front.conduct = "error";
    for (const json of [[], ["--json"]]) {
      const told = await run(world.ownerKey, "publish", "shop.hold", file("records.yaml"), ...json).catch(
        (error: Error) => ({ out: error.message, err: "", code: 2 }),
      );
      expect(told.code).not.to.equal(0);
      expect(`${told.out}${told.err}`).not.to.include(world.ownerKey.slice(2));
    }
    for (const front of world.fronts.slice(1)) front.conduct = "good";
    world.fronts[0]!.conduct = "down";
    const told = await run(world.ownerKey, "publish", "shop.hold", file("records.yaml"), "--sequence", "0", "--json");
    expect(told.code).to.equal(1);
    const { problems } = JSON.parse(told.out) as { problems: { status: number; slug: string }[] };
    expect(problems.map(({ slug }) => slug)).to.include("old-sequence");
  });

  it("says which line of a file is wrong, and what it lacks", async () => {
    const cases: readonly (readonly [string, string, RegExp])[] = [
      ["bad.yaml", "records:\n  '@': { addr: [", /bad\.yaml:\d+:\d+/],
      ["type.yaml", "records:\n  '@': { colour: red }\n", /records\.@\.colour/],
      ["value.yaml", "records:\n  '@': { A: 192.0.2.999 }\n", /records\.@\.A/],
      ["many.yaml", "records:\n  '@': { addr: [0x00, 0x01] }\n", /takes one value/],
    ];
    for (const [name, text, expected] of cases) {
      await writeFile(file(name), text);
      const error = await run(world.ownerKey, "publish", "shop.hold", file(name)).catch((thrown: Error) => thrown);
      expect((error as Error).message, name).to.match(expected);
    }
    const keyless = await run(undefined, "publish", "shop.hold", file("records.yaml")).catch((error: Error) => error);
    expect((keyless as Error).message).to.include("HOLDFAST_KEY");
  });

  it("exports a file that serves on, and publishes again, when every gateway has lost the set", async () => {
    const exported = await run(undefined, "export", "shop.hold", "--out", file("shop.sets"), "--json");
    expect(JSON.parse(exported.out)).to.include({ name: "shop.hold", sequence: "0", isSignedByKey: true });
    const text = await readFile(file("shop.sets"), "utf8");
    const serving = await serveSetFile({
      file: parseSetFile(text),
      host: "127.0.0.1",
      port: 0,
      clock: systemClock,
      log: silentLog,
    });
    for (const front of world.fronts) front.conduct = "down";
    const client = world.client({ signedSets: { mirrors: [serving.httpUrl] } });
    const told = await client.resolve(
      "www.shop.hold",
      { kind: "dns", owner: "www.shop.hold", rrtype: 1 },
      { path: "chain" },
    );
    expect(told).to.include({ outcome: "answered", evidence: "owner" });
    expect((await fetch(`${serving.httpUrl}/v1/sets`, { method: "PUT", body: "{}" })).status).to.equal(403);
    await serving.close();
    for (const front of world.fronts) front.conduct = "good";
    const again = await run(undefined, "publish", "shop.hold", file("shop.sets"));
    expect(again.out).to.match(/^shop\.hold: set 0 is held by 4 of its gateways/);
  });

  it("exports all sets of a gateway and imports them into one that lost its disk", async () => {
    const common = ["--from", join(world.folder, "g0"), "--chain", join(world.folder, "deployment.json")];
    const program = async (...args: readonly string[]) => {
      const { out, code } = await runHoldfast(["gateway", ...args]);
      return [out, code];
    };
    expect(await program("export-sets", file("all.sets"), ...common)).to.deep.equal([
      `1 sets are in ${file("all.sets")}\n`,
      0,
    ]);
    for (const front of world.fronts) front.conduct = "down";
    await world.gateways[3]!.close();
    await rm(join(world.folder, "g3"), { recursive: true });
    await world.restart(3);
    await world.caughtUp();
    const { httpUrl } = world.gateways[3]!;
    expect((await fetch(`${httpUrl}/v1/sets/shop.hold`)).status).to.equal(404);
    expect(await program("import-sets", file("all.sets"), "--url", httpUrl)).to.deep.equal([
      "1 of 1 sets are held\n",
      0,
    ]);
    expect((await fetch(`${httpUrl}/v1/sets/shop.hold`)).status).to.equal(200);
  });
});
