/**
 * An RPC provider: passes JSON-RPC on to the chain's node, in a process of its own, so that a provider can fail while the
 * chain goes on, as providers do.
 */
import { systemClock } from "../../base/clock.ts";
import { secureRandom } from "../../base/random.ts";
import { runChild, tellParent } from "./childMain.ts";
import { HttpProxy } from "./httpProxy.ts";
import { isFaultMessage } from "./liveFault.ts";
import { createRpcSpoiler } from "./rpcFaults.ts";

export interface RpcConfig {
  readonly host: string;
  readonly port: number;
  readonly chainHost: string;
  readonly chainPort: number;
}

export interface RpcReady {
  readonly url: string;
  readonly port: number;
}

runChild(async (config: RpcConfig) => {
  const { host, port, chainHost, chainPort } = config;
  const target = { host: chainHost, port: chainPort };
  const spoiler = createRpcSpoiler();
  const proxy = await HttpProxy.start({ host, port, target, spoiler, clock: systemClock, random: secureRandom });
  return {
    ready: { url: `http://${host}:${proxy.port}`, port: proxy.port } satisfies RpcReady,
    onMessage: (message) => {
      if (isFaultMessage(message)) void proxy.setFault(message.fault).finally(() => tellParent({ spoiled: true }));
    },
    close: () => proxy.close(),
  };
});
