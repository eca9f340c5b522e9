// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice A set of records that its name's owner signed: the head of a tree that holds them all.
struct RecordSet {
    /// The name's node. The set may hold records of any name at or below it.
    bytes32 node;
    /// The name's record epoch (`INameRegistry.epochOf`): a re-registered or cleared name has no set.
    uint64 epoch;
    /// Higher than that of every set of the name signed before.
    uint64 sequence;
    /// From when it counts, in seconds since 1970.
    uint48 validFrom;
    /// The last second at which it counts.
    uint48 validUntil;
    /// Root of the tree of records (`RecordTree`), 0 for a set without records.
    bytes32 root;
}

/// @notice One leaf of a set's tree, with its place.
struct RecordLeaf {
    /// Key of the record.
    bytes32 key;
    /// The next higher key of the set, that of the first leaf behind the last.
    bytes32 nextKey;
    /// The record, as the resolver of the registry would keep it.
    bytes value;
    /// Hashes beside the path from the leaf to the root.
    bytes32[] proof;
}

/// @notice What a gateway answers.
struct SignedAnswer {
    RecordSet set;
    /// The name's owner, or an account that may write its records.
    address signer;
    /// The signer's EIP-712 signature of `set` (ERC-1271 where it is a contract).
    bytes signature;
    /// For every call asked, a leaf for each place where the record may be, up to the first that holds one; the leaves before it show
    /// that there is none at theirs. The places: the name's record; for the address of an EVM chain the name's default address
    /// (ENSIP-19); for a name below that of the set, the same of the set's wildcard. No leaves where the set has no records.
    RecordLeaf[][] leaves;
}

/// @notice What a gateway is asked (the calldata that ERC-3668 hands it).
interface IRecordGateway {
    /// @notice Records of a name, out of the newest signed set of `node`.
    /// @param resolver The contract that will check the answer: part of what is signed. The `sender` that ERC-3668 gives may
    /// be another one, which asks on its behalf.
    /// @param node The node of the name whose owner signs.
    /// @param name The name asked for, in DNS wire form, at or below that of `node`.
    /// @param calls Resolver calls, each for one record.
    function signedRecords(
        address resolver,
        bytes32 node,
        bytes calldata name,
        bytes[] calldata calls
    ) external view returns (SignedAnswer memory);
}

/// @title The resolver of names whose records are signed by their owner and held by their gateways
/// @notice ERC-3668 and ENSIP-10. It asks the name's own four gateways, all at once where the client can (ENSIP-21), accepts
/// nothing that does not verify, takes the newest of what verifies, and asks the remaining gateways when nothing does.
interface IOffchainResolver {
    /// @notice No name at or above this one has this contract as its resolver.
    /// @dev Error selector: 0xa43b02b5
    error OffchainResolverNotResolverOf(bytes name);
    /// @notice No gateway stands behind any slot of the name's shard.
    /// @dev Error selector: 0x948780ad
    error OffchainResolverNoGateways(bytes32 node);
    /// @notice None of the name's gateways gave an answer that verifies; `lastReason` is the last refusal's encoding.
    /// @dev Error selector: 0x4f8e835d
    error OffchainResolverNoValidAnswer(bytes32 node, bytes lastReason);
    /// @notice The answer is about another name's set.
    /// @dev Error selector: 0x7906dc9c
    error RecordSetWrongNode(bytes32 actual, bytes32 expected);
    /// @notice The set was signed for another record epoch of the name.
    /// @dev Error selector: 0x26d7480e
    error RecordSetWrongEpoch(uint64 actual, uint64 expected);
    /// @notice The set does not count now.
    /// @dev Error selector: 0xd326c796
    error RecordSetNotValidAt(uint256 timestamp, uint48 validFrom, uint48 validUntil);
    /// @notice The set was revoked.
    /// @dev Error selector: 0xfac51758
    error RecordSetRevoked(uint64 sequence, uint256 minSequence);
    /// @notice The signer is neither the name's owner nor may write its records.
    /// @dev Error selector: 0x7aa4c80d
    error RecordSetSignerUnauthorized(bytes32 node, address signer);
    /// @notice The signature is not the signer's.
    /// @dev Error selector: 0x0229af75
    error RecordSetInvalidSignature(address signer);
    /// @notice The answer has leaves for another number of calls, or too few for one of them.
    /// @dev Error selector: 0x4990c2c7
    error RecordSetWrongLeafCount(uint256 actual, uint256 expected);
    /// @notice A leaf is not part of the set.
    /// @dev Error selector: 0x737a9f3d
    error RecordSetInvalidProof(bytes32 key);
    /// @notice A leaf neither holds the record nor shows that there is none.
    /// @dev Error selector: 0xa87964e1
    error RecordSetUnrelatedLeaf(bytes32 wanted, bytes32 key, bytes32 nextKey);
    /// @notice The call reads no record that a set can hold.
    /// @dev Error selector: 0x7b1c461b
    error UnsupportedResolverProfile(bytes4 selector);

    /// @notice The lowest sequence number that counts: the name's `data` record `holdfast.minSequence` (ENSIP-24) in the registry, a
    /// number in big-endian bytes, 0 where there is none. Whoever may write the name's records revokes sets by raising it, and nobody
    /// can lower it again; a cleared name begins anew, with an epoch for which no set was signed. A record longer than 32 bytes
    /// revokes all.
    function minSequence(bytes32 node) external view returns (uint256);

    /// @notice The EIP-712 digest of a set.
    function recordSetDigest(RecordSet calldata set) external view returns (bytes32);

    /// @notice ENSIP-10. Always reverts with OffchainLookup (ERC-3668).
    /// @param name The name in DNS wire form.
    /// @param data A resolver call, or `multicall(bytes[])` of several (ENSIP-22).
    function resolve(bytes calldata name, bytes calldata data) external view returns (bytes memory);

    /// @notice Takes the gateways' answers (ERC-3668), returns what `resolve` was asked.
    function resolveCallback(bytes calldata response, bytes calldata extraData) external view returns (bytes memory);

    /// @notice Checks one gateway's answer.
    /// @return results For every call, what a resolver would return.
    /// @return sequence The set's sequence number.
    function verifyAnswer(
        bytes calldata answer,
        bytes32 node,
        bytes calldata name,
        bytes[] calldata calls
    ) external view returns (bytes[] memory results, uint64 sequence);
}
