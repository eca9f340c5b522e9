// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @title Byte strings in storage
///
/// Every record is one byte string under a hashed head slot (`LAYOUT.md`). Up to 31 bytes live in the head, with their length in
/// its lowest byte; longer ones put 29 bytes, a two-byte length and a mark there, and go on in the slots that follow. That saves
/// the separate length slot of Solidity's own `bytes`. A text of 32 characters or more that is all ASCII is kept in seven bits a
/// character, which saves an eighth of the slots.
///
///     bytes32 head = RecordStore.slot(node, kindWord, subkey);
///     RecordStore.store(head, value);
library RecordStore {
    /// @notice The most bytes a record has.
    uint256 internal constant MAX_BYTES = 8192;

    uint256 private constant TOPS = 0x8080808080808080808080808080808080808080808080808080808080808080;

    /// @notice The head slot of a record.
    function slot(bytes32 node, uint256 kindWord, bytes32 subkey) internal pure returns (bytes32 head) {
        assembly ("memory-safe") {
            // 96 bytes from 0 on would run into the free memory pointer, so it is put back.
            let free := mload(0x40)
            mstore(0x00, node)
            mstore(0x20, kindWord)
            mstore(0x40, subkey)
            head := keccak256(0x00, 0x60)
            mstore(0x40, free)
        }
    }

    /// @notice Writes a value and clears what the one before leaves over.
    /// @return before The former head, zero if there was no value.
    function store(bytes32 head, bytes calldata value) internal returns (uint256 before) {
        uint256 source;
        assembly ("memory-safe") {
            source := mload(0x40)
            calldatacopy(source, value.offset, value.length)
        }
        return storeAt(head, source, value.length);
    }

    /// @notice The same, from memory.
    function storeMemory(bytes32 head, bytes memory value) internal returns (uint256 before) {
        uint256 source;
        assembly ("memory-safe") {
            source := add(value, 32)
        }
        return storeAt(head, source, value.length);
    }

    /// @notice The same, of `length` bytes from `source` on in memory. What stands behind them does not matter.
    function storeAt(bytes32 head, uint256 source, uint256 length) internal returns (uint256 before) {
        return _store(head, source, length, length, (length << 8) | 0xff);
    }

    /// @notice The same, of up to 31 bytes that come as their head: left-aligned, zeros behind them, their length in the lowest
    /// byte.
    function storeShort(bytes32 head, uint256 value) internal returns (uint256 before) {
        assembly ("memory-safe") {
            before := sload(head)
            sstore(head, value)
        }
        clearLong(head, before);
    }

    /// @notice Clears what a value leaves over behind its head when one of up to 31 bytes has taken its place there.
    /// @param before Its head.
    function clearLong(bytes32 head, uint256 before) internal {
        if (before & 0xff > 0xfd) _clearTail(head, before, 0);
    }

    /// @notice `storeShort` or `storeAt`, of `length` bytes that stand at the free memory pointer.
    function storeFree(bytes32 head, uint256 length) internal returns (uint256 before) {
        uint256 source;
        uint256 word;
        assembly ("memory-safe") {
            source := mload(0x40)
            let spare := shl(3, sub(32, length))
            word := or(shl(spare, shr(spare, mload(source))), length)
        }
        return length < 32 ? storeShort(head, word) : storeAt(head, source, length);
    }

    /// @notice The same, of a text: 32 zero bytes must stand behind it, and memory from there on be free.
    function storeText(bytes32 head, uint256 source, uint256 length) internal returns (uint256 before) {
        if (length > 31) {
            uint256 packed = _pack(source, length);
            if (packed != 0) {
                return _store(head, packed, (7 * length + 7) >> 3, length | 0x80, (length << 8) | 0xfe);
            }
        }
        return storeAt(head, source, length);
    }

    /// @notice The value under a head slot, empty if there is none.
    function load(bytes32 head) internal view returns (bytes memory value) {
        uint256 word;
        assembly ("memory-safe") {
            word := sload(head)
        }
        (uint256 size, uint256 slots, uint256 characters) = _measure(word);
        assembly ("memory-safe") {
            value := mload(0x40)
            let data := add(value, 32)
            mstore(value, size)
            mstore(data, word)
            for {
                let i := 1
            } iszero(gt(i, slots)) {
                i := add(i, 1)
            } {
                mstore(add(data, sub(shl(5, i), 3)), sload(add(head, i)))
            }
            // The head's tag and the padding of the last slot are behind the value: they are wiped.
            mstore(add(data, size), 0)
            mstore(0x40, add(data, and(add(size, 63), not(31))))
        }
        if (characters != 0) return _unpack(value, characters);
    }

    /// @notice The 20 bytes of a short value, and whether there is a value at all.
    function loadAddress(bytes32 head) internal view returns (bool exists, address value) {
        assembly ("memory-safe") {
            let word := sload(head)
            exists := iszero(iszero(word))
            value := shr(96, word)
        }
    }

    /// @dev Writes `size` bytes from `source` on. `shortTag` is the lowest byte of a head that holds all of them, `longTag` the
    /// lowest three of one that does not.
    function _store(
        bytes32 head,
        uint256 source,
        uint256 size,
        uint256 shortTag,
        uint256 longTag
    ) private returns (uint256 before) {
        assembly ("memory-safe") {
            before := sload(head)
        }
        uint256 slots = 0;
        if (size < 32) {
            assembly ("memory-safe") {
                let spare := shl(3, sub(32, size))
                sstore(head, or(shl(spare, shr(spare, mload(source))), shortTag))
            }
        } else {
            assembly ("memory-safe") {
                sstore(head, or(shl(24, shr(24, mload(source))), longTag))
                slots := shr(5, add(size, 2))
                let cursor := add(source, 29)
                for {
                    let i := 1
                } lt(i, slots) {
                    i := add(i, 1)
                } {
                    sstore(add(head, i), mload(cursor))
                    cursor := add(cursor, 32)
                }
                let spare := shl(3, sub(32, sub(add(source, size), cursor)))
                sstore(add(head, slots), shl(spare, shr(spare, mload(cursor))))
            }
        }
        if (before & 0xff > 0xfd) _clearTail(head, before, slots);
    }

    /// @dev Clears what a long value's head `before` has behind the first `slots` slots that follow it. Only long values have
    /// 0xfe or more for a tag.
    function _clearTail(bytes32 head, uint256 before, uint256 slots) private {
        (, uint256 old, ) = _measure(before);
        for (; old > slots; --old) {
            assembly ("memory-safe") {
                sstore(add(head, old), 0)
            }
        }
    }

    /// @dev What a head says: stored bytes, slots behind the head, and characters if the bytes are a packed text.
    function _measure(uint256 word) private pure returns (uint256 size, uint256 slots, uint256 characters) {
        unchecked {
            uint256 tag = word & 0xff;
            size = tag;
            if (tag < 0x80) return (size, 0, 0);
            uint256 field = (word >> 8) & 0xffff;
            if (tag == 0xff) return (field, (field + 2) >> 5, 0);
            characters = tag == 0xfe ? field : tag & 0x7f;
            size = (7 * characters + 7) >> 3;
            slots = tag == 0xfe ? (size + 2) >> 5 : 0;
        }
    }

    /// @dev Packs an ASCII text behind itself, 32 characters into 28 bytes at a time; zero if it is not ASCII.
    function _pack(uint256 source, uint256 length) private pure returns (uint256 target) {
        assembly ("memory-safe") {
            let all := 0
            let end := add(source, length)
            for {
                let cursor := source
            } lt(cursor, end) {
                cursor := add(cursor, 32)
            } {
                all := or(all, mload(cursor))
            }
            if iszero(and(all, TOPS)) {
                target := add(end, 32)
                let to := target
                for {
                    let cursor := source
                } lt(cursor, end) {
                    cursor := add(cursor, 32)
                } {
                    // Seven-bit characters close up in pairs, then pairs of pairs, up to 224 bits.
                    let x := mload(cursor)
                    x := or(
                        and(x, 0x007f007f007f007f007f007f007f007f007f007f007f007f007f007f007f007f),
                        shr(1, and(x, 0x7f007f007f007f007f007f007f007f007f007f007f007f007f007f007f007f00))
                    )
                    x := or(
                        and(x, 0x00003fff00003fff00003fff00003fff00003fff00003fff00003fff00003fff),
                        shr(2, and(x, 0x3fff00003fff00003fff00003fff00003fff00003fff00003fff00003fff0000))
                    )
                    x := or(
                        and(x, 0x000000000fffffff000000000fffffff000000000fffffff000000000fffffff),
                        shr(4, and(x, 0x0fffffff000000000fffffff000000000fffffff000000000fffffff00000000))
                    )
                    x := or(
                        and(x, 0x000000000000000000ffffffffffffff000000000000000000ffffffffffffff),
                        shr(8, and(x, 0x00ffffffffffffff000000000000000000ffffffffffffff0000000000000000))
                    )
                    x := or(and(x, 0xffffffffffffffffffffffffffff), shr(16, shl(128, shr(128, x))))
                    mstore(to, shl(32, x))
                    to := add(to, 28)
                }
            }
        }
    }

    /// @dev The text of a packed one.
    function _unpack(bytes memory packed, uint256 length) private pure returns (bytes memory value) {
        assembly ("memory-safe") {
            value := mload(0x40)
            mstore(value, length)
            let to := add(value, 32)
            let end := add(to, length)
            for {
                let from := add(packed, 32)
            } lt(to, end) {
                from := add(from, 28)
            } {
                let x := shr(32, mload(from))
                x := or(and(x, 0xffffffffffffffffffffffffffff), shl(16, shl(112, shr(112, x))))
                x := or(
                    and(x, 0x000000000000000000ffffffffffffff000000000000000000ffffffffffffff),
                    shl(8, and(x, 0x0000ffffffffffffff000000000000000000ffffffffffffff00000000000000))
                )
                x := or(
                    and(x, 0x000000000fffffff000000000fffffff000000000fffffff000000000fffffff),
                    shl(4, and(x, 0x00fffffff000000000fffffff000000000fffffff000000000fffffff0000000))
                )
                x := or(
                    and(x, 0x00003fff00003fff00003fff00003fff00003fff00003fff00003fff00003fff),
                    shl(2, and(x, 0x0fffc0000fffc0000fffc0000fffc0000fffc0000fffc0000fffc0000fffc000))
                )
                x := or(
                    and(x, 0x007f007f007f007f007f007f007f007f007f007f007f007f007f007f007f007f),
                    shl(1, and(x, 0x3f803f803f803f803f803f803f803f803f803f803f803f803f803f803f803f80))
                )
                mstore(to, x)
                to := add(to, 32)
            }
            mstore(end, 0)
            mstore(0x40, add(value, and(add(length, 95), not(31))))
        }
    }
}
