// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Labels} from "../naming/Labels.sol";
import {INameRegistry} from "./INameRegistry.sol";
import {RegistrySettings} from "./RegistrySettings.sol";
import {ANCHORED, OWN_EPOCH, ROOT_TENURE, UPPER_TENURES, Words} from "./Words.sol";

/// @title Subnames
///
/// A plain subname hangs from the tenure of its parent: from its tenure id if the parent is leased, otherwise from one of the upper
/// half that the parent gets with its first subname. The slot of a tenure, its anchor, says whose it is.
abstract contract RegistrySubnames is RegistrySettings {
    using Words for uint256;

    /// @dev The node of `reverse` (ENSIP-3).
    bytes32 private constant REVERSE_TLD = 0xa097f6721ce401e757d1223a763fef49b8b5f90bb18567ddb86fd205dff71d34;

    /// @dev Gives, re-gives or (newOwner zero) takes back a plain subname.
    function _setSubname(
        bytes32 parent,
        bytes32 label,
        address newOwner
    ) internal returns (bytes32 node, uint256 word) {
        uint256 parentWord = _subnameAuthority(parent);
        uint256 anchor = _anchorOf(parent, parentWord);
        node = Labels.childNode(parent, label);
        if (node == TLD) revert INameRegistry.RegistryUseController(node);
        // Accounts' reverse names are their own (`ReverseRegistrar`).
        if (node == REVERSE_TLD) revert INameRegistry.RegistryReserved(node);
        word = _names[node];
        emit INameRegistry.NewOwner(parent, label, newOwner);
        if (word == 0) {
            word = Words.plain(newOwner, anchor);
            _names[node] = word;
        } else if (word.isLeased()) {
            _clearLapsed(node, word);
            // Its plain versions are forgotten; a tenure of its own makes its epochs new all the same.
            word = Words.plain(newOwner, anchor).withOwnTenure(_openTenure(node)) | OWN_EPOCH;
            _setWord(node, word);
        } else if (word.index() != anchor) {
            word = Words.plain(newOwner, anchor);
            _setWord(node, word);
        } else if (word.owner() != newOwner) {
            word = _regranted(node, word, newOwner);
            _setWord(node, word);
        }
    }

    /// @dev Creates or changes a plain subname with its resolver and ttl.
    function _setSubnodeRecord(
        bytes32 node,
        bytes32 label,
        address newOwner,
        address newResolver,
        uint64 newTtl
    ) internal {
        (bytes32 child, uint256 word) = _setSubname(node, label, newOwner);
        if (newOwner != address(0)) _writeSettings(child, word, newResolver, newTtl);
    }

    /// @dev The word of a plain name given to somebody else in the same tenure of its parent: no records, no subnames.
    function _regranted(bytes32 node, uint256 word, address newOwner) internal returns (uint256) {
        uint256 fresh = Words.plain(newOwner, word.index());
        uint256 version = word.version() + 1;
        if (word.has(OWN_EPOCH) || version > type(uint16).max) {
            return fresh.withOwnTenure(_openTenure(node)) | OWN_EPOCH;
        }
        return fresh.withVersion(version);
    }

    /// @dev The tenure id that subnames of `parent` hang from. The first subname writes it down.
    function _anchorOf(bytes32 parent, uint256 word) internal returns (uint256 tenure) {
        bool leased = word.isLeased();
        if (!leased && word.index() != ROOT_TENURE) {
            (, uint256 depth, ) = _walk(word);
            if (depth >= MAX_PLAIN_DEPTH) revert INameRegistry.RegistryNameTooDeep(parent, MAX_PLAIN_DEPTH);
        }
        tenure = leased ? word.index() : word.ownTenure();
        if (word.has(ANCHORED)) return tenure;
        if (!leased && tenure == 0) {
            tenure = _openTenure(parent);
            word = word.withOwnTenure(tenure);
        }
        _anchors[tenure] = parent;
        emit INameRegistry.Anchored(parent, tenure);
        _setWord(parent, word | ANCHORED);
    }

    /// @dev Hands out the next tenure id of the upper half.
    function _openTenure(bytes32 node) internal returns (uint256 tenure) {
        uint256 next = _state.nextUpper;
        if (next == UPPER_TENURES - 1) revert INameRegistry.RegistryIdsExhausted();
        _state.nextUpper = uint32(next + 1);
        tenure = UPPER_TENURES + next;
        emit INameRegistry.TenureOpened(node, tenure);
    }

    /// @dev Hands a name on, a leased one as a token.
    function _changeOwner(bytes32 node, address newOwner) internal {
        uint256 word = _authorisedWord(node, 0);
        if (newOwner == address(0)) revert INameRegistry.RegistryZeroOwner(node);
        if (word.isLeased()) {
            _transfer(node, word, newOwner);
        } else {
            _names[node] = word.withOwner(newOwner);
            emit INameRegistry.Transfer(node, newOwner);
        }
    }
}
