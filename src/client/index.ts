export { answersOfSetFile, parseSetFile, setFileLines } from "../protocol/setFile.ts";
export type { CacheOptions } from "./cache.ts";
export { loadCache, saveCache } from "./cacheFile.ts";
export { createLookup, type LookupDropInOptions, type LookupFunction } from "./dropins/lookup.ts";
export { rankSignedRecords, verifySignedRecords } from "./dropins/verifySignedRecords.ts";
export { exportSet, NoSetError } from "./exportSet.ts";
export type { FreshnessOptions } from "./guard.ts";
export type { HealthOptions } from "./health.ts";
export { createNameClient, DEADLINE_MS_DEFAULT } from "./nameClient.ts";
export { createNodeNameClient, type NodeNameClientOptions } from "./nodeClient.ts";
export { nodeTransport } from "./nodeTransport.ts";
export type { DnsEndpoint, DnsPathOptions } from "./paths/dnsPath.ts";
export { type PolicyContext, type PolicyFunction, type PolicyName, type PolicyReply, sameSetKey } from "./policy.ts";
export * from "./portable.ts";
export type { Probe, ProbeParameters } from "./probe.ts";
export { domainMapper, MalformedProfileError, optionsOfProfile, readProfile } from "./profile.ts";
export { type Problem, PublishError, publishSet, type SetSigner, signerOfEthers, signSet } from "./publish.ts";
export { publish, UnauthorizedSignerError, UnregisteredNameError } from "./publishName.ts";
export { formatValue, recordOfType, typeOfRecord, UnknownRecordTypeError } from "./recordText.ts";
export type { RetryBudgetOptions } from "./retryBudget.ts";
export {
  type ClientTransport,
  type DnsServer,
  type HttpRequest,
  type HttpResponse,
  TransportError,
} from "./transport.ts";
