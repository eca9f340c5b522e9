/** `recoverAddress` of the proof room on libsecp256k1 in WebAssembly, four times as fast. Node only. */
import { recover } from "tiny-secp256k1";
import { addressOfPublicKey, recoveryIdOf } from "../proof/recoverAddress.ts";

export function recoverAddressFast(digest: Uint8Array, signature: Uint8Array): string | undefined {
  const recovery = recoveryIdOf(signature);
  if (recovery === undefined) return undefined;
  try {
    const publicKey = recover(digest, signature.subarray(0, 64), recovery, false);
    return publicKey === null ? undefined : addressOfPublicKey(publicKey.subarray(1));
  } catch {
    return undefined;
  }
}
