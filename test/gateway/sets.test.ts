import { expect } from "chai";
import { encodeFunctionData, type Hex, parseAbi } from "viem";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { createHttpHandler, type HttpHandler } from "../../src/gateway/http/handler.ts";
import { setRoutes } from "../../src/gateway/http/setRoutes.ts";
import { createReplication } from "../../src/gateway/sets/replication.ts";
import { SetStore } from "../../src/gateway/sets/setStore.ts";
import { createSets } from "../../src/gateway/sets/sets.ts";
import { encodeDnsName } from "../../src/naming/dnsName.ts";
import { namehash } from "../../src/naming/namehash.ts";
import { nameSlot, parseNameWord } from "../../src/proof/layout.ts";
import { recordOfCall } from "../../src/protocol/offchainMessages.ts";
import { recordSetTypedData } from "../../src/protocol/offchainSet.ts";
import { buildRecordTree, recordKeyHash } from "../../src/protocol/offchainTree.ts";
import type { Replica } from "../../src/replica/replica.ts";
import type { Fetch } from "../../src/replica/source/rpc.ts";
import { type Chain, deployWithDirectory, replicaOf } from "../support/gateway/chain.ts";

const READ = parseAbi(["function addr(bytes32 node) view returns (address)"]);
const GATEWAY = parseAbi(["function signedRecords(address resolver, bytes32 node, bytes name, bytes[] calls)"]);
const ADDRESS: Hex = "0x00000000000000000000000000000000000000aa";
const NODE = namehash("shop.hold");
const CALL = encodeFunctionData({ abi: READ, functionName: "addr", args: [NODE] });
const URLS = ["http://g1.example", "http://g2.example"];

describe("signed record sets", function () {
  this.timeout(60_000);
  let chain: Chain;
  let replica: Replica;
  let resolver: Hex;
  const own = new Set(["shop.hold"]);
  const stores = URLS.map(() => new SetStore(":memory:"));
  const fronts: HttpHandler[] = [];
  const replications: ReturnType<typeof createReplication>[] = [];
  const dead = new Set<string>();

  /** The two gateways' fronts as a network. */
  const network: Fetch = async (url, init) => {
    const { origin, pathname, search } = new URL(url);
    if (dead.has(origin)) throw new Error("connection refused");
    const headers = new Headers(init.headers);
    const response = await fronts[URLS.indexOf(origin)]!({
      method: init.method ?? "GET",
      path: pathname,
      search: search.slice(1),
      field: (name) => headers.get(name) ?? undefined,
      body: Buffer.from(String(init.body ?? "")),
      peer: { address: "127.0.0.1", port: 1 },
    });
    return new Response(response.body as string, { status: response.status });
  };

  before(async () => {
    chain = await deployWithDirectory();
    const { viem, registry, directory, register, governor, alice } = chain;
    const operator = governor.account.address;
    for (const [index, httpUrl] of URLS.entries()) {
      const entry = { operator, signer: operator, zone: index, httpUrl, dnsEndpoint: `192.0.2.${index}:53` };
      await directory.write.registerGateway([entry]);
      const word = BigInt(`0x${`000${index + 1}`.repeat(16)}`);
      await directory.write.seedZone([index, Array(32).fill(word) as never]);
    }
    resolver = (await viem.deployContract("OffchainResolver", [registry.address, directory.address])).address;
    await register({ label: "shop", owner: alice.account.address });
    await registry.write.setResolver([NODE, resolver], { account: alice.account });
    replica = replicaOf(chain).replica;
    await replica.step();
    const shared = { replica, tld: "hold", clock: systemClock };
    const gateway = { serves: (name: string) => own.has(name) } as Gateway;
    for (const [index, store] of stores.entries()) {
      const domain = { chainId: 31337, resolver };
      const sets = createSets({ ...shared, gateway, store, domain, registry: registry.address as Hex });
      const about = { ...shared, sets, store, gatewayId: index + 1, log: silentLog, fetch: network };
      const replication = createReplication(about);
      replications.push(replication);
      fronts.push(createHttpHandler(setRoutes({ sets, store, replication, origin: () => URLS[index]! }), silentLog));
    }
  });

  /** A set of one address, signed by alice unless told otherwise. */
  const publishable = async (changes: Record<string, unknown> = {}, account = chain.alice, chainId = 31337) => {
    const { epoch } = parseNameWord(replica.read(fromHex(nameSlot(NODE))));
    const { kindWord, subkey } = recordOfCall(CALL);
    const records = [{ key: recordKeyHash(NODE, kindWord, subkey), value: ADDRESS }];
    const now = Math.floor(systemClock.nowMs() / 1000);
    const fields = { epoch, sequence: 1n, validFrom: now - 10, validUntil: now + 400 * 86_400, ...changes };
    const set = { node: NODE, root: buildRecordTree(records).root, ...fields } as never;
    const signature = await account.signTypedData(recordSetTypedData({ chainId, resolver }, set) as never);
    const document = {
      name: "shop.hold",
      signer: account.account.address.toLowerCase(),
      signature,
      records,
      ...fields,
    };
    return JSON.stringify(document, (_, value) => (typeof value === "bigint" ? value.toString() : value));
  };
  const put = async (text: string, at = 0) => {
    const response = await network(`${URLS[at]}/v1/sets`, { method: "PUT", body: text });
    const body = (await response.json()) as { type?: string; copyCount?: number };
    return [response.status, body.type?.split("/").at(-1) ?? body.copyCount];
  };
  const lookUp = async (at: number) => {
    const name = toHex(encodeDnsName("shop.hold"));
    const data = encodeFunctionData({
      abi: GATEWAY,
      functionName: "signedRecords",
      args: [resolver, NODE, name, [CALL]],
    });
    const response = await network(`${URLS[at]}/ccip`, { method: "POST", body: JSON.stringify({ data }) });
    return { status: response.status, data: ((await response.json()) as { data: Hex }).data };
  };

  it("takes a set from its name's owner, has it in two places, and answers what the contract verifies", async () => {
    expect(await put(await publishable())).to.deep.equal([201, 2]);
    const contract = await chain.viem.getContractAt("OffchainResolver", resolver);
    const name = toHex(encodeDnsName("shop.hold"));
    for (const at of [0, 1]) {
      const { status, data } = await lookUp(at);
      expect(status).to.equal(200);
      const [results, sequence] = await contract.read.verifyAnswer([data, NODE, name, [CALL]]);
      expect(sequence).to.equal(1n);
      expect(results[0]!.slice(-40)).to.equal(ADDRESS.slice(2));
    }
  });

  it("takes the same set again, and nothing older", async () => {
    expect(await put(await publishable({ sequence: 5n }))).to.deep.equal([201, 2]);
    expect(await put(await publishable({ sequence: 4n }))).to.deep.equal([409, "old-sequence"]);
  });

  it("says which requirement a set does not meet", async () => {
    const next = { sequence: 9n };
    expect(await put(await publishable(next, chain.bob))).to.deep.equal([403, "wrong-signer"]);
    expect(await put(await publishable(next, chain.alice, 1))).to.deep.equal([403, "wrong-signature"]);
    expect(await put(await publishable({ ...next, validUntil: 1_000 }))).to.deep.equal([422, "expired"]);
    expect(await put(await publishable({ ...next, validFrom: 99_999_999_999 }))).to.deep.equal([422, "not-yet-valid"]);
    expect(await put(await publishable({ ...next, epoch: 77n }))).to.deep.equal([409, "wrong-epoch"]);
    expect(await put((await publishable(next)).replace(ADDRESS, `${ADDRESS.slice(0, -2)}bb`))).to.deep.equal([
      403,
      "wrong-signature",
    ]);
    expect(await put("{")).to.deep.equal([400, "malformed-request"]);
    own.delete("shop.hold");
    expect(await put(await publishable(next))).to.deep.equal([421, "not-served"]);
    own.add("shop.hold");
  });

  it("catches up by repair after it was away", async () => {
    dead.add(URLS[1]!);
    expect(await put(await publishable({ sequence: 20n }))).to.deep.equal([202, 1]);
    dead.clear();
    expect(stores[1]!.get("shop.hold")?.sequence).to.equal(5n);
    await replications[1]!.repair();
    expect(stores[1]!.get("shop.hold")?.sequence).to.equal(20n);
  });

  it("answers that it holds nothing for other names, and rejects what is no question", async () => {
    const name = toHex(encodeDnsName("other.hold"));
    const args = [resolver, namehash("other.hold"), name, [CALL]] as const;
    const data = encodeFunctionData({ abi: GATEWAY, functionName: "signedRecords", args });
    const response = await network(`${URLS[0]}/ccip/${resolver}/${data}.json`, {});
    expect(response.status).to.equal(404);
    const junk = await network(`${URLS[0]}/ccip`, { method: "POST", body: JSON.stringify({ data: "0x1234" }) });
    expect(junk.status).to.equal(400);
  });
});
