/** The registry on a chain in this process, and RPC providers before it that may lie. */
import { encodeFunctionData, type Hex, keccak256 } from "viem";
import { utf8Bytes, utf8Text } from "../../../src/base/bytes.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { createNameClient, type NameClient } from "../../../src/client/nameClient.ts";
import type { NameClientOptions } from "../../../src/client/options.ts";
import type { Resolution } from "../../../src/client/resolution.ts";
import { type ClientTransport, TransportError } from "../../../src/client/transport.ts";
import { encodeDnsName } from "../../../src/naming/dnsName.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import { recoverAddressFast } from "../../../src/proof/recoverAddressFast.ts";
import { encodeRRset } from "../../../src/protocol/rrset.ts";
import { deployHoldfast, type Holdfast } from "../../contracts/support/holdfast.ts";

export interface RpcMessage {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** Changes what a provider replies to one call; throws to refuse. */
export type Tamper = (message: RpcMessage, result: unknown, ask: (message: RpcMessage) => Promise<unknown>) => unknown;

export interface ChainWorld {
  readonly holdfast: Holdfast;
  /** By provider's URL. */
  readonly tampers: Map<string, Tamper>;
  /** The client's wall clock runs ahead of the machine's by this much. */
  readonly ahead: { seconds: number };
  /** HTTP exchanges so far. */
  readonly exchanges: { count: number };
  /** Other servers, by the URL that is asked. */
  readonly gateways: Map<string, ClientTransport["http"]>;
  readonly transport: ClientTransport;
  readonly client: (options?: Partial<NameClientOptions>) => NameClient;
  /** Calls to the registry in alice's name. */
  readonly call: (functionName: string, args: readonly unknown[]) => Hex;
}

export const RPC_URLS = ["https://rpc1.example.org", "https://rpc2.example.org", "https://rpc3.example.org"] as const;

/** An A RRset in wire form. */
export function aRecords(owner: string, ...addresses: readonly string[]): Hex {
  return encodeRRset({
    name: owner,
    type: 1,
    ttlSeconds: 120,
    rdatas: addresses.map((address) => Uint8Array.from(address.split(".").map(Number))),
  });
}

/** The argument `nameHash` of `dnsRecord`. */
export const wireHash = (name: string): Hex => keccak256(encodeDnsName(name));

/** Exchanges that an answer needed. A hedge is none of them: it comes of a machine that is busy. */
export function exchangesOf({ trace }: Pick<Resolution, "trace">): number {
  return trace.filter(({ hedge }) => !hedge).length;
}

export async function createChainWorld(): Promise<ChainWorld> {
  const holdfast = await deployHoldfast();
  const { provider } = holdfast.connection;
  const chain = await holdfast.connection.viem.getPublicClient();
  const codeHashOf = async (address: Hex) => keccak256((await chain.getCode({ address })) ?? "0x");
  const reverseRegistrar = holdfast.reverse.address;
  const tampers = new Map<string, Tamper>();
  const exchanges = { count: 0 };
  const ahead = { seconds: 0 };
  const gateways: ChainWorld["gateways"] = new Map();
  const ask = (message: RpcMessage): Promise<unknown> =>
    provider.request({ method: message.method, params: message.params as unknown[] });
  const unsupported = () => Promise.reject(new TransportError("unsupported", "no sockets in this world"));
  const transport: ClientTransport = {
    async http(request) {
      exchanges.count += 1;
      const gateway = gateways.get(request.url);
      if (gateway !== undefined) return await gateway(request);
      const parsed = JSON.parse(typeof request.body === "string" ? request.body : (utf8Text(request.body!) ?? ""));
      const tamper = tampers.get(request.url);
      const replies = [];
      for (const message of (Array.isArray(parsed) ? parsed : [parsed]) as RpcMessage[]) {
        try {
          const truth = structuredClone(await ask(message));
          replies.push({ id: message.id, result: tamper === undefined ? truth : await tamper(message, truth, ask) });
        } catch (error) {
          const { data } = error as { data?: unknown };
          replies.push({ id: message.id, error: { code: -32000, message: String(error).slice(0, 80), data } });
        }
      }
      return { status: 200, field: () => undefined, body: utf8Bytes(JSON.stringify(replies)) };
    },
    udp: unsupported,
    tcp: unsupported,
    systemServers: () => [],
  };
  const deployment = {
    chainId: 31337,
    tld: "hold",
    contracts: { registry: holdfast.registry.address, directory: `0x${"d1".repeat(20)}` as Hex, reverseRegistrar },
    codeHashes: {
      registry: await codeHashOf(holdfast.registry.address),
      reverseRegistrar: await codeHashOf(reverseRegistrar),
    },
  };
  return {
    holdfast,
    tampers,
    ahead,
    exchanges,
    gateways,
    transport,
    call: (functionName, args) =>
      encodeFunctionData({ abi: holdfast.registry.abi, functionName, args } as Parameters<
        typeof encodeFunctionData
      >[0]),
    client: (options = {}) =>
      createNameClient({
        deployment,
        paths: { chain: { rpcUrls: RPC_URLS } },
        transport,
        clock: { ...systemClock, nowMs: () => systemClock.nowMs() + ahead.seconds * 1000 },
        cache: false,
        recoverAddress: recoverAddressFast,
        ...options,
      }),
  };
}

export { namehash };
