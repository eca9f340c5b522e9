/** The name client for browsers: no Node built-ins, `fetch` for a network. */
import { fetchTransport } from "./fetchTransport.ts";
import { createNameClient, type NameClient } from "./nameClient.ts";
import type { NameClientOptions } from "./options.ts";

export { type DirectorySnapshot, parseSnapshot } from "../directory/snapshot.ts";
export { CcipUnavailableError, createCcipReader } from "./dropins/ccipRead.ts";
export { type LightClient, lightClientOf, type VerifyingProvider } from "./lightClient.ts";
export type { NameClient, ResolveOptions } from "./nameClient.ts";
export type { NameClientOptions } from "./options.ts";
export { getPrimaryName, type PrimaryName, type PrimaryNameOptions, resolvePrimaryName } from "./primaryName.ts";
export type { Attempt, EvidenceLevel, Resolution } from "./resolution.ts";
export {
  getAddress,
  getContenthash,
  getHostAddresses,
  getRecordSet,
  getRecords,
  getRegistration,
  getText,
  UnavailableError,
  VerificationFailedError,
} from "./verbs.ts";

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
