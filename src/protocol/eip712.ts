/** The part of EIP-712 that Holdfast's messages need: flat structs of static fields, hashed without a detour over JSON. */
import { concatBytes, fromHex, type Hex, toHex, utf8Bytes } from "../base/bytes.ts";
import { keccak256 } from "../base/keccak.ts";

/** Where signatures are valid: one chain, one directory contract. */
export interface SigningDomain {
  readonly chainId: number;
  readonly directory: Hex;
}

const PREFIX = Uint8Array.of(0x19, 0x01);
const DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

/** A struct's type hash, from its signature such as `Mail(address to,bytes32 content)`. */
export function typeHash(signature: string): Uint8Array {
  return keccak256(utf8Bytes(signature));
}

/** An unsigned integer as a 32-byte word. */
export function uintWord(value: bigint): Uint8Array {
  return fromHex(`0x${value.toString(16).padStart(64, "0")}`);
}

const separators = new Map<string, Uint8Array>();
/** A process meets a few domains, a test suite some dozens. */
const SEPARATORS_MAX = 256;

/** A domain of version 1, by its name, chain and contract. */
export interface NamedDomain {
  readonly name: string;
  readonly chainId: number;
  readonly contract: Hex;
}

function domainSeparator({ name, chainId, contract }: NamedDomain): Uint8Array {
  const key = `${name}/${chainId}/${contract}`;
  const known = separators.get(key);
  if (known !== undefined) return known;
  const separator = keccak256(
    concatBytes(
      typeHash(DOMAIN_TYPE),
      keccak256(utf8Bytes(name)),
      keccak256(utf8Bytes("1")),
      uintWord(BigInt(chainId)),
      uintWord(BigInt(contract)),
    ),
  );
  if (separators.size >= SEPARATORS_MAX) separators.clear();
  separators.set(key, separator);
  return separator;
}

/** The digest to sign in a domain: of a struct whose words are `fields`, each 32 bytes, in the order of its type. */
export function digestIn(domain: NamedDomain, type: Uint8Array, ...fields: readonly Uint8Array[]): Hex {
  const struct = keccak256(concatBytes(type, ...fields));
  return toHex(keccak256(concatBytes(PREFIX, domainSeparator(domain), struct)));
}

/** The digest to sign in the domain of answers and attestations. */
export function typedDigest(domain: SigningDomain, type: Uint8Array, ...fields: readonly Uint8Array[]): Hex {
  const { chainId, directory: contract } = domain;
  return digestIn({ name: "Holdfast", chainId, contract }, type, ...fields);
}
