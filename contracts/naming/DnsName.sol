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

    /// @notice The wire form is malformed at a byte.
    error DnsNameMalformed(bytes name, uint256 offset);
    /// @notice The text has an empty label, one over 63 bytes, or more than 255 bytes in all.
    error DnsNameUnencodable(string name);

    /// @notice Checks the whole of a name.
    function check(bytes memory name) internal pure {
        require(name.length <= NAME_BYTES_MAX, DnsNameMalformed(name, NAME_BYTES_MAX));
        uint256 offset = 0;
        while (true) {
            require(offset < name.length, DnsNameMalformed(name, offset));
            uint256 size = uint8(name[offset]);
            if (size == 0) break;
            require(size <= LABEL_BYTES_MAX && offset + 1 + size < name.length, DnsNameMalformed(name, offset));
            for (uint256 position = offset + 1; position <= offset + size; ++position) {
                require(name[position] != 0 && name[position] != ".", DnsNameMalformed(name, position));
            }
            offset += 1 + size;
        }
        require(offset + 1 == name.length, DnsNameMalformed(name, offset + 1));
    }

    /// @notice The node of the name that starts at `offset` (EIP-137). The name must have passed `check`.
    function namehash(bytes memory name, uint256 offset) internal pure returns (bytes32 node) {
        uint256 size = uint8(name[offset]);
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

    /// @notice The name directly under the name of `suffixLabels` labels: where it starts. The name must have passed `check`.
    /// @return found Whether the name is that long.
    /// @return offset Where the wanted name starts.
    function tail(bytes memory name, uint256 labels) internal pure returns (bool found, uint256 offset) {
        uint256 count = 0;
        while (uint8(name[offset]) != 0) {
            ++count;
            offset = next(name, offset);
        }
        if (count < labels) return (false, 0);
        offset = 0;
        for (; count > labels; --count) offset = next(name, offset);
        return (true, offset);
    }

    /// @notice The wire form of a dotted text; of the empty text, the root.
    function encode(string memory text) internal pure returns (bytes memory name) {
        bytes memory source = bytes(text);
        if (source.length == 0) return hex"00";
        require(source.length + 2 <= NAME_BYTES_MAX, DnsNameUnencodable(text));
        name = new bytes(source.length + 2);
        uint256 start = 0;
        for (uint256 position = 0; position <= source.length; ++position) {
            if (position < source.length && source[position] != ".") {
                require(source[position] != 0, DnsNameUnencodable(text));
                name[position + 1] = source[position];
                continue;
            }
            uint256 size = position - start;
            require(size != 0 && size <= LABEL_BYTES_MAX, DnsNameUnencodable(text));
            name[start] = bytes1(uint8(size));
            start = position + 1;
        }
    }

    /// @notice The dotted text of a name. The name must have passed `check`.
    function decode(bytes memory name) internal pure returns (string memory) {
        if (name.length == 1) return "";
        bytes memory text = new bytes(name.length - 2);
        uint256 offset = 0;
        while (true) {
            uint256 size = uint8(name[offset]);
            for (uint256 position = offset; position < offset + size; ++position) text[position] = name[position + 1];
            offset += 1 + size;
            if (name[offset] == 0) return string(text);
            text[offset - 1] = ".";
        }
        return "";
    }
}
