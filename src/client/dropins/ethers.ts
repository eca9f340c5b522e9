/** For ethers: a mixin over any of its providers that reads off chain as the name client does, and resolves its names. */
import { AbiCoder, getAddress as checksummed, type JsonRpcApiProvider, type JsonRpcProvider } from "ethers";
import type { Hex } from "../../base/bytes.ts";
import type { NameClient } from "../nameClient.ts";
import { getAddress } from "../verbs.ts";
import { type CcipReader, type CcipReaderOptions, createCcipReader } from "./ccipRead.ts";

export interface EthersMixinOptions {
  readonly ccipRead: CcipReaderOptions;
  /** Resolves the names below its TLD; all others stay with ethers. */
  readonly names?: NameClient;
}

/** The URL by which a contract asks the client to be the batch gateway itself (ENSIP-21). */
const LOCAL_BATCH_URL = "x-batch-gateway:true";
const QUERY_SELECTOR = "0xa780bab6";
const REQUESTS = ["tuple(address sender, string[] urls, bytes data)[]"];
/** `HttpError(uint16,string)`, by which a batch tells that one of its requests failed (ENSIP-21). */
const HTTP_ERROR_SELECTOR = "0x01800152";
/** More requests than any batch of a resolver has. */
const BATCH_MAX = 64;

interface BatchRequest {
  readonly sender: string;
  readonly urls: readonly string[];
  readonly data: string;
}

/** Answers a batch: requests with the same question are hedged against one another. */
async function readBatch(read: CcipReader, calldata: string): Promise<string> {
  const coder = AbiCoder.defaultAbiCoder();
  const [decoded] = coder.decode(REQUESTS, `0x${calldata.slice(10)}`) as unknown as [BatchRequest[]];
  const requests = [...decoded].slice(0, BATCH_MAX);
  const groups = Map.groupBy(requests, ({ sender, data }) => `${sender}/${data}`);
  const responses = new Map<BatchRequest, string>();
  await Promise.all(
    [...groups.values()].map(async (group) => {
      const [first] = group;
      if (first === undefined) return;
      const urls = group.flatMap((request) => [...request.urls]);
      const told = await read({ sender: first.sender, data: first.data, urls }).catch(() => undefined);
      for (const request of group) {
        if (told !== undefined && request.urls.includes(told.url)) responses.set(request, told.response);
      }
    }),
  );
  const failure = `${HTTP_ERROR_SELECTOR}${coder.encode(["uint16", "string"], [503, "no answer"]).slice(2)}`;
  return coder.encode(
    ["bool[]", "bytes[]"],
    [requests.map((request) => !responses.has(request)), requests.map((request) => responses.get(request) ?? failure)],
  );
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
      if (urls.includes(LOCAL_BATCH_URL) && calldata.startsWith(QUERY_SELECTOR)) return await readBatch(read, calldata);
      return (await read({ sender: tx.to, data: calldata, urls })).response;
    }

    override async resolveName(name: string): Promise<null | string> {
      if (names === undefined || !(name === names.tld || name.endsWith(`.${names.tld}`)))
        return await super.resolveName(name);
      const address: Hex | null = await getAddress(names, name);
      return address === null ? null : checksummed(address);
    }
  }
  return HoldfastProvider as unknown as Base;
}
