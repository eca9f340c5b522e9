// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice Who held the slots of one zone before.
///
/// Model. Whoever loses a slot serves on for the handover time and can be found for the whole of it. A slot has room for one former
/// holder, so it changes hands once in that time:
///
/// - ordinary slots move by a join or a leave, of which a zone has one at a time: the next comes at `ordinaryEndsAt` or later;
/// - a reserved slot moves alone, the next time at `reservedEndsAt` or later.
///
/// What takes a slot from nobody (a zone's seed, a reserved slot's first holder) replaces nobody: it starts no handover, and it leaves
/// one that is under way as it is.
///
///     settled -> joinZone, leaveZone, assignReservedSlot -> under way -> handover time -> settled
library SlotTable {
    /// @dev The words of `movedWords` are those of the zone's last change; what others still hold is older and counts no more.
    struct Former {
        uint48 movedAt;
        uint32 movedWords;
        uint256[34] words;
        uint48[32] reservedMovedAt;
    }

    /// @notice Lanes of a word.
    uint256 internal constant LANES = 16;
    /// @notice Words that hold the 512 ordinary slots.
    uint256 internal constant ORDINARY_WORDS = 32;
    /// @notice The first reserved slot.
    uint256 internal constant RESERVED_SLOT_MIN = 512;

    /// @notice One lane of a word.
    function lane(uint256 word, uint256 index) internal pure returns (uint256) {
        return (word >> (index << 4)) & 0xFFFF;
    }

    /// @notice Keeps the lanes of an ordinary word that are taken from their holders. The handover before has ended.
    /// @param taken Those lanes, with zeros for all others.
    function keepOrdinary(Former storage self, uint256 index, uint256 taken) internal {
        if (taken == 0) return;
        // The words of one change are of one block, and no other change is.
        uint256 others = self.movedAt == block.timestamp ? self.movedWords : 0;
        self.movedWords = uint32(others | (1 << index));
        self.movedAt = uint48(block.timestamp);
        self.words[index] = taken;
    }

    /// @notice Keeps the holder of a reserved slot that is taken from it. The handover before has ended.
    /// @param reservedSlot 0..31.
    function keepReserved(Former storage self, uint256 reservedSlot, uint256 id) internal {
        uint256 index = ORDINARY_WORDS + (reservedSlot >> 4);
        uint256 shift = (reservedSlot & 15) << 4;
        self.words[index] = (self.words[index] & ~(0xFFFF << shift)) | (id << shift);
        self.reservedMovedAt[reservedSlot] = uint48(block.timestamp);
    }

    /// @notice When the handover of the zone's last join or leave is over, in seconds since 1970; 0 before the first.
    function ordinaryEndsAt(Former storage self, uint256 handoverSeconds) internal view returns (uint256) {
        uint256 movedAt = self.movedAt;
        return movedAt == 0 ? 0 : movedAt + handoverSeconds;
    }

    /// @notice The same for a reserved slot, 0..31.
    function reservedEndsAt(
        Former storage self,
        uint256 reservedSlot,
        uint256 handoverSeconds
    ) internal view returns (uint256) {
        uint256 movedAt = self.reservedMovedAt[reservedSlot];
        return movedAt == 0 ? 0 : movedAt + handoverSeconds;
    }

    /// @notice Who lost a slot last, and when; zeros for an ordinary slot that did not move in its zone's last change.
    function last(Former storage self, uint256 slot) internal view returns (uint256 id, uint256 movedAt) {
        uint256 index = slot >> 4;
        id = lane(self.words[index], slot & 15);
        if (slot >= RESERVED_SLOT_MIN) return (id, self.reservedMovedAt[slot - RESERVED_SLOT_MIN]);
        if (id == 0 || (self.movedWords >> index) & 1 == 0) return (0, 0);
        movedAt = self.movedAt;
    }
}
