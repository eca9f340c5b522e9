// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {ShardLib} from "../directory/ShardLib.sol";
import {DnsName} from "../naming/DnsName.sol";
import {ReverseName} from "../naming/ReverseName.sol";

/// @notice The libraries' functions from outside, many inputs to a call, for tests against their TypeScript twins.
contract LibraryProbe {
    /// @notice Packed shards of indices.
    function slotsOf(uint32[] calldata indices) external pure returns (uint64[] memory slots) {
        slots = new uint64[](indices.length);
        for (uint256 position = 0; position < indices.length; ++position)
            slots[position] = uint64(ShardLib.slotsOf(indices[position]));
    }

    /// @notice Packed bootstrap shards of nodes.
    function bootstrapSlotsOf(bytes32[] calldata nodes) external pure returns (uint64[] memory slots) {
        slots = new uint64[](nodes.length);
        for (uint256 position = 0; position < nodes.length; ++position)
            slots[position] = uint64(ShardLib.bootstrapSlotsOf(nodes[position]));
    }

    /// @notice Nodes and texts of wire names.
    function readAll(bytes[] calldata names) external pure returns (bytes32[] memory nodes, string[] memory texts) {
        nodes = new bytes32[](names.length);
        texts = new string[](names.length);
        for (uint256 position = 0; position < names.length; ++position) {
            DnsName.check(names[position]);
            nodes[position] = DnsName.namehash(names[position], 0);
            texts[position] = DnsName.decode(names[position]);
        }
    }

    /// @notice Wire names of texts.
    function encodeAll(string[] calldata texts) external pure returns (bytes[] memory names) {
        names = new bytes[](texts.length);
        for (uint256 position = 0; position < texts.length; ++position)
            names[position] = DnsName.encode(texts[position]);
    }

    /// @notice Whether each of the bytes is a wire name.
    function areValid(bytes[] calldata names) external pure returns (bool[] memory valid) {
        valid = new bool[](names.length);
        for (uint256 position = 0; position < names.length; ++position)
            valid[position] = DnsName.isValid(names[position]);
    }

    /// @notice Whether each text has a wire form.
    function areEncodable(string[] calldata texts) external pure returns (bool[] memory encodable) {
        encodable = new bool[](texts.length);
        for (uint256 position = 0; position < texts.length; ++position)
            (encodable[position], ) = DnsName.tryEncode(texts[position]);
    }

    /// @notice Reverse nodes of accounts, on Ethereum and on all EVM chains.
    function reverseNodes(
        address[] calldata accounts
    ) external pure returns (bytes32[] memory nodes, bytes32[] memory defaults) {
        nodes = new bytes32[](accounts.length);
        defaults = new bytes32[](accounts.length);
        for (uint256 position = 0; position < accounts.length; ++position) {
            nodes[position] = ReverseName.addrNode(accounts[position]);
            defaults[position] = ReverseName.defaultNode(accounts[position]);
        }
    }
}
