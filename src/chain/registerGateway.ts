/** Lists one gateway in the directory. It holds no slots until it joins its zone. */
import { encodeFunctionData, parseEventLogs } from "viem";
import type { Hex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { directoryAbi } from "./abis/directory.ts";
import type { NewGateway } from "./listGateways.ts";
import type { Sender } from "./sender.ts";

export class GatewayNotListedError extends BaseError {
  override readonly name = "Chain.GatewayNotListedError";
  constructor(hash: Hex) {
    super("CHAIN_GATEWAY_NOT_LISTED", `Transaction ${hash} was mined, but no gateway came of it.`, {
      metaMessages: ["The contract at the directory's address is not a GatewayDirectory."],
    });
  }
}

/**
 * Sends the entry and returns the gateway's number. Throws `TransactionFailedError` where the sender lacks the role, an
 * endpoint is taken or a field is refused; `GatewayNotListedError`.
 */
export async function registerGateway(
  sender: Sender,
  parameters: { readonly directory: Hex; readonly entry: NewGateway },
): Promise<{ readonly id: number; readonly hash: Hex }> {
  const data = encodeFunctionData({ abi: directoryAbi, functionName: "registerGateway", args: [parameters.entry] });
  const hash = await sender.send("The listing", parameters.directory, data);
  const receipt = await sender.client.getTransactionReceipt({ hash });
  const [event] = parseEventLogs({ abi: directoryAbi, eventName: "GatewayRegistered", logs: receipt.logs });
  if (event === undefined) throw new GatewayNotListedError(hash);
  return { id: Number(event.args.id), hash };
}
