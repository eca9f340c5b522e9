/** Signatures of contracts (ERC-1271), by having RPC providers run the contract at the block that proves who owns the name. */
import { encodeAbiParameters } from "viem";
import type { Hex } from "../../base/bytes.ts";
import type { IsContractSignature } from "../signedSets.ts";
import { callAgreed } from "./agreedCalls.ts";

/** `isValidSignature(bytes32,bytes)`, which is also what it returns for a valid one. */
const SELECTOR = "0x1626ba7e";
const VALID = SELECTOR.padEnd(66, "0");
const ARGUMENTS = [
  { name: "digest", type: "bytes32" },
  { name: "signature", type: "bytes" },
] as const;

/** Asks as many providers as must agree. */
export function contractSignatures(rpcUrls: readonly string[], quorum: number): IsContractSignature {
  return async (run, { block }, { signer, digest, signature }) => {
    const data = `${SELECTOR}${encodeAbiParameters(ARGUMENTS, [digest, signature]).slice(2)}` as Hex;
    const told = await callAgreed(run, { rpcUrls, quorum }, block, [{ to: signer, data }]);
    if ("path" in told) return undefined;
    return told[0]?.isReverted === false && told[0].data === VALID;
  };
}
