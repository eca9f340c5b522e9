/** HTTP requests and responses as plain data, so that the whole front is a function that tests call without a socket. */
import { BaseError } from "../../base/errors.ts";

export interface HttpRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** What stands behind the question mark, not decoded; empty where there is none. */
  readonly search: string;
  /** A header field by its lower-case name. */
  readonly field: (name: string) => string | undefined;
  readonly body: Uint8Array;
  readonly peer: { readonly address: string; readonly port: number };
}

export interface HttpResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** Whether the same object is sent many times, so that work on it is worth keeping. */
  readonly isKept?: boolean;
}

/** A request that cannot be served, as a problem body (RFC 9457) says it. */
export class ProblemError extends BaseError {
  override readonly name = "Gateway.ProblemError";
  readonly status: number;
  /** The last part of the problem's type. */
  readonly slug: string;
  readonly fields: Readonly<Record<string, string>>;
  constructor(status: number, slug: string, detail: string, fields: Readonly<Record<string, string>> = {}) {
    super("GATEWAY_PROBLEM", detail);
    this.status = status;
    this.slug = slug;
    this.fields = fields;
  }
}

const TITLES: Readonly<Record<string, string>> = {
  "not-found": "There is nothing at this path",
  "method-not-allowed": "The path does not take this method",
  "malformed-request": "The request is malformed",
  "too-large": "The request is too large",
  "unsupported-media-type": "The body has another media type than is read here",
  "not-ready": "This gateway cannot answer yet",
  behind: "This gateway is behind the block asked for",
  "foreign-resolver": "The name keeps its records in another contract",
  "not-served": "This gateway does not serve the name",
  "wrong-epoch": "The set was signed for another tenure or version of the name",
  expired: "The set no longer counts",
  "not-yet-valid": "The set does not count yet",
  "wrong-signature": "The signature is not the signer's",
  "wrong-signer": "The signer may not write the name's records",
  "old-sequence": "A newer set is held",
  revoked: "The set's owner has revoked sets of its sequence",
  "malformed-record": "A record of the set is malformed",
  "malformed-rrset": "An RRset of the set is malformed",
  "malformed-piece": "The piece is not the one that the set's head lists",
  "too-many-records": "The set has too many records",
  "quota-exceeded": "The name has used its share of this gateway",
  "chain-unreachable": "Too few RPC providers answer",
  "read-only": "This server takes no sets",
  "no-set": "No set that counts covers the name here",
  busy: "This gateway is at its limit",
  internal: "This gateway failed",
};

/** The type of a problem: a name within this software, to be compared and not fetched. */
export const PROBLEM_TYPE_PREFIX = "tag:holdfast,2026:problem/";

export function problemResponse(
  status: number,
  slug: string,
  detail: string,
  fields: Readonly<Record<string, string>> = {},
): HttpResponse {
  return {
    status,
    fields: { "content-type": "application/problem+json", "cache-control": "no-store", ...fields },
    body: JSON.stringify({ type: `${PROBLEM_TYPE_PREFIX}${slug}`, title: TITLES[slug] ?? slug, status, detail }),
  };
}

/** A JSON response; bigints become decimal strings. */
export function jsonResponse(value: unknown, fields: Readonly<Record<string, string>> = {}): HttpResponse {
  return {
    status: 200,
    fields: { "content-type": "application/json", "cache-control": "no-store", ...fields },
    body: JSON.stringify(value, (_, item) => (typeof item === "bigint" ? item.toString() : item)),
  };
}
