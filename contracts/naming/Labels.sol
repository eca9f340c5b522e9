// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @title Labels
///
/// What can be said of a label on chain without ENSIP-15's tables: its bytes must be expressible in DNS (RFC 1035), and it has
/// a length in characters. Both look at 32 bytes at a time.
library Labels {
    uint256 private constant ONES = 0x0101010101010101010101010101010101010101010101010101010101010101;
    uint256 private constant TOPS = 0x8080808080808080808080808080808080808080808080808080808080808080;
    uint256 private constant REST = 0x7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f;
    uint256 private constant DOTS = 0x2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e;

    /// @dev The most bytes a label has (RFC 1035 section 2.3.4).
    uint256 internal constant MAX_BYTES = 63;

    /// @notice Whether a label has 1 to 63 bytes, none of them NUL or dot.
    function isValid(string calldata label) internal pure returns (bool) {
        uint256 length = bytes(label).length;
        unchecked {
            // Zero wraps round to far above the maximum.
            if (length - 1 >= MAX_BYTES) return false;
            if (length < 33) return _badBytes(label, 0) >> (256 - 8 * length) == 0;
            return (_badBytes(label, 0) | (_badBytes(label, 32) >> (512 - 8 * length))) == 0;
        }
    }

    /// @notice The number of UTF-8 characters (code points) of a label of at most 64 bytes.
    function characterCount(string calldata label) internal pure returns (uint256 count) {
        count = bytes(label).length;
        uint256 tops;
        assembly ("memory-safe") {
            // Most labels are short and ASCII; of no more than 32 bytes this looks at all, of longer ones at none.
            tops := or(and(shr(sub(256, shl(3, count)), calldataload(label.offset)), TOPS), gt(count, 32))
        }
        if (tops == 0) return count;
        unchecked {
            uint256 continuation = _continuationCount(_word(label, 0, count));
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

    /// @dev The top bit of each byte, among 32 from `from` on, that is NUL or a dot; what is behind the label counts too.
    function _badBytes(string calldata label, uint256 from) private pure returns (uint256 tops) {
        assembly ("memory-safe") {
            // Adding 0x7f to the rest of a byte sets its top bit unless the rest is zero; nothing carries over.
            let word := calldataload(add(label.offset, from))
            let dots := xor(word, DOTS)
            let others := and(or(add(and(word, REST), REST), word), or(add(and(dots, REST), REST), dots))
            tops := and(not(others), TOPS)
        }
    }

    /// @dev How many of 32 bytes go on with a character.
    function _continuationCount(uint256 word) private pure returns (uint256) {
        // A continuation byte is 10xxxxxx. One bit a byte, summed into the top byte by the product (at most 32).
        unchecked {
            return ((((word & ~(word << 1)) & TOPS) >> 7) * ONES) >> 248;
        }
    }
}
