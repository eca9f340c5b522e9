// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @title Labels
///
/// What can be said of a label on chain without ENSIP-15's tables: its bytes must be expressible in DNS (RFC 1035), and it has
/// a length in characters. Both look at 32 bytes at a time.
library Labels {
    uint256 private constant ONES = 0x0101010101010101010101010101010101010101010101010101010101010101;
    uint256 private constant TOPS = 0x8080808080808080808080808080808080808080808080808080808080808080;
    uint256 private constant DOTS = 0x2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e;

    /// @dev The most bytes a label has (RFC 1035 section 2.3.4).
    uint256 internal constant MAX_BYTES = 63;

    /// @notice Whether a label has 1 to 63 bytes, none of them NUL or dot.
    function isValid(string calldata label) internal pure returns (bool) {
        uint256 length = bytes(label).length;
        unchecked {
            // Zero wraps round to far above the maximum.
            if (length - 1 >= MAX_BYTES) return false;
            if (_hasBadByte(_word(label, 0, length))) return false;
            return length < 33 || !_hasBadByte(_word(label, 32, length));
        }
    }

    /// @notice The number of UTF-8 characters (code points) of a label of at most 64 bytes.
    function characterCount(string calldata label) internal pure returns (uint256 count) {
        count = bytes(label).length;
        uint256 word = _word(label, 0, count);
        unchecked {
            // Most labels are short and ASCII.
            if (count < 33 && word & TOPS == 0) return count;
            uint256 continuation = _continuationCount(word);
            if (count > 32) continuation += _continuationCount(_word(label, 32, count));
            return count - continuation;
        }
    }

    /// @notice The position of the first NUL or dot; the label must have one.
    function firstBadByte(string calldata label) internal pure returns (uint256 position) {
        bytes calldata raw = bytes(label);
        while (position < raw.length - 1 && raw[position] != 0 && raw[position] != ".") ++position;
    }

    /// @notice keccak256 of a label.
    function hash(string calldata label) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            calldatacopy(scratch, label.offset, label.length)
            result := keccak256(scratch, label.length)
        }
    }

    /// @notice The node of the name whose parent and labelhash are given (EIP-137).
    function childNode(bytes32 parent, bytes32 label) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            mstore(0x00, parent)
            mstore(0x20, label)
            result := keccak256(0x00, 0x40)
        }
    }

    /// @dev 32 bytes of a label from `from` on; bytes past its end read as 1, which is neither NUL, dot nor a continuation.
    function _word(string calldata label, uint256 from, uint256 length) private pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := calldataload(add(label.offset, from))
            let left := sub(length, from)
            if lt(left, 32) {
                let bits := shl(3, sub(32, left))
                result := or(shl(bits, shr(bits, result)), shr(shl(3, left), ONES))
            }
        }
    }

    function _hasBadByte(uint256 word) private pure returns (bool) {
        // (v - 1) & ~v has the top bit of a byte set if the byte is zero; a borrow can only add to that above a true zero.
        unchecked {
            uint256 dots = word ^ DOTS;
            return (((word - ONES) & ~word) | ((dots - ONES) & ~dots)) & TOPS != 0;
        }
    }

    function _continuationCount(uint256 word) private pure returns (uint256) {
        // A continuation byte is 10xxxxxx. One bit a byte, summed into the top byte by the product (at most 32).
        unchecked {
            return ((((word & ~(word << 1)) & TOPS) >> 7) * ONES) >> 248;
        }
    }
}
