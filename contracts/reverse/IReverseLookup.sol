// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice What the registry asks about nodes it knows nothing of, so that reverse names need no entry in it.
interface IReverseLookup {
    /// @notice Whether this contract answers for a node: it is that of a reverse name with a primary name (ENSIP-3,
    /// ENSIP-19), or of `reverse`, `addr.reverse` or `default.reverse` themselves, under which it answers by ENSIP-10.
    function hasName(bytes32 node) external view returns (bool);
}
