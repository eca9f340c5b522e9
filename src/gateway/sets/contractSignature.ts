/** Signatures of contracts (ERC-1271): valid when as many RPC providers as must agree say that the contract takes it. */
import { encodeFunctionData, parseAbi } from "viem";
import type { Hex } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { createRpc, type Fetch, RpcRefusedError } from "../../replica/source/rpc.ts";
import { ProblemError } from "../http/message.ts";

const ABI = parseAbi(["function isValidSignature(bytes32 digest, bytes signature) view returns (bytes4)"]);
/** What the contract returns for a valid one: the function's own selector, in a word. */
const VALID = `0x1626ba7e${"00".repeat(28)}`;

const BODY_BYTES_MAX = 64 * 1024;

/** Whom to ask. */
export interface SignatureProviders {
  /** RPC providers, of distinct operators. */
  readonly urls: readonly string[];
  /** How many must say the same. */
  readonly agreement: number;
  readonly deadlineMs: number;
}

export interface ContractSignatureOptions {
  /** Asked anew for every signature, since the list may change while the gateway runs. */
  readonly providers: () => SignatureProviders;
  readonly clock: Clock;
  readonly fetch: Fetch;
}

/** Whether a contract takes a signature of a digest as its own. Throws `ProblemError` where too few providers say the same. */
export type IsContractSignature = (signer: Hex, digest: Hex, signature: Hex) => Promise<boolean>;

export function createContractSignatures(options: ContractSignatureOptions): IsContractSignature {
  const { clock, fetch } = options;
  return async (signer, digest, signature) => {
    const { urls, agreement, deadlineMs } = options.providers();
    const providers = urls.map((url) => createRpc({ url, clock, deadlineMs, fetch, bodyBytesMax: BODY_BYTES_MAX }));
    const data = encodeFunctionData({ abi: ABI, args: [digest, signature] });
    const answers = await Promise.all(
      providers.map(async (rpc) => {
        try {
          return (await rpc("eth_call", [{ to: signer, data }, "latest"])) === VALID;
        } catch (error) {
          // A contract that knows no such function, or refuses, reverts.
          return error instanceof RpcRefusedError ? false : undefined;
        }
      }),
    );
    const countOf = (wanted: boolean) => answers.filter((answer) => answer === wanted).length;
    if (countOf(true) >= agreement) return true;
    if (countOf(false) >= agreement) return false;
    const detail = `${signer} is a contract perhaps, and too few RPC providers say whether it signed.`;
    throw new ProblemError(503, "chain-unreachable", detail, { "retry-after": "5" });
  };
}
