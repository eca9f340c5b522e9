/** Changes of the fleet: planned as a list of moves, shown, then applied. */
import { BaseError } from "../base/errors.ts";
import { type Random, seededRandom, shuffled } from "../base/random.ts";
import {
  checkGateways,
  EmptyZoneError,
  type FormerHolder,
  holdersOfSection,
  type PlacedGateway,
  type Placement,
  type Section,
  sectionsOf,
} from "./placement.ts";
import { quotasOf, refillQuotasOf, requireEveryoneHolds, type Share } from "./quota.ts";
import { ORDINARY_SLOT_COUNT, slotOf, type VirtualGatewayId, ZONE_COUNT, zoneOf } from "./shard.ts";

/** One slot that changes hands. */
export interface Move {
  readonly virtualGatewayId: VirtualGatewayId;
  readonly zone: number;
  readonly slot: number;
  /** Gateway id, 0 for nobody. */
  readonly from: number;
  readonly to: number;
}

export interface MovePlan {
  /** The fleet once the plan is applied. */
  readonly gateways: readonly PlacedGateway[];
  readonly moves: readonly Move[];
  /** The fewest moves any plan with fair quotas needs; `moves` has as many. */
  readonly moveCountMin: number;
  /** Share of all names that change one or more of their gateways, 0 to 1. */
  readonly affectedNameRatio: number;
}

/** A change of the fleet. */
export type FleetChange =
  | { readonly kind: "join"; readonly gateway: PlacedGateway }
  /** Gone for good: it is listed no more. */
  | { readonly kind: "leave"; readonly gatewayId: number }
  /** Its slots move away, it stays listed and serves its lookback. */
  | { readonly kind: "drain"; readonly gatewayId: number }
  | { readonly kind: "weigh"; readonly gatewayId: number; readonly weight: number };

/**
 * Plans a change of the fleet with the provable minimum of moves.
 *
 * A join into a zone of P equal gateways moves floor(512 / (P + 1)) ordinary slots, all to the newcomer; a leave or drain
 * moves the leaver's slots and no other. Which slots move is drawn from `seed`. As every slot is in one zone and one zone
 * changes, each affected name changes exactly one of its four gateways.
 *
 * Lower bound: a table with counts h becomes one with quotas q by at least `sum max(0, q - h)` moves. On a join or a new
 * weight, the quotas are those, among floor and ceiling of the fair shares, that make this sum least (`quotasOf`); on a leave
 * or drain the sum is the leaver's slots, which have to move anyhow (`refillQuotasOf`).
 *
 * Placements remember all former holders of a slot, the directory on chain one: there, changes of one zone need the handover time
 * between them (`directoryCallsOf`).
 *
 * Throws `UnknownGatewayError`, `DuplicateGatewayError`, `EmptyZoneError`, and what `quotasOf` throws.
 *
 * @example
 * ```ts
 * const plan = planChange(placement, { kind: "join", gateway: { id: 9, zone: 0 } }, { seed: 1 });
 * plan.moves.length; // 170 of 512 in a zone that had two gateways, and 10 of its 32 reserved slots
 * const after = applyPlan(placement, plan, { atSeconds: 1_700_000_000, ttlSeconds: 300 });
 * ```
 */
export function planChange(placement: Placement, change: FleetChange, options: planChange.Options): MovePlan {
  const { gateways, zone } = changedFleet(placement.gateways, change);
  const rule = change.kind === "leave" || change.kind === "drain" ? refillQuotasOf : quotasOf;
  const moves: Move[] = [];
  let moveCountMin = 0;
  for (const section of sectionsOf(zone)) {
    // A reserved part that nobody holds yet stays so: its slots are given out when a name is isolated.
    const part = placement.table.subarray(section.first, section.first + section.slotCount);
    if (section.role === "isolation" && part.every((gatewayId) => gatewayId === 0)) continue;
    const random = seededRandom(options.seed, `plan/${zone}/${section.role}`);
    const holders = holdersOfSection(gateways, zone, section.role);
    const planned = planSection(placement.table, section, holders, rule, random);
    moves.push(...planned.moves);
    moveCountMin += planned.moveCountMin;
  }
  const ordinaryCount = moves.filter((move) => move.slot < ORDINARY_SLOT_COUNT).length;
  return { gateways, moves, moveCountMin, affectedNameRatio: ordinaryCount / ORDINARY_SLOT_COUNT };
}

export declare namespace planChange {
  interface Options {
    readonly seed: number | string;
  }
}

/**
 * The placement after a plan. Each holder that loses a slot is remembered as a former holder for `ttlSeconds`, so that
 * answers and referrals still in caches find it serving.
 *
 * Throws `StalePlanError` if the tables are not those the plan was made for.
 */
export function applyPlan(placement: Placement, plan: MovePlan, options: applyPlan.Options): Placement {
  const { atSeconds, ttlSeconds } = options;
  const table = placement.table.slice();
  const former = new Map<VirtualGatewayId, FormerHolder[]>();
  for (const [id, holders] of placement.former) {
    const serving = holders.filter((holder) => atSeconds < holder.untilSeconds);
    if (serving.length > 0) former.set(id, serving);
  }
  for (const move of plan.moves) {
    const holder = table[move.virtualGatewayId] ?? 0;
    if (holder !== move.from) throw new StalePlanError(move, holder);
    table[move.virtualGatewayId] = move.to;
    const others = (former.get(move.virtualGatewayId) ?? []).filter(
      (entry) => entry.gatewayId !== move.to && entry.gatewayId !== move.from,
    );
    const leaver = move.from === 0 ? [] : [{ gatewayId: move.from, untilSeconds: atSeconds + ttlSeconds }];
    former.set(move.virtualGatewayId, [...leaver, ...others]);
  }
  return { gateways: plan.gateways, table, former };
}

export declare namespace applyPlan {
  interface Options {
    /** When the plan takes effect, in seconds since 1970. */
    readonly atSeconds: number;
    /** How long answers stay in caches, in seconds. */
    readonly ttlSeconds: number;
  }
}

function changedFleet(
  gateways: readonly PlacedGateway[],
  change: FleetChange,
): { gateways: PlacedGateway[]; zone: number } {
  if (change.kind === "join") {
    const joined = [...gateways, change.gateway];
    checkGateways(joined);
    return { gateways: joined, zone: change.gateway.zone };
  }
  const gateway = gateways.find((entry) => entry.id === change.gatewayId);
  if (!gateway) throw new UnknownGatewayError(change.gatewayId);
  const rest = gateways.filter((entry) => entry !== gateway);
  const weight = change.kind === "weigh" ? change.weight : 0;
  const next = change.kind === "leave" ? rest : [...rest, { ...gateway, weight }];
  if (holdersOfSection(next, gateway.zone, "ordinary").length === 0) throw new EmptyZoneError(gateway.zone);
  return { gateways: next, zone: gateway.zone };
}

function planSection(
  table: Uint16Array,
  section: Section,
  holders: readonly PlacedGateway[],
  rule: (shares: readonly Share[], slotCount: number) => Map<number, number>,
  random: Random,
): { moves: Move[]; moveCountMin: number } {
  const held = new Map<number, VirtualGatewayId[]>(holders.map((gateway) => [gateway.id, []]));
  const loose: VirtualGatewayId[] = [];
  for (let id = section.first; id < section.first + section.slotCount; id += 1) {
    (held.get(table[id] ?? 0) ?? loose).push(id);
  }
  const shares = shuffled(random, holders).map(({ id, weight }) => ({
    gatewayId: id,
    weight: weight ?? 1,
    heldCount: held.get(id)!.length,
  }));
  const quotas = rule(shares, section.slotCount);
  if (section.role === "ordinary") requireEveryoneHolds(quotas, shares, section.slotCount);
  const wanted: number[] = [];
  for (const [gatewayId, quota] of quotas) {
    const own = held.get(gatewayId)!;
    loose.push(...shuffled(random, own).slice(0, Math.max(0, own.length - quota)));
    for (let count = own.length; count < quota; count += 1) wanted.push(gatewayId);
  }
  const targets = shuffled(random, wanted);
  const moves = loose
    .sort((one, other) => one - other)
    .map((id, position) => ({
      virtualGatewayId: id,
      zone: zoneOf(id),
      slot: slotOf(id),
      from: table[id] ?? 0,
      to: targets[position]!,
    }));
  return { moves, moveCountMin: wanted.length };
}

/** Zones in which two placements differ; a plan changes at most one. */
export function changedZones(moves: readonly Move[]): number[] {
  return Array.from({ length: ZONE_COUNT }, (_, zone) => zone).filter((zone) =>
    moves.some((move) => move.zone === zone),
  );
}

export class UnknownGatewayError extends BaseError {
  override readonly name = "Sharding.UnknownGatewayError";
  constructor(gatewayId: number) {
    super("SHARDING_UNKNOWN_GATEWAY", `Gateway ${gatewayId} is not in the fleet.`);
  }
}

export class StalePlanError extends BaseError {
  override readonly name = "Sharding.StalePlanError";
  constructor(move: Move, holder: number) {
    super(
      "SHARDING_STALE_PLAN",
      `Slot ${move.slot} of zone ${move.zone} is held by gateway ${holder}, not by ${move.from} as the plan says.`,
      { metaMessages: ["The tables changed since the plan was made; make a new one."] },
    );
  }
}
