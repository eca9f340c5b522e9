/** What programs get on every platform: the list that the package's entries for Node and for browsers share. */
export { type DirectorySnapshot, parseSnapshot } from "../directory/snapshot.ts";
export {
  type CcipReader,
  type CcipReaderOptions,
  type CcipReadParameters,
  CcipUnavailableError,
  createCcipReader,
  type VerifyCcipResponse,
} from "./dropins/ccipRead.ts";
export { fetchTransport } from "./fetchTransport.ts";
export { type LightClient, lightClientOf, type VerifyingProvider } from "./lightClient.ts";
export type { DirectoryProof, NameClient, ProveDirectoryLimits, ResolveOptions } from "./nameClient.ts";
export type { ClientDeployment, NameClientOptions, PathsOptions, TrustOptions } from "./options.ts";
export {
  getPrimaryName,
  type PrimaryName,
  type PrimaryNameOptions,
  resolvePrimaryName,
  UnsupportedAccountError,
} from "./primaryName.ts";
export { type RefreshDirectoryOptions, refreshDirectory } from "./refreshDirectory.ts";
export type { Attempt, EvidenceLevel, Resolution } from "./resolution.ts";
export {
  getAddress,
  getContenthash,
  getHostAddresses,
  getRecordSet,
  getRecords,
  getRegistration,
  getText,
  requireValue,
  TEXT_KEYS_DEFAULT,
  UnavailableError,
  VerificationFailedError,
} from "./verbs.ts";
