import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { utf8Bytes } from "../../src/base/bytes.ts";
import { loadCache, saveCache } from "../../src/client/cacheFile.ts";
import { refreshDirectory } from "../../src/client/refreshDirectory.ts";
import type { ClientTransport } from "../../src/client/transport.ts";
import { type DirectorySnapshot, formatSnapshot } from "../../src/directory/snapshot.ts";
import { addName, createWorld, type World } from "../support/client/gatewayWorld.ts";

const ADDR = { kind: "addr", coinType: 60n } as const;

describe("saveCache and loadCache", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-cache-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("give a new client what an old one had learned", async () => {
    const world = createWorld();
    addName(world, "shop.hold", 5);
    const client = world.client();
    const first = await world.run(client.resolve("shop.hold", ADDR));
    await world.run(client.resolve("nobody.hold", ADDR));
    const path = join(folder, "cache");
    await saveCache(path, client.cache!);
    const next = world.client();
    expect(await loadCache(path, next.cache!)).to.equal(2);
    expect(await world.run(next.resolve("shop.hold", ADDR))).to.deep.include({
      cached: "fresh",
      block: first.block,
      value: first.value,
    });
  });

  it("leave out what is cut off, old or of another format", async () => {
    const world = createWorld();
    addName(world, "shop.hold", 5);
    const client = world.client();
    await world.run(client.resolve("shop.hold", ADDR));
    const path = join(folder, "torn");
    await saveCache(path, client.cache!);
    const text = await readFile(path, "utf8");
    await writeFile(path, `${text.slice(0, -20)}\n{"key":1}\nnull\n`);
    expect(await loadCache(path, world.client().cache!)).to.equal(0);
    await writeFile(path, `{"other":1}\n${text}`);
    expect(await loadCache(path, world.client().cache!)).to.equal(0);
    expect(await loadCache(join(folder, "missing"), world.client().cache!)).to.equal(0);
  });
});

describe("refreshDirectory", () => {
  const newer = (world: World): DirectorySnapshot => ({ ...world.directory, version: 9n });
  /** Each gateway publishes what `published` says; `undefined` means that it is down. */
  const transportOf = (world: World, published: (id: number) => DirectorySnapshot | undefined): ClientTransport => ({
    ...world.transport,
    async http({ url }) {
      const snapshot = published(Number(/g(\d+)\./.exec(url)?.[1]));
      const body = snapshot === undefined ? "" : JSON.stringify(formatSnapshot(snapshot));
      return { status: snapshot === undefined ? 503 : 200, field: () => undefined, body: utf8Bytes(body) };
    },
  });
  const refresh = async (world: World, published: (id: number) => DirectorySnapshot | undefined) => {
    const client = world.client();
    const options = { transport: transportOf(world, published), clock: world.clock };
    const isTaken = await world.run(refreshDirectory(client, options));
    return [isTaken, client.directory()?.version];
  };

  it("takes what two operators publish alike, whoever else is down", async () => {
    const world = createWorld();
    expect(await refresh(world, (id) => (id <= 2 ? newer(world) : undefined))).to.deep.equal([true, 9n]);
  });

  it("never takes what one alone publishes, nor two of one operator, nor an older one", async () => {
    const world = createWorld();
    const forged = (): DirectorySnapshot => ({ ...newer(world), table: world.directory.table.map(() => 1) });
    expect(await refresh(world, (id) => (id === 1 ? forged() : undefined))).to.deep.equal([false, 1n]);
    expect(await refresh(world, (id) => (id === 1 ? forged() : newer(world)))).to.deep.equal([true, 9n]);
    const [one, two] = [world.directory.gateways.get(1)!, world.directory.gateways.get(2)!];
    (world.directory.gateways as Map<number, typeof one>).set(2, { ...two, operator: one.operator });
    expect(await refresh(world, (id) => (id <= 2 ? forged() : undefined))).to.deep.equal([false, 1n]);
    expect(await refresh(world, () => ({ ...world.directory, version: 0n }))).to.deep.equal([false, 1n]);
    expect(await refresh(world, () => ({ ...newer(world), chainId: 5 }))).to.deep.equal([false, 1n]);
  });
});
