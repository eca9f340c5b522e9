/** The networks of `hardhat.config.ts`: URL and key from Hardhat's keystore, or from environment variables of the same names. */
import type { Hex } from "../base/bytes.ts";
import { BaseError, messageOf } from "../base/errors.ts";
import { deployKey } from "./deployer.ts";

/** Chainlink's feed of ETH in USD on Sepolia. */
export const SEPOLIA_PRICE_FEED = "0x694AA1769357215DE4FAC081bf1f309aDC325306";

/** A network's URL and key. Throws `UnknownNetworkError`, `UnreadableNetworkError`. */
export async function openHardhatNetwork(name: string): Promise<{ rpcUrl: string; privateKey: Hex | undefined }> {
  // Loaded here, for it is slow, and only this command needs it.
  const { config } = (await import("hardhat")).default;
  const network = config.networks[name];
  if (network?.type !== "http") {
    const known = Object.keys(config.networks).filter((key) => config.networks[key]?.type === "http");
    throw new UnknownNetworkError(name, known);
  }
  try {
    const [account] = Array.isArray(network.accounts) ? network.accounts : [];
    return { rpcUrl: await network.url.getUrl(), privateKey: deployKey(await account?.getHexString()) };
  } catch (error) {
    throw new UnreadableNetworkError(name, error);
  }
}

export class UnknownNetworkError extends BaseError {
  override readonly name = "Chain.UnknownNetworkError";
  constructor(network: string, known: readonly string[]) {
    super("CHAIN_UNKNOWN_NETWORK", `hardhat.config.ts has no network "${network}".`, {
      metaMessages: [`It has ${known.join(", ")}.`],
    });
  }
}

export class UnreadableNetworkError extends BaseError {
  override readonly name = "Chain.UnreadableNetworkError";
  constructor(network: string, cause: unknown) {
    super("CHAIN_UNREADABLE_NETWORK", `The settings of the network "${network}" are not there: ${messageOf(cause)}`, {
      cause,
      metaMessages: ["Set them with npx hardhat keystore set NAME, or as environment variables."],
    });
  }
}
