/** What the deployment needs of its surroundings: compiled contracts, and a provider that signs. */
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Artifact, ArtifactResolver, BuildInfo, EIP1193Provider } from "@nomicfoundation/ignition-core";
import { http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { Hex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";

const ARTIFACTS_FOLDER = fileURLToPath(new URL("../../artifacts", import.meta.url));

/** The compiled contracts of this repository, by contract name. Throws `MissingArtifactError`. */
export function createArtifactResolver(folder = ARTIFACTS_FOLDER): ArtifactResolver {
  const paths = new Map<string, string>();
  if (existsSync(folder)) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const name = /^(\w+)\.json$/.exec(entry.name)?.[1];
      if (name && entry.parentPath.endsWith(".sol")) paths.set(name, join(entry.parentPath, entry.name));
    }
  }
  const loadArtifact = async (name: string): Promise<Artifact> => {
    const path = paths.get(name);
    if (path === undefined) throw new MissingArtifactError(name);
    return JSON.parse(await readFile(path, "utf8")) as Artifact;
  };
  return {
    loadArtifact,
    async getBuildInfo(name) {
      const { buildInfoId } = await loadArtifact(name);
      const path = join(folder, "build-info", `${buildInfoId}.json`);
      return existsSync(path) ? (JSON.parse(await readFile(path, "utf8")) as BuildInfo) : undefined;
    },
  };
}

/** A provider over HTTP. Accounts are the RPC provider's own, as those of a development chain, unless a key is given. */
export function createDeployProvider(rpcUrl: string, privateKey?: Hex | undefined): EIP1193Provider {
  const transport = http(rpcUrl, { retryCount: 0 })({});
  const request = (method: string, params?: unknown) =>
    transport.request(params === undefined ? { method } : { method, params });
  const provider: EIP1193Provider = { request: ({ method, params }) => request(method, params) };
  return privateKey === undefined ? provider : withPrivateKey(provider, privateKey);
}

/** The fields of `eth_sendTransaction`, as JSON-RPC writes them. */
interface RpcTransaction {
  readonly to?: Hex | null;
  readonly data?: Hex;
  readonly value?: Hex;
  readonly gas: Hex;
  readonly nonce: Hex;
  readonly gasPrice?: Hex;
  readonly maxFeePerGas?: Hex;
  readonly maxPriorityFeePerGas?: Hex;
}

/** A provider whose one account is that of `privateKey`; the key never leaves this process. */
export function withPrivateKey(provider: EIP1193Provider, privateKey: Hex): EIP1193Provider {
  const account = privateKeyToAccount(privateKey);
  const sign = async (transaction: RpcTransaction): Promise<Hex> => {
    const chainId = Number(await provider.request({ method: "eth_chainId" }));
    const fees =
      transaction.maxFeePerGas === undefined
        ? { type: "legacy" as const, gasPrice: BigInt(transaction.gasPrice ?? "0x0") }
        : {
            type: "eip1559" as const,
            maxFeePerGas: BigInt(transaction.maxFeePerGas),
            maxPriorityFeePerGas: BigInt(transaction.maxPriorityFeePerGas ?? "0x0"),
          };
    return account.signTransaction({
      ...fees,
      chainId,
      nonce: Number(transaction.nonce),
      gas: BigInt(transaction.gas),
      value: BigInt(transaction.value ?? "0x0"),
      data: transaction.data ?? "0x",
      ...(transaction.to ? { to: transaction.to } : {}),
    });
  };
  return {
    async request({ method, params }) {
      if (method === "eth_accounts") return [account.address];
      if (method !== "eth_sendTransaction") return provider.request({ method, ...(params ? { params } : {}) });
      const [transaction] = params as [RpcTransaction];
      return provider.request({ method: "eth_sendRawTransaction", params: [await sign(transaction)] });
    },
  };
}

export class MissingArtifactError extends BaseError {
  override readonly name = "Chain.MissingArtifactError";
  constructor(contract: string) {
    super("CHAIN_MISSING_ARTIFACT", `The contract ${contract} is not compiled.`, {
      metaMessages: ["Deployment works from the repository: npx hardhat compile."],
    });
  }
}

/** A private key as it comes from the environment; `undefined` where none is given. Throws `MalformedKeyError`. */
export function deployKey(text: string | undefined): Hex | undefined {
  if (text === undefined || text === "") return undefined;
  if (!/^0x[0-9a-fA-F]{64}$/.test(text)) throw new MalformedKeyError();
  return text as Hex;
}

export class MalformedKeyError extends BaseError {
  override readonly name = "Chain.MalformedKeyError";
  constructor() {
    // The text itself is not shown: it may be a key with a typing error.
    super("CHAIN_MALFORMED_KEY", "The private key is not 0x and 64 hexadecimal digits.");
  }
}
