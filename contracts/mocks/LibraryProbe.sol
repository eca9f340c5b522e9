// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {ShardLib} from "../directory/ShardLib.sol";
import {DnsName} from "../naming/DnsName.sol";
import {Labels} from "../naming/Labels.sol";
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

    /// @notice The wire form of a text.
    function encode(string calldata text) external pure returns (bytes memory name) {
        return DnsName.encode(text);
    }

    /// @notice The text of a wire name.
    function decode(bytes calldata name) external pure returns (string memory text) {
        DnsName.check(name);
        return DnsName.decode(name);
    }

    /// @notice Wire form, node and text of names, strings and answers packed: what a million names need to be compared in
    /// minutes.
    /// @param texts Of each text, its length (2 bytes) and its bytes.
    /// @return answers Of each text, a zero byte if it has no wire form; otherwise that form's length (1 byte) and bytes, whether it
    /// passes the check (1 byte), its node, and the length (1 byte) and bytes of the text read back from it.
    function codec(bytes calldata texts) external pure returns (bytes memory answers) {
        // No more than three bytes for one that came, and 34 for each text of at least two bytes.
        answers = new bytes(20 * texts.length);
        uint256 size = 0;
        for (uint256 start = 0; start < texts.length;) {
            uint256 end = start + 2 + uint16(bytes2(texts[start:start + 2]));
            uint256 free = _freeMemory();
            size = _append(answers, size, _codecOf(string(texts[start + 2:end])));
            _releaseMemory(free);
            start = end;
        }
        _truncate(answers, size);
    }

    /// @notice Whether each of the bytes is a wire name, one byte each.
    /// @param names Of each, its length (2 bytes) and its bytes.
    function areValid(bytes calldata names) external pure returns (bytes memory answers) {
        answers = new bytes(names.length / 2);
        uint256 count = 0;
        for (uint256 start = 0; start < names.length;) {
            uint256 end = start + 2 + uint16(bytes2(names[start:start + 2]));
            answers[count++] = bytes1(DnsName.isValid(names[start + 2:end]) ? 1 : 0);
            start = end;
        }
        _truncate(answers, count);
    }

    /// @notice How many characters each label has, one byte each.
    /// @param labels Of each, its length (2 bytes, at most 64) and its bytes.
    function characterCounts(bytes calldata labels) external pure returns (bytes memory answers) {
        answers = new bytes(labels.length / 2);
        uint256 count = 0;
        for (uint256 start = 0; start < labels.length;) {
            uint256 end = start + 2 + uint16(bytes2(labels[start:start + 2]));
            answers[count++] = bytes1(uint8(Labels.characterCount(string(labels[start + 2:end]))));
            start = end;
        }
        _truncate(answers, count);
    }

    /// @notice Reverse nodes of accounts, two of each: on Ethereum, and on all EVM chains.
    function reverseNodes(address[] calldata accounts) external pure returns (bytes32[] memory nodes) {
        nodes = new bytes32[](2 * accounts.length);
        for (uint256 position = 0; position < accounts.length; ++position) {
            nodes[2 * position] = ReverseName.addrNode(accounts[position]);
            nodes[2 * position + 1] = ReverseName.defaultNode(accounts[position]);
        }
    }

    /// @dev One text's part of `codec`.
    function _codecOf(string memory text) private pure returns (bytes memory) {
        (bool encodable, bytes memory name) = DnsName.tryEncode(text);
        if (!encodable) return hex"00";
        bytes memory back = bytes(DnsName.decode(name));
        return
            bytes.concat(
                bytes1(uint8(name.length)),
                name,
                bytes1(DnsName.isValid(name) ? 1 : 0),
                DnsName.namehash(name, 0),
                bytes1(uint8(back.length)),
                back
            );
    }

    /// @dev Copies bytes behind the first `size` of others. Returns how many there are then.
    function _append(bytes memory to, uint256 size, bytes memory from) private pure returns (uint256 sum) {
        sum = size + from.length;
        assert(sum <= to.length);
        assembly ("memory-safe") {
            mcopy(add(add(to, 32), size), add(from, 32), mload(from))
        }
    }

    /// @dev Shortens bytes.
    function _truncate(bytes memory data, uint256 size) private pure {
        assert(size <= data.length);
        assembly ("memory-safe") {
            mstore(data, size)
        }
    }

    /// @dev Where free memory begins, to be released later.
    function _freeMemory() private pure returns (uint256 free) {
        assembly ("memory-safe") {
            free := mload(0x40)
        }
    }

    /// @dev Gives back what was allocated since; nothing of it may be used again.
    function _releaseMemory(uint256 free) private pure {
        assembly ("memory-safe") {
            mstore(0x40, free)
        }
    }
}
