// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice The records of names: every ENS resolver profile in use. The name registry is this resolver: one contract, one
/// storage trie, one account proof. Records belong to a node *and its record epoch* (`INameRegistry.epochOf`), so a name
/// that is registered anew, granted anew or cleared has none. A name that is not live answers nothing.
///
/// Writing: the name's owner, accounts it approved for all its names, and its operators with the records permission.
/// Every setter with an empty value deletes the record.
interface IRecordResolver {
    // ------------------------------------------------------------------ addresses (ENSIP-1, ENSIP-9, ENSIP-11, ENSIP-19)

    /// @notice The Ethereum address of a name changed (ENSIP-1).
    event AddrChanged(bytes32 indexed node, address a);
    /// @notice An address of a name changed, through the setter with a coin type (ENSIP-9).
    event AddressChanged(bytes32 indexed node, uint256 coinType, bytes newAddress);

    /// @notice Sets the Ethereum address; the zero address is kept as such, so that no default takes its place.
    function setAddr(bytes32 node, address a) external;

    /// @notice Sets an address. For EVM coin types (60 and 0x80000000 | chain id) of 20 bytes, or empty to delete.
    /// @param coinType SLIP-44 number (ENSIP-9), 0x80000000 | chain id (ENSIP-11), or 0x80000000 for the default (ENSIP-19).
    /// @param a The address in its chain's binary form.
    function setAddr(bytes32 node, uint256 coinType, bytes calldata a) external;

    /// @notice The Ethereum address, or the default EVM address where none is set (ENSIP-19), or zero.
    function addr(bytes32 node) external view returns (address payable);

    /// @notice The address of a coin type in binary form; EVM chains without one get the default (ENSIP-19).
    function addr(bytes32 node, uint256 coinType) external view returns (bytes memory);

    /// @notice Whether `addr(node, coinType)` answers with something.
    function hasAddr(bytes32 node, uint256 coinType) external view returns (bool);

    // ------------------------------------------------------------------ text, contenthash, name (ENSIP-5, ENSIP-7, ENSIP-3)

    /// @notice A text record changed (ENSIP-5).
    event TextChanged(bytes32 indexed node, string indexed indexedKey, string key, string value);
    /// @notice The content hash changed (ENSIP-7).
    event ContenthashChanged(bytes32 indexed node, bytes hash);
    /// @notice The canonical name of a node changed (ENSIP-3).
    event NameChanged(bytes32 indexed node, string name);

    /// @notice Sets a text record (ENSIP-5).
    function setText(bytes32 node, string calldata key, string calldata value) external;

    /// @notice A text record (ENSIP-5).
    function text(bytes32 node, string calldata key) external view returns (string memory);

    /// @notice Sets the content hash, multicodec bytes (ENSIP-7).
    function setContenthash(bytes32 node, bytes calldata hash) external;

    /// @notice The content hash (ENSIP-7).
    function contenthash(bytes32 node) external view returns (bytes memory);

    /// @notice Sets the canonical name of a node (ENSIP-3).
    function setName(bytes32 node, string calldata newName) external;

    /// @notice The canonical name of a node (ENSIP-3).
    function name(bytes32 node) external view returns (string memory);

    // ------------------------------------------------------------------ ABI, pubkey, interfaces, data (ENSIP-4, 8, 24)

    /// @notice An ABI changed (ENSIP-4).
    event ABIChanged(bytes32 indexed node, uint256 indexed contentType);
    /// @notice The SECP256k1 public key changed.
    event PubkeyChanged(bytes32 indexed node, bytes32 x, bytes32 y);
    /// @notice The implementer of an interface changed (ENSIP-8).
    event InterfaceChanged(bytes32 indexed node, bytes4 indexed interfaceID, address implementer);
    /// @notice A data record changed (ENSIP-24).
    event DataChanged(bytes32 node, string key, bytes32 indexed keyHash, bytes32 indexed dataHash);
    /// @notice The value of a record whose standard event does not carry it (ABI and data); `kindWord` and `subkey` as in
    /// `LAYOUT.md`.
    event RecordStored(bytes32 indexed node, uint256 kindWord, bytes32 subkey, bytes value);

    /// @notice Sets an ABI (ENSIP-4).
    /// @param contentType One bit: 1 JSON, 2 zlib-compressed JSON, 4 CBOR, 8 URI.
    function setABI(bytes32 node, uint256 contentType, bytes calldata abiData) external;

    /// @notice The ABI of the lowest content type among `contentTypes` that is set (ENSIP-4).
    function ABI(bytes32 node, uint256 contentTypes) external view returns (uint256 contentType, bytes memory abiData);

    /// @notice Sets the SECP256k1 public key; two zeros delete it.
    function setPubkey(bytes32 node, bytes32 x, bytes32 y) external;

    /// @notice The SECP256k1 public key.
    function pubkey(bytes32 node) external view returns (bytes32 x, bytes32 y);

    /// @notice Sets the implementer of an interface (ENSIP-8); zero deletes it.
    function setInterface(bytes32 node, bytes4 interfaceID, address implementer) external;

    /// @notice The implementer of an interface (ENSIP-8): the one set, otherwise the name's address if that says by ERC-165
    /// that it implements it, otherwise zero.
    function interfaceImplementer(bytes32 node, bytes4 interfaceID) external view returns (address);

    /// @notice Sets a data record (ENSIP-24). `holdfast.minSequence`, by which signed sets are revoked, only goes up while the name has
    /// the same record epoch.
    function setData(bytes32 node, string calldata key, bytes calldata value) external;

    /// @notice A data record (ENSIP-24).
    function data(bytes32 node, string calldata key) external view returns (bytes memory);

    // ------------------------------------------------------------------ DNS (ENSIP-6)

    /// @notice An RRset was set (ENSIP-6).
    /// @param name The RRset's owner name, DNS wire form, lower case.
    /// @param resource The RR type.
    /// @param record The whole resource records in wire form, one after the other.
    event DNSRecordChanged(bytes32 indexed node, bytes name, uint16 resource, bytes record);
    /// @notice An RRset was deleted (ENSIP-6).
    event DNSRecordDeleted(bytes32 indexed node, bytes name, uint16 resource);
    /// @notice All RRsets of a name were deleted (ENSIP-6).
    event DNSZoneCleared(bytes32 indexed node);
    /// @notice The zone hash changed (ENSIP-6).
    event DNSZonehashChanged(bytes32 indexed node, bytes lastzonehash, bytes zonehash);

    /// @notice Sets RRsets (ENSIP-6). `records` are whole resource records in wire form (RFC 1035 section 3.2.1), names
    /// uncompressed and in lower case, class IN, those of one RRset next to each other; each RRset replaces the one before. One
    /// record without rdata deletes its RRset. An RRset has one TTL (RFC 2181 section 5.2): where they differ, the lowest.
    /// Rdata of A, AAAA, NS, CNAME, SOA, PTR, MX, TXT, SRV, DNAME and ALIAS must have the form of its type; that of others is taken as
    /// it is. Type 65401 is `ALIAS`: its rdata is the target's name, flattened by gateways.
    function setDNSRecords(bytes32 node, bytes calldata records) external;

    /// @notice An RRset in wire form (ENSIP-6). Its owner name is written as the two bytes C0 0C, which in a DNS message
    /// point to the name in the question, since the chain keeps the owner name's hash alone.
    /// @param nameHash keccak256 of the owner name in DNS wire form, lower case.
    function dnsRecord(bytes32 node, bytes32 nameHash, uint16 resource) external view returns (bytes memory);

    /// @notice An RRset in wire form with its owner name in full.
    /// @param ownerName The owner name in DNS wire form, lower case.
    function dnsRecord(bytes32 node, bytes calldata ownerName, uint16 resource) external view returns (bytes memory);

    /// @notice Whether an owner name has an RRset of any type in common use (ENSIP-6).
    function hasDNSRecords(bytes32 node, bytes32 nameHash) external view returns (bool);

    /// @notice How many RRsets a name has.
    function dnsRecordCount(bytes32 node) external view returns (uint256);

    /// @notice How many records a name has that are counted and are no RRsets: addresses, texts, data and interfaces, but for coin
    /// types below 512, the default EVM address, and the global keys of ENSIP-5 and ENSIP-18.
    function otherRecordCount(bytes32 node) external view returns (uint256);

    /// @notice Deletes all RRsets of a name (ENSIP-6).
    function clearDNSZone(bytes32 node) external;

    /// @notice Sets the zone hash (ENSIP-6).
    function setZonehash(bytes32 node, bytes calldata hash) external;

    /// @notice The zone hash (ENSIP-6).
    function zonehash(bytes32 node) external view returns (bytes memory);

    // ------------------------------------------------------------------ whole names

    /// @notice All records of a name were cleared; `newVersion` is the name's new record epoch.
    event VersionChanged(bytes32 indexed node, uint64 newVersion);
    /// @notice An operator for the records of one name was approved or dismissed.
    event Approved(address owner, bytes32 indexed node, address indexed delegate, bool indexed approved);

    /// @notice Deletes all records of a name, and dismisses its operators: one that calls this cannot do so again. A leased name
    /// can be cleared 255 times in a tenure.
    function clearRecords(bytes32 node) external;

    /// @notice The record epoch of a name.
    function recordVersions(bytes32 node) external view returns (uint64);

    /// @notice Lets `delegate` write the records of one name for the caller, or no longer.
    function approve(bytes32 node, address delegate, bool approved) external;

    /// @notice Whether `delegate` may write the records of a name by the leave of `owner`, its present owner.
    function isApprovedFor(address owner, bytes32 node, address delegate) external view returns (bool);

    /// @notice Makes several calls to this contract, all or none.
    function multicall(bytes[] calldata calls) external returns (bytes[] memory results);

    /// @notice The same, each call having `node` as its first argument; zero for no such check.
    function multicallWithNodeCheck(bytes32 node, bytes[] calldata calls) external returns (bytes[] memory results);

    /// @notice Answers a call to any of the functions above about a name (ENSIP-10); also `multicall` (ENSIP-22).
    function resolve(bytes calldata dnsName, bytes calldata call) external view returns (bytes memory);

    /// @notice Whether a feature is supported (ERC-7996, ENSIP-22).
    function supportsFeature(bytes4 feature) external view returns (bool);

    // ------------------------------------------------------------------ errors

    /// @notice The value is longer than a record can be, in bytes.
    /// @dev Error selector: 0x11f9612c
    error RecordTooLong(uint256 length, uint256 max);
    /// @notice The key is empty or longer than a key can be, in bytes.
    /// @dev Error selector: 0xf6d96856
    error RecordInvalidKeyLength(uint256 length, uint256 max);
    /// @notice The name has as many RRsets, or as many other records that are counted, as one can have.
    /// @dev Error selector: 0x1cba5d87
    error RecordTooMany(bytes32 node, uint256 max);
    /// @notice An EVM address is not 20 bytes.
    /// @dev Error selector: 0x7e8f8efa
    error RecordInvalidAddress(uint256 coinType, bytes value);
    /// @notice A content type is not a single bit of the lowest sixteen.
    /// @dev Error selector: 0x1fe9766e
    error RecordInvalidContentType(uint256 contentType);
    /// @notice The resource record that starts at `offset` breaks the rules of its wire form.
    /// @dev Error selector: 0x096576a6
    error RecordMalformedDns(uint256 offset);
    /// @notice The type of a resource record is not one of data (RFC 6895: zero, OPT and the query types are not).
    /// @dev Error selector: 0x69efae7b
    error RecordInvalidDnsType(uint16 resource);
    /// @notice A call is not about `node` as it should be.
    /// @dev Error selector: 0xd4499075
    error RecordCallForOtherNode(bytes32 node, bytes32 other);
    /// @notice The call to be answered is not one of the reading functions.
    /// @dev Error selector: 0x97b6f93f
    error RecordUnsupportedCall(bytes4 selector);
    /// @notice Sets of records that were revoked would count again.
    /// @dev Error selector: 0xcd003de4
    error RecordMinSequenceLowered(bytes32 node, uint256 present, uint256 next);
}
