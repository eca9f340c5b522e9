/** The signer of a digest (ECDSA over secp256k1, as Ethereum signs). */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { toHex } from "../base/bytes.ts";
import { keccak256 } from "../base/keccak.ts";

/** The address of an uncompressed public key without its leading byte, in lower case. */
export function addressOfPublicKey(publicKey: Uint8Array): string {
  return `0x${toHex(keccak256(publicKey)).slice(-40)}`;
}

/** Half of the curve's order: a signature with a greater s has a twin with a smaller one, and is refused (EIP-2). */
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/** The recovery id of a 65-byte signature whose last byte is 0, 1, 27 or 28; `undefined` where it is malformed. */
export function recoveryIdOf(signature: Uint8Array): 0 | 1 | undefined {
  if (signature.length !== 65) return undefined;
  const last = signature[64]!;
  const id = last >= 27 ? last - 27 : last;
  if (id !== 0 && id !== 1) return undefined;
  if (BigInt(toHex(signature.subarray(32, 64))) > HALF_ORDER) return undefined;
  return id;
}

/**
 * The address, in lower case, whose key made `signature` (r, s, v) over a 32-byte digest; `undefined` where nobody's did.
 *
 * This one is pure JavaScript, about a millisecond; Node has a faster one in the client room.
 */
export function recoverAddress(digest: Uint8Array, signature: Uint8Array): string | undefined {
  const recovery = recoveryIdOf(signature);
  if (recovery === undefined) return undefined;
  try {
    const point = secp256k1.Signature.fromBytes(signature.subarray(0, 64), "compact")
      .addRecoveryBit(recovery)
      .recoverPublicKey(digest);
    return addressOfPublicKey(point.toBytes(false).subarray(1));
  } catch {
    return undefined;
  }
}
