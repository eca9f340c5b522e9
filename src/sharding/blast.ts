/**
 * The blast-radius simulator: plays out an attack or a failure on a fleet, request by request, and counts names dead, degraded and
 * untouched over time.
 *
 * Time goes in ticks. In a tick every name sends its requests; each goes to a random member of the name's shard, and, when that
 * gateway is down or sheds it, to another one, until a member answers or all were tried. The tries of a tick are played in
 * rounds: in each round every gateway accepts what its capacity still allows, chosen at random, and sheds the rest.
 */
import { assert, BaseError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";

/** Which gateways each name has. */
export interface Assignment {
  readonly gatewayCount: number;
  readonly nameCount: number;
  /** Members of every name; k. */
  readonly perName: number;
  /** `perName` gateway numbers, 0 to `gatewayCount - 1`, for every name in turn. */
  readonly members: Uint16Array;
}

export type Attack =
  /** Each request of these names takes down the gateway it reaches, and is retried. */
  | { readonly kind: "poison"; readonly names: readonly number[] }
  /** Each of these names is asked `requestsPerTick` times more, evenly over its members and without retries. */
  | { readonly kind: "flood"; readonly names: readonly number[]; readonly requestsPerTick: number }
  /** These gateways are down. */
  | { readonly kind: "outage"; readonly gateways: readonly number[] };

export interface BlastTick {
  readonly tick: number;
  /** Gateways that are down. */
  readonly downCount: number;
  /** Gateways that are up and shed more than half of what reached them. */
  readonly sheddingCount: number;
  /** Names, the attacked ones apart, by how many of their members are down or shedding; 0..k. */
  readonly nameCounts: readonly number[];
  /** Requests of the names that are not attacked. */
  readonly requestCount: number;
  readonly answeredCount: number;
  /** Tries those requests took. */
  readonly tryCount: number;
}

export interface BlastRun {
  readonly ticks: readonly BlastTick[];
  /** The last of the ticks in which fewest names were untouched. */
  readonly worst: BlastTick;
  /** Members lost by each name in that tick. */
  readonly lostMembers: Uint8Array;
  /** 1 for every gateway that was down or shedding in that tick. */
  readonly lostGateways: Uint8Array;
}

/** Most members of a name here: tried ones are kept in a bit mask. */
export const PER_NAME_MAX = 31;

/**
 * Plays an attack out.
 *
 * Throws `PerNameTooLargeError`, `UnknownAttackTargetError`.
 *
 * @example
 * ```ts
 * const run = playBlast({
 *   assignment, // 8 workers, 2 a name
 *   attack: { kind: "poison", names: [0] },
 *   ticks: 6, attackFrom: 2, capacity: 100, requestsPerTick: 1, random: seededRandom(1, "blast"),
 * });
 * run.ticks[5].nameCounts; // [untouched, one member lost, dead]
 * ```
 */
export function playBlast(options: playBlast.Options): BlastRun {
  const { assignment, attack, ticks, attackFrom, attackUntil = Number.POSITIVE_INFINITY } = options;
  checkOptions(options);
  const world = createWorld(options);
  const timeline: BlastTick[] = [];
  const lostMembers = new Uint8Array(assignment.nameCount);
  const lostGateways = new Uint8Array(assignment.gatewayCount);
  let worst: BlastTick | undefined;
  for (let tick = 0; tick < ticks; tick += 1) {
    const attacked = tick >= attackFrom && tick < attackUntil;
    if (tick === attackUntil) world.down.fill(0);
    if (attacked && attack.kind === "outage") for (const gateway of attack.gateways) world.down[gateway] = 1;
    const traffic = playTick(world, options, attacked);
    const row: BlastTick = { tick, ...traffic, ...countLosses(world, assignment) };
    timeline.push(row);
    if (worst !== undefined && row.nameCounts[0]! > worst.nameCounts[0]!) continue;
    worst = row;
    lostMembers.set(world.lostMembers);
    lostGateways.set(world.lost);
  }
  assert(worst, "a run has at least one tick");
  return { ticks: timeline, worst, lostMembers, lostGateways };
}

export declare namespace playBlast {
  interface Options {
    readonly assignment: Assignment;
    readonly attack: Attack;
    readonly ticks: number;
    /** The first tick of the attack. */
    readonly attackFrom: number;
    /** The tick in which it is over and gateways that went down are up again; never if left out. */
    readonly attackUntil?: number;
    /** Requests a gateway answers per tick. */
    readonly capacity: number;
    /** Requests of every name per tick; a fraction is the chance of one more. */
    readonly requestsPerTick: number;
    readonly random: Random;
  }
}

interface World {
  readonly down: Uint8Array;
  /** Down, or shedding more than half. */
  readonly lost: Uint8Array;
  readonly offered: Float64Array;
  readonly accepted: Float64Array;
  /** Requests of the current round, by gateway. */
  readonly arrivals: Float64Array;
  /** Requests each gateway can still take in this tick. */
  readonly room: Float64Array;
  readonly attacked: Uint8Array;
  readonly lostMembers: Uint8Array;
  /** The pending requests: name, members tried, gateway of this round. */
  readonly names: Uint32Array;
  readonly tried: Uint32Array;
  readonly target: Uint16Array;
}

function createWorld({ assignment, attack, requestsPerTick }: playBlast.Options): World {
  const { gatewayCount, nameCount } = assignment;
  const attacked = new Uint8Array(nameCount);
  if (attack.kind !== "outage") for (const name of attack.names) attacked[name] = 1;
  const requestsMax = nameCount * Math.ceil(requestsPerTick);
  return {
    down: new Uint8Array(gatewayCount),
    lost: new Uint8Array(gatewayCount),
    offered: new Float64Array(gatewayCount),
    accepted: new Float64Array(gatewayCount),
    arrivals: new Float64Array(gatewayCount),
    room: new Float64Array(gatewayCount),
    attacked,
    lostMembers: new Uint8Array(nameCount),
    names: new Uint32Array(requestsMax),
    tried: new Uint32Array(requestsMax),
    target: new Uint16Array(requestsMax),
  };
}

type Traffic = Pick<BlastTick, "requestCount" | "answeredCount" | "tryCount">;

function playTick(world: World, options: playBlast.Options, attacked: boolean): Traffic {
  const { assignment, attack, capacity } = options;
  world.offered.fill(0);
  world.accepted.fill(0);
  world.room.fill(capacity);
  const traffic = { requestCount: 0, answeredCount: 0, tryCount: 0 };
  let pending = sendRequests(world, options, traffic);
  for (let round = 0; round < assignment.perName && (pending > 0 || round === 0); round += 1) {
    world.arrivals.fill(0);
    aim(world, assignment, pending, options.random, traffic);
    if (attacked && attack.kind === "flood" && round === 0) flood(world, assignment, attack);
    if (attacked && attack.kind === "poison") poison(world, pending);
    pending = serve(world, assignment, pending, options.random, traffic);
  }
  for (let gateway = 0; gateway < world.lost.length; gateway += 1) {
    const sheds = world.accepted[gateway]! < world.offered[gateway]! / 2;
    world.lost[gateway] = world.down[gateway] === 1 || sheds ? 1 : 0;
  }
  return traffic;
}

function sendRequests(world: World, options: playBlast.Options, traffic: { requestCount: number }): number {
  const { assignment, requestsPerTick, random } = options;
  const whole = Math.floor(requestsPerTick);
  const part = requestsPerTick - whole;
  let pending = 0;
  for (let name = 0; name < assignment.nameCount; name += 1) {
    const count = whole + (part > 0 && random.ratio() < part ? 1 : 0);
    for (let n = 0; n < count; n += 1) {
      world.names[pending] = name;
      world.tried[pending] = 0;
      pending += 1;
    }
    if (world.attacked[name] === 0) traffic.requestCount += count;
  }
  return pending;
}

/** Every pending request picks a member it has not tried. */
function aim(
  world: World,
  assignment: Assignment,
  pending: number,
  random: Random,
  traffic: { tryCount: number },
): void {
  const { members, perName } = assignment;
  for (let request = 0; request < pending; request += 1) {
    const name = world.names[request]!;
    const tried = world.tried[request]!;
    let skip = Math.floor(random.ratio() * (perName - bitCount(tried)));
    let place = 0;
    while ((tried >>> place) & 1 || skip > 0) {
      if (!((tried >>> place) & 1)) skip -= 1;
      place += 1;
    }
    world.tried[request] = tried | (1 << place);
    const gateway = members[name * perName + place]!;
    world.target[request] = gateway;
    world.arrivals[gateway]! += 1;
    if (world.attacked[name] === 0) traffic.tryCount += 1;
  }
}

function bitCount(mask: number): number {
  let count = 0;
  for (let left = mask; left !== 0; left &= left - 1) count += 1;
  return count;
}

function flood(world: World, assignment: Assignment, attack: Extract<Attack, { kind: "flood" }>): void {
  const { members, perName } = assignment;
  for (const name of attack.names) {
    for (let place = 0; place < perName; place += 1) {
      world.arrivals[members[name * perName + place]!]! += attack.requestsPerTick / perName;
    }
  }
}

/** A gateway that is reached by a request of an attacked name goes down before it answers anybody in the round. */
function poison(world: World, pending: number): void {
  for (let request = 0; request < pending; request += 1) {
    if (world.attacked[world.names[request]!] === 1) world.down[world.target[request]!] = 1;
  }
}

/** Gateways answer what they have room for; the requests left over are the new pending ones. */
function serve(
  world: World,
  assignment: Assignment,
  pending: number,
  random: Random,
  traffic: { answeredCount: number },
): number {
  const { down, room, arrivals, offered, accepted } = world;
  for (let gateway = 0; gateway < down.length; gateway += 1) {
    const take = down[gateway] === 1 ? 0 : Math.min(room[gateway]!, arrivals[gateway]!);
    offered[gateway]! += arrivals[gateway]!;
    accepted[gateway]! += take;
    room[gateway]! -= take;
    // From here on the chance of each arrival to be taken.
    arrivals[gateway] = arrivals[gateway] === 0 ? 0 : take / arrivals[gateway]!;
  }
  const allTried = 2 ** assignment.perName - 1;
  let left = 0;
  for (let request = 0; request < pending; request += 1) {
    const chance = arrivals[world.target[request]!]!;
    const name = world.names[request]!;
    if (chance === 1 || (chance > 0 && random.ratio() < chance)) {
      if (world.attacked[name] === 0) traffic.answeredCount += 1;
      continue;
    }
    if (world.tried[request] === allTried) continue;
    world.names[left] = name;
    world.tried[left] = world.tried[request]!;
    left += 1;
  }
  return left;
}

function countLosses(world: World, { members, perName, nameCount }: Assignment) {
  const nameCounts = new Array<number>(perName + 1).fill(0);
  for (let name = 0, offset = 0; name < nameCount; name += 1) {
    let lost = 0;
    for (const end = offset + perName; offset < end; offset += 1) lost += world.lost[members[offset]!]!;
    world.lostMembers[name] = lost;
    if (world.attacked[name] === 0) nameCounts[lost]! += 1;
  }
  const downCount = world.down.reduce((sum, value) => sum + value, 0);
  return { nameCounts, downCount, sheddingCount: world.lost.reduce((sum, value) => sum + value, 0) - downCount };
}

function checkOptions({ assignment, attack }: playBlast.Options): void {
  const { perName, nameCount, gatewayCount, members } = assignment;
  if (perName < 1 || perName > PER_NAME_MAX || members.length !== perName * nameCount) {
    throw new PerNameTooLargeError(perName, members.length);
  }
  const [targets, bound] = attack.kind === "outage" ? [attack.gateways, gatewayCount] : [attack.names, nameCount];
  const wrong = targets.find((target) => !Number.isInteger(target) || target < 0 || target >= bound);
  if (wrong !== undefined) throw new UnknownAttackTargetError(wrong, bound);
}

export class PerNameTooLargeError extends BaseError {
  override readonly name = "Sharding.PerNameTooLargeError";
  constructor(perName: number, memberCount: number) {
    super(
      "SHARDING_PER_NAME_TOO_LARGE",
      `A simulated name has 1 to ${PER_NAME_MAX} members, as many for each; got ${perName}.`,
      {
        metaMessages: [`The assignment lists ${memberCount} members.`],
      },
    );
  }
}

export class UnknownAttackTargetError extends BaseError {
  override readonly name = "Sharding.UnknownAttackTargetError";
  constructor(target: number, bound: number) {
    super(
      "SHARDING_UNKNOWN_ATTACK_TARGET",
      `${target} cannot be attacked; names and gateways are numbered from 0 to ${bound - 1}.`,
    );
  }
}
