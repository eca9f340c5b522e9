// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice Who held the slots of one zone before.
///
/// Model. A change of a word of the zone's table notes when, and keeps the holders it replaced. The note is for the whole word, so
/// another change within the handover time lets the holders of the earlier one serve on a little longer, never shorter.
library SlotTable {
    struct Former {
        uint256[34] words;
        uint48[34] movedAt;
    }

    /// @notice Lanes of a word.
    uint256 internal constant LANES = 16;
    /// @notice Words that hold the 512 ordinary slots.
    uint256 internal constant ORDINARY_WORDS = 32;

    /// @notice One lane of a word.
    function lane(uint256 word, uint256 index) internal pure returns (uint256) {
        return (word >> (index << 4)) & 0xFFFF;
    }

    /// @notice Keeps the lanes of a word that are about to be replaced.
    /// @param word The word before the change.
    /// @param mask All 16 bits of every lane that changes hands.
    /// @param handoverSeconds How long replaced holders stay readable, in seconds.
    function keep(Former storage self, uint256 index, uint256 word, uint256 mask, uint256 handoverSeconds) internal {
        uint256 kept = 0;
        if (block.timestamp < self.movedAt[index] + handoverSeconds) kept = self.words[index] & ~mask;
        uint256 former = kept | (word & mask);
        // A zone's first table replaces nobody; the comparison spares it 34 writes.
        if (self.words[index] != former) self.words[index] = former;
        self.movedAt[index] = uint48(block.timestamp);
    }

    /// @notice The holder of a slot before its last change, 0 once the handover time is over.
    function holder(Former storage self, uint256 slot, uint256 handoverSeconds) internal view returns (uint256) {
        if (block.timestamp >= self.movedAt[slot >> 4] + handoverSeconds) return 0;
        return lane(self.words[slot >> 4], slot & 15);
    }
}
