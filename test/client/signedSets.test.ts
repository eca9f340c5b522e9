import { expect } from "chai";
import { ethers } from "ethers";
import { encodeFunctionData, parseAbi } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { fromHex, type Hex, toHex, utf8Bytes } from "../../src/base/bytes.ts";
import { registryAbi } from "../../src/chain/abis/registry.ts";
import { exportSet } from "../../src/client/exportSet.ts";
import { lightClientOf } from "../../src/client/lightClient.ts";
import { nodeTransport } from "../../src/client/nodeTransport.ts";
import type { TrustOptions } from "../../src/client/options.ts";
import { PublishError, publishSet, signerOfEthers, signSet } from "../../src/client/publish.ts";
import { publish, UnauthorizedSignerError } from "../../src/client/publishName.ts";
import type { Resolution } from "../../src/client/resolution.ts";
import { namehash } from "../../src/naming/namehash.ts";
import { parseNameWord } from "../../src/proof/layout.ts";
import { recoverAddressFast } from "../../src/proof/recoverAddressFast.ts";
import type { SetRecord } from "../../src/protocol/offchainRecords.ts";
import { recordSetDigest } from "../../src/protocol/offchainSet.ts";
import { parsePublishedSet } from "../../src/protocol/publishedSet.ts";
import type { RecordKey } from "../../src/protocol/record.ts";
import { decodeRRset, encodeRRset } from "../../src/protocol/rrset.ts";
import type { HeldSet } from "../../src/protocol/setFile.ts";
import { answersOfSetFile, parseSetFile, setFileLines } from "../../src/protocol/setFile.ts";
import { deployMock, registryCall, send } from "../contracts/support/world.ts";
import { addressRecord } from "../support/offchain/publish.ts";
import { type Conduct, createOffchainWorld, type OffchainWorld } from "../support/offchain/world.ts";

const ADDR: RecordKey = { kind: "addr", coinType: 60n };
/** The address on all EVM chains that have none of their own (ENSIP-19). */
const EVERY_CHAIN = { kind: "addr", coinType: 0x80000000n } as const;
const text = (key: string): RecordKey => ({ kind: "text", key });
const YEAR = 365 * 86_400;

describe("records that owners sign", function () {
  this.timeout(60_000);
  let world: OffchainWorld;
  let sequence = 10n;

  const aRecord = (name: string, ...address: readonly number[]): SetRecord => {
    const rdatas = [Uint8Array.from(address)];
    const value = encodeRRset({ name, type: 1, ttlSeconds: 120, rdatas });
    return { name, record: { kind: "dns", owner: name, rrtype: 1 }, value };
  };
  const recordsOf = (url: string): SetRecord[] => [
    addressRecord("shop.hold", 0xaa),
    { name: "shop.hold", record: { kind: "text", key: "url" }, value: toHex(utf8Bytes(url)) },
    addressRecord("u1.shop.hold", 0xb1),
    { ...addressRecord("every.shop.hold", 0xee), record: EVERY_CHAIN },
    aRecord("www.shop.hold", 192, 0, 2, 1),
    aRecord("*.shop.hold", 192, 0, 2, 9),
  ];
  const signer = () => privateKeyToAccount(world.ownerKey);
  const options = () => ({
    domain: { chainId: 31337, resolver: world.deployment.contracts.offchainResolver },
    transport: nodeTransport,
    recoverAddress: recoverAddressFast,
  });
  const publishShop = (records: readonly SetRecord[]) => {
    sequence += 1n;
    const parameters = { name: "shop.hold", records, signer: signer(), validForSeconds: YEAR, sequence };
    return publish(world.client(), parameters, options());
  };
  const ask = (name: string, record: RecordKey, path: "gateways" | "chain" = "gateways") =>
    world.client().resolve(name, record, { path });
  const textOf = ({ value }: Resolution) => (value === null ? null : Buffer.from(value.slice(2), "hex").toString());
  const conducts = (...list: readonly Conduct[]) => {
    world.fronts.forEach((front, index) => {
      front.conduct = list[index] ?? "good";
    });
  };

  before(async () => {
    world = await createOffchainWorld(["shop", "other", "wallet"]);
    world.shown.replays = (await publishShop(recordsOf("https://example.org/old"))).held.text;
    const other = { name: "other.hold", records: [addressRecord("other.hold", 0xcc)], signer: signer() };
    world.shown.elsewhere = (await publish(world.client(), { ...other, validForSeconds: YEAR }, options())).held.text;
    await publishShop(recordsOf("https://example.org/new"));
  });
  after(() => world?.stop());
  beforeEach(() => conducts());

  describe("resolve", () => {
    it("returns records of the name, of a name below and of the wildcard, evidence being the owner's signature", async () => {
      for (const path of ["gateways", "chain"] as const) {
        const told = await ask("shop.hold", text("url"), path);
        expect(told, path).to.include({ outcome: "answered", path, evidence: "owner" });
        expect(textOf(told)).to.equal("https://example.org/new");
        expect((await ask("u1.shop.hold", ADDR, path)).value).to.match(/b1$/);
        for (const coinType of [60n, 0x80000001n, 0x80000000n]) {
          expect((await ask("every.shop.hold", { kind: "addr", coinType }, path)).value).to.match(/ee$/);
        }
        expect(await ask("every.shop.hold", { kind: "addr", coinType: 0n }, path)).to.include({ outcome: "absent" });
        const found = decodeRRset(
          (await ask("any.shop.hold", { kind: "dns", owner: "any.shop.hold", rrtype: 1 })).value!,
        );
        expect(found).to.deep.include({
          name: "any.shop.hold",
          ttlSeconds: 120,
          rdatas: [Uint8Array.of(192, 0, 2, 9)],
        });
      }
    });

    it("keeps apart: a value, a proven absence, what fails verification and what is unavailable", async () => {
      expect((await ask("shop.hold", ADDR)).outcome).to.equal("answered");
      expect(await ask("shop.hold", text("none"))).to.include({ outcome: "absent", value: null, evidence: "owner" });
      conducts("lies", "lies", "lies", "lies");
      expect(await ask("shop.hold", ADDR)).to.include({ outcome: "wrong", value: null });
      conducts("elsewhere", "elsewhere", "elsewhere", "elsewhere");
      expect(await ask("shop.hold", ADDR)).to.include({ outcome: "wrong", value: null });
      conducts("down", "down", "down", "down");
      expect(await ask("shop.hold", ADDR, "chain")).to.include({ outcome: "unreachable", value: null });
    });

    for (const conduct of ["lies", "elsewhere", "replays"] as const) {
      it(`returns the newest set while one, two and three gateways show another: ${conduct}`, async () => {
        for (let count = 1; count <= 3; count += 1) {
          conducts(...Array.from({ length: count }, () => conduct));
          const told = await ask("shop.hold", text("url"));
          expect(textOf(told), `${count}`).to.equal("https://example.org/new");
          const outcome = conduct === "replays" ? "stale" : "wrong";
          expect(told.trace.filter((attempt) => attempt.outcome === outcome)).to.have.length(count);
        }
      });
    }

    it("returns the set by the chain's word while three gateways are down or hang", async () => {
      for (const conduct of ["down", "hangs", "error"] as const) {
        conducts(conduct, conduct, conduct);
        expect(textOf(await ask("shop.hold", text("url"), "chain")), conduct).to.equal("https://example.org/new");
      }
    });

    it("tells the same client that a set is older than one it has seen", async () => {
      const client = world.client();
      expect((await client.resolve("shop.hold", ADDR)).outcome).to.equal("answered");
      conducts("replays", "replays", "replays", "replays");
      const told = await client.resolve("shop.hold", text("url"), { path: "gateways" });
      expect(told.outcome).to.equal("stale");
    });

    it("accepts a delegate's set while the delegate may write the name's records", async () => {
      const delegate = world.other.account.address;
      const { registry } = world.deployment.contracts;
      const approve = (allowed: boolean) =>
        send(world.owner, registry, registryCall("approve", namehash("shop.hold"), delegate, allowed));
      const key = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a";
      sequence += 1n;
      const set = { name: "shop.hold", records: recordsOf("by a delegate"), validForSeconds: YEAR, sequence };
      const wallet = await signerOfEthers(new ethers.Wallet(key));
      const refused = await publish(world.client(), { ...set, signer: wallet }, options()).catch(
        (error: unknown) => error,
      );
      expect(refused).to.be.instanceOf(UnauthorizedSignerError);
      await approve(true);
      await world.caughtUp();
      await publish(world.client(), { ...set, signer: wallet }, options());
      for (const path of ["gateways", "chain"] as const) {
        expect(textOf(await ask("shop.hold", text("url"), path))).to.equal("by a delegate");
      }
      await approve(false);
      await world.caughtUp();
      expect((await ask("shop.hold", ADDR)).outcome).not.to.equal("answered");
      await publishShop(recordsOf("https://example.org/new"));
    });

    it("accepts a contract's set where RPC providers agree that it signed (ERC-1271)", async () => {
      const contract = await deployMock(world.owner, "MockWallet", [world.owner.account.address]);
      const { registry } = world.deployment.contracts;
      await send(world.owner, registry, registryCall("setOwner", namehash("wallet.hold"), contract));
      await world.caughtUp();
      const domain = options().domain;
      const members = { address: contract, signTypedData: async () => toHex(utf8Bytes("by its members")) };
      const records = [addressRecord("wallet.hold", 7)];
      const registration = await world.client().resolve("wallet.hold", { kind: "registration" });
      const { epoch } = parseNameWord(fromHex(registration.value!));
      const head = { epoch, sequence: 1n, validFrom: 1, validUntil: 4_000_000_000 };
      const held = await signSet({ name: "wallet.hold", records, domain, signer: members, ...head });
      const digest = recordSetDigest(domain, parsePublishedSet(held.text).published.set);
      const urls = world.fronts.map(({ url }) => url);
      const refused = await publishSet(held, { ...options(), urls }).catch((error: unknown) => error);
      expect((refused as PublishError).problems[0]).to.include({ status: 403, slug: "wrong-signature" });
      const accept = encodeFunctionData({ abi: parseAbi(["function accept(bytes32 digest)"]), args: [digest] });
      await send(world.owner, contract, accept);
      expect((await publishSet(held, { ...options(), urls })).copyCount).to.equal(4);
      expect(await ask("wallet.hold", ADDR, "chain")).to.include({ outcome: "answered", evidence: "owner" });
    });

    it("refuses a set that its owner revoked on chain", async () => {
      const { registry } = world.deployment.contracts;
      const setMinimum = (minimum: Hex) =>
        encodeFunctionData({
          abi: registryAbi,
          functionName: "setData",
          args: [namehash("shop.hold"), "holdfast.minSequence", minimum],
        });
      await send(world.owner, registry, setMinimum("0x7fff"));
      // Gateways that have seen the revocation serve the set no more; those that have not tell what is revoked.
      expect((await ask("shop.hold", ADDR, "chain")).outcome).to.be.oneOf(["wrong", "refused"]);
      const lowered = await send(world.owner, registry, setMinimum("0x")).catch((thrown: unknown) => thrown);
      expect(lowered).to.be.instanceOf(Error);
      await world.caughtUp();
      sequence = 0x7fffn;
      world.shown.replays = (await publishShop(recordsOf("https://example.org/old"))).held.text;
      await publishShop(recordsOf("https://example.org/new"));
      expect((await ask("shop.hold", ADDR)).outcome).to.equal("answered");
    });
  });

  describe("resolve, by what is trusted", () => {
    const lightClient = () =>
      lightClientOf({
        request: ({ method, params }) => world.owner.request({ method, params } as never) as Promise<unknown>,
      });
    const modes: Readonly<
      Record<
        string,
        { readonly path: "gateways" | "chain"; readonly evidence: string; readonly trust: () => TrustOptions }
      >
    > = {
      "proofs that two attest": { path: "gateways", evidence: "owner", trust: () => ({ attestationQuorum: 2 }) },
      "proofs that one attests": { path: "gateways", evidence: "owner", trust: () => ({ attestationQuorum: 1 }) },
      "proofs and a light client": {
        path: "gateways",
        evidence: "owner",
        trust: () => ({ lightClient: lightClient() }),
      },
      "signatures of two": { path: "gateways", evidence: "signature", trust: () => ({ gateways: "signature" }) },
      "two RPC providers": { path: "chain", evidence: "owner", trust: () => ({ rpcQuorum: 2 }) },
      "one RPC provider": { path: "chain", evidence: "none", trust: () => ({ rpcQuorum: 1 }) },
      "RPC providers and a light client": {
        path: "chain",
        evidence: "owner",
        trust: () => ({ lightClient: lightClient() }),
      },
      "proofs alone": { path: "chain", evidence: "owner", trust: () => ({ agreement: "refused" }) },
    };
    const A: (owner: string) => RecordKey = (owner) => ({ kind: "dns", owner, rrtype: 1 });

    for (const [mode, { path, evidence, trust }] of Object.entries(modes)) {
      it(`reads sets by ${mode}`, async () => {
        const resolve = (name: string, record: RecordKey) =>
          world.client({ trust: trust() }).resolve(name, record, { path });
        const told = await resolve("shop.hold", text("url"));
        expect(told).to.include({ outcome: "answered", path, evidence });
        expect(textOf(told)).to.equal("https://example.org/new");
        expect((await resolve("u1.shop.hold", ADDR)).value).to.match(/b1$/);
        expect((await resolve("x.y.shop.hold", A("x.y.shop.hold"))).value).to.match(/c0000209$/);
        expect(await resolve("shop.hold", text("none"))).to.include({ outcome: "absent", value: null, evidence });
      });

      it(`takes no lie, no other name's set and no older one by ${mode}`, async () => {
        for (const conduct of ["lies", "elsewhere"] as const) {
          conducts(conduct, conduct, conduct);
          const told = await world.client({ trust: trust() }).resolve("shop.hold", text("url"), { path });
          expect(textOf(told), conduct).to.equal("https://example.org/new");
          conducts(conduct, conduct, conduct, conduct);
          const none = await world.client({ trust: trust() }).resolve("shop.hold", text("url"), { path });
          expect(none, conduct).to.include({ outcome: "wrong", value: null });
        }
        const client = world.client({ trust: trust() });
        conducts("replays", "replays", "replays");
        expect(textOf(await client.resolve("shop.hold", text("url"), { path }))).to.equal("https://example.org/new");
        conducts("replays", "replays", "replays", "replays");
        expect(await client.resolve("shop.hold", text("url"), { path })).to.include({ outcome: "stale" });
      });
    }
  });

  describe("publish", () => {
    it("returns how many hold the set, going on to the next where a gateway will not have it", async () => {
      conducts("down", "error");
      const result = await publishShop(recordsOf("https://example.org/new"));
      expect(result).to.include({ name: "shop.hold", copyCount: 2, isOffchain: true });
      expect(result.problems.map(({ status }) => status)).to.deep.equal([0, 500]);
    });

    it("throws with each gateway's own words where too few hold it", async () => {
      conducts("down", "down", "down");
      const error = await publishShop(recordsOf("https://example.org/new")).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(PublishError);
      expect((error as PublishError).copyCount).to.equal(1);
      expect((error as PublishError).problems.map(({ slug }) => slug)).to.deep.equal([
        ...["unreachable", "unreachable", "unreachable"],
        "alone",
      ]);
    });

    it("throws with the status and the reason of every kind of bad set, which gateways tell as problems (RFC 9457)", async () => {
      const { domain } = options();
      const { epoch } = parseNameWord(
        fromHex((await world.client().resolve("shop.hold", { kind: "registration" })).value!),
      );
      const now = Math.floor(Date.now() / 1_000);
      const base = { name: "shop.hold", records: [addressRecord("shop.hold", 0xaa)], domain, signer: signer() };
      const head = { ...base, epoch, sequence: 90_000n, validFrom: now, validUntil: now + YEAR };
      const stranger = privateKeyToAccount(`0x${"77".repeat(32)}`);
      const good = await signSet(head);
      const tampered = (from: string | RegExp, to: string) => ({ ...good, text: good.text.replace(from, to) });
      const list = (count: number, one: unknown) => `"records":[${Array(count).fill(JSON.stringify(one))}]`;
      const rrset = { name: "shop.hold", record: "dns:1:shop.hold", value: "0x00" };
      const empty = (name: string) => ({
        ...good,
        text: good.text.replace('"name":"shop.hold"', `"name":"${name}"`).replace(/"records":\[.*\]/, '"records":[]'),
      });
      const cases: Readonly<Record<string, HeldSet>> = {
        "403 wrong-signer": await signSet({ ...head, signer: stranger }),
        "403 wrong-signature": await signSet({ ...head, domain: { ...domain, chainId: 1 } }),
        "422 expired": await signSet({ ...head, validFrom: 1, validUntil: 1_000 }),
        "422 not-yet-valid": await signSet({ ...head, validFrom: now + YEAR, validUntil: now + 2 * YEAR }),
        "409 old-sequence": await signSet({ ...head, sequence: 0x7fffn }),
        "409 revoked": await signSet({ ...head, sequence: 1n }),
        "409 wrong-epoch": await signSet({ ...head, epoch: epoch + 7n }),
        "413 too-large": { ...good, text: `${good.text}${" ".repeat(600_000)}` },
        "422 too-many-records": tampered(/"records":\[.*\]/, list(1_001, {})),
        "422 malformed-rrset": tampered(/"records":\[.*\]/, list(1, rrset)),
        "422 malformed-record": tampered('00aa"}', '"}'),
        "400 malformed-request": tampered("{", "["),
        "421 not-served": empty("shop.elsewhere"),
        "404 not-found": empty("nobody.hold"),
      };
      const urls = world.fronts.map(({ url }) => url);
      for (const [expected, held] of Object.entries(cases)) {
        const answer = await fetch(`${urls[0]}/v1/sets`, { method: "PUT", body: held.text });
        const problem = (await answer.json()) as Record<string, unknown>;
        const [status, slug] = expected.split(" ");
        expect(answer.headers.get("content-type"), expected).to.equal("application/problem+json");
        expect(`${answer.status} ${String(problem.type).split("/").at(-1)}`).to.equal(expected);
        expect(problem, expected).to.include({ status: Number(status) });
        expect(problem.title, expected).to.be.a("string");
        expect(problem.detail, expected).to.be.a("string");
        const error = await publishSet(held, { ...options(), urls }).catch((thrown: unknown) => thrown);
        expect(error, expected).to.be.instanceOf(PublishError);
        expect((error as PublishError).problems[0], expected).to.include({ status: Number(status), slug });
        expect((error as PublishError).message, expected).to.include(String(problem.detail).slice(0, 40));
      }
    });

    it("brings a great set in pieces", async () => {
      const many = Array.from({ length: 1_500 }, (_, index) => addressRecord(`v${index}.shop.hold`, index + 1));
      const first = await publishShop([...recordsOf("https://example.org/new"), ...many]);
      expect(first).to.include({ copyCount: 4 });
      expect(first.pieceCount).to.be.greaterThan(1);
      expect((await ask("v1234.shop.hold", ADDR)).value).to.match(/04d3$/);
      const second = await publishShop([...recordsOf("https://example.org/newer"), ...many]);
      expect(second.pieceCount).to.equal(1);
    });
  });

  describe("export", () => {
    it("gives a file that anyone can serve again, whole, with every gateway gone", async () => {
      const urls = world.fronts.map(({ url }) => url);
      conducts("down", "down");
      const { held, isSignedByKey } = await exportSet("shop.hold", { ...options(), urls });
      expect(isSignedByKey).to.equal(true);
      const { domain } = options();
      const lines = [...setFileLines({ domain, tld: "hold", sets: [held] })].join("");
      conducts("down", "down", "down", "down");
      const sources = [answersOfSetFile(parseSetFile(lines))];
      const client = world.client({ signedSets: { sources } });
      const told = await client.resolve("shop.hold", text("url"), { path: "chain" });
      expect(told).to.include({ outcome: "answered", evidence: "owner" });
      expect(textOf(told)).to.equal("https://example.org/newer");
      expect((await client.resolve("v77.shop.hold", ADDR, { path: "chain" })).value).to.match(/4e$/);
    });
  });
});
