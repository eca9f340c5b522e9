/** The key with which a gateway signs answers and attestations; the directory lists its address. */
import { isPrivate, pointFromScalar, signRecoverable } from "tiny-secp256k1";
import { fromHex, type Hex, isHex, toHex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { addressOfPublicKey } from "../proof/recoverAddress.ts";

export interface Signer {
  /** Lower case. */
  readonly address: Hex;
  /** r, s and v (27 or 28) over a 32-byte digest. */
  sign(digest: Hex): Hex;
}

export class InvalidSignerKeyError extends BaseError {
  override readonly name = "Gateway.InvalidSignerKeyError";
  constructor(source: string) {
    super("GATEWAY_INVALID_SIGNER_KEY", `The signer key from ${source} is no secp256k1 private key.`, {
      metaMessages: ["Expected 0x and 64 hexadecimal digits."],
    });
  }
}

/**
 * The signer of a private key. Throws `InvalidSignerKeyError`, which never shows the key.
 *
 * @param source Where the key came from, for the error.
 */
export function createSigner(privateKey: string, source = "the configuration"): Signer {
  const text = privateKey.trim();
  if (!isHex(text) || text.length !== 66) throw new InvalidSignerKeyError(source);
  const key = fromHex(text);
  const publicKey = isPrivate(key) ? pointFromScalar(key, false) : null;
  if (publicKey === null) throw new InvalidSignerKeyError(source);
  return {
    address: addressOfPublicKey(publicKey.subarray(1)) as Hex,
    sign(digest) {
      const { signature, recoveryId } = signRecoverable(fromHex(digest), key);
      return `${toHex(signature)}${(27 + recoveryId).toString(16)}` as Hex;
    },
  };
}
