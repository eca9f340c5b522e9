export type { CacheOptions } from "./cache.ts";
export {
  createNameClient,
  DEADLINE_MS_DEFAULT,
  type NameClient,
  type ResolveOptions,
} from "./nameClient.ts";
export { createNodeNameClient, type NodeNameClientOptions } from "./nodeClient.ts";
export type { ClientDeployment, NameClientOptions, PathsOptions, TrustOptions } from "./options.ts";
export type { PolicyContext, PolicyFunction, PolicyName, PolicyReply } from "./policy.ts";
export { optionsOfProfile, readProfile } from "./profile.ts";
export type { Attempt, EvidenceLevel, Resolution } from "./resolution.ts";
export type { ClientTransport } from "./transport.ts";
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
