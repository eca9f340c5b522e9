/** For ethers: a mixin over any of its providers that reads off chain as the name client does, and resolves its names. */
import { getAddress as checksummed, type JsonRpcApiProvider, type JsonRpcProvider } from "ethers";
import type { Hex } from "../../base/bytes.ts";
import type { NameClient } from "../nameClient.ts";
import { getPrimaryName } from "../primaryName.ts";
import { getAddress } from "../verbs.ts";
import { type BatchRequest, decodeBatch, encodeBatchResult, isLocalBatch, siblingsOf } from "./ccipBatch.ts";
import { type CcipReader, type CcipReaderOptions, createCcipReader } from "./ccipRead.ts";

export interface EthersMixinOptions {
  readonly ccipRead: CcipReaderOptions;
  /** Resolves the names below its TLD; all others stay with ethers. */
  readonly names?: NameClient;
}

/** Answers a batch: requests with the same question are hedged against one another. */
async function readBatch(read: CcipReader, calldata: Hex): Promise<Hex> {
  const requests = decodeBatch(calldata);
  const responses = new Map<BatchRequest, Hex>();
  await Promise.all(
    siblingsOf(requests).map(async (group) => {
      const [first] = group;
      if (first === undefined) return;
      const urls = group.flatMap((request) => [...request.urls]);
      const told = await read({ sender: first.sender, data: first.data, urls }).catch(() => undefined);
      for (const request of group) {
        if (told !== undefined && request.urls.includes(told.url)) responses.set(request, told.response);
      }
    }),
  );
  return encodeBatchResult(requests.map((request) => responses.get(request)));
}

type ProviderClass = abstract new (...args: never[]) => JsonRpcApiProvider;

/**
 * A provider class whose off-chain lookups are hedged and checked, and which resolves the names of a name client.
 *
 * @example
 * ```ts
 * const Provider = withHoldfast(JsonRpcProvider, { ccipRead: { transport: nodeTransport }, names });
 * const provider = new Provider(url);
 * await provider.resolveName("shop.hold");
 * ```
 */
export function withHoldfast<Base extends ProviderClass>(base: Base, options: EthersMixinOptions): Base {
  const read = createCcipReader(options.ccipRead);
  const { names } = options;
  const Concrete = base as unknown as new (...args: ConstructorParameters<typeof JsonRpcProvider>) => JsonRpcProvider;
  class HoldfastProvider extends Concrete {
    override async ccipReadFetch(
      tx: Parameters<JsonRpcApiProvider["ccipReadFetch"]>[0],
      calldata: string,
      urls: string[],
    ): Promise<null | string> {
      if (this.disableCcipRead || urls.length === 0 || tx.to == null) return null;
      if (isLocalBatch(urls, calldata)) return await readBatch(read, calldata as Hex);
      return (await read({ sender: tx.to, data: calldata, urls })).response;
    }

    override async resolveName(name: string): Promise<null | string> {
      if (names === undefined || !(name === names.tld || name.endsWith(`.${names.tld}`)))
        return await super.resolveName(name);
      const address: Hex | null = await getAddress(names, name);
      return address === null ? null : checksummed(address);
    }

    /** The account's primary name, checked forward; where it claims none of ours, what ethers says. */
    override async lookupAddress(address: string): Promise<null | string> {
      const name = names === undefined ? null : await getPrimaryName(names, address.toLowerCase() as Hex);
      return name ?? (await super.lookupAddress(address));
    }
  }
  return HoldfastProvider as unknown as Base;
}
