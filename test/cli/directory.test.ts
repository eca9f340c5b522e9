import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createShardHintTable, encodeShardHints } from "../../src/directory/shardHints.ts";
import { type DirectorySnapshot, formatSnapshot, parseSnapshot } from "../../src/directory/snapshot.ts";
import { namehash } from "../../src/naming/namehash.ts";
import { createDirectory, DOMAIN } from "../support/client/gatewayWorld.ts";
import { perContract } from "../support/deployment.ts";
import { runHoldfast } from "../support/program.ts";

describe("holdfast directory", () => {
  const servers: Server[] = [];
  let folder: string;
  let profile: string;
  let published: DirectorySnapshot | undefined;
  const table = createShardHintTable();
  table.note(namehash("shop.hold"), 0);
  table.note(namehash("late.hold"), 1);

  before(async () => {
    for (let count = 0; count < 2; count += 1) {
      const server = createServer(({ url }, response) => {
        if (published === undefined) response.writeHead(503).end();
        else if (url === "/v1/directory") response.end(JSON.stringify(formatSnapshot(published)));
        else response.end(encodeShardHints(table.hints()));
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      servers.push(server);
    }
    const stock = createDirectory(2);
    const gateways = [...stock.gateways].map(([id, gateway], at) => {
      const httpUrl = `http://127.0.0.1:${(servers[at]!.address() as AddressInfo).port}`;
      return [id, { ...gateway, httpUrl }] as const;
    });
    published = { ...stock, gateways: new Map(gateways), version: 1n };
    folder = await mkdtemp(join(tmpdir(), "holdfast-directory-"));
    profile = join(folder, "profile.json");
    const deployment = {
      chainId: DOMAIN.chainId,
      tld: "hold",
      startBlock: "0",
      contracts: { ...perContract(`0x${"11".repeat(20)}`), directory: DOMAIN.directory },
      codeHashes: perContract(`0x${"22".repeat(32)}`),
    };
    await writeFile(profile, JSON.stringify({ deployment, directory: formatSnapshot(published) }));
    published = { ...published, version: 2n };
  });
  after(async () => {
    for (const server of servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    await rm(folder, { recursive: true });
  });

  const run = (...args: string[]) => runHoldfast(["directory", "--profile", profile, ...args]);

  it("writes what two operators publish, with hints, for a client to load", async () => {
    const file = join(folder, "directory.json");
    const { out, code } = await run("--out", file, "--json");
    expect(code).to.equal(0);
    expect(JSON.parse(out)).to.include({ version: "2", gateways: 2, hintedNames: 2, file });
    const snapshot = parseSnapshot(JSON.parse(await readFile(file, "utf8")));
    expect(snapshot.version).to.equal(2n);
    expect(snapshot.shardHints).to.deep.equal(table.hints());
  });

  it("leaves hints out where they are not wanted", async () => {
    const { out } = await run("--hints", "none");
    expect(parseSnapshot(JSON.parse(out))).to.not.have.property("shardHints");
  });

  it("writes nothing where gateways publish none, or none can be proven", async () => {
    const unproven = await run("--proven");
    expect([unproven.code, unproven.out]).to.deep.equal([1, ""]);
    expect(unproven.err).to.include("no RPC providers");
    const before = published;
    published = undefined;
    const none = await run();
    published = before;
    expect([none.code, none.out]).to.deep.equal([1, ""]);
    expect(none.err).to.include("two operators");
  });
});
