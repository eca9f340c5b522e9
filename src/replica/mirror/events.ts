/** The registry's events that write storage or name things, shaped as a decoder of its ABI returns them. */
import type { Hex } from "../../base/bytes.ts";

interface Event<Name extends string, Arguments> {
  readonly eventName: Name;
  readonly args: Readonly<Arguments>;
}

export type RegistryEvent =
  | Event<"ControllerChanged", { controller: Hex }>
  | Event<"NameRegistered", { node: Hex; owner: Hex; label: string; expiry: bigint; shardIndex: bigint }>
  | Event<"NameRenewed", { node: Hex; expiry: bigint }>
  | Event<"NameWord", { node: Hex; word: bigint }>
  /** ERC-721's. */
  | Event<"Transfer", { from: Hex; to: Hex; tokenId: bigint }>
  /** EIP-137's. */
  | Event<"Transfer", { node: Hex; owner: Hex }>
  | Event<"NewOwner", { node: Hex; label: Hex; owner: Hex }>
  | Event<"TenureOpened", { node: Hex; tenureId: bigint }>
  | Event<"Anchored", { node: Hex; tenureId: bigint }>
  | Event<"NewResolver", { node: Hex; resolver: Hex }>
  | Event<"NewTTL", { node: Hex; ttl: bigint }>
  | Event<"DNSZoneCleared", { node: Hex }>
  | Event<"Approval", { owner: Hex; approved: Hex; tokenId: bigint }>
  | Event<"ApprovalForAll", { owner: Hex; operator: Hex; approved: boolean }>
  | Event<"NameOperatorChanged", { node: Hex; owner: Hex; operator: Hex; permissions: bigint }>
  | Event<"NamePublished", { node: Hex; dnsName: Hex }>
  | Event<"LabelPublished", { parent: Hex; label: Hex; text: string }>
  | Event<"AddrChanged", { node: Hex; a: Hex }>
  | Event<"AddressChanged", { node: Hex; coinType: bigint; newAddress: Hex }>
  /** Key and value as bytes, which need not be UTF-8. */
  | Event<"TextChanged", { node: Hex; key: Hex; value: Hex }>
  | Event<"ContenthashChanged", { node: Hex; hash: Hex }>
  | Event<"NameChanged", { node: Hex; name: Hex }>
  | Event<"DNSZonehashChanged", { node: Hex; zonehash: Hex }>
  | Event<"PubkeyChanged", { node: Hex; x: Hex; y: Hex }>
  | Event<"InterfaceChanged", { node: Hex; interfaceID: Hex; implementer: Hex }>
  | Event<"DataChanged", { node: Hex; key: string; keyHash: Hex }>
  | Event<"RecordStored", { node: Hex; kindWord: bigint; subkey: Hex; value: Hex }>
  | Event<"DNSRecordChanged", { node: Hex; name: Hex; resource: number; record: Hex }>
  | Event<"DNSRecordDeleted", { node: Hex; name: Hex; resource: number }>;
