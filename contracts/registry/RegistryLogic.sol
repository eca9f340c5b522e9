// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

import {Labels} from "../naming/Labels.sol";
import {IRegistrarController} from "../registrar/IRegistrarController.sol";
import {RecordStore} from "../resolver/RecordStore.sol";
import {RecordWriter} from "../resolver/RecordWriter.sol";
import {IReverseLookup} from "../reverse/IReverseLookup.sol";
import {INameRegistry} from "./INameRegistry.sol";
import {
    ANCHORED,
    APPROVED,
    EMANCIPATED,
    GRACE_PERIOD,
    LEASED,
    OWN_EPOCH,
    RESOLVER_LOCKED,
    ROOT_TENURE,
    SETTINGS,
    SUBNAMES_LOCKED,
    TRANSFER_LOCKED,
    UPPER_TENURES,
    Words
} from "./Words.sol";

/// @title What the registry does, as internal functions
///
/// `NameRegistry` gives them an ABI; `FastNameRegistry` calls those whose gas counts straight from calldata. Both have the storage
/// declared here, laid out in `LAYOUT.md`, and nothing else.
abstract contract RegistryLogic is RecordWriter {
    using Words for uint256;
    using RecordStore for bytes32;

    struct State {
        uint32 nextShardIndex;
        uint32 nextUpper;
        address controller;
    }

    /// @notice What a name operator can be permitted.
    uint256 internal constant PERMISSION_RECORDS = 1;
    uint256 internal constant PERMISSION_SUBNAMES = 2;
    uint256 internal constant PERMISSION_SETTINGS = 4;
    uint256 internal constant ALL_PERMISSIONS = 7;

    uint256 internal constant ALL_LOCKS = (TRANSFER_LOCKED | RESOLVER_LOCKED | SUBNAMES_LOCKED) >> 208;

    /// @dev Bit of a registration's `reverse` that sets its address record to its owner.
    uint256 internal constant SET_ADDRESS = 4;

    /// @notice The most plain names between a name and its leased ancestor, itself included.
    uint256 private constant MAX_PLAIN_DEPTH = 16;

    uint256 internal constant MAX_EXPIRY = type(uint40).max;

    /// @dev Transient: the node whose registration runs its calls, on which those may do all that its holder may.
    bytes32 private constant FRESH_SLOT = keccak256("holdfast.registry.fresh");

    bytes32 internal immutable TLD;
    address internal immutable FIRST_CONTROLLER;
    /// @dev The same: a word is read without the mask that an address gets.
    uint256 private immutable FIRST_CONTROLLER_WORD;
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

    // ------------------------------------------------------------------ leases

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
            let before := and(shr(160, word), 0xffffffffff)
            expiry := add(before, duration)
            // Lapsed; or an expiry of more than 40 bits, which a duration of as many has or has wrapped round.
            isUnusual := or(iszero(lt(timestamp(), before)), shr(40, or(expiry, duration)))
        }
        if (isUnusual) _checkRenewal(node, word, payer, expiry);
        bytes32 topic = INameRegistry.NameRenewed.selector;
        assembly ("memory-safe") {
            sstore(slot, add(word, shl(160, duration)))
            mstore(0x00, expiry)
            log2(0x00, 0x20, topic, node)
        }
    }

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

    // ------------------------------------------------------------------ tokens

    function _transferFrom(address from, address to, uint256 tokenId) internal {
        bytes32 node = bytes32(tokenId);
        uint256 word = _tokenWord(tokenId);
        if (msg.sender != word.owner()) _checkTokenOperator(tokenId, word);
        if (word.owner() != from) revert IERC721Errors.ERC721IncorrectOwner(from, tokenId, word.owner());
        if (to == address(0)) revert IERC721Errors.ERC721InvalidReceiver(address(0));
        _transfer(node, word, to);
    }

    function _checkTokenOperator(uint256 tokenId, uint256 word) private view {
        if (_operators[word.owner()][msg.sender]) return;
        if (!word.has(APPROVED) || _tokenApprovals[bytes32(tokenId)] != msg.sender) {
            revert IERC721Errors.ERC721InsufficientApproval(msg.sender, tokenId);
        }
    }

    /// @dev The resolver of a name.
    function _resolver(bytes32 node) internal view returns (address) {
        uint256 word = _names[node];
        if (word == 0) return REVERSE.hasName(node) ? address(REVERSE) : address(0);
        if (!_isLiveWord(word)) return address(0);
        return word.has(SETTINGS) ? address(uint160(_settings[node])) : address(this);
    }

    /// @dev The shard index of a live name under the TLD.
    function _shardIndexOf(bytes32 node) internal view returns (bool known, uint32 shardIndex) {
        uint256 word = _liveWord(node);
        known = word.isLeased() && !word.has(EMANCIPATED);
        shardIndex = uint32(word.index());
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

    // ------------------------------------------------------------------ what the resolver asks

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
                and(shr(208, word), lt(timestamp(), and(shr(160, word), 0xffffffffff))),
                iszero(shl(96, xor(word, caller())))
            )
            // Tenure id and clear version, which are the four bytes from the top and the one behind them.
            epoch := or(and(shr(208, word), 0xffffffff0000), byte(4, word))
        }
        if (!isHolder) epoch = _writableWord(node).epoch();
    }

    function _liveWord(bytes32 node) internal view override returns (uint256 word) {
        word = _names[node];
        if (!_isLiveWord(word)) return 0;
    }

    function _zoneVersion(bytes32 node, uint256 word) internal view override returns (uint256) {
        return word.has(SETTINGS) ? _settings[node] >> 224 : 0;
    }

    function _nextZoneVersion(bytes32 node, uint256 word) internal {
        (address resolver_, uint64 ttl_) = _settingsOf(node, word);
        _storeSettings(node, word.withCount(0), resolver_, ttl_, _zoneVersion(node, word) + 1);
    }

    function _setRecordCount(bytes32 node, uint256 word, uint256 count) internal override {
        _names[node] = word.withCount(count);
    }

    // ------------------------------------------------------------------ inside: liveness and authority

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

    /// @dev The word of a live name on which the caller may do what `permission` says; 0 for what only an owner may.
    function _authorisedWord(bytes32 node, uint256 permission) internal view returns (uint256 word) {
        word = _names[node];
        if (!_isLiveWord(word)) revert INameRegistry.RegistryNameNotLive(node);
        address holder = word.owner();
        if (msg.sender == holder || _operators[holder][msg.sender] || _fresh() == node) return word;
        if (permission != 0 && _permissionsOf(node, word, msg.sender) & permission != 0) return word;
        revert INameRegistry.RegistryUnauthorized(node, msg.sender);
    }

    /// @dev The word of a name whose subnames the caller may create.
    function _subnameAuthority(bytes32 parent) internal view returns (uint256 word) {
        if (parent == TLD) revert INameRegistry.RegistryUseController(parent);
        word = _authorisedWord(parent, PERMISSION_SUBNAMES);
        if (word.isLeased() && word.has(SUBNAMES_LOCKED))
            revert INameRegistry.RegistryLocked(parent, SUBNAMES_LOCKED >> 208);
    }

    function _operatorSlot(bytes32 node, uint256 word, address operator) internal pure returns (bytes32) {
        bytes32 subkey = Labels.childNode(bytes32(uint256(uint160(word.owner()))), bytes32(uint256(uint160(operator))));
        return RecordStore.slot(node, KIND_OPERATOR | word.epoch(), subkey);
    }

    function _permissionsOf(bytes32 node, uint256 word, address operator) internal view returns (uint256 permissions) {
        bytes32 head = _operatorSlot(node, word, operator);
        assembly ("memory-safe") {
            permissions := sload(head)
        }
    }

    function _fresh() internal view returns (bytes32 node) {
        bytes32 slot = FRESH_SLOT;
        assembly ("memory-safe") {
            node := tload(slot)
        }
    }

    /// @dev Runs the calls of a registration. They come from the controller, which is not the holder; the transient slot lets
    /// them through for this one node. None can reach `register` or `renew`: the first argument of those is an offset and an
    /// address, which no node can pass for (an offset beyond calldata is refused, an address has 96 zero bits).
    function _runFresh(bytes32 node, bytes[] calldata calls) internal {
        bytes32 slot = FRESH_SLOT;
        assembly ("memory-safe") {
            tstore(slot, node)
        }
        _multicall(node, calls);
        assembly ("memory-safe") {
            tstore(slot, 0)
        }
    }

    // ------------------------------------------------------------------ inside: words

    function _setWord(bytes32 node, uint256 word) internal {
        _names[node] = word;
        emit INameRegistry.NameWord(node, word);
    }

    function _checkLabel(string calldata label) internal pure returns (bytes32) {
        if (!Labels.isValid(label)) {
            uint256 length = bytes(label).length;
            if (length == 0 || length > Labels.MAX_BYTES) revert INameRegistry.RegistryInvalidLabelLength(length);
            uint256 position = Labels.firstBadByte(label);
            revert INameRegistry.RegistryInvalidLabelByte(position, bytes(label)[position]);
        }
        return Labels.hash(label);
    }

    function _checkExpiry(uint256 expiry, uint256 min, uint256 max) internal pure {
        if (expiry < min || expiry > max) revert INameRegistry.RegistryInvalidExpiry(expiry, min, max);
    }

    /// @dev When a leased name becomes free: after a grace period if it is directly under the TLD.
    function _freeAt(uint256 word) internal pure returns (uint256) {
        return word.has(EMANCIPATED) ? word.expiry() : word.expiry() + GRACE_PERIOD;
    }

    /// @dev Makes way on a node whose word is `word`: a lapsed token is burned, a name that is not free refused.
    function _clearLapsed(bytes32 node, uint256 word) internal {
        if (!word.isLeased()) return;
        uint256 freeAt = _freeAt(word);
        if (block.timestamp < freeAt) {
            if (word.has(EMANCIPATED)) revert INameRegistry.RegistryNameEmancipated(node);
            revert INameRegistry.RegistryNameTaken(node, freeAt);
        }
        if (word.owner() != address(0)) _burn(word.owner(), node);
    }

    function _mint(address to, bytes32 node) internal {
        unchecked {
            // A balance counts registrations, each of which costs gas: it cannot overflow.
            ++_balances[to];
        }
        emit IERC721.Transfer(address(0), to, uint256(node));
    }

    function _burn(address from, bytes32 node) internal {
        --_balances[from];
        emit IERC721.Transfer(from, address(0), uint256(node));
    }

    function _tokenWord(uint256 tokenId) internal view returns (uint256 word) {
        word = _names[bytes32(tokenId)];
        bool exists;
        assembly ("memory-safe") {
            // Leased, not expired, and not swept.
            exists := and(
                and(shr(208, word), lt(timestamp(), and(shr(160, word), 0xffffffffff))),
                iszero(iszero(shl(96, word)))
            )
        }
        if (!exists) revert IERC721Errors.ERC721NonexistentToken(tokenId);
    }

    function _transfer(bytes32 node, uint256 word, address to) internal {
        if (word.has(TRANSFER_LOCKED)) revert INameRegistry.RegistryLocked(node, TRANSFER_LOCKED >> 208);
        address from = word.owner();
        _names[node] = (word & ~APPROVED) ^ uint160(from) ^ uint160(to);
        unchecked {
            // `from` holds this name at least, and there are fewer names than a balance can count.
            --_balances[from];
            ++_balances[to];
        }
        emit IERC721.Transfer(from, to, uint256(node));
    }

    function _changeOwner(bytes32 node, address newOwner) internal {
        uint256 word = _authorisedWord(node, 0);
        if (newOwner == address(0)) revert INameRegistry.RegistryZeroOwner(node);
        if (word.isLeased()) {
            _transfer(node, word, newOwner);
        } else {
            // The TLD's owner follows the controller, which `setController` sees to.
            if (node == TLD) revert INameRegistry.RegistryUseController(node);
            _names[node] = word.withOwner(newOwner);
            emit INameRegistry.Transfer(node, newOwner);
        }
    }

    // ------------------------------------------------------------------ inside: subnames

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

    function _openTenure(bytes32 node) internal returns (uint256 tenure) {
        uint256 next = _state.nextUpper;
        if (next == UPPER_TENURES - 1) revert INameRegistry.RegistryIdsExhausted();
        _state.nextUpper = uint32(next + 1);
        tenure = UPPER_TENURES + next;
        emit INameRegistry.TenureOpened(node, tenure);
    }

    // ------------------------------------------------------------------ inside: settings

    function _settingsOf(bytes32 node, uint256 word) internal view returns (address resolver_, uint64 ttl_) {
        if (!word.has(SETTINGS)) return (address(this), 0);
        uint256 settings = _settings[node];
        return (address(uint160(settings)), uint64(settings >> 160));
    }

    function _changeSettings(bytes32 node, uint256 word, address newResolver, uint64 newTtl) internal {
        if (word.isLeased() && word.has(RESOLVER_LOCKED))
            revert INameRegistry.RegistryLocked(node, RESOLVER_LOCKED >> 208);
        _writeSettings(node, word, newResolver, newTtl);
    }

    /// @dev Writes resolver and ttl and emits what changed, as ENS does.
    function _writeSettings(bytes32 node, uint256 word, address newResolver, uint64 newTtl) internal {
        (address oldResolver, uint64 oldTtl) = _settingsOf(node, word);
        if (newResolver != oldResolver || newTtl != oldTtl) {
            _storeSettings(node, word, newResolver, newTtl, _zoneVersion(node, word));
        }
        emit INameRegistry.NewResolver(node, newResolver);
        if (newTtl != oldTtl) emit INameRegistry.NewTTL(node, newTtl);
    }

    function _storeSettings(bytes32 node, uint256 word, address resolver_, uint64 ttl_, uint256 zoneVersion) internal {
        bool isDefault = resolver_ == address(this) && ttl_ == 0 && zoneVersion == 0;
        uint256 settings = uint256(uint160(resolver_)) | (uint256(ttl_) << 160) | (zoneVersion << 224);
        _settings[node] = isDefault ? 0 : settings;
        uint256 newWord = isDefault ? word & ~SETTINGS : word | SETTINGS;
        if (newWord != _names[node]) _names[node] = newWord;
    }
}
