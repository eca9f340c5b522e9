// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice One zone's table: which gateway holds each of its 544 slots, and who held it before.
///
/// Model. 34 words of 16 lanes of 16 bits; slot s is lane `s & 15` of word `s >> 4`; slots 512..543 are the reserved ones. A
/// change of a word notes when, and keeps the holders it replaced. The note is for the whole word, so another change within
/// the handover time lets the holders of the earlier one serve on a little longer, never shorter.
library SlotTable {
    struct Table {
        uint256[34] words;
        uint256[34] previous;
        uint48[34] movedAt;
    }

    /// @notice Lanes of a word.
    uint256 internal constant LANES = 16;
    /// @notice Words that hold the 512 ordinary slots.
    uint256 internal constant ORDINARY_WORDS = 32;
    /// @notice Words of a table.
    uint256 internal constant WORDS = 34;

    /// @notice One lane of a word.
    function lane(uint256 word, uint256 index) internal pure returns (uint256) {
        return (word >> (index << 4)) & 0xFFFF;
    }

    /// @notice Who holds a slot, 0 for nobody.
    function holder(Table storage self, uint256 slot) internal view returns (uint256) {
        return lane(self.words[slot >> 4], slot & 15);
    }

    /// @notice Writes a word and keeps the lanes it replaces.
    /// @param mask All 16 bits of every lane that changes hands.
    /// @param handoverSeconds How long replaced holders stay readable, in seconds.
    function replace(Table storage self, uint256 index, uint256 word, uint256 mask, uint256 handoverSeconds) internal {
        uint256 kept = 0;
        if (block.timestamp < self.movedAt[index] + handoverSeconds) kept = self.previous[index] & ~mask;
        uint256 previous = kept | (self.words[index] & mask);
        // A zone's first table replaces nobody; the comparison spares it 34 writes.
        if (self.previous[index] != previous) self.previous[index] = previous;
        self.movedAt[index] = uint48(block.timestamp);
        self.words[index] = word;
    }

    /// @notice The holder of a slot before its last change, 0 once the handover time is over.
    function previousHolder(Table storage self, uint256 slot, uint256 handoverSeconds) internal view returns (uint256) {
        if (block.timestamp >= self.movedAt[slot >> 4] + handoverSeconds) return 0;
        return lane(self.previous[slot >> 4], slot & 15);
    }
}
