/** The name client for browsers: no Node built-ins, `fetch` for a network. */
import { fetchTransport } from "./fetchTransport.ts";
import { createNameClient, type NameClient } from "./nameClient.ts";
import type { NameClientOptions } from "./options.ts";

export * from "./portable.ts";

export type BrowserNameClientOptions = Omit<NameClientOptions, "transport">;

/**
 * A name client over `fetch`. The DNS path can use DoH endpoints only.
 *
 * @example
 * ```ts
 * const client = createBrowserNameClient({ deployment, paths: { gateways: { directory } } });
 * await getAddress(client, "shop.hold");
 * ```
 */
export function createBrowserNameClient(options: BrowserNameClientOptions): NameClient {
  return createNameClient({ transport: fetchTransport, ...options });
}
