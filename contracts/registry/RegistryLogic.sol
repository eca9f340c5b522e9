// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Labels} from "../naming/Labels.sol";
import {IReverseLookup} from "../reverse/IReverseLookup.sol";
import {INameRegistry} from "./INameRegistry.sol";
import {RegistryState} from "./RegistryState.sol";
import {RegistrySubnames} from "./RegistrySubnames.sol";
import {GRACE_PERIOD, UPPER_TENURES, Words} from "./Words.sol";

/// @title What the registry does, as internal functions
///
/// `NameRegistry` gives them an ABI; `FastNameRegistry` calls those whose gas counts straight from calldata. Here are the leases under
/// the TLD, which the controller makes; each contract below knows one matter more than the one that it builds on:
///
///     RegistryState      storage, and which names are live
///     RegistryAuthority  who may do what
///     RegistryTokens     leased names as tokens
///     RegistrySettings   resolver, ttl, zone version
///     RegistrySubnames   names below names
abstract contract RegistryLogic is RegistrySubnames {
    using Words for uint256;

    /// @dev Bit of a registration's `reverse` that sets its address record to its owner.
    uint256 private constant SET_ADDRESS = 4;

    /// @dev The parameters are `RegistryState`'s.
    constructor(
        string memory tldLabel,
        address governance,
        address controller_,
        IReverseLookup reverse
    ) RegistryState(tldLabel, governance, controller_, reverse) {}

    /// @dev Registers a name under the TLD, for the controller.
    function _register(
        string calldata label,
        address newOwner,
        uint256 duration,
        bytes[] calldata calls,
        uint256 reverse
    ) internal returns (bytes32 node, uint256 previousExpiry) {
        uint256 state;
        assembly ("memory-safe") {
            state := sload(_state.slot)
        }
        if (msg.sender != address(uint160(state >> 64))) revert INameRegistry.RegistryNotController(msg.sender);
        node = Labels.childNode(TLD, _checkLabel(label));
        if (newOwner == address(0)) revert INameRegistry.RegistryZeroOwner(node);
        uint256 expiry;
        unchecked {
            // A sum that wraps round is less than what was added.
            expiry = block.timestamp + duration;
            if (expiry > MAX_EXPIRY || expiry <= block.timestamp) {
                revert INameRegistry.RegistryInvalidExpiry(expiry, block.timestamp + 1, MAX_EXPIRY);
            }
        }
        uint256 word = _names[node];
        if (word != 0) {
            previousExpiry = word.expiry();
            _clearLapsed(node, word);
        }
        uint256 index = uint32(state);
        if (index == UPPER_TENURES) revert INameRegistry.RegistryIdsExhausted();
        assembly ("memory-safe") {
            // The counter is the lowest of the slot's fields and does not run over.
            sstore(_state.slot, add(state, 1))
        }
        _names[node] = Words.leased(newOwner, expiry, index, 0);
        _mint(newOwner, node);
        emit INameRegistry.NameRegistered(node, newOwner, label, expiry, index);
        // The epoch of a fresh tenure: version zero.
        if (reverse & SET_ADDRESS != 0) _writeAddr(node, index << 16, newOwner);
        if (calls.length != 0) _runFresh(node, calls);
    }

    /// @dev Extends a name under the TLD, for a controller.
    function _renew(address payer, bytes32 label, uint256 duration) internal returns (uint256 expiry) {
        // The immutable first: it spares the storage read on the path that everybody uses.
        if (uint256(uint160(msg.sender)) != FIRST_CONTROLLER_WORD) _checkController();
        bytes32 node = Labels.childNode(TLD, label);
        bytes32 slot;
        uint256 word;
        bool isUnusual;
        assembly ("memory-safe") {
            mstore(0x00, node)
            mstore(0x20, _names.slot)
            slot := keccak256(0x00, 0x40)
            word := sload(slot)
            let before := and(shr(160, word), 0xfffffffff)
            expiry := add(before, duration)
            // Lapsed; or an expiry of more than 36 bits, which a duration of as many has or has wrapped round.
            isUnusual := or(iszero(lt(timestamp(), before)), shr(36, or(expiry, duration)))
        }
        if (isUnusual) _checkRenewal(node, word, payer, expiry);
        bytes32 topic = INameRegistry.NameRenewed.selector;
        assembly ("memory-safe") {
            sstore(slot, add(word, shl(160, duration)))
            mstore(0x00, expiry)
            log2(0x00, 0x20, topic, node)
        }
    }

    /// @dev Refuses who is not the present controller.
    function _checkController() private view {
        if (msg.sender != _state.controller) revert INameRegistry.RegistryNotController(msg.sender);
    }

    /// @dev Refuses the renewal of a lapsed name that is not the former holder's in the grace period, and an expiry that a word
    /// does not hold.
    function _checkRenewal(bytes32 node, uint256 word, address payer, uint256 expiry) private view {
        if (block.timestamp >= word.expiry()) _checkGrace(node, word, payer);
        if (expiry > MAX_EXPIRY || expiry < word.expiry()) {
            revert INameRegistry.RegistryInvalidExpiry(expiry, word.expiry(), MAX_EXPIRY);
        }
    }

    /// @dev Refuses what is not the former holder's renewal in the grace period.
    function _checkGrace(bytes32 node, uint256 word, address payer) private view {
        uint256 endsAt = word.expiry() + GRACE_PERIOD;
        address holder = word.owner();
        if (holder == address(0) || block.timestamp >= endsAt) {
            revert INameRegistry.RegistryNotRenewable(node, endsAt);
        }
        if (payer != holder && !_operators[holder][payer]) {
            revert INameRegistry.RegistryGraceForHolderOnly(node, payer);
        }
    }

    /// @dev The hash of a label, which DNS must be able to carry.
    function _checkLabel(string calldata label) internal pure returns (bytes32) {
        if (!Labels.isValid(label)) {
            uint256 length = bytes(label).length;
            if (length == 0 || length > Labels.MAX_BYTES) revert INameRegistry.RegistryInvalidLabelLength(length);
            uint256 position = Labels.firstBadByte(label);
            revert INameRegistry.RegistryInvalidLabelByte(position, bytes(label)[position]);
        }
        return Labels.hash(label);
    }

    /// @dev Refuses an expiry outside `min` and `max`, all in seconds.
    function _checkExpiry(uint256 expiry, uint256 min, uint256 max) internal pure {
        if (expiry < min || expiry > max) revert INameRegistry.RegistryInvalidExpiry(expiry, min, max);
    }
}
