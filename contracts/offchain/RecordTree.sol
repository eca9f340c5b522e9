// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {IOffchainResolver, RecordLeaf} from "./IOffchainResolver.sol";

/// @notice The tree of a signed set's records.
///
/// Model. The records' keys form a ring in ascending order; a leaf says a key, the next one and the hash of the value. One
/// leaf therefore shows either a record, or, where it spans the wanted key, that there is none. Leaves are hashed twice and
/// pairs are hashed in order of value, so neither can be taken for the other and a proof needs no directions.
library RecordTree {
    /// @notice The record under `key`, empty where the set has none.
    /// @param leaf The gateway's evidence, not believed.
    function valueOf(bytes32 root, bytes32 key, RecordLeaf memory leaf) internal pure returns (bytes memory) {
        require(
            MerkleProof.verify(leaf.proof, root, leafHash(leaf)),
            IOffchainResolver.RecordSetInvalidProof(leaf.key)
        );
        if (leaf.key == key) return leaf.value;
        require(spans(leaf, key), IOffchainResolver.RecordSetUnrelatedLeaf(key, leaf.key, leaf.nextKey));
        return "";
    }

    /// @notice Whether a leaf shows that a key other than its own is not in the set.
    function spans(RecordLeaf memory leaf, bytes32 key) internal pure returns (bool) {
        // The last leaf closes the ring: it spans what lies above it and what lies below the first.
        if (leaf.key >= leaf.nextKey) return key > leaf.key || key < leaf.nextKey;
        return key > leaf.key && key < leaf.nextKey;
    }

    /// @notice A leaf's hash.
    function leafHash(RecordLeaf memory leaf) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(leaf.key, leaf.nextKey, keccak256(leaf.value)))));
    }
}
