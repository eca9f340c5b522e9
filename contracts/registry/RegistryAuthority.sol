// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Labels} from "../naming/Labels.sol";
import {RecordStore} from "../resolver/RecordStore.sol";
import {INameRegistry} from "./INameRegistry.sol";
import {RegistryState} from "./RegistryState.sol";
import {SUBNAMES_LOCKED, Words} from "./Words.sol";

/// @title Who may do what on a name
///
/// An owner may do all, an account operator all that the owner may, a name operator what it is permitted. While a registration runs
/// its calls, these may do all that the name's new holder may.
abstract contract RegistryAuthority is RegistryState {
    using Words for uint256;

    /// @notice What a name operator can be permitted.
    uint256 internal constant PERMISSION_RECORDS = 1;
    uint256 internal constant PERMISSION_SUBNAMES = 2;
    uint256 internal constant PERMISSION_SETTINGS = 4;
    uint256 internal constant ALL_PERMISSIONS = 7;

    /// @dev Transient: the node whose registration runs its calls, on which those may do all that its holder may.
    bytes32 private constant FRESH_SLOT = keccak256("holdfast.registry.fresh");

    /// @dev The word of a live name on which the caller may do what `permission` says; 0 for what only an owner may. On the TLD nobody
    /// may do anything: it belongs to the controller, and a resolver or records of it would stand for names that lapsed.
    function _authorisedWord(bytes32 node, uint256 permission) internal view returns (uint256 word) {
        if (node == TLD) revert INameRegistry.RegistryUseController(node);
        word = _names[node];
        if (!_isLiveWord(word)) revert INameRegistry.RegistryNameNotLive(node);
        address holder = word.owner();
        if (msg.sender == holder || _operators[holder][msg.sender] || _isFresh(node)) return word;
        if (permission != 0 && _permissionsOf(node, word, msg.sender) & permission != 0) return word;
        revert INameRegistry.RegistryUnauthorized(node, msg.sender);
    }

    /// @dev The word of a name whose subnames the caller may create.
    function _subnameAuthority(bytes32 parent) internal view returns (uint256 word) {
        word = _authorisedWord(parent, PERMISSION_SUBNAMES);
        if (word.isLeased() && word.has(SUBNAMES_LOCKED))
            revert INameRegistry.RegistryLocked(parent, SUBNAMES_LOCKED >> 208);
    }

    /// @dev The word of a name whose records the caller may write.
    function _writableWord(bytes32 node) internal view override returns (uint256) {
        return _authorisedWord(node, PERMISSION_RECORDS);
    }

    /// @dev For the holder of a leased name, which is nearly always, in one expression; for others as `_writableWord`.
    function _writableEpoch(bytes32 node) internal view override returns (uint256 epoch) {
        bool isHolder;
        assembly ("memory-safe") {
            mstore(0x00, node)
            mstore(0x20, _names.slot)
            let word := sload(keccak256(0x00, 0x40))
            // Leased, not expired, and owned by the caller.
            isHolder := and(
                and(shr(208, word), lt(timestamp(), and(shr(160, word), 0xfffffffff))),
                iszero(shl(96, xor(word, caller())))
            )
            // Tenure id and clear version, which are the four bytes from the top and the one behind them.
            epoch := or(and(shr(208, word), 0xffffffff0000), byte(4, word))
        }
        if (!isHolder) epoch = _writableWord(node).epoch();
    }

    /// @dev Where the permissions of a name operator are; another owner or epoch has other slots.
    function _operatorSlot(bytes32 node, uint256 word, address operator) internal pure returns (bytes32) {
        bytes32 subkey = Labels.childNode(bytes32(uint256(uint160(word.owner()))), bytes32(uint256(uint160(operator))));
        return RecordStore.slot(node, KIND_OPERATOR | word.epoch(), subkey);
    }

    /// @dev A name operator's permissions.
    function _permissionsOf(bytes32 node, uint256 word, address operator) internal view returns (uint256 permissions) {
        bytes32 head = _operatorSlot(node, word, operator);
        assembly ("memory-safe") {
            permissions := sload(head)
        }
    }

    /// @dev Whether the node is the one whose registration is running its calls. The slot holds its complement, so that an empty one
    /// stands for a node that no name has, and not for the root's, which is zero.
    function _isFresh(bytes32 node) internal view returns (bool isFresh) {
        bytes32 slot = FRESH_SLOT;
        assembly ("memory-safe") {
            isFresh := iszero(not(xor(tload(slot), node)))
        }
    }

    /// @dev Runs the calls of a registration. They come from the controller, which is not the holder; the transient slot lets
    /// them through for this one node. None can reach `register` or `renew`: the first argument of those is an offset and an
    /// address, which no node can pass for (an offset beyond calldata is refused, an address has 96 zero bits).
    function _runFresh(bytes32 node, bytes[] calldata calls) internal {
        bytes32 slot = FRESH_SLOT;
        assembly ("memory-safe") {
            tstore(slot, not(node))
        }
        _multicall(node, calls);
        assembly ("memory-safe") {
            tstore(slot, 0)
        }
    }
}
