/**
 * How the TLD's zone came to be what it is, for secondaries that take the steps (IXFR, RFC 1995). What was last handed out is
 * kept in short form, a few numbers a name; a step is worked out when somebody asks, from the names that events touched
 * since then and the leases that ended, so that a block nobody asks about costs nothing.
 */
import { type ResourceRecord, type RRset, recordsOf } from "../../dns/message.ts";
import type { DomainName } from "../../dns/name.ts";
import { SLOT_COUNT, type Slots } from "../../sharding/shard.ts";
import { serialOf } from "../dns/memoryZone.ts";
import type { ZoneChange } from "../dns/zoneSource.ts";
import { delegationOf } from "./infrastructure.ts";

/** A delegation: the name's shard, and when its lease ends, in seconds since 1970. */
export interface Delegation {
  readonly slots: Slots;
  readonly expiry: number;
}

/** The zone as it is now. */
export interface TldContent {
  readonly suffix: DomainName;
  soa(): RRset;
  /** Time of the block that is shown, in seconds since 1970. */
  timestamp(): number;
  /** Domain names below which there may be a delegation. */
  owners(): Iterable<DomainName>;
  delegation(owner: DomainName): Delegation | undefined;
  /** What does not depend on names: the zone's own servers, and addresses of virtual gateways. */
  infrastructure(): Iterable<ResourceRecord>;
}

/** Steps kept. */
const STEPS_MAX = 100;

interface Entry {
  /** The four slots in one number. */
  readonly shard: number;
  readonly expiry: number;
}

interface Draft {
  readonly removed: ResourceRecord[];
  readonly added: ResourceRecord[];
}

const packed = (slots: Slots): number => slots.reduce((sum, slot) => sum * SLOT_COUNT + slot, 0);

function unpacked(shard: number): Slots {
  const slots: number[] = [];
  for (let rest = shard; slots.length < 4; rest = Math.floor(rest / SLOT_COUNT)) slots.unshift(rest % SLOT_COUNT);
  return slots as unknown as Slots;
}

const keyOf = ({ name, type, rdata }: ResourceRecord) => `${name}/${type}/${Buffer.from(rdata).toString("latin1")}`;

/** The TLD's zone as secondaries were last given it, and the steps before. */
export class TldHistory {
  readonly #content: TldContent;
  /** What was last handed out; empty until somebody asks. */
  readonly #entries = new Map<DomainName, Entry>();
  #infrastructure = new Map<string, ResourceRecord>();
  #soa: ResourceRecord | undefined;
  /** Owners to look at again. */
  readonly #touched = new Set<DomainName>();
  #isInfrastructureTouched = true;
  #nextExpiry = Number.POSITIVE_INFINITY;
  #steps: ZoneChange[] = [];

  constructor(content: TldContent) {
    this.#content = content;
  }

  /** An event told of a name. */
  touch(owner: DomainName): void {
    if (this.#soa !== undefined) this.#touched.add(owner);
  }

  /** The directory changed: addresses of virtual gateways may have. */
  touchInfrastructure(): void {
    this.#isInfrastructureTouched = true;
  }

  /** After a reorganisation the steps are not those that were handed out. */
  forget(): void {
    this.#entries.clear();
    this.#infrastructure.clear();
    this.#soa = undefined;
    this.#touched.clear();
    this.#isInfrastructureTouched = true;
    this.#nextExpiry = Number.POSITIVE_INFINITY;
    this.#steps = [];
  }

  /** The whole zone but its SOA, as it is at this moment, however long it takes to read it. */
  records(): Iterable<ResourceRecord> {
    this.#advance();
    return this.#list([...this.#infrastructure.values()], [...this.#entries]);
  }

  /** The steps from a serial that was handed out to the present one. */
  changesSince(serial: number): readonly ZoneChange[] | undefined {
    if (this.#soa === undefined) return undefined;
    this.#advance();
    const first = this.#steps.findIndex(({ fromSoa }) => serialOf(fromSoa.rdata) === serial);
    return first === -1 ? undefined : this.#steps.slice(first);
  }

  *#list(fixed: readonly ResourceRecord[], entries: readonly (readonly [DomainName, Entry])[]) {
    yield* fixed;
    for (const [owner, { shard }] of entries) yield* this.#recordsOf(owner, shard);
  }

  #recordsOf(owner: DomainName, shard: number): readonly ResourceRecord[] {
    return recordsOf(delegationOf(owner, unpacked(shard), this.#content.suffix));
  }

  /** Brings what is kept up to now, and notes the step. */
  #advance(): void {
    const former = this.#soa;
    const [soa] = recordsOf(this.#content.soa());
    if (former !== undefined && serialOf(former.rdata) === serialOf(soa!.rdata)) return;
    const draft: Draft = { removed: [], added: [] };
    if (this.#isInfrastructureTouched) this.#renewInfrastructure(draft);
    for (const owner of former === undefined ? this.#content.owners() : this.#ownersToCheck())
      this.#renew(owner, draft);
    this.#touched.clear();
    this.#soa = soa!;
    if (former === undefined) return;
    this.#steps = [...this.#steps, { fromSoa: former, toSoa: soa!, ...draft }].slice(-STEPS_MAX);
  }

  /** Names that events touched, and those whose lease is over. */
  #ownersToCheck(): Iterable<DomainName> {
    const owners = new Set(this.#touched);
    const timestamp = this.#content.timestamp();
    if (timestamp < this.#nextExpiry) return owners;
    this.#nextExpiry = Number.POSITIVE_INFINITY;
    for (const [owner, { expiry }] of this.#entries) {
      if (expiry <= timestamp) owners.add(owner);
      else this.#nextExpiry = Math.min(this.#nextExpiry, expiry);
    }
    return owners;
  }

  #renew(owner: DomainName, draft: Draft): void {
    const before = this.#entries.get(owner);
    const now = this.#content.delegation(owner);
    const shard = now && packed(now.slots);
    if (now === undefined || shard === undefined) this.#entries.delete(owner);
    else {
      this.#entries.set(owner, { shard, expiry: now.expiry });
      this.#nextExpiry = Math.min(this.#nextExpiry, now.expiry);
    }
    if (before?.shard === shard) return;
    const old = before === undefined ? [] : this.#recordsOf(owner, before.shard);
    const present = shard === undefined ? [] : this.#recordsOf(owner, shard);
    draft.removed.push(...differenceOf(old, present));
    draft.added.push(...differenceOf(present, old));
  }

  #renewInfrastructure(draft: Draft): void {
    const now = new Map([...this.#content.infrastructure()].map((record) => [keyOf(record), record]));
    draft.removed.push(...differenceOf([...this.#infrastructure.values()], [...now.values()]));
    draft.added.push(...differenceOf([...now.values()], [...this.#infrastructure.values()]));
    this.#infrastructure = now;
    this.#isInfrastructureTouched = false;
  }
}

/** The records of `left` that `right` has not. */
function differenceOf(left: readonly ResourceRecord[], right: readonly ResourceRecord[]): readonly ResourceRecord[] {
  const known = new Set(right.map(keyOf));
  return left.filter((record) => !known.has(keyOf(record)));
}
