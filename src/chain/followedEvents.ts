/** The events from which a copy of the registry and the directory can be rebuilt, as signatures. */
import { parseAbi, toEventSelector } from "viem";
import type { Hex } from "../base/bytes.ts";

/**
 * Events of NameRegistry that write storage or tell a name (contracts/registry/LAYOUT.md). What is `string` in the contract's and is kept
 * in storage is `bytes` here, since the contract takes any bytes for text and a copy needs them as they are; `bytesTopics` leads from
 * the one to the other.
 */
export const registryEvents = parseAbi([
  "event ControllerChanged(address indexed controller)",
  "event NameRegistered(bytes32 indexed node, address indexed owner, string label, uint256 expiry, uint256 shardIndex)",
  "event NameRenewed(bytes32 indexed node, uint256 expiry)",
  "event NameWord(bytes32 indexed node, uint256 word)",
  "event Transfer(address indexed from, address indexed to, uint256 indexed tokenId)",
  "event Transfer(bytes32 indexed node, address owner)",
  "event NewOwner(bytes32 indexed node, bytes32 indexed label, address owner)",
  "event TenureOpened(bytes32 indexed node, uint256 tenureId)",
  "event Anchored(bytes32 indexed node, uint256 tenureId)",
  "event NewResolver(bytes32 indexed node, address resolver)",
  "event NewTTL(bytes32 indexed node, uint64 ttl)",
  "event DNSZoneCleared(bytes32 indexed node)",
  "event Approval(address indexed owner, address indexed approved, uint256 indexed tokenId)",
  "event ApprovalForAll(address indexed owner, address indexed operator, bool approved)",
  "event NameOperatorChanged(bytes32 indexed node, address indexed owner, address indexed operator, uint256 permissions)",
  "event NamePublished(bytes32 indexed node, bytes dnsName)",
  "event LabelPublished(bytes32 indexed parent, bytes32 indexed label, string text)",
  "event AddrChanged(bytes32 indexed node, address a)",
  "event AddressChanged(bytes32 indexed node, uint256 coinType, bytes newAddress)",
  "event TextChanged(bytes32 indexed node, bytes indexed indexedKey, bytes key, bytes value)",
  "event ContenthashChanged(bytes32 indexed node, bytes hash)",
  "event NameChanged(bytes32 indexed node, bytes name)",
  "event DNSZonehashChanged(bytes32 indexed node, bytes lastzonehash, bytes zonehash)",
  "event PubkeyChanged(bytes32 indexed node, bytes32 x, bytes32 y)",
  "event InterfaceChanged(bytes32 indexed node, bytes4 indexed interfaceID, address implementer)",
  "event DataChanged(bytes32 node, string key, bytes32 indexed keyHash, bytes32 indexed dataHash)",
  "event RecordStored(bytes32 indexed node, uint256 kindWord, bytes32 subkey, bytes value)",
  "event DNSRecordChanged(bytes32 indexed node, bytes name, uint16 resource, bytes record)",
  "event DNSRecordDeleted(bytes32 indexed node, bytes name, uint16 resource)",
]);

/** Events of GatewayDirectory, all but its access manager's. */
export const directoryEvents = parseAbi([
  "event GatewayRegistered(uint16 indexed id, uint8 indexed zone, address operator, address signer, string httpUrl, string dnsEndpoint, uint64 version)",
  "event GatewayUpdated(uint16 indexed id, address signer, string httpUrl, string dnsEndpoint, uint64 version)",
  "event GatewayOperatorChanged(uint16 indexed id, address operator, uint64 version)",
  "event GatewayRetired(uint16 indexed id, uint64 version)",
  "event ZoneSeeded(uint8 indexed zone, uint256[32] words, uint64 version)",
  "event GatewayJoined(uint16 indexed id, uint8 indexed zone, uint256[2] slotSet, uint64 version)",
  "event GatewayLeft(uint16 indexed id, uint8 indexed zone, bytes successors, uint64 version)",
  "event ReservedSlotAssigned(uint8 indexed zone, uint8 indexed reservedSlot, uint16 indexed id, uint64 version)",
  "event NameIsolated(bytes32 indexed node, uint32 index, uint64 version)",
  "event NameReleased(bytes32 indexed node, uint64 version)",
]);

/** Events of ReverseRegistrar, all of which write storage; names are `bytes` here too. */
export const reverseEvents = parseAbi([
  "event AuthorityUpdated(address authority)",
  "event NameForAddrChanged(address indexed account, bytes name)",
  "event DefaultNameForAddrChanged(address indexed account, bytes name)",
  "event PrimaryNameClaimed(address indexed account, bool isDefault, uint48 signedAt)",
  "event ReverseControllerChanged(address indexed controller, bool allowed)",
]);

/** The first topic of the events above that take for `bytes` what the contracts call `string`, by that of the contracts' event. */
export const bytesTopics: ReadonlyMap<Hex, Hex> = new Map(
  [
    ["TextChanged", "bytes32,string,string,string"],
    ["NameChanged", "bytes32,string"],
    ["NameForAddrChanged", "address,string"],
    ["DefaultNameForAddrChanged", "address,string"],
  ].map(([name, types]) => [
    toEventSelector(`${name}(${types})`),
    toEventSelector(`${name}(${types!.replaceAll("string", "bytes")})`),
  ]),
);
