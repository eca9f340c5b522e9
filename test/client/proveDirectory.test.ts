import { expect } from "chai";
import { type Hex, keccak256 } from "viem";
import type { NameClient } from "../../src/client/nameClient.ts";
import { shardOf } from "../../src/directory/directory.ts";
import { tableOfImage } from "../../src/directory/state.ts";
import { namehash } from "../../src/naming/namehash.ts";
import { type ChainWorld, createChainWorld, RPC_URLS, type RpcMessage } from "../support/client/chainWorld.ts";
import { createDirectory } from "../support/client/gatewayWorld.ts";

const LONG_URL = "https://a-gateway-with-a-rather-long-name.in-a-zone.example.org";

describe("proveDirectory", () => {
  let world: ChainWorld;
  let address: Hex;
  let codeHash: Hex;
  before(async () => {
    world = await createChainWorld();
    const { viem, manager, registry, governor } = world.holdfast;
    const directory = await viem.deployContract("GatewayDirectory", [manager.address, registry.address]);
    address = directory.address;
    codeHash = keccak256((await (await viem.getPublicClient()).getCode({ address }))!);
    for (let zone = 0; zone < 4; zone += 1) {
      for (const side of [0, 1]) {
        const id = 2 * zone + side + 1;
        await directory.write.registerGateway([
          {
            operator: governor.account.address,
            signer: `0x${id.toString(16).padStart(40, "0")}`,
            zone,
            httpUrl: id === 3 ? LONG_URL : `https://g${id}.example.org`,
            dnsEndpoint: `192.0.2.${id}:53`,
          },
        ]);
      }
      let word = 0n;
      for (let lane = 0n; lane < 16n; lane += 1n) word |= (BigInt(2 * zone + 1) + (lane % 2n)) << (16n * lane);
      await directory.write.seedZone([zone, Array(32).fill(word) as never]);
      await directory.write.assignReservedSlot([zone, 7, 2 * zone + 2]);
    }
    await directory.write.isolate([namehash("attacked.hold"), 0xffffffe7]);
    world.ahead.seconds = 30;
  });
  afterEach(() => world.tampers.clear());

  const connect = (rpcUrls: readonly string[] = RPC_URLS): NameClient => {
    const deployment = {
      chainId: 31337,
      tld: "hold",
      contracts: { registry: world.holdfast.registry.address, directory: address },
      codeHashes: { registry: `0x${"00".repeat(32)}`, directory: codeHash },
    } as const;
    const directory = { ...createDirectory(), address };
    return world.client({ deployment, paths: { chain: { rpcUrls }, gateways: { directory } } });
  };

  it("reads gateways, slots and isolated names as the contract has them, by proof", async () => {
    const client = connect();
    const told = await client.proveDirectory({ names: ["attacked.hold", "shop.hold"] });
    expect(told).to.include({ outcome: "answered", version: 17n });
    const directory = client.directory()!;
    expect(directory.gateways.size).to.equal(8);
    expect(directory.gateways.get(3)).to.deep.include({ httpUrl: LONG_URL, zone: 1, active: true });
    expect(directory.gateways.get(8)).to.deep.include({
      signer: `0x${"8".padStart(40, "0")}`,
      dnsEndpoint: "192.0.2.8:53",
    });
    expect([...directory.table.slice(0, 4), directory.table[544], directory.table[3 * 544 + 511]]).to.deep.equal([
      1, 2, 1, 2, 3, 8,
    ]);
    expect([...directory.table.slice(512, 520)]).to.deep.equal([0, 0, 0, 0, 0, 0, 0, 2]);
    expect([...directory.isolated]).to.deep.equal([[namehash("attacked.hold"), 0xffffffe7]]);
    expect(shardOf(directory, namehash("attacked.hold"), 0)).to.deep.equal([519, 519, 519, 519]);
    // Known as isolated from then on, they are looked up again without being named.
    await client.proveDirectory();
    expect(client.directory()!.isolated.size).to.equal(1);
  });

  const lies: Readonly<Record<string, (message: RpcMessage, result: unknown) => unknown>> = {
    "forges a slot": ({ method }, result) => {
      if (method === "eth_getProof")
        for (const entry of (result as { storageProof: { proof: string[] }[] }).storageProof) entry.proof.pop();
      return result;
    },
    "forges the slot tables": ({ method }, result) =>
      method === "eth_getCode" ? `0x00${"0001".repeat(2_176)}` : result,
    "sends no slot tables": ({ method }, result) => (method === "eth_getCode" ? "0x" : result),
  };
  for (const [what, lie] of Object.entries(lies)) {
    it(`takes the true directory when one of three ${what}, and none when all do`, async () => {
      world.tampers.set(RPC_URLS[0], lie);
      const client = connect();
      expect(await client.proveDirectory()).to.include({ outcome: "answered" });
      expect(client.directory()!.table[0]).to.equal(1);
      for (const url of RPC_URLS) world.tampers.set(url, lie);
      const other = connect();
      expect(await other.proveDirectory()).to.include({ outcome: "wrong", version: null });
      expect(other.directory()!.version).to.equal(1n);
    });
  }

  it("never takes one provider's word, nor an older version than the one at hand", async () => {
    expect(await connect(RPC_URLS.slice(0, 1)).proveDirectory()).to.include({ outcome: "refused" });
    const client = connect();
    client.setDirectory({ ...createDirectory(), version: 99n });
    await client.proveDirectory();
    expect(client.directory()!.version).to.equal(99n);
  });

  it("rejects code that is no slot tables", () => {
    for (const code of [new Uint8Array(0), new Uint8Array(4_352), new Uint8Array(4_353).fill(1)]) {
      expect(() => tableOfImage(code))
        .to.throw()
        .with.property("code", "DIRECTORY_CORRUPT_STATE");
    }
  });
});
