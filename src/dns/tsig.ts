/** Transaction signatures (RFC 8945): a shared secret over a message, its time and the request it answers. */
import { hmac } from "@noble/hashes/hmac.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { sha224, sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { concatBytes } from "../base/bytes.ts";
import { CLASS_ANY, TSIG_ERROR, TYPE } from "./codes.ts";
import type { Message } from "./message.ts";
import { type DomainName, lowerName, nameToWire, readName } from "./name.ts";

const HASHES = {
  "hmac-sha1": sha1,
  "hmac-sha224": sha224,
  "hmac-sha256": sha256,
  "hmac-sha384": sha384,
  "hmac-sha512": sha512,
} as const;

export type TsigAlgorithm = keyof typeof HASHES;

export interface TsigKey {
  /** A domain name, lower case. */
  readonly name: DomainName;
  readonly algorithm: TsigAlgorithm;
  readonly secret: Uint8Array;
}

/** Clocks may differ by this much, in seconds. */
const FUDGE_SECONDS = 300;
const NO_BYTES = new Uint8Array(0);

interface TsigFields {
  readonly algorithm: DomainName;
  readonly timeSeconds: number;
  readonly fudgeSeconds: number;
  readonly mac: Uint8Array;
  readonly originalId: number;
  readonly error: number;
  readonly other: Uint8Array;
}

export function isTsigAlgorithm(text: string): text is TsigAlgorithm {
  return Object.hasOwn(HASHES, text);
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 0xff);
}

function u48(value: number): Uint8Array {
  return concatBytes(u16(Math.floor(value / 2 ** 32)), u16((value >>> 16) & 0xffff), u16(value & 0xffff));
}

function readFields(rdata: Uint8Array): TsigFields | undefined {
  const name = readName(rdata, 0, "refused");
  if (typeof name === "string" || name.end + 10 > rdata.length) return undefined;
  const view = new DataView(rdata.buffer, rdata.byteOffset, rdata.length);
  const macLength = view.getUint16(name.end + 8);
  const at = name.end + 10 + macLength;
  if (at + 6 > rdata.length || at + 6 + view.getUint16(at + 4) !== rdata.length) return undefined;
  return {
    algorithm: lowerName(name.name),
    timeSeconds: view.getUint16(name.end) * 2 ** 32 + view.getUint32(name.end + 2),
    fudgeSeconds: view.getUint16(name.end + 6),
    mac: rdata.subarray(name.end + 10, at),
    originalId: view.getUint16(at),
    error: view.getUint16(at + 2),
    other: rdata.subarray(at + 6),
  };
}

/** What is hashed of the TSIG record itself; of later messages of a stream only the times. */
function variablesOf(key: DomainName, fields: Omit<TsigFields, "mac" | "originalId">, isLater: boolean): Uint8Array {
  const times = concatBytes(u48(fields.timeSeconds), u16(fields.fudgeSeconds));
  if (isLater) return times;
  return concatBytes(
    nameToWire(key),
    u16(CLASS_ANY),
    new Uint8Array(4),
    nameToWire(fields.algorithm),
    times,
    u16(fields.error),
    u16(fields.other.length),
    fields.other,
  );
}

function prefixed(mac: Uint8Array): Uint8Array {
  return concatBytes(u16(mac.length), mac);
}

export declare namespace signMessage {
  interface Options {
    readonly nowSeconds: number;
    /** The MAC of the request, or of the message before in a stream. */
    readonly priorMac?: Uint8Array;
    /** Whether a signed message of the same stream went before. */
    readonly isLater?: boolean;
    readonly error?: number;
  }
}

/** The bytes of the message with its TSIG record, and the MAC, which the next message's covers. */
export function signMessage(
  bytes: Uint8Array,
  key: TsigKey,
  options: signMessage.Options,
): { readonly bytes: Uint8Array; readonly mac: Uint8Array } {
  const { nowSeconds, priorMac, isLater = false, error = 0 } = options;
  const other = error === TSIG_ERROR.BADTIME ? u48(nowSeconds) : NO_BYTES;
  const fields = { algorithm: key.algorithm, timeSeconds: nowSeconds, fudgeSeconds: FUDGE_SECONDS, error, other };
  const isUnsigned = error === TSIG_ERROR.BADKEY || error === TSIG_ERROR.BADSIG;
  const mac = isUnsigned
    ? NO_BYTES
    : hmac(
        HASHES[key.algorithm],
        key.secret,
        concatBytes(priorMac ? prefixed(priorMac) : NO_BYTES, bytes, variablesOf(key.name, fields, isLater)),
      );
  const rdata = concatBytes(
    nameToWire(key.algorithm),
    u48(nowSeconds),
    u16(FUDGE_SECONDS),
    prefixed(mac),
    bytes.subarray(0, 2),
    u16(error),
    u16(other.length),
    other,
  );
  const record = concatBytes(
    nameToWire(key.name),
    u16(TYPE.TSIG),
    u16(CLASS_ANY),
    new Uint8Array(4),
    u16(rdata.length),
    rdata,
  );
  const signed = concatBytes(bytes, record);
  const view = new DataView(signed.buffer);
  view.setUint16(10, view.getUint16(10) + 1);
  return { bytes: signed, mac };
}

/** Bytes that a TSIG record of `key` takes. */
export function tsigBytes(key: TsigKey): number {
  return nameToWire(key.name).length + nameToWire(key.algorithm).length + HASHES[key.algorithm].outputLen + 32;
}

export type TsigCheck =
  | { readonly kind: "valid"; readonly key: TsigKey; readonly mac: Uint8Array }
  /** `key` is the one to answer with; its secret is empty where there is none of that name. */
  | { readonly kind: "invalid"; readonly error: number; readonly key: TsigKey; readonly mac: Uint8Array }
  | { readonly kind: "malformed" };

function equalMacs(left: Uint8Array, right: Uint8Array): boolean {
  let difference = left.length ^ right.length;
  for (let index = 0; index < left.length; index += 1) difference |= left[index]! ^ (right[index] ?? 0);
  return difference === 0;
}

/** Checks the TSIG record of a message. `bytes` are those that `message` was decoded from. */
export function verifyMessage(
  bytes: Uint8Array,
  message: Message,
  keys: readonly TsigKey[],
  options: { readonly nowSeconds: number; readonly priorMac?: Uint8Array; readonly isLater?: boolean },
): TsigCheck {
  const { tsig } = message;
  const fields = tsig && readFields(tsig.record.rdata);
  if (!tsig || !fields || tsig.record.class !== CLASS_ANY) return { kind: "malformed" };
  const name = lowerName(tsig.record.name);
  const key = keys.find((candidate) => candidate.name === name && candidate.algorithm === fields.algorithm);
  if (!key) {
    const algorithm = isTsigAlgorithm(fields.algorithm) ? fields.algorithm : "hmac-sha256";
    return { kind: "invalid", error: TSIG_ERROR.BADKEY, key: { name, algorithm, secret: NO_BYTES }, mac: NO_BYTES };
  }
  const plain = new Uint8Array(bytes.subarray(0, tsig.offset));
  const view = new DataView(plain.buffer);
  view.setUint16(0, fields.originalId);
  view.setUint16(10, view.getUint16(10) - 1);
  const prior = options.priorMac ? prefixed(options.priorMac) : NO_BYTES;
  const expected = hmac(
    HASHES[key.algorithm],
    key.secret,
    concatBytes(prior, plain, variablesOf(name, fields, options.isLater ?? false)),
  );
  if (!equalMacs(expected, fields.mac)) return { kind: "invalid", error: TSIG_ERROR.BADSIG, key, mac: fields.mac };
  if (Math.abs(options.nowSeconds - fields.timeSeconds) > fields.fudgeSeconds) {
    return { kind: "invalid", error: TSIG_ERROR.BADTIME, key, mac: fields.mac };
  }
  return { kind: "valid", key, mac: fields.mac };
}
