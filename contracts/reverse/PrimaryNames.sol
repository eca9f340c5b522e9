// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice Names of up to 255 bytes in storage, one slot for up to 31 bytes.
///
/// Layout, the same as that of records: the head slot is the mapping's, keccak256(node ‖ mapping slot). Short: the bytes
/// left-aligned, their count in the lowest byte. Long: 29 bytes, two bytes of count, lowest byte 0xFF; the rest in the slots
/// head + 1, head + 2, ... No name: zero.
library PrimaryNames {
    /// @notice The longest name kept, in bytes.
    uint256 internal constant NAME_BYTES_MAX = 255;

    uint256 private constant LONG = 0xFF;
    uint256 private constant SHORT_BYTES_MAX = 31;
    uint256 private constant LONG_HEAD_BYTES = 29;

    /// @notice A mapping's entry, by its place in storage.
    struct Entry {
        uint256 head;
    }

    /// @notice Writes a name, or deletes it where it is empty. At most NAME_BYTES_MAX bytes, which the caller checks.
    function write(Entry storage self, string calldata name) internal {
        uint256 size = bytes(name).length;
        uint256 tailBefore = _tailSlots(self.head);
        if (size <= SHORT_BYTES_MAX) {
            self.head = size == 0 ? 0 : _load(name, 0, size) | size;
            _clearTail(self, 0, tailBefore);
            return;
        }
        self.head = _load(name, 0, LONG_HEAD_BYTES) | (size << 8) | LONG;
        uint256 slot = 0;
        for (uint256 offset = LONG_HEAD_BYTES; offset < size; offset += 32) {
            uint256 word = _load(name, offset, size - offset < 32 ? size - offset : 32);
            // Unbounded only by type: at most 8 slots behind a head that is a hash.
            assembly ("memory-safe") {
                sstore(add(add(self.slot, 1), slot), word)
            }
            ++slot;
        }
        _clearTail(self, slot, tailBefore);
    }

    /// @notice Writes a name of up to 31 bytes that comes as its head; zero deletes it.
    function writeShort(Entry storage self, bytes32 head) internal {
        uint256 before = self.head;
        self.head = uint256(head);
        if (before & 0xFF == LONG) _clearTail(self, 0, _tailSlots(before));
    }

    /// @notice Reads a name, empty where there is none.
    function read(Entry storage self) internal view returns (string memory name) {
        uint256 head = self.head;
        if (head == 0) return "";
        uint256 size = head & 0xFF;
        if (size != LONG) {
            name = new string(size);
            assembly ("memory-safe") {
                mstore(add(name, 0x20), and(head, not(0xFF)))
            }
            return name;
        }
        size = (head >> 8) & 0xFFFF;
        // Room for whole words, since the last one is written whole.
        name = new string(size + 32);
        assembly ("memory-safe") {
            mstore(name, size)
            mstore(add(name, 0x20), and(head, not(0xFFFFFF)))
            let slot := add(self.slot, 1)
            for {
                let offset := LONG_HEAD_BYTES
            } lt(offset, size) {
                offset := add(offset, 32)
            } {
                mstore(add(add(name, 0x20), offset), sload(slot))
                slot := add(slot, 1)
            }
        }
    }

    /// @dev `count` bytes from `offset`, left-aligned, zeros behind them.
    function _load(string calldata name, uint256 offset, uint256 count) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(name.offset, offset))
        }
        uint256 spare = (32 - count) << 3;
        return (word >> spare) << spare;
    }

    /// @dev How many slots go on behind a head.
    function _tailSlots(uint256 head) private pure returns (uint256) {
        if (head & 0xFF != LONG) return 0;
        return (((head >> 8) & 0xFFFF) - LONG_HEAD_BYTES + 31) / 32;
    }

    /// @dev Clears some of them.
    function _clearTail(Entry storage self, uint256 from, uint256 to) private {
        for (uint256 slot = from; slot < to; ++slot) {
            assembly ("memory-safe") {
                sstore(add(add(self.slot, 1), slot), 0)
            }
        }
    }
}
