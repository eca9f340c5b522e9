/**
 * Our HTTP and DNS fronts over a replica of the synthetic chain, for `http.ts` to load: port of the HTTP front in the arguments;
 * `/bench` tells the query to send, the answer it gets, and the port of the DNS front.
 */
import { systemClock } from "../../../src/base/clock.ts";
import { silentLog } from "../../../src/base/log.ts";
import { secureRandom } from "../../../src/base/random.ts";
import { readConfig } from "../../../src/gateway/config.ts";
import { createGateway } from "../../../src/gateway/gateway.ts";
import { startHttpServer } from "../../../src/gateway/http/server.ts";
import { createFront } from "../../../src/gateway/run.ts";
import { runDns } from "../../../src/gateway/runDns.ts";
import { followShardHints } from "../../../src/gateway/shardHints.ts";
import { createSigner } from "../../../src/gateway/signer.ts";
import { createReplicaZones } from "../../../src/gateway/zone/replicaZones.ts";
import { encodeQuery } from "../../../src/protocol/json.ts";
import { createLogDecoder } from "../../../src/replica/decode.ts";
import { Replica } from "../../../src/replica/replica.ts";
import { ProviderPool } from "../../../src/replica/source/providerPool.ts";
import { Store } from "../../../src/replica/store/store.ts";
import { createSyntheticChain, DIRECTORY, REGISTRY, TLD_NODE } from "../gateway/syntheticChain.ts";

const source = createSyntheticChain(1_000);
const pool = new ProviderPool({ sources: [source], clock: systemClock, log: silentLog });
const replica = new Replica({
  store: new Store(":memory:", { chainId: 31337, registry: REGISTRY, directory: DIRECTORY, startBlock: 0 }),
  pool,
  decode: createLogDecoder({ registry: REGISTRY, directory: DIRECTORY }),
  contracts: { registry: REGISTRY, directory: DIRECTORY, tldNode: TLD_NODE },
  codeHash: `0x${"00".repeat(32)}`,
  startBlock: 0,
  clock: systemClock,
  log: silentLog,
});
await replica.step();
const signer = createSigner(`0x${"07".repeat(32)}`);
const domain = { chainId: 31337, directory: DIRECTORY };
const shared = { replica, gatewayId: 1, registry: REGISTRY, tld: "hold", clock: systemClock };
const inner = createGateway({ ...shared, signer, domain });
// Nobody is listed on the synthetic chain; this front is to answer all the same.
const gateway = { ...inner, serves: () => true };
const config = readConfig(undefined, {}, { gatewayId: 1, rpc: ["http://127.0.0.1"], deployment: "-", data: "-" });
const zones = createReplicaZones({ replica, gateway, registry: REGISTRY, tld: "hold" });
const world = { clock: systemClock, random: secureRandom, log: silentLog };
const dns = await runDns(config.dns === false ? (undefined as never) : config.dns, zones, world);
const about = {
  ...shared,
  gateway,
  pool,
  chainId: 31337,
  directoryAddress: DIRECTORY,
  log: silentLog,
  shardHints: followShardHints({ ...shared, log: silentLog }),
};
const front = createFront({ ...about, isDraining: () => false }, dns.handler);
const records = [{ kind: "addr", coinType: 60n } as const];
const query = encodeQuery({ name: "name-1.hold", records, evidence: "signature" });
const body = JSON.stringify({ data: `0x${"5a".repeat(295)}` });
await startHttpServer({
  handler: (request) =>
    request.path === "/bench"
      ? {
          status: 200,
          fields: { "content-type": "application/json" },
          body: JSON.stringify({ query, body, dnsPort: Number(dns.endpoint.split(":").at(-1)) }),
        }
      : front(request),
  clock: systemClock,
  host: "127.0.0.1",
  port: Number(process.argv[2]),
});
