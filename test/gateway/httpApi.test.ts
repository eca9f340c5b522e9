import { readFileSync } from "node:fs";
import { expect } from "chai";
import { encodeFunctionData, type Hex } from "viem";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { secureRandom } from "../../src/base/random.ts";
import { createShardHintLookup } from "../../src/directory/shardHintLookup.ts";
import { decodeShardHints } from "../../src/directory/shardHints.ts";
import { TYPE } from "../../src/dns/codes.ts";
import { decodeMessage } from "../../src/dns/decode.ts";
import { encodeMessage } from "../../src/dns/encode.ts";
import { createQuery } from "../../src/dns/message.ts";
import { createDnsHandler } from "../../src/gateway/dns/handler.ts";
import { createGateway } from "../../src/gateway/gateway.ts";
import type { HttpHandler } from "../../src/gateway/http/handler.ts";
import { setRoutes } from "../../src/gateway/http/setRoutes.ts";
import { createFront } from "../../src/gateway/run.ts";
import { SET_QUOTA_DEFAULT } from "../../src/gateway/sets/quota.ts";
import { createReplication } from "../../src/gateway/sets/replication.ts";
import { SetStore } from "../../src/gateway/sets/setStore.ts";
import { createSets } from "../../src/gateway/sets/sets.ts";
import { followShardHints } from "../../src/gateway/shardHints.ts";
import { createSigner } from "../../src/gateway/signer.ts";
import { createReplicaZones } from "../../src/gateway/zone/replicaZones.ts";
import { namehash } from "../../src/naming/namehash.ts";
import { decodeAnswer } from "../../src/protocol/json.ts";
import type { Replica } from "../../src/replica/replica.ts";
import { type Chain, deployWithDirectory, replicaOf } from "../support/gateway/chain.ts";

const openapi = JSON.parse(readFileSync(new URL("../../src/gateway/http/openapi.json", import.meta.url), "utf8"));

describe("HTTP API", function () {
  this.timeout(60_000);
  let chain: Chain;
  let front: HttpHandler;
  let replica: Replica;
  let isDraining = false;

  before(async () => {
    chain = await deployWithDirectory();
    const { registry, directory, register, governor, alice } = chain;
    const operator = governor.account.address;
    const signer = createSigner(`0x${"07".repeat(32)}`);
    const words = Array(32).fill(BigInt(`0x${"0001".repeat(16)}`)) as never;
    const endpoints = { httpUrl: "http://g1.example.org", dnsEndpoint: "192.0.2.53:53" };
    await directory.write.registerGateway([{ operator, signer: signer.address, zone: 0, ...endpoints }]);
    await directory.write.seedZone([0, words]);
    const node = namehash("shop.hold");
    const wire = Buffer.from("\x04shop\x04hold\0", "latin1").toString("hex");
    const rr: Hex = `0x${wire}000100010000012c0004c0000207`;
    const data = [
      encodeFunctionData({ abi: registry.abi, functionName: "setDNSRecords", args: [node, rr] }),
      encodeFunctionData({ abi: registry.abi, functionName: "setText", args: [node, "url", "https://shop.example"] }),
    ];
    await register({ label: "shop", owner: alice.account.address, data });
    await registry.write.createSubname([node, "www", alice.account.address], { account: alice.account });
    await chain.mineToCheckpoint();
    const copy = replicaOf(chain);
    replica = copy.replica;
    await replica.step();
    const shared = { replica, gatewayId: 1, registry: registry.address as Hex, tld: "hold", clock: systemClock };
    const domain = { chainId: 31337, directory: directory.address as Hex };
    const gateway = createGateway({ ...shared, signer, domain });
    const source = createReplicaZones({ ...shared, gateway });
    const dns = createDnsHandler({ source, clock: systemClock, random: secureRandom });
    const about = {
      ...shared,
      gateway,
      pool: copy.pool,
      chainId: 31337,
      directoryAddress: domain.directory,
      log: silentLog,
      shardHints: followShardHints({ ...shared, log: silentLog }),
    };
    const store = new SetStore(":memory:");
    const sets = createSets({
      ...shared,
      gateway,
      store,
      domain: { chainId: 31337, resolver: `0x${"0f".repeat(20)}` },
      quota: SET_QUOTA_DEFAULT,
      isContractSignature: async () => false,
    });
    const { serves } = gateway;
    const replication = createReplication({ ...shared, sets, store, log: silentLog, fetch, serves });
    const more = setRoutes({ sets, store, replication, origin: () => "" });
    front = createFront({ ...about, isDraining: () => isDraining }, dns, more);
  });

  const ask = async (
    method: string,
    target: string,
    fields: Record<string, string> = {},
    body: Uint8Array = new Uint8Array(),
  ) => {
    const [path = "", search = ""] = target.split("?");
    const peer = { address: "127.0.0.1", port: 1 };
    return await front({ method, path, search, field: (name) => fields[name], body, peer });
  };
  const get = async (target: string, fields: Record<string, string> = {}) => {
    const response = await ask("GET", target, fields);
    const text = typeof response.body === "string" ? response.body : Buffer.from(response.body).toString();
    return { ...response, text, json: () => JSON.parse(text) };
  };

  it("describes every one of its paths in the OpenAPI file, and no others", async () => {
    const paths: string[] = Object.keys(openapi.paths);
    for (const path of paths) {
      const [method] = Object.keys(openapi.paths[path]);
      const target = path.replace("{name}", "shop.hold").replace("{sender}/{data}", "0x/0x.json");
      const response = await ask(method!.toUpperCase(), target);
      expect(response.status, path).not.to.equal(405);
      expect(String(response.body), path).not.to.include("No such path.");
    }
    expect(paths).to.include.members(["/v1/answer", "/dns-query", "/metrics", "/v1/names/{name}/proof"]);
    expect((await get("/v1/openapi.json")).json().openapi).to.equal("3.1.0");
  });

  it("tells a name's standing, owner and shard, with a tag for the next time", async () => {
    const first = await get("/v1/names/Shop.HOLD");
    const { name, status, owner, isServedHere, shard } = first.json();
    expect([name, status.closest, status.shardIndex, isServedHere]).to.deep.equal(["shop.hold", "shop.hold", 0, true]);
    expect(owner).to.equal(chain.alice.account.address.toLowerCase());
    expect(shard.gateways[0].id).to.equal(1);
    expect(first.fields["cache-control"]).to.equal("public, max-age=60");
    const etag = first.fields.etag ?? "";
    const again = await get("/v1/names/shop.hold", { "if-none-match": etag });
    expect([again.status, again.text]).to.deep.equal([304, ""]);
  });

  it("gives records as signed and as proven answers", async () => {
    const signed = await get("/v1/names/shop.hold/records?record=text:url&record=dns:1:shop.hold");
    const answer = decodeAnswer(signed.text);
    if (answer.kind !== "records") throw new Error("a referral");
    expect(answer.results.map(({ ttlSeconds }) => ttlSeconds)).to.deep.equal([300, 300]);
    expect(signed.fields["cache-control"]).to.equal("public, max-age=300");
    const proven = decodeAnswer((await get("/v1/names/shop.hold/proof")).text);
    if (proven.kind !== "records" || proven.evidence.kind !== "proof") throw new Error("not proven");
    expect(proven.results).to.have.length(2);
    expect(proven.evidence.storage.length).to.be.greaterThan(2);
  });

  it("lists record keys and subnames", async () => {
    expect((await get("/v1/names/shop.hold/keys")).json().keys).to.deep.equal(["dns:1:shop.hold", "text:url"]);
    expect((await get("/v1/names/shop.hold/subnames")).json().subnames).to.deep.equal(["www.shop.hold"]);
  });

  it("lists a thousand record keys at most, and then where the next page starts", async () => {
    const { alice, registry } = chain;
    const node = namehash("shop.hold");
    const setText = (key: number, value: string) =>
      encodeFunctionData({ abi: registry.abi, functionName: "setText", args: [node, `k${key}`, value] });
    const batch = async (from: number, value: string) => {
      const calls = Array.from({ length: 250 }, (_, index) => setText(from + index, value));
      await registry.write.multicall([calls], { account: alice.account });
    };
    // A name has 255 such records at most, but keys that it had once are listed too.
    for (let from = 0; from < 1_000; from += 250) {
      await batch(from, "v");
      if (from < 750) await batch(from, "");
    }
    await replica.step();
    const first = (await get("/v1/names/shop.hold/keys")).json();
    expect(first.keys).to.have.length(1_000);
    expect(first.after).to.equal(first.keys.at(-1));
    const second = (await get(`/v1/names/shop.hold/keys?after=${encodeURIComponent(first.after)}`)).json();
    expect(second.keys).to.deep.equal(["text:k999", "text:url"]);
    expect(second.after).to.equal(null);
    const values = decodeAnswer((await get("/v1/names/shop.hold/records")).text);
    expect(values).to.have.property("results").with.length(64);
  });

  it("publishes directory and checkpoint", async () => {
    expect((await get("/v1/directory")).json().gateways).to.have.length(1);
    const checkpoint = (await get("/v1/checkpoint")).json();
    expect(checkpoint.attestation.gatewayId).to.equal(1);
    expect((await get("/v1/shard/shop.hold")).json().slots).to.deep.equal([0, 0, 0, 0]);
  });

  it("publishes hints at the shards of names, kept up with registrations, with a tag for the next time", async () => {
    const lookUp = async (name: string) => {
      const { body, fields } = await ask("GET", "/v1/directory/hints");
      expect(fields["content-type"]).to.equal("application/octet-stream");
      return createShardHintLookup(decodeShardHints(body as Uint8Array))(namehash(name));
    };
    expect(await lookUp("shop.hold")).to.deep.equal([0]);
    const { etag = "" } = (await get("/v1/directory/hints")).fields;
    const same = await get("/v1/directory/hints", { "if-none-match": etag });
    expect([same.status, same.text]).to.deep.equal([304, ""]);
    await chain.register({ label: "late", owner: chain.alice.account.address, data: [] });
    await replica.step();
    expect(await lookUp("late.hold")).to.deep.equal([1]);
    expect(await lookUp("www.shop.hold")).to.deep.equal([]);
    expect((await get("/v1/directory/hints", { "if-none-match": etag })).status).to.equal(200);
  });

  it("answers DNS over HTTPS by GET and POST, fresh as long as its records", async () => {
    const query = encodeMessage(createQuery(0, { name: "shop.hold", type: TYPE.A }));
    const viaGet = await ask("GET", `/dns-query?dns=${Buffer.from(query).toString("base64url")}`);
    const viaPost = await ask("POST", "/dns-query", { "content-type": "application/dns-message" }, query);
    for (const response of [viaGet, viaPost]) {
      expect(response.fields["content-type"]).to.equal("application/dns-message");
      expect(response.fields["cache-control"]).to.equal("max-age=300");
      expect([...decodeMessage(response.body as Uint8Array).answers[0]!.rdata]).to.deep.equal([192, 0, 2, 7]);
    }
    const absent = encodeMessage(createQuery(0, { name: "none.shop.hold", type: TYPE.A }));
    const denied = await ask("POST", "/dns-query", { "content-type": "application/dns-message" }, absent);
    expect(denied.fields["cache-control"]).to.equal("max-age=60");
  });

  it("keeps a DNS answer for those who ask the same, until the record changes", async () => {
    const query = encodeMessage(createQuery(0, { name: "api.shop.hold", type: TYPE.A }));
    const viaGet = () => ask("GET", `/dns-query?dns=${Buffer.from(query).toString("base64url")}`);
    const viaPost = () => ask("POST", "/dns-query", { "content-type": "application/dns-message" }, query);
    const setAddress = async (digits: string) => {
      const wire = Buffer.from("\x03api\x04shop\x04hold\0", "latin1").toString("hex");
      const rr: Hex = `0x${wire}000100010000012c0004${digits}`;
      await chain.registry.write.setDNSRecords([namehash("shop.hold"), rr], { account: chain.alice.account });
      await replica.step();
    };
    for (const [digits, address] of [
      ["c0000208", [192, 0, 2, 8]],
      ["c0000209", [192, 0, 2, 9]],
    ] as const) {
      await setAddress(digits);
      for (const asked of [viaGet, viaPost]) {
        const [first, second, third] = [await asked(), await asked(), await asked()];
        for (const { body } of [first, second, third]) {
          expect([...decodeMessage(body as Uint8Array).answers[0]!.rdata]).to.deep.equal(address);
        }
        expect(third).to.equal(second);
      }
    }
  });

  const refused: readonly [string, string, Record<string, string>, number, string][] = [
    ["GET", "/dns-query", {}, 400, "malformed-request"],
    ["GET", "/dns-query?dns=***", {}, 400, "malformed-request"],
    ["GET", "/dns-query?dns=AAAA", {}, 400, "malformed-request"],
    ["POST", "/dns-query", { "content-type": "text/plain" }, 415, "unsupported-media-type"],
    ["GET", "/v1/names/shop..hold", {}, 400, "malformed-request"],
    ["GET", "/v1/names/%ff.hold", {}, 400, "malformed-request"],
    ["GET", "/v1/names/shop.com", {}, 404, "not-found"],
    ["GET", "/v1/names/shop.hold/colour", {}, 404, "not-found"],
    ["GET", "/v1/names/shop.hold/records?record=colour", {}, 400, "malformed-request"],
    ["DELETE", "/v1/names/shop.hold", {}, 405, "method-not-allowed"],
  ];
  for (const [method, target, fields, status, slug] of refused) {
    it(`answers ${method} ${target} with ${status} and a problem body`, async () => {
      const response = await ask(method, target, fields);
      expect(response.status).to.equal(status);
      expect(response.fields["content-type"]).to.equal("application/problem+json");
      expect(JSON.parse(String(response.body)).type).to.match(new RegExp(`/${slug}$`));
    });
  }

  it("counts requests by route and never by what strangers ask for", async () => {
    await get("/made/up/path");
    const { text } = await get("/metrics");
    expect(text).to.include('holdfast_http_requests_total{path="other",status="404"}');
    expect(text).to.include('holdfast_replica_status{status="following"} 1');
    expect(text).not.to.include("made");
  });

  it("is not ready while it drains", async () => {
    expect((await get("/ready")).status).to.equal(200);
    isDraining = true;
    expect((await get("/ready")).status).to.equal(503);
    isDraining = false;
    expect((await get("/health")).status).to.equal(200);
  });
});
