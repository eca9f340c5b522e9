/** DNS cookies (RFC 7873), server side in the interoperable form of RFC 9018. */
import { concatBytes, equalBytes } from "../base/bytes.ts";
import { sipHash24 } from "./sipHash.ts";

export const CLIENT_COOKIE_BYTES = 8;
const SERVER_COOKIE_BYTES = 16;
/** Cookies older than this are refused, those older than half of it renewed (RFC 9018 section 4.3). */
const AGE_SECONDS_MAX = 3600;
const RENEW_SECONDS = 1800;
const FUTURE_SECONDS_MAX = 300;

/** `malformed`: a length no cookie has. `absent`: a client cookie alone. */
export type CookieState = "malformed" | "absent" | "invalid" | "valid" | "renew";

function hashOf(secret: Uint8Array, client: Uint8Array, head: Uint8Array, address: Uint8Array): Uint8Array {
  return sipHash24(secret, concatBytes(client, head, address));
}

/** The option's data for the answer: client cookie, then the server's for this address and time. */
export function createCookie(secret: Uint8Array, client: Uint8Array, address: Uint8Array, seconds: number): Uint8Array {
  const head = new Uint8Array(8);
  head[0] = 1;
  new DataView(head.buffer).setUint32(4, seconds);
  return concatBytes(client, head, hashOf(secret, client, head, address));
}

/** What a query's COOKIE option is worth. Several secrets allow a roll-over; the first is the current one. */
export function checkCookie(
  secrets: readonly Uint8Array[],
  cookie: Uint8Array,
  address: Uint8Array,
  seconds: number,
): CookieState {
  if (cookie.length === CLIENT_COOKIE_BYTES) return "absent";
  if (cookie.length < 16 || cookie.length > 40) return "malformed";
  if (cookie.length !== CLIENT_COOKIE_BYTES + SERVER_COOKIE_BYTES || cookie[8] !== 1) return "invalid";
  const client = cookie.subarray(0, 8);
  const head = cookie.subarray(8, 16);
  const made = new DataView(cookie.buffer, cookie.byteOffset + 12, 4).getUint32(0);
  // Serial arithmetic: the clock wraps in 2106.
  const ageSeconds = (seconds - made) | 0;
  if (ageSeconds > AGE_SECONDS_MAX || ageSeconds < -FUTURE_SECONDS_MAX) return "invalid";
  const index = secrets.findIndex((secret) => equalBytes(hashOf(secret, client, head, address), cookie.subarray(16)));
  if (index === -1) return "invalid";
  return index > 0 || ageSeconds > RENEW_SECONDS ? "renew" : "valid";
}
