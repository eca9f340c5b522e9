/** The name client as Node runs it: sockets, the system's recursive resolvers, and secp256k1 in WebAssembly. */

import { recoverAddressFast } from "../proof/recoverAddressFast.ts";
import { createNameClient, type NameClient } from "./nameClient.ts";
import { nodeTransport } from "./nodeTransport.ts";
import type { NameClientOptions } from "./options.ts";
import type { ClientTransport } from "./transport.ts";

export type NodeNameClientOptions = Omit<NameClientOptions, "transport"> & { readonly transport?: ClientTransport };

/**
 * A name client on Node's own network.
 *
 * @example
 * ```ts
 * const client = createNodeNameClient({
 *   deployment: await readDeployment(deploymentPath(31337)),
 *   paths: { chain: { rpcUrls: ["http://127.0.0.1:8545"] }, gateways: { directory } },
 * });
 * const { outcome, value } = await client.resolve("shop.hold", { kind: "addr", coinType: 60n });
 * ```
 */
export function createNodeNameClient(options: NodeNameClientOptions): NameClient {
  return createNameClient({ transport: nodeTransport, recoverAddress: recoverAddressFast, ...options });
}
