/** For viem: a `ccipRead.request` hook, and the name actions for `client.extend`. */
import type { CcipRequestParameters } from "viem";
import { getAddress as checksummed } from "viem";
import type { Hex } from "../../base/bytes.ts";
import { systemClock } from "../../base/clock.ts";
import type { NameClient } from "../nameClient.ts";
import { getPrimaryName } from "../primaryName.ts";
import { getAddress, getText } from "../verbs.ts";
import { type CcipReaderOptions, createCcipReader } from "./ccipRead.ts";
import { joinSiblings } from "./ccipSiblings.ts";

/**
 * The `ccipRead` option of a viem client.
 *
 * @example
 * ```ts
 * const client = createPublicClient({ chain: mainnet, transport: http(), ccipRead: ccipReadOption({ transport: nodeTransport }) });
 * ```
 */
export function ccipReadOption(options: CcipReaderOptions): {
  request: (parameters: CcipRequestParameters) => Promise<Hex>;
} {
  const read = joinSiblings(createCcipReader(options), options.clock ?? systemClock);
  return {
    request: ({ sender, data, urls, requestOptions }) => {
      const signal = requestOptions?.signal;
      return read({ sender, data, urls, ...(signal === undefined ? {} : { signal }) });
    },
  };
}

/** The parts of a viem client that the name actions fall back to. */
interface StockActions {
  getEnsAddress?: (parameters: never) => Promise<Hex | null>;
  getEnsName?: (parameters: never) => Promise<string | null>;
  getEnsText?: (parameters: never) => Promise<string | null>;
}

interface AddressParameters {
  readonly name: string;
  readonly coinType?: bigint;
}

/**
 * Name actions for `client.extend`: names below the TLD are resolved by the name client, along all its paths and verified; all
 * others by viem itself. An outage throws; `null` means that there is no such record.
 *
 * @example
 * ```ts
 * const client = createPublicClient({ chain, transport: http() }).extend(nameActions(names));
 * await client.getEnsAddress({ name: "shop.hold" });
 * ```
 */
export function nameActions(names: NameClient) {
  const isOurs = (name: string) => name === names.tld || name.endsWith(`.${names.tld}`);
  return <Client extends object>(client: Client) => {
    const stock = client as StockActions;
    return {
      async getEnsAddress(parameters: AddressParameters): Promise<Hex | null> {
        const { name, coinType } = parameters;
        if (!isOurs(name)) return (await stock.getEnsAddress?.(parameters as never)) ?? null;
        const address = await getAddress(names, name, coinType === undefined ? {} : { coinType });
        return address !== null && address.length === 42 ? checksummed(address) : address;
      },
      /** The account's primary name, checked forward; where it claims none of ours, what viem says. */
      async getEnsName(parameters: { readonly address: Hex; readonly coinType?: bigint }): Promise<string | null> {
        const { address, coinType } = parameters;
        const name = await getPrimaryName(names, address, coinType === undefined ? {} : { coinType });
        return name ?? (await stock.getEnsName?.(parameters as never)) ?? null;
      },
      async getEnsText(parameters: { readonly name: string; readonly key: string }): Promise<string | null> {
        if (!isOurs(parameters.name)) return (await stock.getEnsText?.(parameters as never)) ?? null;
        return await getText(names, parameters.name, parameters.key);
      },
    };
  };
}
