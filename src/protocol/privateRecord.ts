/**
 * Records that only some may read: their value is encrypted to named recipients, by ECIES over secp256k1 (eciesjs: HKDF-SHA256,
 * AES-256-GCM). A value is, in bytes:
 *
 *     "hfp1" ‖ number of recipients (1) ‖ of each: hint (8) ‖ length (2) ‖ ECIES(recipient, content key) ‖ ECIES(content key, body)
 *
 * The content key is a fresh private key, and what is encrypted to it alone is the body: keccak256(name ‖ 0 ‖ record's text) and
 * the record's bytes, so that a value moved to another name or record is found out. The hint is the first bytes of keccak256 of the
 * recipient's public key, by which recipients find their part; it tells others who may read, not what.
 */
import { decrypt, encrypt, PrivateKey, PublicKey } from "eciesjs";
import { concatBytes, equalBytes, fromHex, type Hex, toHex, utf8Bytes } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { keccak256 } from "../base/keccak.ts";
import { formatRecordKey, type StoredRecordKey } from "./record.ts";

const MAGIC = utf8Bytes("hfp1");
const HINT_BYTES = 8;
const BINDING_BYTES = 32;
const SCALAR_BYTES = 32;
/** Recipients of one record. */
export const RECIPIENTS_MAX = 32;

/** The place of a record, to which its encrypted value is bound. */
export interface RecordPlaceName {
  readonly name: string;
  readonly record: StoredRecordKey;
}

export class InvalidRecipientError extends BaseError {
  override readonly name = "Protocol.InvalidRecipientError";
  constructor(reason: string, cause?: unknown) {
    super("PROTOCOL_INVALID_RECIPIENT", `A private record cannot be encrypted: ${reason}.`, { cause });
  }
}

export class UnreadableRecordError extends BaseError {
  override readonly name = "Protocol.UnreadableRecordError";
  constructor({ name, record }: RecordPlaceName, reason: string, cause?: unknown) {
    super("PROTOCOL_UNREADABLE_RECORD", `${formatRecordKey(record)} of ${name} cannot be read: ${reason}.`, { cause });
  }
}

function bindingOf({ name, record }: RecordPlaceName): Uint8Array {
  return keccak256(concatBytes(utf8Bytes(name), Uint8Array.of(0), utf8Bytes(formatRecordKey(record))));
}

/** The 64 bytes x ‖ y of a public key of 33, 64 or 65 bytes. Throws `InvalidRecipientError`. */
export function normalisePublicKey(key: Hex): Uint8Array {
  try {
    const bytes = fromHex(key);
    const whole = bytes.length === 64 ? concatBytes(Uint8Array.of(4), bytes) : bytes;
    return publicKeyBytes(whole);
  } catch (error) {
    throw new InvalidRecipientError(`${key.slice(0, 20)}… is no public key of secp256k1`, error);
  }
}

function publicKeyBytes(bytes: Uint8Array): Uint8Array {
  return PublicKey.fromHex(toHex(bytes).slice(2)).toBytes(false).subarray(1);
}

const hintOf = (publicKey: Uint8Array) => keccak256(publicKey).subarray(0, HINT_BYTES);
const whole = (publicKey: Uint8Array) => concatBytes(Uint8Array.of(4), publicKey);

/**
 * The value of a record that only `recipients` can read. Throws `InvalidRecipientError`.
 *
 * @param recipients Public keys, x ‖ y.
 * @example
 * ```ts
 * const value = encryptRecord({ name: "shop.hold", record: { kind: "text", key: "phone" } }, utf8Bytes("+1 555 0100"), [key]);
 * ```
 */
export function encryptRecord(place: RecordPlaceName, plain: Uint8Array, recipients: readonly Uint8Array[]): Hex {
  if (recipients.length === 0 || recipients.length > RECIPIENTS_MAX) {
    throw new InvalidRecipientError(`${recipients.length} recipients, not 1 to ${RECIPIENTS_MAX}`);
  }
  const content = new PrivateKey();
  const parts = recipients.map((recipient) => {
    const wrapped = encrypt(whole(recipient), content.secret);
    return concatBytes(hintOf(recipient), Uint8Array.of(wrapped.length >> 8, wrapped.length & 0xff), wrapped);
  });
  const body = encrypt(content.publicKey.toBytes(false), concatBytes(bindingOf(place), plain));
  return toHex(concatBytes(MAGIC, Uint8Array.of(recipients.length), ...parts, body));
}

/** Whether a record's value is encrypted in this way. */
export function isPrivateRecord(value: Hex): boolean {
  return value.startsWith(toHex(MAGIC));
}

interface Envelope {
  readonly wrapped: ReadonlyMap<Hex, Uint8Array>;
  readonly body: Uint8Array;
}

function parseEnvelope(place: RecordPlaceName, value: Hex): Envelope {
  const bytes = fromHex(value);
  const malformed = () => new UnreadableRecordError(place, "it is malformed");
  if (!isPrivateRecord(value)) throw new UnreadableRecordError(place, "it is not a private record");
  const wrapped = new Map<Hex, Uint8Array>();
  let offset = MAGIC.length + 1;
  for (let left = bytes[MAGIC.length] ?? 0; left > 0; left -= 1) {
    const start = offset + HINT_BYTES + 2;
    if (start > bytes.length) throw malformed();
    const end = start + ((bytes[start - 2]! << 8) | bytes[start - 1]!);
    if (end > bytes.length) throw malformed();
    wrapped.set(toHex(bytes.subarray(offset, offset + HINT_BYTES)), bytes.subarray(start, end));
    offset = end;
  }
  return { wrapped, body: bytes.subarray(offset) };
}

/** The bytes of a private record, for one of its recipients. Throws `UnreadableRecordError`. */
export function decryptRecord(place: RecordPlaceName, value: Hex, privateKey: Hex): Uint8Array {
  const { wrapped, body } = parseEnvelope(place, value);
  const key = PrivateKey.fromHex(privateKey);
  const own = wrapped.get(toHex(hintOf(key.publicKey.toBytes(false).subarray(1))));
  if (own === undefined) throw new UnreadableRecordError(place, "the key is not one of its recipients'");
  let opened: Uint8Array;
  try {
    const content = decrypt(key.secret, own);
    if (content.length !== SCALAR_BYTES) throw new UnreadableRecordError(place, "its content key is no key");
    opened = decrypt(content, body);
  } catch (error) {
    throw new UnreadableRecordError(place, "it was changed on its way", error);
  }
  const binding = opened.subarray(0, BINDING_BYTES);
  if (!equalBytes(binding, bindingOf(place))) throw new UnreadableRecordError(place, "it was made for another record");
  return opened.subarray(BINDING_BYTES);
}
