/**
 * Shuffle sharding against its peers, each re-created here from its published algorithm: Infima's simple signature scheme, the
 * Kubernetes dealer, Grafana dskit's ring. All place names on 2,048 gateways in four zones, four a name (the dealer, which knows
 * no zones, on any four).
 */
import { md5 } from "@noble/hashes/legacy.js";
import { utf8Bytes } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { seededRandom } from "../../src/base/random.ts";
import {
  applyPlan,
  assignNames,
  auditFleet,
  dealHand,
  fillSlots,
  gatewaysOf,
  infimaShard,
  overlapCensus,
  placeGateways,
  planChange,
  playBlast,
  slotsOf,
} from "../../src/sharding/index.ts";
import type { Bench, BenchRow } from "./row.ts";

const ZONES = [0, 1, 2, 3];
const SLOTS = 512;
const SEED = 5353;

/** Writes the four gateways of a name, numbered 0 to 2047 (and up where a gateway was added), into `out`. */
type Peer = (name: number, out: number[]) => void;

function createInfima(perZone: number, added: number): Peer {
  const zones = ZONES.map((zone) =>
    Array.from({ length: perZone + (zone === 0 ? added : 0) }, (_, n) => zone * 1024 + n),
  );
  return (name, out) => {
    infimaShard({ zones, perZone: 1, seed: SEED, identifier: String(name) }).forEach((member, place) => {
      out[place] = member;
    });
  };
}

function createDealer(perZone: number, added: number): Peer {
  const random = seededRandom(SEED, "bench/dealer");
  const hashes = Float64Array.from({ length: 2 ** 16 }, () => Math.floor(random.ratio() * 2 ** 53));
  return (name, out) => {
    dealHand(4 * perZone + added, 4, hashes[name & 0xffff]!, out);
  };
}

/** One ring of tokens for each zone; MD5 of name and zone seeds a generator, and its first number is where the walk begins. */
function createRing(perZone: number, added: number): Peer {
  const tokensPerInstance = 128;
  const rings = ZONES.map((zone) => {
    const count = perZone + (zone === 0 ? added : 0);
    const entries = Array.from({ length: count }, (_, instance) => {
      const random = seededRandom(`${zone}/${instance}`, "bench/ring");
      return Array.from({ length: tokensPerInstance }, () => ({
        token: random.below(2 ** 32),
        instance: zone * 1024 + instance,
      }));
    }).flat();
    entries.sort((one, other) => one.token - other.token);
    return {
      tokens: Uint32Array.from(entries, (entry) => entry.token),
      owners: Uint16Array.from(entries, (entry) => entry.instance),
    };
  });
  return (name, out) => {
    rings.forEach(({ tokens, owners }, zone) => {
      const checksum = md5(utf8Bytes(`${name}\0${zone}`));
      const start = seededRandom(new DataView(checksum.buffer, checksum.byteOffset).getUint32(0), "walk").below(
        2 ** 32,
      );
      let low = 0;
      let high = tokens.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (tokens[middle]! > start) high = middle;
        else low = middle + 1;
      }
      out[zone] = owners[low % owners.length]!;
    });
  };
}

const PEERS: readonly { name: string; create: (perZone: number, added: number) => Peer; share: number }[] = [
  { name: "kubernetes dealer", create: createDealer, share: 1 },
  { name: "infima simple", create: createInfima, share: 0.002 },
  { name: "dskit ring", create: createRing, share: 0.01 },
];

function secondsOf(work: () => void): number {
  const start = systemClock.monotonicMs();
  work();
  return (systemClock.monotonicMs() - start) / 1000;
}

/** The best of three, for the machine is shared. */
function rateOf(count: number, work: (count: number) => void): number {
  work(Math.ceil(count / 10));
  return (
    count /
    Math.min(
      secondsOf(() => work(count)),
      secondsOf(() => work(count)),
      secondsOf(() => work(count)),
    )
  );
}

function row(
  id: string,
  value: number,
  unit: string,
  goal: string,
  ok: boolean | null,
  peer?: { name: string; value: number },
): BenchRow {
  const ratio = peer === undefined || peer.value === 0 ? null : value / peer.value;
  return { id, value, unit, peer: peer?.name ?? null, peerValue: peer?.value ?? null, ratio, goal, ok };
}

let sink = 0;

function rateRows(small: boolean): BenchRow[] {
  const count = small ? 400_000 : 8_000_000;
  const out = new Uint16Array(count * 4);
  const rate = rateOf(count, (names) => {
    fillSlots(0, names, out);
    sink ^= out[names]!;
  });
  const single = rateOf(count, (names) => {
    for (let name = 0; name < names; name += 1) sink ^= slotsOf(name)[3];
  });
  const hand: number[] = [];
  const peers = PEERS.map(({ name, create, share }) => {
    const peer = create(SLOTS, 0);
    const value = rateOf(Math.max(100, Math.ceil(count * share)), (names) => {
      for (let n = 0; n < names; n += 1) {
        peer(n, hand);
        sink ^= hand[3]!;
      }
    });
    return row("shards-per-second", rate, "shards/s", ">= 30e6", rate >= 30e6, { name, value });
  });
  return [...peers, row("shards-per-second-one-by-one", single, "shards/s", "reported", null)];
}

function auditRow(small: boolean): BenchRow {
  const nameCount = small ? 50_000 : 1_000_000;
  const gateways = ZONES.flatMap((zone) => Array.from({ length: 16 }, (_, n) => ({ id: 1 + zone * 16 + n, zone })));
  const placement = placeGateways({ gateways, seed: SEED });
  let beyond = 0;
  const seconds = secondsOf(() => {
    beyond = auditFleet({ indices: Uint32Array.from({ length: nameCount }, (_, n) => n), placement }).pairsBeyondCount;
  });
  return row(`assign-and-audit-${nameCount}-names`, seconds, "s", "< 5 s, no pair beyond", seconds < 5 && beyond === 0);
}

function attackRows(small: boolean): BenchRow[] {
  const nameCount = small ? 50_000 : 1_000_000;
  const random = seededRandom(SEED, "bench/attack");
  let dead = 0;
  const seconds = secondsOf(() => {
    const assignment = assignNames({ scheme: "holdfast", nameCount, gatewayCount: 2048, perName: 4, random });
    const names = Array.from({ length: 10 }, () => random.below(nameCount));
    const run = playBlast({
      assignment,
      attack: { kind: "poison", names },
      ticks: 12,
      attackFrom: 3,
      attackUntil: 9,
      capacity: 10_000,
      requestsPerTick: 1,
      random,
    });
    dead = run.worst.nameCounts[4]!;
  });
  const mebibytes = process.memoryUsage().rss / 2 ** 20;
  return [
    row(`simulated-attack-${nameCount}-names`, seconds, "s", "< 10 s", seconds < 10),
    row(`simulated-attack-${nameCount}-names-memory`, mebibytes, "MiB", "< 1024 MiB", mebibytes < 1024),
    row(`simulated-attack-${nameCount}-names-others-dead`, dead, "names", "reported", null),
  ];
}

/** What happens to names when zone 0 gets one gateway more. */
function changeRows(small: boolean): BenchRow[] {
  const names = small ? 2_000 : 20_000;
  const perZone = 64;
  const gateways = ZONES.flatMap((zone) =>
    Array.from({ length: perZone }, (_, n) => ({ id: 1 + zone * perZone + n, zone })),
  );
  const before = placeGateways({ gateways, seed: SEED });
  const plan = planChange(before, { kind: "join", gateway: { id: 1000, zone: 0 } }, { seed: SEED });
  const after = applyPlan(before, plan, { atSeconds: 0, ttlSeconds: 0 });
  const ours = changesOf(
    names,
    (name) => gatewaysOf(before, slotsOf(name)),
    (name) => gatewaysOf(after, slotsOf(name)),
  );
  return PEERS.flatMap(({ name, create }) => {
    const [old, grown] = [create(perZone, 0), create(perZone, 1)];
    const read = (peer: Peer) => (n: number) => {
      const out: number[] = [];
      peer(n, out);
      return out;
    };
    const theirs = changesOf(names, read(old), read(grown));
    return [
      row("members-changed-by-a-join-max", ours.max, "of 4", "<= 1", ours.max <= 1, { name, value: theirs.max }),
      row("names-changed-by-a-join", ours.ratio * 100, "%", "<= 1/65", ours.ratio <= 1 / 65, {
        name,
        value: theirs.ratio * 100,
      }),
    ];
  });
}

function changesOf(
  names: number,
  before: (name: number) => readonly number[],
  after: (name: number) => readonly number[],
) {
  let max = 0;
  let changed = 0;
  for (let name = 0; name < names; name += 1) {
    const old = before(name);
    const lost = old.length - after(name).filter((member) => old.includes(member)).length;
    max = Math.max(max, lost);
    if (lost > 0) changed += 1;
  }
  return { max, ratio: changed / names };
}

/** Pairs of names that share three or four members. */
function overlapRows(small: boolean): BenchRow[] {
  const nameCount = small ? 5_000 : 100_000;
  const beyond = (read: (name: number, out: number[]) => void, sizes: readonly number[]) => {
    const columns = ZONES.map(() => new Uint16Array(nameCount));
    const out: number[] = [];
    for (let name = 0; name < nameCount; name += 1) {
      read(name, out);
      for (const zone of ZONES) columns[zone]![name] = out[zone]!;
    }
    const { pairCounts } = overlapCensus(columns, sizes);
    return pairCounts[3]! + pairCounts[4]!;
  };
  const ours = beyond(
    (name, out) => {
      const slots = slotsOf(name);
      for (const zone of ZONES) out[zone] = slots[zone]!;
    },
    [SLOTS, SLOTS, SLOTS, SLOTS],
  );
  // The dealer's members have no zones, so pairs are not compared column by column.
  return PEERS.filter(({ name }) => name !== "kubernetes dealer").map(({ name, create }) => {
    const peer = create(SLOTS, 0);
    const sorted = (n: number, out: number[]) => {
      peer(n, out);
      out.sort((one, other) => one - other);
    };
    const value = beyond(sorted, [4096, 4096, 4096, 4096]);
    return row(`pairs-sharing-three-or-more-of-${nameCount}-names`, ours, "pairs", "0", ours === 0, { name, value });
  });
}

export const bench: Bench = async ({ small, say }) => {
  const rows: BenchRow[] = [];
  for (const [what, part] of [
    ["shards per second", rateRows],
    ["assignment and audit", (size: boolean) => [auditRow(size)]],
    ["a simulated attack", attackRows],
    ["one gateway more", changeRows],
    ["overlap", overlapRows],
  ] as const) {
    say(`sharding: ${what}`);
    rows.push(...part(small));
  }
  say(`sharding: checksum ${sink & 1}`);
  return rows;
};
