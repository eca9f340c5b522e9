// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {DnsName} from "../naming/DnsName.sol";
import {IOffchainResolver} from "./IOffchainResolver.sol";

/// @notice From a resolver call to the record it reads, and from the record back to what the call returns.
///
/// A record is named as in the registry's storage layout, with epoch 0: keccak256(node ‖ kind word ‖ subkey), where the kind
/// word is `kind << 248 | rrtype << 232`. Kinds: 1 addr (subkey: coin type), 2 text and 10 data (hash of the key), 3 contenthash,
/// 4 name, 6 pubkey, 8 DNS RRset (hash of the owner name; 0 under the wildcard), 9 zonehash.
///
/// A call is answered with the first record there is: the name's own, else, for the address of an EVM chain, the name's default
/// address (ENSIP-19), else the same two of the set's wildcard.
library RecordCall {
    bytes4 private constant ADDR = bytes4(keccak256("addr(bytes32)"));
    bytes4 private constant ADDR_COIN = bytes4(keccak256("addr(bytes32,uint256)"));
    bytes4 private constant TEXT = bytes4(keccak256("text(bytes32,string)"));
    bytes4 private constant DATA = bytes4(keccak256("data(bytes32,string)"));
    bytes4 private constant CONTENTHASH = bytes4(keccak256("contenthash(bytes32)"));
    bytes4 private constant NAME = bytes4(keccak256("name(bytes32)"));
    bytes4 private constant PUBKEY = bytes4(keccak256("pubkey(bytes32)"));
    bytes4 private constant DNS_RECORD = bytes4(keccak256("dnsRecord(bytes32,bytes32,uint16)"));
    bytes4 private constant ZONEHASH = bytes4(keccak256("zonehash(bytes32)"));
    /// @dev keccak256("*").
    bytes32 private constant WILDCARD = keccak256("*");
    uint256 private constant ADDR_KIND = 1 << 248;
    uint256 private constant COIN_ETHEREUM = 60;
    /// @dev The coin type of all EVM chains; those of single ones lie up to its double (ENSIP-11).
    uint256 private constant COIN_DEFAULT = 0x80000000;
    /// @dev The first argument of every one of these calls is the node; the others start here.
    uint256 private constant ARGUMENTS = 36;

    /// @notice Kind word and subkey of the record that a call reads. Reverts for any other call.
    function recordOf(bytes calldata call) internal pure returns (uint256 kindWord, bytes32 subkey) {
        bytes4 selector = bytes4(call);
        if (selector == ADDR) return (ADDR_KIND, bytes32(COIN_ETHEREUM));
        if (selector == ADDR_COIN) return (ADDR_KIND, bytes32(abi.decode(call[ARGUMENTS:], (uint256))));
        if (selector == TEXT) return (_kind(2), _keyHash(call));
        if (selector == CONTENTHASH) return (_kind(3), 0);
        if (selector == NAME) return (_kind(4), 0);
        if (selector == PUBKEY) return (_kind(6), 0);
        if (selector == ZONEHASH) return (_kind(9), 0);
        if (selector == DATA) return (_kind(10), _keyHash(call));
        if (selector == DNS_RECORD) {
            (bytes32 ownerHash, uint16 rrtype) = abi.decode(call[ARGUMENTS:], (bytes32, uint16));
            return (_kind(8) | (uint256(rrtype) << 232), ownerHash);
        }
        revert IOffchainResolver.UnsupportedResolverProfile(selector);
    }

    /// @notice The key of a record of a name.
    function keyOf(bytes32 node, uint256 kindWord, bytes32 subkey) internal pure returns (bytes32) {
        return keccak256(abi.encode(node, kindWord, subkey));
    }

    /// @notice The keys under which a set may hold what a call reads, that of the first record that counts first.
    /// @param setNode The node of the set.
    /// @param nameNode The node of the name asked for.
    function keysOf(
        bytes32 setNode,
        bytes32 nameNode,
        bytes calldata call
    ) internal pure returns (bytes32[] memory keys) {
        (uint256 kindWord, bytes32 subkey) = recordOf(call);
        bool hasDefault = kindWord == ADDR_KIND && _isEvm(uint256(subkey)) && uint256(subkey) != COIN_DEFAULT;
        uint256 perName = hasDefault ? 2 : 1;
        // The name that signs has no wildcard above it.
        keys = new bytes32[](nameNode == setNode ? perName : 2 * perName);
        for (uint256 index = 0; index < keys.length; index += perName) {
            bytes32 node = index == 0 ? nameNode : DnsName.child(setNode, WILDCARD);
            // An RRset of the wildcard does not name its owner, which is as many names as match.
            if (index != 0 && kindWord >> 248 == 8) subkey = 0;
            keys[index] = keyOf(node, kindWord, subkey);
            if (hasDefault) keys[index + 1] = keyOf(node, kindWord, bytes32(COIN_DEFAULT));
        }
    }

    /// @notice What the call returns for a record; for an empty one what a resolver returns that has none.
    function resultOf(bytes4 selector, bytes memory value) internal pure returns (bytes memory) {
        if (selector == ADDR) return abi.encode(value.length == 20 ? address(bytes20(value)) : address(0));
        if (selector == PUBKEY) return value.length == 64 ? value : new bytes(64);
        return abi.encode(value);
    }

    /// @dev Whether a coin type is Ethereum's, another EVM chain's, or that of all of them.
    function _isEvm(uint256 coinType) private pure returns (bool) {
        return coinType == COIN_ETHEREUM || (coinType >= COIN_DEFAULT && coinType < 2 * COIN_DEFAULT);
    }

    function _kind(uint256 kind) private pure returns (uint256) {
        return kind << 248;
    }

    /// @dev The hash of the string that follows the node. Its encoding counts offsets from the node, so that is decoded too.
    function _keyHash(bytes calldata call) private pure returns (bytes32) {
        (, string memory key) = abi.decode(call[4:], (bytes32, string));
        return keccak256(bytes(key));
    }
}
