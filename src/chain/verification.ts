/** What a block explorer needs to show a contract's source: the compiler's standard JSON input and the constructor's arguments. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { EIP1193Provider, ImmutableReferences } from "@nomicfoundation/ignition-core";
import { type Abi, encodeAbiParameters, type Hex } from "viem";
import { BaseError } from "../base/errors.ts";
import { createArtifactResolver } from "./deployer.ts";

export interface VerificationInput {
  readonly address: Hex;
  /** `contracts/registry/NameRegistry.sol:NameRegistry` */
  readonly contract: string;
  /** As explorers name it: `v0.8.37+commit.…`. */
  readonly compilerVersion: string;
  /** ABI encoding without 0x, as explorers take it. */
  readonly constructorArguments: string;
  readonly standardJson: unknown;
}

/** A contract that was deployed, with the values its constructor got, in order. */
export interface DeployedSource {
  readonly contractName: string;
  readonly address: Hex;
  readonly args: readonly unknown[];
}

/**
 * Gathers the input for one contract and proves it: the creation code with these arguments, run on the chain, must return the
 * very code that stands at the address. Throws `UnverifiableContractError`.
 */
export async function verificationInput(provider: EIP1193Provider, source: DeployedSource): Promise<VerificationInput> {
  const resolver = createArtifactResolver();
  const artifact = await resolver.loadArtifact(source.contractName);
  const buildInfo = await resolver.getBuildInfo(source.contractName);
  if (buildInfo === undefined)
    throw new UnverifiableContractError(source.contractName, "its build information is gone");
  const abi = artifact.abi as Abi;
  const inputs = abi.find((item) => item.type === "constructor")?.inputs ?? [];
  const encoded = encodeAbiParameters(inputs, source.args);
  const data = `${artifact.bytecode}${encoded.slice(2)}`;
  const call = { method: "eth_call", params: [{ data, gas: "0x1000000" }, "latest"] };
  const [made, stands] = await Promise.all([
    provider.request(call) as Promise<Hex>,
    provider.request({ method: "eth_getCode", params: [source.address, "latest"] }) as Promise<Hex>,
  ]);
  if (!sameCode(made, stands, artifact.immutableReferences ?? {}, source.address)) {
    throw new UnverifiableContractError(source.contractName, "its code is not what its source makes");
  }
  return {
    address: source.address,
    contract: `${artifact.inputSourceName ?? artifact.sourceName}:${source.contractName}`,
    compilerVersion: `v${buildInfo.solcLongVersion}`,
    constructorArguments: encoded.slice(2),
    standardJson: buildInfo.input,
  };
}

/**
 * Whether two codes are the same but for what depends on the contract's own address: EIP-712 keeps that and the domain separator
 * made of it as immutables.
 */
function sameCode(made: Hex, stands: Hex, immutables: ImmutableReferences, address: Hex): boolean {
  if (made.length !== stands.length) return false;
  const at = (code: Hex, { start, length }: { start: number; length: number }) =>
    code.slice(2 + 2 * start, 2 + 2 * (start + length));
  let masked = made.slice(2);
  const differing: string[] = [];
  for (const places of Object.values(immutables)) {
    const [first] = places;
    if (first === undefined || at(made, first) === at(stands, first)) continue;
    differing.push(at(stands, first));
    for (const place of places) {
      const before = masked.slice(0, 2 * place.start);
      masked = before + at(stands, place) + masked.slice(2 * (place.start + place.length));
    }
  }
  const own = address.slice(2).toLowerCase().padStart(64, "0");
  return masked === stands.slice(2) && (differing.length === 0 || (differing.length === 2 && differing.includes(own)));
}

/** Writes one file a contract into `folder`: `NAME.json`. */
export async function writeVerification(
  provider: EIP1193Provider,
  folder: string,
  sources: readonly DeployedSource[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const source of sources) {
    const input = await verificationInput(provider, source);
    await writeFile(join(folder, `${source.contractName}.json`), `${JSON.stringify(input, null, 2)}\n`);
  }
}

export class UnverifiableContractError extends BaseError {
  override readonly name = "Chain.UnverifiableContractError";
  constructor(contract: string, reason: string) {
    super("CHAIN_UNVERIFIABLE_CONTRACT", `${contract} cannot be verified: ${reason}.`);
  }
}
