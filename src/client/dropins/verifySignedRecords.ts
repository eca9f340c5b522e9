/** Checks a gateway's answer for the off-chain resolver by asking that contract, before it is accepted. */
import { decodeFunctionData, encodeFunctionData, parseAbi } from "viem";
import type { Hex } from "../../base/bytes.ts";
import { offchainResolverAbi } from "../../chain/abis.ts";
import type { VerifyCcipResponse } from "./ccipRead.ts";

const questionAbi = parseAbi([
  "function signedRecords(address resolver, bytes32 node, bytes name, bytes[] calls) view returns (bytes)",
]);

export interface VerifySignedRecordsOptions {
  /** The off-chain resolver of the deployment: only its own answers are checked; whatever others send is left to them. */
  readonly resolver: Hex;
  /** `eth_call`; rejects where the call reverts. */
  readonly call: (to: Hex, data: Hex) => Promise<Hex>;
}

/** The check of owner-signed record sets for `CcipReaderOptions.verify`. */
export function verifySignedRecords(options: VerifySignedRecordsOptions): VerifyCcipResponse {
  return async ({ data }, response) => {
    let question: { readonly args: readonly [Hex, Hex, Hex, readonly Hex[]] };
    try {
      question = decodeFunctionData({ abi: questionAbi, data: data as Hex });
    } catch {
      return true;
    }
    const [resolver, node, name, calls] = question.args;
    if (resolver.toLowerCase() !== options.resolver.toLowerCase()) return true;
    const check = encodeFunctionData({
      abi: offchainResolverAbi,
      functionName: "verifyAnswer",
      args: [response, node, name, calls],
    });
    await options.call(options.resolver, check);
    return true;
  };
}
