export { answersOfSetFile, parseSetFile, setFileLines } from "../protocol/setFile.ts";
export type { CacheOptions } from "./cache.ts";
export { loadCache, saveCache } from "./cacheFile.ts";
export {
  type CcipReader,
  type CcipReaderOptions,
  type CcipReadParameters,
  CcipUnavailableError,
  createCcipReader,
  type VerifyCcipResponse,
} from "./dropins/ccipRead.ts";
export { createLookup, type LookupDropInOptions, type LookupFunction } from "./dropins/lookup.ts";
export { rankSignedRecords, verifySignedRecords } from "./dropins/verifySignedRecords.ts";
export { exportSet, NoSetError } from "./exportSet.ts";
export { fetchTransport } from "./fetchTransport.ts";
export type { FreshnessOptions } from "./guard.ts";
export type { HealthOptions } from "./health.ts";
export { type LightClient, lightClientOf, type VerifyingProvider } from "./lightClient.ts";
export {
  createNameClient,
  DEADLINE_MS_DEFAULT,
  type DirectoryProof,
  type NameClient,
  type ProveDirectoryLimits,
  type ResolveOptions,
} from "./nameClient.ts";
export { createNodeNameClient, type NodeNameClientOptions } from "./nodeClient.ts";
export { nodeTransport } from "./nodeTransport.ts";
export type { ClientDeployment, NameClientOptions, PathsOptions, TrustOptions } from "./options.ts";
export type { DnsEndpoint, DnsPathOptions } from "./paths/dnsPath.ts";
export { type PolicyContext, type PolicyFunction, type PolicyName, type PolicyReply, sameSetKey } from "./policy.ts";
export {
  getPrimaryName,
  type PrimaryName,
  type PrimaryNameOptions,
  resolvePrimaryName,
  UnsupportedAccountError,
} from "./primaryName.ts";
export type { Probe, ProbeParameters } from "./probe.ts";
export { domainMapper, MalformedProfileError, optionsOfProfile, readProfile } from "./profile.ts";
export { type Problem, PublishError, publishSet, type SetSigner, signerOfEthers, signSet } from "./publish.ts";
export { publish, UnauthorizedSignerError, UnregisteredNameError } from "./publishName.ts";
export { formatValue, recordOfType, typeOfRecord, UnknownRecordTypeError } from "./recordText.ts";
export { type RefreshDirectoryOptions, refreshDirectory } from "./refreshDirectory.ts";
export type { Attempt, EvidenceLevel, Resolution } from "./resolution.ts";
export type { RetryBudgetOptions } from "./retryBudget.ts";
export {
  type ClientTransport,
  type DnsServer,
  type HttpRequest,
  type HttpResponse,
  TransportError,
} from "./transport.ts";
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
