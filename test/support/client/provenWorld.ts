/** Proven answers about a registry on a chain in this process, as an honest gateway would give them. */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { type Hex, hexToBytes, keccak256, toRlp } from "viem";
import { fromHex, toHex, utf8Bytes } from "../../../src/base/bytes.ts";
import { keccak256 as hash } from "../../../src/base/keccak.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import { type NameReading, readName } from "../../../src/proof/readName.ts";
import { addressOfPublicKey } from "../../../src/proof/recoverAddress.ts";
import type { PinnedRegistry } from "../../../src/proof/verifyAnswer.ts";
import type { BlockReference, ProofEvidence, RecordsAnswer } from "../../../src/protocol/answer.ts";
import { attestationDigest } from "../../../src/protocol/attestation.ts";
import type { RecordKey } from "../../../src/protocol/record.ts";
import type { Holdfast } from "../../contracts/support/holdfast.ts";
import { signDigest } from "./gatewayWorld.ts";

export const DOMAIN = { chainId: 31337, directory: `0x${"d1".repeat(20)}` as Hex } as const;

export const attesterKey = (id: number) => hash(utf8Bytes(`attester ${id}`));
export const attesterAddress = (id: number) =>
  addressOfPublicKey(secp256k1.getPublicKey(attesterKey(id), false).subarray(1)) as Hex;

const FIELDS = [
  "parentHash",
  "sha3Uncles",
  "miner",
  "stateRoot",
  "transactionsRoot",
  "receiptsRoot",
  "logsBloom",
  "difficulty",
  "number",
  "gasLimit",
  "gasUsed",
  "timestamp",
  "extraData",
  "mixHash",
  "nonce",
  "baseFeePerGas",
  "withdrawalsRoot",
  "blobGasUsed",
  "excessBlobGas",
  "parentBeaconBlockRoot",
  "requestsHash",
] as const;
const QUANTITIES = new Set([
  "difficulty",
  "number",
  "gasLimit",
  "gasUsed",
  "timestamp",
  "baseFeePerGas",
  "blobGasUsed",
  "excessBlobGas",
]);

function quantity(value: string): Hex {
  const digits = value.slice(2).replace(/^0+/, "");
  return `0x${digits.length % 2 === 1 ? "0" : ""}${digits}`;
}

type RawBlock = Record<(typeof FIELDS)[number] | "hash", Hex>;
interface RawProof {
  readonly accountProof: readonly Hex[];
  readonly storageProof: readonly { readonly proof: readonly Hex[] }[];
}

/** The RLP of a block told by `eth_getBlockByNumber`. */
export function headerRlp(block: RawBlock): Hex {
  const fields = FIELDS.flatMap((field) => {
    const value = block[field];
    if (value === undefined || value === null) return [];
    return [QUANTITIES.has(field) ? quantity(value) : value];
  });
  const rlp = toRlp(fields);
  if (keccak256(rlp) !== block.hash) throw new Error("the header's fields do not hash to the block's hash");
  return rlp;
}

export interface ProvenWorld {
  readonly pinned: PinnedRegistry;
  /** The answer at the newest block, or at another. */
  readonly prove: (name: string, records: readonly RecordKey[], tag?: string) => Promise<ProvenAnswer>;
}

export type ProvenAnswer = RecordsAnswer & { readonly evidence: ProofEvidence };

const bytes32 = (hex: string): Uint8Array => fromHex(`0x${hex.slice(2).padStart(64, "0")}`);

export async function createProvenWorld(holdfast: Holdfast): Promise<ProvenWorld> {
  const registry = holdfast.registry.address.toLowerCase() as Hex;
  const { provider, viem } = holdfast.connection;
  const code = await (await viem.getPublicClient()).getCode({ address: registry });
  const pinned = { tld: "hold", registry, codeHash: keccak256(hexToBytes(code!)) };
  const ask = (method: string, params: unknown[]) => provider.request({ method, params }) as Promise<never>;

  return {
    pinned,
    async prove(name, records, tag = "latest") {
      const raw: RawBlock = await ask("eth_getBlockByNumber", [tag, false]);
      const block: BlockReference = {
        number: BigInt(raw.number),
        hash: raw.hash,
        stateRoot: raw.stateRoot,
        timestamp: BigInt(raw.timestamp),
      };
      const words = new Map<Hex, Uint8Array>();
      const parameters = { name, records, tld: "hold", registry, timestamp: block.timestamp };
      let reading: NameReading;
      for (;;) {
        const missing: Hex[] = [];
        reading = readName((slot) => {
          const word = words.get(slot);
          if (word === undefined) missing.push(slot);
          return word ?? new Uint8Array(32);
        }, parameters);
        if (missing.length === 0) break;
        for (const slot of missing)
          words.set(slot, bytes32(await ask("eth_getStorageAt", [registry, slot, raw.number])));
      }
      const proof: RawProof = await ask("eth_getProof", [registry, [...words.keys()], raw.number]);
      return {
        kind: "records",
        name,
        node: namehash(name),
        block,
        status: reading.status,
        results: reading.results,
        evidence: {
          kind: "proof",
          header: headerRlp(raw),
          attestations: [attest(1, block), attest(2, block)],
          account: proof.accountProof,
          storage: [...words].map(([slot, word], index) => ({
            slot,
            value: toHex(word),
            nodes: proof.storageProof[index]!.proof,
          })),
        },
      };
    },
  };
}

/** The attestation of a header by attester `id`. */
export function attest(
  id: number,
  block: BlockReference,
  domain: typeof DOMAIN | { chainId: number; directory: Hex } = DOMAIN,
) {
  return { gatewayId: id, signature: signDigest(attestationDigest(domain, block), attesterKey(id)) };
}
