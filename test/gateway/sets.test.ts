import { expect } from "chai";
import { fromHex, type Hex, toHex, utf8Bytes } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { createHttpHandler, type HttpHandler } from "../../src/gateway/http/handler.ts";
import { setRoutes } from "../../src/gateway/http/setRoutes.ts";
import { createContractSignatures } from "../../src/gateway/sets/contractSignature.ts";
import { createReplication } from "../../src/gateway/sets/replication.ts";
import { SetStore } from "../../src/gateway/sets/setStore.ts";
import { createSets } from "../../src/gateway/sets/sets.ts";
import { encodeDnsName } from "../../src/naming/dnsName.ts";
import { namehash } from "../../src/naming/namehash.ts";
import { nameSlot, parseNameWord } from "../../src/proof/layout.ts";
import { callOfRecord, encodeQuestion } from "../../src/protocol/offchainMessages.ts";
import type { SetRecord } from "../../src/protocol/offchainRecords.ts";
import { recordSetDigest } from "../../src/protocol/offchainSet.ts";
import { parsePublishedSet } from "../../src/protocol/publishedSet.ts";
import type { Replica } from "../../src/replica/replica.ts";
import type { Fetch } from "../../src/replica/source/rpc.ts";
import { type Chain, deployWithDirectory, fetchFrom, replicaOf } from "../support/gateway/chain.ts";
import { addressRecord, type Head, publishable, publishableInPieces } from "../support/offchain/publish.ts";

const NAME = "shop.hold";
const NODE = namehash(NAME);
const ADDR = { kind: "addr", coinType: 60n } as const;
const CALL = callOfRecord(NAME, ADDR);
const URLS = ["http://g1.example", "http://g2.example", "http://g3.example", "http://g4.example"];
const QUOTA = { recordsMax: 5_000, bytesMax: 1_000_000, updatesPerMinute: 20 };

describe("signed record sets", function () {
  this.timeout(60_000);
  let chain: Chain;
  let replica: Replica;
  let domain: { readonly chainId: number; readonly resolver: Hex };
  /** What each gateway serves. */
  const served = URLS.map(() => new Set(["shop.hold", "wallet.hold", "much.hold", "busy.hold"]));
  const stores = URLS.map(() => new SetStore(":memory:"));
  const fronts: HttpHandler[] = [];
  const replications: ReturnType<typeof createReplication>[] = [];
  const dead = new Set<string>();
  const hanging = new Set<string>();

  /** The four gateways' fronts as a network. */
  const network: Fetch = async (url, init) => {
    const { origin, pathname, search } = new URL(url);
    if (dead.has(origin)) throw new Error("connection refused");
    if (hanging.has(origin)) return await new Promise<never>(() => {});
    const headers = new Headers(init.headers);
    const { body } = init;
    const response = await fronts[URLS.indexOf(origin)]!({
      method: init.method ?? "GET",
      path: pathname,
      search: search.slice(1),
      field: (name) => headers.get(name) ?? undefined,
      body: body instanceof Uint8Array ? body : Buffer.from(String(body ?? "")),
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
    const { address: resolver } = await viem.deployContract("OffchainResolver", [registry.address, directory.address]);
    domain = { chainId: 31337, resolver };
    for (const label of ["shop", "much", "busy"]) await register({ label, owner: alice.account.address });
    await registry.write.setResolver([NODE, resolver], { account: alice.account });
    replica = replicaOf(chain).replica;
    await replica.step();
    const shared = { replica, tld: "hold", clock: systemClock };
    const isContractSignature = createContractSignatures({
      providers: () => ({ urls: ["http://rpc.example"], agreement: 1, deadlineMs: 5_000 }),
      clock: systemClock,
      fetch: fetchFrom(chain.provider),
    });
    for (const [index, store] of stores.entries()) {
      const serves = (name: string) => served[index]!.has(name);
      const about = { ...shared, registry: registry.address as Hex, quota: QUOTA, isContractSignature };
      const sets = createSets({ ...about, gateway: { serves } as Gateway, store, domain });
      const options = { ...shared, sets, store, gatewayId: index + 1, log: silentLog, fetch: network, serves };
      const replication = createReplication(options);
      replications.push(replication);
      fronts.push(createHttpHandler(setRoutes({ sets, store, replication, origin: () => URLS[index]! }), silentLog));
    }
  });
  afterEach(() => {
    dead.clear();
    hanging.clear();
  });

  const signerOf = (wallet: Chain["alice"]) => ({
    address: wallet.account.address.toLowerCase() as Hex,
    signTypedData: (typedData: never) => wallet.signTypedData(typedData),
  });
  const headOf = (changes: Partial<Head> = {}, name = NAME): Head => {
    const { epoch } = parseNameWord(replica.read(fromHex(nameSlot(namehash(name)))));
    const now = Math.floor(systemClock.nowMs() / 1000);
    return { epoch, sequence: 1n, validFrom: now - 10, validUntil: now + 400 * 86_400, ...changes };
  };
  /** A set of one address, signed by alice unless told otherwise. */
  const setOf = (
    changes: Partial<Head> = {},
    wallet = chain.alice,
    on = domain,
    records = [addressRecord(NAME, 0xaa)],
  ) => publishable(NAME, headOf(changes), records, on, signerOf(wallet));
  const put = async (text: string, at = 0) => {
    const response = await network(`${URLS[at]}/v1/sets`, { method: "PUT", body: text });
    const body = (await response.json()) as { type?: string; copyCount?: number };
    return [response.status, body.type?.split("/").at(-1) ?? body.copyCount];
  };
  const putPiece = async (name: string, root: Hex, body: Uint8Array, at = 0) => {
    const url = `${URLS[at]}/v1/sets/${name}/pieces/${root}`;
    return (await network(url, { method: "PUT", body: body as Uint8Array<ArrayBuffer> })).status;
  };
  const lookUp = async (at: number, name = NAME, signedName = NAME) => {
    const calls = [callOfRecord(name, ADDR)];
    const data = encodeQuestion({ resolver: domain.resolver, node: namehash(signedName), name, calls });
    const response = await network(`${URLS[at]}/ccip`, { method: "POST", body: JSON.stringify({ data }) });
    return { status: response.status, data: ((await response.json()) as { data: Hex }).data };
  };
  const verify = async (data: Hex, name = NAME, signedName = NAME) => {
    const contract = await chain.viem.getContractAt("OffchainResolver", domain.resolver);
    const calls = [callOfRecord(name, ADDR)];
    const args = [data, namehash(signedName), toHex(encodeDnsName(name)), calls] as const;
    const [results, sequence] = await contract.read.verifyAnswer(args as never);
    // Of `bytes`, ABI-encoded, what follows offset and length; nothing where there is no record.
    return [BigInt(`0x${results[0]!.slice(130, 170) || "0"}`), sequence];
  };
  const sequences = (name = NAME) => stores.map((store) => store.get(name)?.sequence);

  it("takes a set from its name's owner, has it in four places, and answers what the contract verifies", async () => {
    expect(await put(await setOf())).to.deep.equal([201, 4]);
    for (const at of [0, 1, 2, 3]) {
      const { status, data } = await lookUp(at);
      expect(status).to.equal(200);
      expect(await verify(data)).to.deep.equal([0xaan, 1n]);
    }
  });

  it("takes the same set again, and nothing older", async () => {
    const text = await setOf({ sequence: 5n });
    expect(await put(text)).to.deep.equal([201, 4]);
    expect(await put(text, 1)).to.deep.equal([200, 4]);
    expect(await put(await setOf({ sequence: 4n }))).to.deep.equal([409, "old-sequence"]);
  });

  it("says which requirement a set does not meet", async () => {
    const next = { sequence: 9n };
    const rrset: SetRecord = { name: NAME, record: { kind: "dns", owner: NAME, rrtype: 1 }, value: "0x00" };
    const cases: readonly (readonly [string, () => Promise<string> | string])[] = [
      ["403 wrong-signer", () => setOf(next, chain.bob)],
      ["403 wrong-signature", () => setOf(next, chain.alice, { ...domain, chainId: 1 })],
      ["403 wrong-signature", () => setOf(next, chain.alice, { ...domain, resolver: chain.registry.address as Hex })],
      ["403 wrong-signature", async () => (await setOf(next)).replace('00aa"}', '00bb"}')],
      ["422 expired", () => setOf({ ...next, validUntil: 1_000 })],
      ["422 not-yet-valid", () => setOf({ ...next, validFrom: 99_999_999_999 })],
      ["409 wrong-epoch", () => setOf({ ...next, epoch: 77n })],
      ["409 old-sequence", () => setOf({ sequence: 2n })],
      ["400 malformed-request", () => "{"],
      ["400 malformed-request", async () => (await setOf(next)).replace('"addr:60"', '"addr:x"')],
      ["422 malformed-record", async () => (await setOf(next)).replace('00aa"}', '"}')],
      [
        "422 malformed-rrset",
        async () => (await setOf(next)).replace(/\[.*\]/, JSON.stringify([{ ...rrset, record: `dns:1:${NAME}` }])),
      ],
      ["422 too-many-records", async () => (await setOf(next)).replace(/\[.*\]/, `[${Array(1_001).fill("{}")}]`)],
      ["413 too-large", async () => `${await setOf(next)}${" ".repeat(600_000)}`],
    ];
    for (const [expected, text] of cases) expect((await put(await text())).join(" "), expected).to.equal(expected);
    served[0]!.delete(NAME);
    expect(await put(await setOf(next))).to.deep.equal([421, "not-served"]);
    served[0]!.add(NAME);
    expect(sequences()).to.deep.equal([5n, 5n, 5n, 5n]);
  });

  it("takes several sets, a line each, and says of each what became of it", async () => {
    const lines = [await setOf({ sequence: 6n }), "{", await setOf({ sequence: 3n }), await setOf({ sequence: 7n })];
    const headers = { "content-type": "application/x-ndjson" };
    const response = await network(`${URLS[1]}/v1/sets`, { method: "PUT", headers, body: lines.join("\n") });
    const { results } = (await response.json()) as { results: readonly { status: number; type?: string }[] };
    expect(results.map(({ status, type }) => [status, type])).to.deep.equal([
      [201, undefined],
      [400, "malformed-request"],
      [409, "old-sequence"],
      [201, undefined],
    ]);
    expect(sequences()).to.deep.equal([7n, 7n, 7n, 7n]);
    const many = { method: "PUT", headers, body: Array(65).fill("{}").join("\n") };
    expect((await network(`${URLS[1]}/v1/sets`, many)).status).to.equal(413);
  });

  it("says that a set is stored once two hold it, while others hang", async () => {
    hanging.add(URLS[2]!).add(URLS[3]!);
    expect(await put(await setOf({ sequence: 8n }))).to.deep.equal([201, 2]);
    expect(sequences()).to.deep.equal([8n, 8n, 7n, 7n]);
    hanging.clear();
    await replications[2]!.repair();
    await replications[3]!.repair();
    expect(sequences()).to.deep.equal([8n, 8n, 8n, 8n]);
  });

  it("catches up by repair after it was away", async () => {
    for (const url of URLS.slice(1)) dead.add(url);
    expect(await put(await setOf({ sequence: 20n }))).to.deep.equal([202, 1]);
    dead.clear();
    expect(sequences()).to.deep.equal([20n, 8n, 8n, 8n]);
    await replications[1]!.repair();
    expect(sequences()).to.deep.equal([20n, 20n, 8n, 8n]);
    // The one that had it first may be gone for good by the time the others come back.
    dead.add(URLS[0]!);
    await replications[3]!.repair();
    expect(sequences()).to.deep.equal([20n, 20n, 8n, 20n]);
  });

  it("survives the loss of any three, and is handed over to whoever the slots move to", async () => {
    for (const survivor of [0, 1, 3]) {
      stores[2]!.put({ name: NAME, sequence: 0n, text: stores[0]!.get(NAME)!.text });
      for (const [index, url] of URLS.entries()) if (index !== survivor && index !== 2) dead.add(url);
      expect((await lookUp(survivor)).status).to.equal(200);
      await replications[2]!.repair();
      expect(sequences()[2]).to.equal(20n);
      dead.clear();
    }
    // Served by others from now on: what is held goes on being shown to those who ask for it.
    for (const names of served.slice(0, 3)) names.delete(NAME);
    stores[3]!.put({ name: NAME, sequence: 0n, text: stores[0]!.get(NAME)!.text });
    await replications[3]!.repair();
    expect(sequences()[3]).to.equal(20n);
    for (const names of served) names.add(NAME);
  });

  it("takes sets signed by a contract that owns the name (ERC-1271)", async () => {
    const wallet = await chain.viem.deployContract("MockWallet", [chain.alice.account.address]);
    const address = wallet.address.toLowerCase() as Hex;
    const { alice, registry } = chain;
    await chain.register({ label: "wallet", owner: alice.account.address });
    await registry.write.setOwner([namehash("wallet.hold"), wallet.address], { account: alice.account });
    await replica.step();
    const head = headOf({}, "wallet.hold");
    const signer = { address, signTypedData: async () => toHex(utf8Bytes("as agreed by its members")) };
    const text = await publishable("wallet.hold", head, [addressRecord("wallet.hold", 1)], domain, signer);
    expect(await put(text)).to.deep.equal([403, "wrong-signature"]);
    const { root } = parsePublishedSet(text).tree;
    await wallet.write.accept([recordSetDigest(domain, { ...head, node: namehash("wallet.hold"), root })]);
    expect(await put(text)).to.deep.equal([201, 4]);
  });

  it("gives up a set that its owner revokes on chain", async () => {
    expect((await lookUp(0)).status).to.equal(200);
    const args = [NODE, "holdfast.minSequence", "0x15"] as const;
    await chain.registry.write.setData(args, { account: chain.alice.account });
    await replica.step();
    expect((await lookUp(0)).status).to.equal(503);
    expect(await put(await setOf({ sequence: 20n }))).to.deep.equal([409, "revoked"]);
    expect(await put(await setOf({ sequence: 21n }))).to.deep.equal([201, 4]);
    expect((await lookUp(0)).status).to.equal(200);
  });

  it("takes a great set in pieces, asks for those it lacks only, and proves records out of one", async () => {
    const name = "much.hold";
    const records = Array.from({ length: 4_000 }, (_, index) => addressRecord(`u${index}.${name}`, index + 1));
    const signer = signerOf(chain.alice);
    const first = await publishableInPieces(name, headOf({}, name), records, domain, signer);
    expect(first.pieces.length).to.equal(8);
    expect(await put(first.text)).to.deep.equal([202, 0]);
    const [piece, other] = first.pieces;
    expect(await putPiece(name, piece!.root, other!.bytes)).to.equal(422);
    expect(await putPiece(name, namehash("nothing"), other!.bytes)).to.equal(404);
    for (const { root, bytes } of first.pieces) expect(await putPiece(name, root, bytes)).to.equal(201);
    expect(await put(first.text)).to.deep.equal([201, 4]);
    for (const at of [0, 3]) {
      const { data } = await lookUp(at, "u1234.much.hold", name);
      expect(await verify(data, "u1234.much.hold", name)).to.deep.equal([1235n, 1n]);
      const none = await lookUp(at, "nobody.much.hold", name);
      expect(await verify(none.data, "nobody.much.hold", name)).to.deep.equal([0n, 1n]);
    }

    // One record changes: one piece, and what points at it, is all that has to come.
    dead.add(URLS[2]!);
    const changed = records.map((record, index) => (index === 77 ? addressRecord(record.name, 9_999) : record));
    const second = await publishableInPieces(name, headOf({ sequence: 2n }, name), changed, domain, signer);
    const response = await network(`${URLS[1]}/v1/sets`, { method: "PUT", body: second.text });
    const { missing } = (await response.json()) as { missing: Hex[] };
    expect(missing).to.have.length(1);
    const fresh = second.pieces.find(({ root }) => root === missing[0])!;
    expect(await putPiece(name, fresh.root, fresh.bytes, 1)).to.equal(201);
    expect(await put(second.text, 1)).to.deep.equal([201, 3]);
    expect(stores[1]!.pieces(name)).to.have.length(8);

    // The one that was away takes head and piece from a peer.
    dead.clear();
    await replications[2]!.repair();
    expect(sequences(name)).to.deep.equal([2n, 2n, 2n, 2n]);
    const { data } = await lookUp(2, "u77.much.hold", name);
    expect(await verify(data, "u77.much.hold", name)).to.deep.equal([9_999n, 2n]);
  });

  it("holds a name to its quota of records, bytes and updates", async () => {
    const name = "busy.hold";
    const signer = signerOf(chain.alice);
    const many = Array.from({ length: 5_001 }, (_, index) => addressRecord(`u${index}.${name}`, index));
    const greater = await publishableInPieces(name, headOf({}, name), many, domain, signer);
    expect(await put(greater.text)).to.deep.equal([422, "too-many-records"]);

    const long = Array.from({ length: 200 }, (_, index): SetRecord => {
      return {
        name: `u${index}.${name}`,
        record: { kind: "text", key: "description" },
        value: `0x${"61".repeat(8_000)}`,
      };
    });
    const heavy = await publishableInPieces(name, headOf({}, name), long, domain, signer);
    expect(await put(heavy.text)).to.deep.equal([202, 0]);
    const statuses = [];
    for (const { root, bytes } of heavy.pieces) statuses.push(await putPiece(name, root, bytes));
    expect(new Set(statuses)).to.deep.equal(new Set([201, 413]));

    for (let sequence = 10n; sequence < 28n; sequence += 1n) {
      await put(await publishable(name, headOf({ sequence }, name), [], domain, signer));
    }
    const last = await publishable(name, headOf({ sequence: 40n }, name), [], domain, signer);
    expect(await put(last)).to.deep.equal([201, 4]);
    const over = await publishable(name, headOf({ sequence: 41n }, name), [], domain, signer);
    expect(await put(over)).to.deep.equal([429, "quota-exceeded"]);
  });

  it("answers that it holds nothing for other names, and rejects what is no question", async () => {
    expect((await lookUp(0, "other.hold", "other.hold")).status).to.equal(503);
    const args = { resolver: domain.resolver, node: namehash("other.hold"), name: "other.hold", calls: [CALL] };
    const response = await network(`${URLS[0]}/ccip/${domain.resolver}/${encodeQuestion(args)}.json`, {});
    expect(response.status).to.equal(503);
    const junk = await network(`${URLS[0]}/ccip`, { method: "POST", body: JSON.stringify({ data: "0x1234" }) });
    expect(junk.status).to.equal(400);
  });
});
