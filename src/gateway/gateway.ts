/**
 * A gateway: a function from query to answer over the replica's memory. It answers for the names whose shard it belongs to,
 * refers for all others, signs what it says or proves it, and never waits for anybody.
 *
 * Blocks. Signed answers are read at the replica's head, proven ones at its last checkpoint, which is the same block at every
 * gateway that is not behind. Leases are judged by that block's timestamp, so that equal blocks give equal answers.
 */

import { fromHex, type Hex } from "../base/bytes.ts";
import { type Clock, nowSeconds } from "../base/clock.ts";
import { BaseError } from "../base/errors.ts";
import { isServing, shardOf } from "../directory/directory.ts";
import { registeredNameOf } from "../naming/name.ts";
import { namehash } from "../naming/namehash.ts";
import { ForeignResolverError, type NameReading } from "../proof/readName.ts";
import type { ReadSlot } from "../proof/value.ts";
import type { Answer, NameStatus } from "../protocol/answer.ts";
import type { Query } from "../protocol/query.ts";
import { isStored, type RecordKey } from "../protocol/record.ts";
import type { BlockHeader } from "../replica/source/chainSource.ts";
import { type Attested, blockReferenceOf, createEvidence, type EvidenceOptions } from "./evidence.ts";
import { readWithZone, type ZoneReading } from "./readWithZone.ts";

export interface GatewayOptions extends EvidenceOptions {
  readonly registry: Hex;
  readonly tld: string;
  readonly clock: Clock;
}

export interface Gateway {
  /**
   * Of a name whose records are in another contract it tells none: asked to prove, it proves that they are elsewhere; asked to sign, it
   * says so by the `authority` record where that is among those asked for. Throws `NotReadyError`, `BehindError`, and otherwise
   * `ForeignResolverError` of the proof room.
   */
  answer(query: Query): Answer;
  /** Whether this gateway serves a name directly under the TLD, as of its head. */
  serves(registeredName: string): boolean;
  /** This gateway's attestation of its checkpoint and those of others; `undefined` before the first. */
  attestation(): Attested | undefined;
}

export class NotReadyError extends BaseError {
  override readonly name = "Gateway.NotReadyError";
  constructor(what: string) {
    super("GATEWAY_NOT_READY", `This gateway cannot answer yet: ${what}.`, { retriable: true });
  }
}

export class BehindError extends BaseError {
  override readonly name = "Gateway.BehindError";
  constructor(blockNumber: number, blockNumberMin: bigint) {
    super("GATEWAY_BEHIND", `This gateway is at block ${blockNumber}, below the ${blockNumberMin} asked for.`, {
      retriable: true,
    });
  }
}

/** What the registry itself says of a name that keeps its records in another contract: who signs, and the name's word; of its records nothing. */
function ownResults(query: Query, read: (records: readonly RecordKey[]) => ZoneReading): NameReading["results"] {
  const asked: readonly RecordKey[] = query.records.filter((record) => !isStored(record));
  const told = read(asked).reading.results;
  return query.records.map((record) => told[asked.indexOf(record)] ?? { record, value: null, ttlSeconds: 0 });
}

/** The results of a reading; where the records are in another contract, none of any record. */
function resultsOf(
  query: Query,
  touched: Set<Hex> | undefined,
  read: (records: readonly RecordKey[]) => ZoneReading,
): Pick<ZoneReading, "zone"> & Pick<NameReading, "results"> {
  try {
    const { reading, zone } = read(query.records);
    return { results: reading.results, ...(zone === undefined ? {} : { zone }) };
  } catch (error) {
    if (!(error instanceof ForeignResolverError)) throw error;
    // The slots read so far prove which contract keeps the records; what those are is not this gateway's to say.
    if (touched !== undefined)
      return { results: query.records.map((record) => ({ record, value: null, ttlSeconds: 0 })) };
    // Who asks along who signs for the name sees by the answer that the records are elsewhere; nobody else may take them for absent.
    if (!query.records.some(({ kind }) => kind === "authority")) throw error;
    return { results: ownResults(query, read) };
  }
}

/** A gateway over a replica. */
export function createGateway(options: GatewayOptions): Gateway {
  const { replica, gatewayId, registry, tld, clock } = options;
  const { sign, prove, attestation } = createEvidence(options);

  const blockFor = (query: Query): BlockHeader => {
    const header = query.evidence === "proof" ? replica.checkpoint?.header : replica.head;
    if (header === undefined) {
      throw new NotReadyError(
        query.evidence === "proof" ? "there is no checkpoint to prove from" : "its copy is empty",
      );
    }
    if (query.blockNumberMin !== undefined && BigInt(header.number) < query.blockNumberMin) {
      throw new BehindError(header.number, query.blockNumberMin);
    }
    return header;
  };

  const isOwn = (name: string, status: NameStatus, header: BlockHeader): boolean => {
    // A copy that is not the chain's is no ground for an answer; the last proven state still says whom to ask.
    if (replica.status !== "following") return false;
    const registered = registeredNameOf(name, tld);
    if (registered === undefined) return false;
    const slots = shardOf(replica.directory, namehash(registered), status.shardIndex);
    return isServing(replica.directory, gatewayId, slots, Math.max(nowSeconds(clock), header.timestamp));
  };

  const read = (query: Query, records: readonly RecordKey[], header: BlockHeader, touched?: Set<Hex>): ZoneReading => {
    const isProof = query.evidence === "proof";
    const readSlot: ReadSlot = (slot) => {
      const bytes = fromHex(slot);
      return isProof ? replica.readAtCheckpoint(bytes) : replica.read(bytes);
    };
    const parameters = { name: query.name, records, tld, registry, timestamp: BigInt(header.timestamp) };
    return readWithZone(replica, readSlot, parameters, (slot) => touched?.add(slot));
  };

  const gateway: Gateway = {
    answer(query) {
      const header = blockFor(query);
      const touched = query.evidence === "proof" ? new Set<Hex>() : undefined;
      const { status } = read(query, [], header, touched).reading;
      const common = { name: query.name, node: namehash(query.name), block: blockReferenceOf(header), status };
      if (!isOwn(query.name, status, header)) {
        const referral = { kind: "referral" as const, ...common };
        return touched === undefined ? sign(referral) : prove(referral, touched);
      }
      const { results, zone } = resultsOf(query, touched, (records) => read(query, records, header, touched));
      const answer = { kind: "records" as const, ...common, results };
      return touched === undefined ? sign(answer) : prove(answer, touched, zone);
    },
    serves(registeredName) {
      const header = replica.head;
      if (header === undefined) return false;
      const query: Query = { name: registeredName, records: [], evidence: "signature" };
      return isOwn(registeredName, read(query, [], header).reading.status, header);
    },
    attestation,
  };
  return gateway;
}
