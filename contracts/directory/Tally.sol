// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice Counts per gateway in memory, sixteen to a word, so that a fleet's worth of them stays cheap.
library Tally {
    /// @notice Counters for ids 0..idMax, all zero.
    function create(uint256 idMax) internal pure returns (uint256[] memory) {
        return new uint256[]((idMax >> 4) + 1);
    }

    /// @notice Counts one more for an id. A counter holds up to 65,535; a zone has 512 slots.
    function increment(uint256[] memory self, uint256 id) internal pure {
        self[id >> 4] += 1 << ((id & 15) << 4);
    }

    /// @notice An id's count.
    function get(uint256[] memory self, uint256 id) internal pure returns (uint256) {
        return (self[id >> 4] >> ((id & 15) << 4)) & 0xFFFF;
    }
}
