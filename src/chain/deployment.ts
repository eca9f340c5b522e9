/** Where the contracts of one chain are: `deployments/CHAINID.json`, written by `holdfast deploy`, read by everything. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Hex } from "../base/bytes.ts";
import { BaseError, messageOf } from "../base/errors.ts";

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, "not an address")
  .transform((text) => text as Hex);
const hash = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/, "not a 32-byte hash")
  .transform((text) => text as Hex);

function perContract<Schema extends z.ZodType>(schema: Schema) {
  return z.strictObject({
    registry: schema,
    controller: schema,
    priceFeed: schema,
    directory: schema,
    reverseRegistrar: schema,
    universalResolver: schema,
    offchainResolver: schema,
    accessManager: schema,
  });
}

const deployment = z.strictObject({
  chainId: z.int().positive(),
  /** The top-level label under which names are registered. */
  tld: z.string().min(1),
  /** The first block that can hold an event of these contracts. */
  startBlock: z
    .string()
    .regex(/^\d{1,20}$/, "not a block number")
    .transform(BigInt),
  contracts: perContract(address),
  /** keccak256 of each contract's deployed code, which a client pins before it believes a storage proof. */
  codeHashes: perContract(hash),
});

/** The addresses of one deployment. */
export type Deployment = Readonly<z.output<typeof deployment>>;

export type ContractName = keyof Deployment["contracts"];

/** The folder of deployments files in this repository. */
export const DEPLOYMENTS_FOLDER = fileURLToPath(new URL("../../deployments", import.meta.url));

/** A chain's deployments file. */
export function deploymentPath(chainId: number, folder = DEPLOYMENTS_FOLDER): string {
  return join(folder, `${chainId}.json`);
}

/** The deployment of a parsed JSON document. Throws `MalformedDeploymentError`, which names the field. */
export function parseDeployment(value: unknown, source = "the deployment"): Deployment {
  const result = deployment.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new MalformedDeploymentError(source, `${issue?.path.join(".") || "document"}: ${issue?.message}`);
}

/** A deployment as a JSON document, with the block as decimal text. */
export function formatDeployment(value: Deployment): string {
  return `${JSON.stringify(value, (_, item) => (typeof item === "bigint" ? item.toString() : item), 2)}\n`;
}

/**
 * Reads a deployments file. Throws `MissingDeploymentError` where there is none, `MalformedDeploymentError` where it is broken.
 *
 * @example
 * ```ts
 * const { contracts } = await readDeployment(deploymentPath(31337));
 * ```
 */
export async function readDeployment(path: string): Promise<Deployment> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new MissingDeploymentError(path, error);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new MalformedDeploymentError(path, messageOf(error));
  }
  return parseDeployment(value, path);
}

/** Writes a deployments file, whole or not at all. */
export async function writeDeployment(path: string, value: Deployment): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.draft`;
  await writeFile(draft, formatDeployment(value));
  await rename(draft, path);
}

export class MissingDeploymentError extends BaseError {
  override readonly name = "Chain.MissingDeploymentError";
  constructor(path: string, cause: unknown) {
    super("CHAIN_MISSING_DEPLOYMENT", `There is no deployments file at ${path}.`, {
      cause,
      metaMessages: ["Run holdfast deploy for that chain, or name another file with --deployment."],
    });
  }
}

export class MalformedDeploymentError extends BaseError {
  override readonly name = "Chain.MalformedDeploymentError";
  constructor(source: string, reason: string) {
    super("CHAIN_MALFORMED_DEPLOYMENT", `${source} is not a deployment: ${reason}.`);
  }
}
