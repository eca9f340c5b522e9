// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice What the directory asks the registry.
interface IShardIndexSource {
    /// @notice The shard index of a live name under the TLD.
    /// @return known Whether there is one.
    /// @return shardIndex The index, meaningless unless `known`.
    function shardIndexOf(bytes32 node) external view returns (bool known, uint32 shardIndex);
}
