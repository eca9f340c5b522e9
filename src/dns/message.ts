/** A DNS message as plain data (RFC 1035 section 4), EDNS and TSIG taken out of the additional section. */
import type { DomainName } from "./name.ts";

/** A resource record; its data in wire form with every name uncompressed. */
export interface ResourceRecord {
  readonly name: DomainName;
  readonly type: number;
  readonly class: number;
  readonly ttlSeconds: number;
  readonly rdata: Uint8Array;
}

/** Same name, class and type; one TTL (RFC 2181 section 5). The class is IN. */
export interface RRset {
  readonly name: DomainName;
  readonly type: number;
  readonly ttlSeconds: number;
  readonly rdatas: readonly Uint8Array[];
}

export interface Question {
  /** As it was asked, in the asker's case. */
  readonly name: DomainName;
  readonly type: number;
  readonly class: number;
}

export interface EdnsOption {
  readonly code: number;
  readonly data: Uint8Array;
}

/** EDNS(0) (RFC 6891). */
export interface Edns {
  readonly version: number;
  readonly udpSizeBytes: number;
  readonly dnssecOk: boolean;
  readonly options: readonly EdnsOption[];
}

export interface Message {
  readonly id: number;
  readonly opcode: number;
  /** The whole response code, EDNS's upper bits included. */
  readonly rcode: number;
  readonly isResponse: boolean;
  readonly isAuthoritative: boolean;
  readonly isTruncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly authenticData: boolean;
  readonly checkingDisabled: boolean;
  readonly questions: readonly Question[];
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  readonly additionals: readonly ResourceRecord[];
  readonly edns?: Edns;
  /** The TSIG record, last of the message (RFC 8945), and where it began. */
  readonly tsig?: { readonly record: ResourceRecord; readonly offset: number };
}

/** The records of a set. */
export function recordsOf(rrset: RRset): ResourceRecord[] {
  const { name, type, ttlSeconds } = rrset;
  return rrset.rdatas.map((rdata) => ({ name, type, class: 1, ttlSeconds, rdata }));
}

/** A query as a client sends it: one question, no recursion unless asked for. */
export function createQuery(
  id: number,
  question: { readonly name: DomainName; readonly type: number },
  options: { readonly recursionDesired?: boolean; readonly edns?: Edns } = {},
): Message {
  return {
    id,
    opcode: 0,
    rcode: 0,
    isResponse: false,
    isAuthoritative: false,
    isTruncated: false,
    recursionDesired: options.recursionDesired ?? false,
    recursionAvailable: false,
    authenticData: false,
    checkingDisabled: false,
    questions: [{ name: question.name, type: question.type, class: 1 }],
    answers: [],
    authorities: [],
    additionals: [],
    ...(options.edns === undefined ? {} : { edns: options.edns }),
  };
}
