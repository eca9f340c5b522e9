/** Checks a gateway's answer for the off-chain resolver by asking that contract, before it is accepted. */
import { decodeFunctionData, encodeFunctionData, parseAbi, toFunctionSelector } from "viem";
import type { Hex } from "../../base/bytes.ts";
import { offchainResolverAbi } from "../../chain/abis/offchainResolver.ts";
import { decodeSignedAnswer } from "../../protocol/offchainMessages.ts";
import type { CcipRanking } from "./ccipNewest.ts";
import type { VerifyCcipResponse } from "./ccipRead.ts";

const questionAbi = parseAbi([
  "function signedRecords(address resolver, bytes32 node, bytes name, bytes[] calls) view returns (bytes)",
]);

/** Selector of `signedRecords`. */
const SIGNED_RECORDS = toFunctionSelector(questionAbi[0]);

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

/**
 * Which of several sets is the newest, for `CcipReaderOptions.ranking`: a gateway that shows a former set, which the contract
 * would take, is outdone by any other.
 */
export function rankSignedRecords(): CcipRanking {
  return {
    applies: ({ data }) => data.toLowerCase().startsWith(SIGNED_RECORDS),
    rankOf(response) {
      try {
        return decodeSignedAnswer(response).set.sequence;
      } catch {
        // Nobody checked it, and it is no set.
        return -1n;
      }
    },
  };
}
