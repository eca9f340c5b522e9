// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Labels} from "../naming/Labels.sol";
import {RecordWriter} from "../resolver/RecordWriter.sol";
import {IReverseLookup} from "../reverse/IReverseLookup.sol";
import {INameRegistry} from "./INameRegistry.sol";
import {ANCHORED, EMANCIPATED, ROOT_TENURE, Words} from "./Words.sol";

/// @title What the registry keeps, and which names are live
///
/// The storage, laid out in `LAYOUT.md`, and the rule that a name's word is read by: a leased name lives until its expiry, a plain
/// one as long as all that it hangs from is what it was when the name was created, and is live.
abstract contract RegistryState is RecordWriter {
    using Words for uint256;

    /// @dev Slot 0. `nextUpper` is the next tenure id of the upper half less 2^31.
    struct State {
        uint32 nextShardIndex;
        uint32 nextUpper;
        address controller;
    }

    /// @dev The latest expiry that a word holds, in seconds.
    uint256 internal constant MAX_EXPIRY = (1 << 36) - 1;

    /// @dev The most plain names between a name and its leased ancestor, itself included.
    uint256 internal constant MAX_PLAIN_DEPTH = 16;

    bytes32 internal immutable TLD;
    address internal immutable FIRST_CONTROLLER;
    /// @dev The same: a word is read without the mask that an address gets.
    uint256 internal immutable FIRST_CONTROLLER_WORD;
    IReverseLookup internal immutable REVERSE;

    State internal _state;
    mapping(bytes32 node => uint256 word) internal _names;
    mapping(uint256 tenureId => bytes32 node) internal _anchors;
    mapping(bytes32 node => uint256 settings) internal _settings;
    mapping(bytes32 node => address approved) internal _tokenApprovals;
    mapping(address owner => uint256 count) internal _balances;
    mapping(address owner => mapping(address operator => bool approved)) internal _operators;

    /// @param tldLabel The TLD's label, such as `hold`.
    /// @param governance Who owns the root; an AccessManager, so that its acts have roles and delays.
    /// @param controller_ The controller; it may be deployed later at that address.
    /// @param reverse The reverse registrar; it may be deployed later at that address.
    constructor(string memory tldLabel, address governance, address controller_, IReverseLookup reverse) {
        bytes32 labelHash = keccak256(bytes(tldLabel));
        bytes32 tld = Labels.childNode(0, labelHash);
        TLD = tld;
        FIRST_CONTROLLER = controller_;
        FIRST_CONTROLLER_WORD = uint256(uint160(controller_));
        REVERSE = reverse;
        _state.controller = controller_;
        emit INameRegistry.ControllerChanged(controller_);
        _setWord(0, Words.plain(governance, ROOT_TENURE).withOwnTenure(ROOT_TENURE) | ANCHORED);
        emit INameRegistry.NewOwner(0, labelHash, controller_);
        _setWord(tld, Words.plain(controller_, ROOT_TENURE) | ANCHORED);
    }

    /// @dev The word of a live name, or zero.
    function _liveWord(bytes32 node) internal view override returns (uint256 word) {
        word = _names[node];
        if (!_isLiveWord(word)) return 0;
    }

    /// @dev Whether a word is that of a live name.
    function _isLiveWord(uint256 word) internal view returns (bool live) {
        if (word.isLeased()) return word.owner() != address(0) && block.timestamp < word.expiry();
        (live, , ) = _walk(word);
    }

    /// @dev Follows a plain name's word up to its leased ancestor or the root.
    /// @return live Whether all on the way are what they were when the name was created, and the end is live.
    /// @return depth How many plain names the way has, the name included.
    /// @return expiry The expiry of the end, in seconds.
    function _walk(uint256 word) internal view returns (bool live, uint256 depth, uint256 expiry) {
        while (word.owner() != address(0) && depth < MAX_PLAIN_DEPTH) {
            ++depth;
            uint256 tenure = word.index();
            if (tenure == ROOT_TENURE) return (true, depth, MAX_EXPIRY);
            word = _names[_anchors[tenure]];
            if (word.isLeased()) {
                expiry = word.index() == tenure ? word.expiry() : 0;
                return (word.owner() != address(0) && block.timestamp < expiry, depth, expiry);
            }
            if (word.ownTenure() != tenure) break;
        }
        return (false, depth, 0);
    }

    /// @dev The shard index of a live name under the TLD.
    function _shardIndexOf(bytes32 node) internal view returns (bool known, uint32 shardIndex) {
        uint256 word = _liveWord(node);
        known = word.isLeased() && !word.has(EMANCIPATED);
        shardIndex = uint32(word.index());
    }

    /// @dev Writes a word and tells it.
    function _setWord(bytes32 node, uint256 word) internal {
        _names[node] = word;
        emit INameRegistry.NameWord(node, word);
    }

    /// @dev The word of a name, live or not.
    function _wordOf(bytes32 node) internal view override returns (uint256) {
        return _names[node];
    }

    /// @dev Writes a word of another tally; the events of the records tell it.
    function _storeTally(bytes32 node, uint256 word) internal override {
        _names[node] = word;
    }
}
