export { type AssignOptions, assignNames, predictLosses, type SchemeName } from "./assignment.ts";
export {
  type Census,
  type Columns,
  ColumnsMismatchError,
  overlapCensus,
  type PairBeyond,
  pairsBeyond,
} from "./audit.ts";
export { DealerEntropyError, dealHand, infimaShard, JavaRandom } from "./baseline.ts";
export {
  type Assignment,
  type Attack,
  type BlastRun,
  type BlastTick,
  PER_NAME_MAX,
  PerNameTooLargeError,
  playBlast,
  UnknownAttackTargetError,
} from "./blast.ts";
export {
  binomial,
  combinationsOf,
  RankOutOfRangeError,
  rankCombination,
  ratioOf,
  SubsetImpossibleError,
  SubsetOrderError,
  unrankCombination,
} from "./combinatorics.ts";
export { type DirectoryCall, directoryCallsOf } from "./encode.ts";
export {
  createFamily,
  ExhaustedSchemeError,
  type Family,
  OverlapImpossibleError,
  TooManyZonesError,
} from "./family.ts";
export { createField, type Field, FieldTooLargeError, NotPrimePowerError, nearestPrimePowers } from "./field.ts";
export { auditFleet, columnsOf, type FleetAudit } from "./fleetAudit.ts";
export { countOverlap, type OverlapShares, otherShards, poissonBinomial, predictOverlap } from "./fleetOverlap.ts";
export {
  AlreadyIsolatedError,
  IsolationExhaustedError,
  type IsolationPlan,
  isIsolated,
  NobodyHoldsSlotError,
  NotIsolatedError,
  planIsolation,
  planRelease,
} from "./isolation.ts";
export {
  createLattice,
  domainsOf,
  type Failure,
  type FailureReport,
  type Lattice,
  type LatticeGateway,
  latticeShard,
  MissingDomainError,
  NoLatticeShardError,
  simulateFailure,
  TooFewDomainsError,
  UnknownDimensionError,
  UnknownDomainError,
  UnknownNameError,
} from "./lattice.ts";
export { drawFleet, drawWorkers, type FleetPicture, statesOf, type WorkersPanel } from "./picture.ts";
export {
  DuplicateGatewayError,
  EmptyZoneError,
  type FormerHolder,
  GATEWAY_ID_MAX,
  GatewayIdOutOfRangeError,
  type GatewayRole,
  gatewaysOf,
  type PlacedGateway,
  type Placement,
  placeGateways,
  serversOf,
  slotCounts,
  tableFromWords,
  tableWords,
} from "./placement.ts";
export {
  applyPlan,
  changedZones,
  type FleetChange,
  type Move,
  type MovePlan,
  planChange,
  StalePlanError,
  UnknownGatewayError,
} from "./plan.ts";
export {
  type Birthday,
  binomialDistribution,
  birthdayOf,
  blastRadius,
  type ChosenGateways,
  CountOutOfRangeError,
  chosenGateways,
  expectedTries,
  fullSchemeOverlapCounts,
  lostMembersInZoneOutage,
  lostMembersUnderAttack,
  lostMembersWhenDead,
  overlapDistribution,
  PROTOCOL_SCHEME,
  poolSizeOf,
  type Scheme,
  ShareOutOfRangeError,
  type Sybil,
  shardCountOf,
  shardSizeOf,
  sybilGatewaysNeeded,
  sybilOf,
} from "./prediction.ts";
export { NoCapacityError, TooManyGatewaysError, WeightOutOfRangeError } from "./quota.ts";
export { type CellShard, cellShards, ParentTooLargeError, subnameMembers } from "./recursive.ts";
export {
  createSearcher,
  type Domain,
  DomainTooSmallError,
  DuplicateMemberError,
  OverlapCapError,
  OverlapExceededError,
  type Searcher,
  UnknownMemberError,
  UnknownShardError,
} from "./search.ts";
export {
  BOOTSTRAP_INDEX_COUNT,
  bootstrapIndexOf,
  bootstrapSlotsOf,
  fillSlots,
  guaranteedOverlapMax,
  INDEX_MAX,
  IndexOutOfRangeError,
  indexOfSlots,
  indicesOnSlot,
  ORDINARY_SLOT_COUNT,
  overlapOf,
  RESERVED_INDEX_MIN,
  RESERVED_SLOT_COUNT,
  SLOT_COUNT,
  SlotOutOfRangeError,
  type Slots,
  slotOf,
  slotsOf,
  slotsOfBootstrapIndex,
  type VirtualGatewayId,
  virtualGatewayIdOf,
  virtualGatewaysOf,
  ZONE_COUNT,
  ZoneOutOfRangeError,
  zoneOf,
} from "./shard.ts";
export {
  AvailabilityUnreachableError,
  type FleetLayout,
  layoutOf,
  RatioOutOfRangeError,
  type Sizing,
  type SizingInput,
  sizeFleet,
} from "./sizing.ts";
