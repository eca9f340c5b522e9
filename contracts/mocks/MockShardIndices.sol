// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IShardIndexSource} from "../directory/IShardIndexSource.sol";

/// @notice A registry as the directory sees it, with indices that anybody sets, for tests.
contract MockShardIndices is IShardIndexSource {
    mapping(bytes32 node => uint256 indexPlusOne) private _indices;

    /// @notice Gives a name an index.
    function set(bytes32 node, uint32 index) external {
        _indices[node] = uint256(index) + 1;
    }

    /// @inheritdoc IShardIndexSource
    function shardIndexOf(bytes32 node) external view returns (bool known, uint32 shardIndex) {
        uint256 stored = _indices[node];
        return stored == 0 ? (false, 0) : (true, uint32(stored - 1));
    }
}
