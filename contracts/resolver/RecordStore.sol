// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @title Byte strings in storage
///
/// Every record is one byte string under a hashed head slot (`LAYOUT.md`). Up to 31 bytes live in the head, with their length in
/// its lowest byte; longer ones put 29 bytes, a two-byte length and the mark 0xFF there, and go on in the slots that follow. That
/// saves the separate length slot of Solidity's own `bytes`.
///
///     bytes32 head = RecordStore.slot(node, kindWord, subkey);
///     RecordStore.store(head, value);
library RecordStore {
    /// @notice The most bytes a record has.
    uint256 internal constant MAX_BYTES = 8192;

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
        assembly ("memory-safe") {
            let length := value.length
            before := sload(head)
            let word := calldataload(value.offset)
            let slots := 0
            switch lt(length, 32)
            case 1 {
                let bits := shl(3, sub(32, length))
                sstore(head, or(shl(bits, shr(bits, word)), length))
            }
            default {
                sstore(head, or(shl(24, shr(24, word)), or(shl(8, length), 0xff)))
                slots := shr(5, add(length, 2))
                let last := sub(slots, 1)
                let offset := add(value.offset, 29)
                for {
                    let i := 0
                } lt(i, last) {
                    i := add(i, 1)
                } {
                    sstore(add(head, add(i, 1)), calldataload(add(offset, shl(5, i))))
                }
                // The last slot may run past the value: 1 to 32 bytes of it are left.
                let bits := shl(3, sub(32, sub(length, add(29, shl(5, last)))))
                sstore(add(head, slots), shl(bits, shr(bits, calldataload(add(offset, shl(5, last))))))
            }
            if eq(and(before, 0xff), 0xff) {
                for {
                    let i := shr(5, add(and(shr(8, before), 0xffff), 2))
                } gt(i, slots) {
                    i := sub(i, 1)
                } {
                    sstore(add(head, i), 0)
                }
            }
        }
    }

    /// @notice The same, from memory.
    function storeMemory(bytes32 head, bytes memory value) internal returns (uint256 before) {
        assembly ("memory-safe") {
            let length := mload(value)
            let data := add(value, 32)
            before := sload(head)
            let slots := 0
            switch lt(length, 32)
            case 1 {
                let bits := shl(3, sub(32, length))
                sstore(head, or(shl(bits, shr(bits, mload(data))), length))
            }
            default {
                sstore(head, or(shl(24, shr(24, mload(data))), or(shl(8, length), 0xff)))
                slots := shr(5, add(length, 2))
                for {
                    let i := 1
                } lt(i, slots) {
                    i := add(i, 1)
                } {
                    sstore(add(head, i), mload(add(data, sub(shl(5, i), 3))))
                }
                let bits := shl(3, sub(32, sub(length, sub(shl(5, slots), 3))))
                sstore(add(head, slots), shl(bits, shr(bits, mload(add(data, sub(shl(5, slots), 3))))))
            }
            if eq(and(before, 0xff), 0xff) {
                for {
                    let i := shr(5, add(and(shr(8, before), 0xffff), 2))
                } gt(i, slots) {
                    i := sub(i, 1)
                } {
                    sstore(add(head, i), 0)
                }
            }
        }
    }

    /// @notice The value under a head slot, empty if there is none.
    function load(bytes32 head) internal view returns (bytes memory value) {
        assembly ("memory-safe") {
            let word := sload(head)
            let length := and(word, 0xff)
            value := mload(0x40)
            let data := add(value, 32)
            switch eq(length, 0xff)
            case 0 {
                mstore(data, shl(8, shr(8, word)))
                mstore(0x40, add(data, 32))
            }
            default {
                length := and(shr(8, word), 0xffff)
                mstore(data, shl(24, shr(24, word)))
                let slots := shr(5, add(length, 2))
                for {
                    let i := 1
                } iszero(gt(i, slots)) {
                    i := add(i, 1)
                } {
                    mstore(add(data, sub(shl(5, i), 3)), sload(add(head, i)))
                }
                mstore(0x40, add(data, and(add(length, 63), not(31))))
            }
            mstore(value, length)
        }
    }

    /// @notice The 20 bytes of a short value, and whether there is a value at all.
    function loadAddress(bytes32 head) internal view returns (bool exists, address value) {
        assembly ("memory-safe") {
            let word := sload(head)
            exists := iszero(iszero(word))
            value := shr(96, word)
        }
    }
}
