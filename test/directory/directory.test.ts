import { expect } from "chai";
import type { Hex } from "../../src/base/bytes.ts";
import {
  applyDirectoryEvent,
  type Directory,
  type DirectoryEvent,
  EMPTY_DIRECTORY,
  formatSnapshot,
  gatewaysOfShard,
  HANDOVER_SECONDS,
  isServing,
  MalformedSnapshotError,
  parseSnapshot,
  shardOf,
} from "../../src/directory/index.ts";
import { namehash } from "../../src/naming/namehash.ts";
import { bootstrapSlotsOf, SLOT_COUNT } from "../../src/sharding/shard.ts";

const address = (digit: string): Hex => `0x${digit.repeat(40)}`;
const SHOP = namehash("shop.hold");

function withEvents(
  events: readonly DirectoryEvent[],
  from: Directory = EMPTY_DIRECTORY,
  atSeconds = 1_000,
): Directory {
  return events.reduce((directory, event) => applyDirectoryEvent(directory, event, atSeconds), from);
}

function registered(id: number, zone: number, version: bigint): DirectoryEvent {
  const endpoints = { httpUrl: `http://g${id}.example.org`, dnsEndpoint: `192.0.2.${id}:53` };
  return {
    eventName: "GatewayRegistered",
    args: { id, zone, operator: address("a"), signer: address("b"), ...endpoints, version },
  };
}

/** Zone `zone` with even slots held by `even` and odd ones by `odd`. */
function seeded(zone: number, even: number, odd: number, version: bigint): DirectoryEvent {
  let word = 0n;
  for (let lane = 0n; lane < 16n; lane += 1n) word |= BigInt(lane % 2n === 0n ? even : odd) << (16n * lane);
  return { eventName: "ZoneSeeded", args: { zone, words: Array<bigint>(32).fill(word), version } };
}

/** Eight gateways, ids 1 to 8, two to a zone. */
function fleet(): Directory {
  const events: DirectoryEvent[] = [];
  for (let zone = 0; zone < 4; zone += 1) {
    events.push(registered(2 * zone + 1, zone, BigInt(events.length + 1)));
    events.push(registered(2 * zone + 2, zone, BigInt(events.length + 1)));
    events.push(seeded(zone, 2 * zone + 1, 2 * zone + 2, BigInt(events.length + 1)));
  }
  return withEvents(events);
}

describe("directory", () => {
  describe("shardOf", () => {
    it("returns the shard of the registration's index", () => {
      expect(shardOf(fleet(), SHOP, 512)).to.deep.equal([0, 1, 2, 4]);
    });

    it("returns the bootstrap shard of a name without an index", () => {
      expect(shardOf(fleet(), SHOP, null)).to.deep.equal(bootstrapSlotsOf(SHOP));
    });

    it("returns the reserved slots of an isolated name until it is released", () => {
      const isolated = withEvents(
        [{ eventName: "NameIsolated", args: { node: SHOP, index: 0xffffffe3, version: 13n } }],
        fleet(),
      );
      expect(shardOf(isolated, SHOP, 512)).to.deep.equal([515, 515, 515, 515]);
      const released = withEvents([{ eventName: "NameReleased", args: { node: SHOP, version: 14n } }], isolated);
      expect(shardOf(released, SHOP, 512)).to.deep.equal([0, 1, 2, 4]);
    });
  });

  describe("gatewaysOfShard", () => {
    it("returns one gateway a zone", () => {
      const ids = gatewaysOfShard(fleet(), [0, 1, 2, 3]).map((gateway) => gateway?.id);
      expect(ids).to.deep.equal([1, 4, 5, 8]);
    });

    it("returns undefined where a slot is nobody's", () => {
      const ids = gatewaysOfShard(withEvents([registered(1, 0, 1n)]), [0, 1, 2, 3]);
      expect(ids).to.deep.equal([undefined, undefined, undefined, undefined]);
    });
  });

  describe("applyDirectoryEvent", () => {
    it("moves exactly the slots of a joiner, whose previous holders serve on for one handover", () => {
      const before = withEvents([registered(9, 0, 13n)], fleet());
      const slotSet = [0b101n, 1n << 255n];
      const joined = withEvents(
        [{ eventName: "GatewayJoined", args: { id: 9, zone: 0, slotSet, version: 14n } }],
        before,
      );
      const changed = [...joined.table.keys()].filter((id) => joined.table[id] !== before.table[id]);
      expect(changed).to.deep.equal([0, 2, 511]);
      expect(isServing(joined, 9, [0, 1, 2, 3], 1_000)).to.equal(true);
      expect(isServing(joined, 1, [0, 1, 2, 3], 1_000 + HANDOVER_SECONDS - 1)).to.equal(true);
      expect(isServing(joined, 1, [0, 1, 2, 3], 1_000 + HANDOVER_SECONDS)).to.equal(false);
      expect(isServing(joined, 2, [0, 1, 2, 3], 1_000)).to.equal(false);
    });

    it("gives a leaver's slots to its successors in the order of slots", () => {
      const before = withEvents([registered(9, 0, 13n)], fleet());
      const successors: Hex = `0x${Array.from({ length: 256 }, (_, index) => (index === 1 ? "0009" : "0002")).join("")}`;
      const left = withEvents(
        [{ eventName: "GatewayLeft", args: { id: 1, zone: 0, successors, version: 14n } }],
        before,
      );
      expect([0, 1, 2, 3, 4].map((slot) => left.table[slot])).to.deep.equal([2, 2, 9, 2, 2]);
      expect(left.former.get(2)).to.deep.equal({ gatewayId: 1, movedAt: 1_000 });
      expect(left.table.includes(1)).to.equal(false);
    });

    it("leaves a zone to nobody when the last holder goes", () => {
      const one = withEvents([registered(1, 2, 1n), seeded(2, 1, 1, 2n)]);
      const none = withEvents(
        [{ eventName: "GatewayLeft", args: { id: 1, zone: 2, successors: "0x", version: 3n } }],
        one,
      );
      expect(none.table.every((id) => id === 0)).to.equal(true);
    });

    it("keeps the entry of a retired gateway and the earlier directory as it was", () => {
      const before = fleet();
      const retired = withEvents([{ eventName: "GatewayRetired", args: { id: 3, version: 13n } }], before);
      expect(retired.gateways.get(3)?.active).to.equal(false);
      expect(before.gateways.get(3)?.active).to.equal(true);
      expect(retired.version).to.equal(13n);
    });

    it("assigns reserved slots behind the ordinary ones", () => {
      const event: DirectoryEvent = {
        eventName: "ReservedSlotAssigned",
        args: { zone: 1, reservedSlot: 5, id: 3, version: 13n },
      };
      expect(withEvents([event], fleet()).table[SLOT_COUNT + 512 + 5]).to.equal(3);
    });
  });

  describe("snapshot", () => {
    const snapshot = {
      ...withEvents([{ eventName: "NameIsolated", args: { node: SHOP, index: 0xffffffe0, version: 13n } }], fleet()),
      chainId: 31337,
      address: address("d"),
      tld: "hold",
      block: { number: 12n, hash: `0x${"12".repeat(32)}` as Hex, timestamp: 1_000n },
    };

    it("returns what went into its JSON", () => {
      const text = JSON.stringify(formatSnapshot(snapshot));
      expect(parseSnapshot(JSON.parse(text))).to.deep.equal(snapshot);
    });

    it("rejects a broken document and names the field", () => {
      const value = formatSnapshot(snapshot);
      expect(() => parseSnapshot({ ...value, tables: value.tables.slice(1) })).to.throw(
        MalformedSnapshotError,
        "tables",
      );
      expect(() => parseSnapshot({ ...value, version: "-1" })).to.throw(MalformedSnapshotError, "version");
    });
  });
});
