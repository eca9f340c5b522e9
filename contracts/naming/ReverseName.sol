// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {DnsName} from "./DnsName.sol";

/// @notice Reverse names: `ADDRESS.addr.reverse` (ENSIP-3), `ADDRESS.default.reverse` and `ADDRESS.COINTYPE.reverse`
/// (ENSIP-19), where ADDRESS and COINTYPE are lower-case hexadecimal without a prefix.
library ReverseName {
    /// @notice The node of `reverse`.
    bytes32 internal constant REVERSE_NODE = 0xa097f6721ce401e757d1223a763fef49b8b5f90bb18567ddb86fd205dff71d34;
    /// @notice The node of `addr.reverse`.
    bytes32 internal constant ADDR_REVERSE_NODE = 0x91d1777781884d03a6757a803996e38de2a42967fb37eeaca72729271025a9e2;
    /// @notice The node of `default.reverse`.
    bytes32 internal constant DEFAULT_REVERSE_NODE = 0x53a2e7cce84726721578c676b4798972d354dd7c62c832415371716693edd312;

    /// @notice SLIP-44 coin type of Ethereum.
    uint256 internal constant COIN_TYPE_ETHEREUM = 60;
    /// @notice The coin type of all EVM chains together (ENSIP-19).
    uint256 internal constant COIN_TYPE_DEFAULT = 1 << 31;

    /// @notice The node of `ADDRESS.addr.reverse`.
    function addrNode(address account) internal pure returns (bytes32) {
        return DnsName.child(ADDR_REVERSE_NODE, addressLabelhash(account));
    }

    /// @notice The node of `ADDRESS.default.reverse`.
    function defaultNode(address account) internal pure returns (bytes32) {
        return DnsName.child(DEFAULT_REVERSE_NODE, addressLabelhash(account));
    }

    /// @notice keccak256 of an address's 40 lower-case hexadecimal digits.
    function addressLabelhash(address account) internal pure returns (bytes32 hash) {
        uint256 high = hexDigits(uint160(account) >> 32);
        uint256 low = _hexDigits4(uint32(uint160(account))) << 192;
        // Memory-safe: 40 bytes of scratch space.
        assembly ("memory-safe") {
            mstore(0, high)
            mstore(0x20, low)
            hash := keccak256(0, 40)
        }
    }

    /// @dev Four bytes as eight lower-case hexadecimal digits in ASCII, in the lowest bytes; as `hexDigits` does it.
    function _hexDigits4(uint256 value) private pure returns (uint256 digits) {
        unchecked {
            value = (value | (value << 16)) & 0x0000ffff0000ffff;
            value = (value | (value << 8)) & 0x00ff00ff00ff00ff;
            value = (value | (value << 4)) & 0x0f0f0f0f0f0f0f0f;
            return value + 0x3030303030303030 + (((value + 0x0606060606060606) >> 4) & 0x0101010101010101) * 39;
        }
    }

    /// @notice Sixteen bytes as 32 lower-case hexadecimal digits in ASCII.
    function hexDigits(uint256 value) internal pure returns (uint256 digits) {
        // Unchecked: every lane stays below 256, so nothing carries from one into the next.
        unchecked {
            value = (value | (value << 64)) & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
            value = (value | (value << 32)) & 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
            value = (value | (value << 16)) & 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
            value = (value | (value << 8)) & 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
            value = (value | (value << 4)) & 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f;
            // A lane above 9 reaches 16 when 6 is added; "a" lies 39 behind "0" plus 10.
            uint256 letters =
                ((value + 0x0606060606060606060606060606060606060606060606060606060606060606) >> 4) &
                    0x0101010101010101010101010101010101010101010101010101010101010101;
            return value + 0x3030303030303030303030303030303030303030303030303030303030303030 + letters * 39;
        }
    }

    /// @notice The number of up to 64 lower-case hexadecimal digits at a place in bytes.
    /// @return valid False where a byte is no such digit.
    function parseHex(
        bytes memory data,
        uint256 offset,
        uint256 size
    ) internal pure returns (bool valid, uint256 value) {
        for (uint256 position = offset; position < offset + size; ++position) {
            uint256 char = uint8(data[position]);
            if (char >= 0x30 && char <= 0x39) value = (value << 4) | (char - 0x30);
            else if (char >= 0x61 && char <= 0x66) value = (value << 4) | (char - 0x57);
            else return (false, 0);
        }
        return (true, value);
    }

    /// @notice Whether a coin type is Ethereum's, another EVM chain's (ENSIP-11), or that of all of them (ENSIP-19).
    function isEvmCoinType(uint256 coinType) internal pure returns (bool) {
        return coinType == COIN_TYPE_ETHEREUM || (coinType >= COIN_TYPE_DEFAULT && coinType < 2 * COIN_TYPE_DEFAULT);
    }

    /// @notice The account and coin type of a reverse name in DNS wire form (ENSIP-19).
    /// @return valid False where the name is none of an EVM account.
    function parse(bytes memory dnsName) internal pure returns (bool valid, address account, uint256 coinType) {
        DnsName.check(dnsName);
        if (uint8(dnsName[0]) != 40) return (false, address(0), 0);
        uint256 value;
        (valid, value) = parseHex(dnsName, 1, 40);
        if (!valid) return (false, address(0), 0);
        account = address(uint160(value));
        bytes32 parent = DnsName.namehash(dnsName, 41);
        if (parent == ADDR_REVERSE_NODE) return (true, account, COIN_TYPE_ETHEREUM);
        if (parent == DEFAULT_REVERSE_NODE) return (true, account, COIN_TYPE_DEFAULT);
        uint256 size = uint8(dnsName[41]);
        if (size == 0 || DnsName.namehash(dnsName, 42 + size) != REVERSE_NODE) return (false, address(0), 0);
        (valid, coinType) = parseHex(dnsName, 42, size);
        valid = valid && isEvmCoinType(coinType);
    }
}
