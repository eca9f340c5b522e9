/** One gateway in a process of its own. */
import { systemClock } from "../../base/clock.ts";
import { createLog } from "../../base/log.ts";
import { secureRandom } from "../../base/random.ts";
import { readConfig } from "../../gateway/config.ts";
import { startGateway } from "../../gateway/run.ts";
import { runChild } from "./childMain.ts";

export interface GatewayConfig {
  readonly gatewayId: number;
  readonly host: string;
  readonly port: number;
  readonly dnsPort: number;
  readonly signerKey: string;
  readonly rpcUrls: readonly string[];
  /** Path of the deployments file. */
  readonly deployment: string;
  /** Folder of the store. */
  readonly data: string;
  readonly pollMs: number;
}

export interface GatewayReady {
  readonly port: number;
  readonly dnsPort: number;
  readonly httpUrl: string;
  readonly dnsEndpoint: string;
  /** Address of the key that signs. */
  readonly signer: `0x${string}`;
}

runChild(async (config: GatewayConfig) => {
  const { gatewayId, host, port, dnsPort, signerKey, rpcUrls, deployment, data, pollMs } = config;
  const full = readConfig(
    undefined,
    {},
    {
      gatewayId,
      rpc: rpcUrls,
      deployment,
      data,
      signerKey,
      pollMs,
      http: { host, port },
      dns: { host, port: dnsPort },
      log: "warn",
    },
  );
  const log = createLog(systemClock, full.log, (line) => process.stderr.write(line));
  const gateway = await startGateway(full, { clock: systemClock, random: secureRandom, log });
  const dnsEndpoint = gateway.dnsEndpoint ?? "";
  const ready: GatewayReady = {
    port: Number(new URL(gateway.httpUrl).port),
    dnsPort: Number(dnsEndpoint.slice(dnsEndpoint.lastIndexOf(":") + 1)),
    httpUrl: gateway.httpUrl,
    dnsEndpoint,
    signer: gateway.signer,
  };
  return { ready, close: () => gateway.close() };
});
