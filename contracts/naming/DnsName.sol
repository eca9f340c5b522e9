// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice Names in DNS wire form (RFC 1035 section 3.1): length-prefixed labels and a closing zero byte, as ENSIP-10 hands
/// them to resolvers, and their hashes (EIP-137).
///
/// Every function refuses a name that is malformed by one rule: labels of 1 to 63 bytes without NUL and dot, 255 bytes in all,
/// nothing behind the closing zero byte.
///
/// ```solidity
/// DnsName.namehash(hex"016104686f6c6400", 0); // the node of a.hold
/// ```
library DnsName {
    /// @notice The longest label, in bytes.
    uint256 internal constant LABEL_BYTES_MAX = 63;
    /// @notice The longest name, in bytes, with length bytes and the closing zero.
    uint256 internal constant NAME_BYTES_MAX = 255;

    /// @notice The bytes are no name in wire form (ENSIP-23).
    /// @dev Error selector: 0xba4adc23
    error DNSDecodingFailed(bytes dns);
    /// @notice The text has an empty label, one over 63 bytes, a NUL, or more than 255 bytes in all (ENSIP-23).
    /// @dev Error selector: 0x9a4c3e3b
    error DNSEncodingFailed(string ens);

    /// @notice Reverts unless the bytes are the wire form of one name.
    function check(bytes memory name) internal pure {
        require(isValid(name), DNSDecodingFailed(name));
    }

    /// @notice Whether the bytes are the wire form of one name.
    function isValid(bytes memory name) internal pure returns (bool) {
        // Unchecked: offsets stay below 255 + 64.
        unchecked {
            uint256 length = name.length;
            if (length > NAME_BYTES_MAX) return false;
            uint256 offset = 0;
            while (offset < length) {
                uint256 size = _byteAt(name, offset);
                if (size == 0) return offset + 1 == length;
                if (size > LABEL_BYTES_MAX || offset + 1 + size >= length) return false;
                for (uint256 end = offset + size; offset < end;) {
                    uint256 char = _byteAt(name, ++offset);
                    if (char == 0 || char == 0x2e) return false;
                }
                ++offset;
            }
            return false;
        }
    }

    /// @notice The node of the name that starts at `offset` (EIP-137). The name must have passed `check`.
    function namehash(bytes memory name, uint256 offset) internal pure returns (bytes32 node) {
        uint256 size = _byteAt(name, offset);
        if (size == 0) return 0;
        return child(namehash(name, offset + 1 + size), labelhash(name, offset));
    }

    /// @notice keccak256 of the label at `offset`. The name must have passed `check`.
    function labelhash(bytes memory name, uint256 offset) internal pure returns (bytes32 hash) {
        // Memory-safe: `check` has seen the whole label within the bytes.
        assembly ("memory-safe") {
            let start := add(add(name, 0x20), offset)
            hash := keccak256(add(start, 1), byte(0, mload(start)))
        }
    }

    /// @notice Where the label behind the one at `offset` starts.
    function next(bytes memory name, uint256 offset) internal pure returns (uint256) {
        return offset + 1 + uint8(name[offset]);
    }

    /// @notice The node below `parent` with a labelhash (EIP-137).
    function child(bytes32 parent, bytes32 label) internal pure returns (bytes32 node) {
        // Memory-safe: scratch space.
        assembly ("memory-safe") {
            mstore(0, parent)
            mstore(0x20, label)
            node := keccak256(0, 0x40)
        }
    }

    /// @notice The wire form of a dotted text; of the empty text, the root.
    function encode(string memory text) internal pure returns (bytes memory name) {
        bool encodable;
        (encodable, name) = tryEncode(text);
        require(encodable, DNSEncodingFailed(text));
    }

    /// @notice The wire form of a dotted text, if it has one.
    function tryEncode(string memory text) internal pure returns (bool encodable, bytes memory name) {
        uint256 length = bytes(text).length;
        if (length == 0) return (true, hex"00");
        if (length + 2 > NAME_BYTES_MAX) return (false, "");
        // The text between two bytes of zero: the first becomes the first label's size, the last stays the root.
        name = bytes.concat(hex"00", bytes(text), hex"00");
        // Unchecked: positions stay below 255.
        unchecked {
            uint256 start = 0;
            for (uint256 position = 1; position <= length + 1; ++position) {
                uint256 char = _byteAt(name, position);
                if (position <= length && char != 0x2e) {
                    if (char == 0) return (false, "");
                    continue;
                }
                uint256 size = position - start - 1;
                if (size == 0 || size > LABEL_BYTES_MAX) return (false, "");
                name[start] = bytes1(uint8(size));
                start = position;
            }
        }
        // The last label's closing place is the root's zero byte already.
        return (true, name);
    }

    /// @notice The dotted text of a name. The name must have passed `check`.
    function decode(bytes memory name) internal pure returns (string memory) {
        if (name.length == 1) return "";
        bytes memory text = new bytes(name.length - 2);
        uint256 offset = 0;
        uint256 size = uint8(name[0]);
        while (size != 0) {
            if (offset != 0) text[offset - 1] = ".";
            for (uint256 position = offset; position < offset + size; ++position) text[position] = name[position + 1];
            offset += 1 + size;
            size = uint8(name[offset]);
        }
        return string(text);
    }

    /// @dev The byte at an offset, which the caller knows to be within the name.
    function _byteAt(bytes memory name, uint256 offset) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := byte(0, mload(add(add(name, 0x20), offset)))
        }
    }
}
