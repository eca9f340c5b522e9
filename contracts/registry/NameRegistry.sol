// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";
import {ERC721Utils} from "@openzeppelin/contracts/token/ERC721/utils/ERC721Utils.sol";

import {DnsName} from "../naming/DnsName.sol";
import {Labels} from "../naming/Labels.sol";
import {RecordResolver} from "../resolver/RecordResolver.sol";
import {RecordStore} from "../resolver/RecordStore.sol";
import {IReverseLookup} from "../reverse/IReverseLookup.sol";
import {INameRegistry} from "./INameRegistry.sol";
import {ITokenRenderer} from "./ITokenRenderer.sol";
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

/// @title The name registry
///
/// Who may do what:
///
/// | who | may | may never |
/// |---|---|---|
/// | holder of a leased name | transfer, lock, set resolver and ttl, create and issue subnames, write records, name operators | exceed a lock |
/// | owner of a plain name | all that but lock and issue | outlive its parent's grant |
/// | owner of a parent | create, take back, re-grant plain subnames; issue and extend emancipated ones | touch a live emancipated subname |
/// | account operator (`setApprovalForAll`) | all that the owner may | |
/// | token operator (`approve(address,uint256)`) | transfer that token | |
/// | name operator (`setNameOperator`) | records, subnames, resolver and ttl, as permitted | transfer, lock |
/// | present controller | register names that are free | touch a name that is not |
/// | first controller, present controller | renew | shorten |
/// | owner of the root (governance) | appoint the controller for registrations, create other TLDs | touch a name under the TLD, keep anyone from renewing |
///
/// Counters: `nextShardIndex` moves by one at every registration under the TLD, re-registrations included, and never back, so
/// that an index stands for one tenure of one name: whatever was derived from it (anchors, record epochs, shards) cannot
/// come alive again under another holder. `nextUpper` does the same for the tenures of all other names.
///
/// Expiry: a leased name is live while `block.timestamp < expiry`; a name under the TLD can be renewed, by its former holder
/// alone, while `expiry <= block.timestamp < expiry + 90 days`; it is free from `expiry + 90 days` on. A plain name is live
/// while what it hangs from is live and still in the tenure it was created in.
///
///     none --register--> leased --time--> in grace --time--> free --register--> leased (a new tenure)
///                          ^ `renew`        | `renew`
///                          +----------------+
///     none --createSubname--> plain --setSubnodeOwner(0)--> tombstone --createSubname--> plain (a new version)
///                               |  `issueSubname`
///                               v
///     none --issueSubname--> emancipated --time--> free for the parent (a new tenure)
contract NameRegistry is INameRegistry, RecordResolver, IERC721, IERC721Metadata, IERC721Errors {
    using Words for uint256;
    using RecordStore for bytes32;

    struct State {
        uint32 nextShardIndex;
        uint32 nextUpper;
        address controller;
    }

    /// @notice What a name operator can be permitted.
    uint256 private constant PERMISSION_RECORDS = 1;
    uint256 private constant PERMISSION_SUBNAMES = 2;
    uint256 private constant PERMISSION_SETTINGS = 4;
    uint256 private constant ALL_PERMISSIONS = 7;

    uint256 private constant ALL_LOCKS = (TRANSFER_LOCKED | RESOLVER_LOCKED | SUBNAMES_LOCKED) >> 208;

    /// @notice The most plain names between a name and its leased ancestor, itself included.
    uint256 private constant MAX_PLAIN_DEPTH = 16;

    uint256 private constant MAX_EXPIRY = type(uint40).max;

    /// @dev Transient: the node whose registration runs its calls, on which those may do all that its holder may.
    bytes32 private constant FRESH_SLOT = keccak256("holdfast.registry.fresh");

    bytes32 private immutable TLD;
    address private immutable FIRST_CONTROLLER;
    IReverseLookup private immutable REVERSE;
    ITokenRenderer private immutable RENDERER;

    State private _state;
    mapping(bytes32 node => uint256 word) private _names;
    mapping(uint256 tenureId => bytes32 node) private _anchors;
    mapping(bytes32 node => uint256 settings) private _settings;
    mapping(bytes32 node => address approved) private _tokenApprovals;
    mapping(address owner => uint256 count) private _balances;
    mapping(address owner => mapping(address operator => bool approved)) private _operators;

    /// @param tldLabel The TLD's label, such as `hold`.
    /// @param governance Who owns the root; an AccessManager, so that its acts have roles and delays.
    /// @param controller_ The controller; it may be deployed later at that address.
    /// @param reverse The reverse registrar; it may be deployed later at that address.
    /// @param renderer Draws the tokens.
    constructor(
        string memory tldLabel,
        address governance,
        address controller_,
        IReverseLookup reverse,
        ITokenRenderer renderer
    ) {
        bytes32 labelHash = keccak256(bytes(tldLabel));
        bytes32 tld = Labels.childNode(0, labelHash);
        TLD = tld;
        FIRST_CONTROLLER = controller_;
        REVERSE = reverse;
        RENDERER = renderer;
        _state.controller = controller_;
        emit ControllerChanged(controller_);
        _setWord(0, Words.plain(governance, ROOT_TENURE).withOwnTenure(ROOT_TENURE) | ANCHORED);
        _names[tld] = Words.plain(controller_, ROOT_TENURE) | ANCHORED;
        emit NewOwner(0, labelHash, controller_);
        emit NameWord(tld, _names[tld]);
    }

    // ------------------------------------------------------------------ ENS registry, reading

    /// @inheritdoc INameRegistry
    function owner(bytes32 node) external view returns (address) {
        return _liveWord(node).owner();
    }

    /// @inheritdoc INameRegistry
    function resolver(bytes32 node) external view returns (address) {
        uint256 word = _names[node];
        if (word == 0) return REVERSE.hasName(node) ? address(REVERSE) : address(0);
        if (!_isLiveWord(word)) return address(0);
        return word.has(SETTINGS) ? address(uint160(_settings[node])) : address(this);
    }

    /// @inheritdoc INameRegistry
    function ttl(bytes32 node) external view returns (uint64) {
        return _liveWord(node).has(SETTINGS) ? uint64(_settings[node] >> 160) : 0;
    }

    /// @inheritdoc INameRegistry
    function recordExists(bytes32 node) external view returns (bool) {
        return _liveWord(node) != 0;
    }

    // ------------------------------------------------------------------ ENS registry, writing

    /// @inheritdoc INameRegistry
    function setRecord(bytes32 node, address newOwner, address newResolver, uint64 newTtl) external {
        uint256 word = _authorisedWord(node, PERMISSION_SETTINGS);
        _changeSettings(node, word, newResolver, newTtl);
        _changeOwner(node, newOwner);
    }

    /// @inheritdoc INameRegistry
    function setOwner(bytes32 node, address newOwner) external {
        _changeOwner(node, newOwner);
    }

    /// @inheritdoc INameRegistry
    function setResolver(bytes32 node, address newResolver) external {
        uint256 word = _authorisedWord(node, PERMISSION_SETTINGS);
        (, uint64 oldTtl) = _settingsOf(node, word);
        _changeSettings(node, word, newResolver, oldTtl);
    }

    /// @inheritdoc INameRegistry
    function setTTL(bytes32 node, uint64 newTtl) external {
        uint256 word = _authorisedWord(node, PERMISSION_SETTINGS);
        (address oldResolver, ) = _settingsOf(node, word);
        _changeSettings(node, word, oldResolver, newTtl);
    }

    /// @inheritdoc INameRegistry
    function setSubnodeOwner(bytes32 node, bytes32 label, address newOwner) external returns (bytes32) {
        return _setSubname(node, label, newOwner);
    }

    /// @inheritdoc INameRegistry
    function setSubnodeRecord(
        bytes32 node,
        bytes32 label,
        address newOwner,
        address newResolver,
        uint64 newTtl
    ) external {
        bytes32 child = _setSubname(node, label, newOwner);
        if (newOwner != address(0)) _writeSettings(child, _names[child], newResolver, newTtl);
    }

    // ------------------------------------------------------------------ subnames

    /// @inheritdoc INameRegistry
    function createSubname(bytes32 parent, string calldata label, address newOwner) external returns (bytes32 node) {
        bytes32 labelHash = _checkLabel(label);
        if (newOwner == address(0)) revert RegistryZeroOwner(Labels.childNode(parent, labelHash));
        node = _setSubname(parent, labelHash, newOwner);
        emit LabelPublished(parent, labelHash, label);
    }

    /// @inheritdoc INameRegistry
    function issueSubname(
        bytes32 parent,
        string calldata label,
        address newOwner,
        uint256 expiry,
        uint256 locks
    ) external returns (bytes32 node) {
        bytes32 labelHash = _checkLabel(label);
        node = Labels.childNode(parent, labelHash);
        uint256 parentWord = _subnameAuthority(parent);
        if (!parentWord.isLeased()) revert RegistryNotLeased(parent);
        if (newOwner == address(0)) revert RegistryZeroOwner(node);
        if (locks & ~ALL_LOCKS != 0) revert RegistryInvalidLocks(locks);
        _checkExpiry(expiry, block.timestamp + 1, parentWord.expiry());
        _clearLapsed(node, _names[node]);
        emit NewOwner(parent, labelHash, newOwner);
        uint256 flags = EMANCIPATED | (locks << 208);
        _setWord(node, Words.leased(newOwner, expiry, _openTenure(node), flags));
        _mint(newOwner, node);
        emit LabelPublished(parent, labelHash, label);
    }

    /// @inheritdoc INameRegistry
    function extendSubname(bytes32 parent, bytes32 label, uint256 expiry) external {
        bytes32 node = Labels.childNode(parent, label);
        uint256 parentWord = _subnameAuthority(parent);
        uint256 word = _liveWord(node);
        if (!word.has(LEASED)) revert RegistryNotLeased(node);
        _checkExpiry(expiry, word.expiry(), parentWord.expiry());
        _names[node] = word.withExpiry(expiry);
        emit NameRenewed(node, expiry);
    }

    // ------------------------------------------------------------------ locks, operators, published names

    /// @inheritdoc INameRegistry
    function lock(bytes32 node, uint256 locks) external {
        uint256 word = _authorisedWord(node, 0);
        if (!word.isLeased()) revert RegistryNotLeased(node);
        if (locks & ~ALL_LOCKS != 0) revert RegistryInvalidLocks(locks);
        _setWord(node, word | (locks << 208));
    }

    /// @inheritdoc INameRegistry
    function setNameOperator(bytes32 node, address operator, uint256 permissions) public {
        if (permissions & ~ALL_PERMISSIONS != 0) revert RegistryInvalidPermissions(permissions);
        uint256 word = _authorisedWord(node, 0);
        address holder = word.owner();
        bytes32 head = _operatorSlot(node, word, operator);
        assembly ("memory-safe") {
            sstore(head, permissions)
        }
        emit NameOperatorChanged(node, holder, operator, permissions);
    }

    /// @inheritdoc INameRegistry
    function nameOperator(bytes32 node, address operator) public view returns (uint256 permissions) {
        uint256 word = _liveWord(node);
        return word == 0 ? 0 : _permissionsOf(node, word, operator);
    }

    /// @notice Lets `delegate` write the records of one name for its owner, or no longer.
    function approve(bytes32 node, address delegate, bool approved) external {
        uint256 permissions = nameOperator(node, delegate);
        permissions = approved ? permissions | PERMISSION_RECORDS : permissions & ~PERMISSION_RECORDS;
        setNameOperator(node, delegate, permissions);
        emit Approved(_names[node].owner(), node, delegate, approved);
    }

    /// @notice Whether `delegate` may write the records of a name by the leave of `holder`, its present owner.
    function isApprovedFor(address holder, bytes32 node, address delegate) external view returns (bool) {
        return _liveWord(node).owner() == holder && nameOperator(node, delegate) & PERMISSION_RECORDS != 0;
    }

    /// @inheritdoc INameRegistry
    function publishName(bytes calldata dnsName) external returns (bytes32 node) {
        DnsName.check(dnsName);
        node = DnsName.namehash(dnsName, 0);
        RecordStore.slot(node, KIND_PUBLISHED, 0).store(dnsName);
        emit NamePublished(node, dnsName);
    }

    /// @inheritdoc INameRegistry
    function publishedName(bytes32 node) public view returns (bytes memory dnsName) {
        return RecordStore.slot(node, KIND_PUBLISHED, 0).load();
    }

    /// @inheritdoc INameRegistry
    function sweep(bytes32 node) external {
        uint256 word = _names[node];
        if (!word.isLeased() || word.owner() == address(0)) revert RegistryNotLeased(node);
        uint256 freeAt = _freeAt(word);
        if (block.timestamp < freeAt) revert RegistryNameTaken(node, freeAt);
        _burn(word.owner(), node);
        _setWord(node, word.withOwner(address(0)));
    }

    // ------------------------------------------------------------------ controller, governance

    /// @inheritdoc INameRegistry
    function register(
        string calldata label,
        address newOwner,
        uint256 expiry,
        bytes[] calldata data_
    ) external returns (bytes32 node, uint256 previousExpiry) {
        State memory state = _state;
        if (msg.sender != state.controller) revert RegistryNotController(msg.sender);
        node = Labels.childNode(TLD, _checkLabel(label));
        if (newOwner == address(0)) revert RegistryZeroOwner(node);
        _checkExpiry(expiry, block.timestamp + 1, MAX_EXPIRY);
        uint256 word = _names[node];
        if (word != 0) {
            previousExpiry = word.expiry();
            _clearLapsed(node, word);
        }
        if (state.nextShardIndex == UPPER_TENURES) revert RegistryIdsExhausted();
        unchecked {
            _state.nextShardIndex = state.nextShardIndex + 1;
        }
        _names[node] = Words.leased(newOwner, expiry, state.nextShardIndex, 0);
        _mint(newOwner, node);
        emit NameRegistered(node, newOwner, label, expiry, state.nextShardIndex);
        if (data_.length != 0) _runFresh(node, data_);
    }

    /// @inheritdoc INameRegistry
    function renew(address payer, bytes32 label, uint256 duration) external returns (uint256 expiry) {
        // The immutable first: it spares the storage read on the path that everybody uses.
        if (msg.sender != FIRST_CONTROLLER && msg.sender != _state.controller) {
            revert RegistryNotController(msg.sender);
        }
        bytes32 node = Labels.childNode(TLD, label);
        uint256 word = _names[node];
        expiry = word.expiry();
        if (block.timestamp >= expiry) {
            address holder = word.owner();
            if (holder == address(0) || block.timestamp >= expiry + GRACE_PERIOD) {
                revert RegistryNotRenewable(node, expiry + GRACE_PERIOD);
            }
            if (payer != holder && !_operators[holder][payer]) revert RegistryGraceForHolderOnly(node, payer);
        }
        unchecked {
            // Neither term is near 2^255 unless the sum is refused just below.
            if (duration > MAX_EXPIRY - expiry) revert RegistryInvalidExpiry(duration, expiry, MAX_EXPIRY);
            expiry += duration;
        }
        _names[node] = word.withExpiry(expiry);
        emit NameRenewed(node, expiry);
    }

    /// @inheritdoc INameRegistry
    function setController(address newController) external {
        if (msg.sender != _names[0].owner()) revert RegistryUnauthorized(0, msg.sender);
        _state.controller = newController;
        emit ControllerChanged(newController);
        _names[TLD] = _names[TLD].withOwner(newController);
        emit Transfer(TLD, newController);
    }

    /// @inheritdoc INameRegistry
    function controller() external view returns (address) {
        return _state.controller;
    }

    /// @inheritdoc INameRegistry
    function firstController() external view returns (address) {
        return FIRST_CONTROLLER;
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc INameRegistry
    function tldNode() external view returns (bytes32) {
        return TLD;
    }

    /// @inheritdoc INameRegistry
    function nameWord(bytes32 node) external view returns (uint256) {
        return _names[node];
    }

    /// @inheritdoc INameRegistry
    function isLive(bytes32 node) external view returns (bool) {
        return _liveWord(node) != 0;
    }

    /// @inheritdoc INameRegistry
    function expiryOf(bytes32 node) external view returns (uint256 expiry) {
        uint256 word = _names[node];
        if (word.isLeased()) return word.expiry();
        (, , expiry) = _walk(word);
    }

    /// @inheritdoc INameRegistry
    function epochOf(bytes32 node) external view returns (uint64) {
        return uint64(_names[node].epoch());
    }

    /// @notice The record epoch of a name.
    function recordVersions(bytes32 node) external view returns (uint64) {
        return uint64(_names[node].epoch());
    }

    /// @inheritdoc INameRegistry
    function shardIndexOf(bytes32 node) external view returns (bool known, uint32 shardIndex) {
        uint256 word = _liveWord(node);
        known = word.isLeased() && !word.has(EMANCIPATED);
        shardIndex = uint32(word.index());
    }

    /// @inheritdoc INameRegistry
    function nextShardIndex() external view returns (uint32) {
        return _state.nextShardIndex;
    }

    /// @notice Deletes all records of a name, and dismisses its operators.
    function clearRecords(bytes32 node) external {
        uint256 word = _writableWord(node);
        uint256 version = word.version() + 1;
        if (version > (word.isLeased() ? type(uint8).max : type(uint16).max)) revert RegistryVersionsExhausted(node);
        word = word.withVersion(version).withCount(0);
        _setWord(node, word);
        emit VersionChanged(node, uint64(word.epoch()));
    }

    // ------------------------------------------------------------------ ERC-721

    /// @inheritdoc IERC721Metadata
    function name() external pure returns (string memory) {
        return "Holdfast";
    }

    /// @inheritdoc IERC721Metadata
    function symbol() external pure returns (string memory) {
        return "HOLD";
    }

    /// @inheritdoc IERC721Metadata
    function tokenURI(uint256 tokenId) external view returns (string memory) {
        bytes32 node = bytes32(tokenId);
        return RENDERER.tokenURI(node, publishedName(node), _tokenWord(tokenId));
    }

    /// @notice How many leased names an account holds, lapsed ones included until they are swept or registered anew.
    function balanceOf(address holder) external view returns (uint256) {
        if (holder == address(0)) revert ERC721InvalidOwner(address(0));
        return _balances[holder];
    }

    /// @inheritdoc IERC721
    function ownerOf(uint256 tokenId) external view returns (address) {
        return _tokenWord(tokenId).owner();
    }

    /// @inheritdoc IERC721
    function getApproved(uint256 tokenId) external view returns (address) {
        return _tokenWord(tokenId).has(APPROVED) ? _tokenApprovals[bytes32(tokenId)] : address(0);
    }

    /// @inheritdoc IERC721
    function isApprovedForAll(address holder, address operator) external view returns (bool) {
        return _operators[holder][operator];
    }

    /// @notice Lets an account act on all names of the caller, or no longer (EIP-137 and ERC-721).
    function setApprovalForAll(address operator, bool approved) external {
        if (operator == address(0)) revert ERC721InvalidOperator(address(0));
        _operators[msg.sender][operator] = approved;
        emit ApprovalForAll(msg.sender, operator, approved);
    }

    /// @inheritdoc IERC721
    function approve(address to, uint256 tokenId) external {
        bytes32 node = bytes32(tokenId);
        uint256 word = _tokenWord(tokenId);
        address holder = word.owner();
        if (msg.sender != holder && !_operators[holder][msg.sender]) revert ERC721InvalidApprover(msg.sender);
        _tokenApprovals[node] = to;
        _names[node] = to == address(0) ? word & ~APPROVED : word | APPROVED;
        emit Approval(holder, to, tokenId);
    }

    /// @inheritdoc IERC721
    function transferFrom(address from, address to, uint256 tokenId) public {
        bytes32 node = bytes32(tokenId);
        uint256 word = _tokenWord(tokenId);
        address holder = word.owner();
        if (msg.sender != holder && !_operators[holder][msg.sender]) {
            if (!word.has(APPROVED) || _tokenApprovals[node] != msg.sender) {
                revert ERC721InsufficientApproval(msg.sender, tokenId);
            }
        }
        if (holder != from) revert ERC721IncorrectOwner(from, tokenId, holder);
        if (to == address(0)) revert ERC721InvalidReceiver(address(0));
        _transfer(node, word, to);
    }

    /// @inheritdoc IERC721
    function safeTransferFrom(address from, address to, uint256 tokenId) external {
        safeTransferFrom(from, to, tokenId, "");
    }

    /// @inheritdoc IERC721
    function safeTransferFrom(address from, address to, uint256 tokenId, bytes memory data_) public {
        transferFrom(from, to, tokenId);
        ERC721Utils.checkOnERC721Received(msg.sender, from, to, tokenId, data_);
    }

    /// @notice Whether an interface is supported (ERC-165): ERC-721 and its metadata, and the resolver profiles.
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        bytes memory known =
            hex"01ffc9a7_80ac58cd_5b5e139f" // ERC-165, ERC-721, metadata
            hex"3b3b57de_f1cb7e06_4cb7724c_59d1d43c_bc1c58d1_691f3431" // addr, multicoin, hasAddr, text, contenthash, name
            hex"2203ab56_c8690233_124a319c_ecbfada3_a8fa5682_5c98042b" // ABI, pubkey, interface, data, DNS, zonehash
            hex"d700ff33_9061b923_582de3e7_e32954eb"; // versions, extended, features, multicall
        for (uint256 i = 0; i < known.length; i += 4) {
            bytes4 id;
            assembly ("memory-safe") {
                id := mload(add(add(known, 32), i))
            }
            if (id == interfaceId) return true;
        }
        return false;
    }

    // ------------------------------------------------------------------ what the resolver asks

    function _writableWord(bytes32 node) internal view override returns (uint256) {
        return _authorisedWord(node, PERMISSION_RECORDS);
    }

    function _liveWord(bytes32 node) internal view override returns (uint256 word) {
        word = _names[node];
        if (!_isLiveWord(word)) return 0;
    }

    function _zoneVersion(bytes32 node, uint256 word) internal view override returns (uint256) {
        return word.has(SETTINGS) ? _settings[node] >> 224 : 0;
    }

    function _bumpZoneVersion(bytes32 node, uint256 word) internal override {
        (address resolver_, uint64 ttl_) = _settingsOf(node, word);
        _storeSettings(node, word.withCount(0), resolver_, ttl_, _zoneVersion(node, word) + 1);
    }

    function _setRecordCount(bytes32 node, uint256 word, uint256 count) internal override {
        _names[node] = word.withCount(count);
    }

    // ------------------------------------------------------------------ inside: liveness and authority

    /// @dev Whether a word is that of a live name.
    function _isLiveWord(uint256 word) private view returns (bool live) {
        if (word.isLeased()) return word.owner() != address(0) && block.timestamp < word.expiry();
        (live, , ) = _walk(word);
    }

    /// @dev Follows a plain name's word up to its leased ancestor or the root.
    /// @return live Whether all on the way are what they were when the name was created, and the end is live.
    /// @return depth How many plain names the way has, the name included.
    /// @return expiry The expiry of the end, in seconds.
    function _walk(uint256 word) private view returns (bool live, uint256 depth, uint256 expiry) {
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
    function _authorisedWord(bytes32 node, uint256 permission) private view returns (uint256 word) {
        word = _names[node];
        if (!_isLiveWord(word)) revert RegistryNameNotLive(node);
        address holder = word.owner();
        if (msg.sender == holder || _operators[holder][msg.sender] || _fresh() == node) return word;
        if (permission != 0 && _permissionsOf(node, word, msg.sender) & permission != 0) return word;
        revert RegistryUnauthorized(node, msg.sender);
    }

    /// @dev The word of a name whose subnames the caller may create.
    function _subnameAuthority(bytes32 parent) private view returns (uint256 word) {
        if (parent == TLD) revert RegistryUseController(parent);
        word = _authorisedWord(parent, PERMISSION_SUBNAMES);
        if (word.isLeased() && word.has(SUBNAMES_LOCKED)) revert RegistryLocked(parent, SUBNAMES_LOCKED >> 208);
    }

    function _operatorSlot(bytes32 node, uint256 word, address operator) private pure returns (bytes32) {
        bytes32 subkey = Labels.childNode(bytes32(uint256(uint160(word.owner()))), bytes32(uint256(uint160(operator))));
        return RecordStore.slot(node, KIND_OPERATOR | word.epoch(), subkey);
    }

    function _permissionsOf(bytes32 node, uint256 word, address operator) private view returns (uint256 permissions) {
        bytes32 head = _operatorSlot(node, word, operator);
        assembly ("memory-safe") {
            permissions := sload(head)
        }
    }

    function _fresh() private view returns (bytes32 node) {
        bytes32 slot = FRESH_SLOT;
        assembly ("memory-safe") {
            node := tload(slot)
        }
    }

    /// @dev Runs the calls of a registration. They come from the controller, which is not the holder; the transient slot lets
    /// them through for this one node. None can reach `register` or `renew`: the first argument of those is an offset and an
    /// address, which no node can pass for (an offset beyond calldata is refused, an address has 96 zero bits).
    function _runFresh(bytes32 node, bytes[] calldata calls) private {
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

    function _setWord(bytes32 node, uint256 word) private {
        _names[node] = word;
        emit NameWord(node, word);
    }

    function _checkLabel(string calldata label) private pure returns (bytes32) {
        if (!Labels.isValid(label)) {
            uint256 length = bytes(label).length;
            if (length == 0 || length > Labels.MAX_BYTES) revert RegistryInvalidLabelLength(length);
            uint256 position = Labels.firstBadByte(label);
            revert RegistryInvalidLabelByte(position, bytes(label)[position]);
        }
        return Labels.hash(label);
    }

    function _checkExpiry(uint256 expiry, uint256 min, uint256 max) private pure {
        if (expiry < min || expiry > max) revert RegistryInvalidExpiry(expiry, min, max);
    }

    /// @dev When a leased name becomes free: after a grace period if it is directly under the TLD.
    function _freeAt(uint256 word) private pure returns (uint256) {
        return word.has(EMANCIPATED) ? word.expiry() : word.expiry() + GRACE_PERIOD;
    }

    /// @dev Makes way on a node whose word is `word`: a lapsed token is burned, a name that is not free refused.
    function _clearLapsed(bytes32 node, uint256 word) private {
        if (!word.isLeased()) return;
        uint256 freeAt = _freeAt(word);
        if (block.timestamp < freeAt) {
            if (word.has(EMANCIPATED)) revert RegistryNameEmancipated(node);
            revert RegistryNameTaken(node, freeAt);
        }
        if (word.owner() != address(0)) _burn(word.owner(), node);
    }

    function _mint(address to, bytes32 node) private {
        unchecked {
            // A balance counts registrations, each of which costs gas: it cannot overflow.
            ++_balances[to];
        }
        emit Transfer(address(0), to, uint256(node));
    }

    function _burn(address from, bytes32 node) private {
        --_balances[from];
        emit Transfer(from, address(0), uint256(node));
    }

    function _tokenWord(uint256 tokenId) private view returns (uint256 word) {
        word = _names[bytes32(tokenId)];
        if (!word.isLeased() || word.owner() == address(0) || block.timestamp >= word.expiry()) {
            revert ERC721NonexistentToken(tokenId);
        }
    }

    function _transfer(bytes32 node, uint256 word, address to) private {
        if (word.has(TRANSFER_LOCKED)) revert RegistryLocked(node, TRANSFER_LOCKED >> 208);
        address from = word.owner();
        _names[node] = word.withOwner(to) & ~APPROVED;
        unchecked {
            // `from` holds this name at least, and there are fewer names than a balance can count.
            --_balances[from];
            ++_balances[to];
        }
        emit Transfer(from, to, uint256(node));
    }

    function _changeOwner(bytes32 node, address newOwner) private {
        uint256 word = _authorisedWord(node, 0);
        if (newOwner == address(0)) revert RegistryZeroOwner(node);
        if (word.isLeased()) {
            _transfer(node, word, newOwner);
        } else {
            // The TLD's owner follows the controller, which `setController` sees to.
            if (node == TLD) revert RegistryUseController(node);
            _names[node] = word.withOwner(newOwner);
            emit Transfer(node, newOwner);
        }
    }

    // ------------------------------------------------------------------ inside: subnames

    /// @dev Gives, re-gives or (newOwner zero) takes back a plain subname.
    function _setSubname(bytes32 parent, bytes32 label, address newOwner) private returns (bytes32 node) {
        uint256 parentWord = _subnameAuthority(parent);
        uint256 anchor = _anchorOf(parent, parentWord);
        node = Labels.childNode(parent, label);
        if (node == TLD) revert RegistryUseController(node);
        uint256 word = _names[node];
        emit NewOwner(parent, label, newOwner);
        if (word == 0) {
            _names[node] = Words.plain(newOwner, anchor);
        } else if (word.isLeased()) {
            _clearLapsed(node, word);
            // Its plain versions are forgotten; a tenure of its own makes its epochs new all the same.
            _setWord(node, Words.plain(newOwner, anchor).withOwnTenure(_openTenure(node)) | OWN_EPOCH);
        } else if (word.index() != anchor) {
            _setWord(node, Words.plain(newOwner, anchor));
        } else if (word.owner() != newOwner) {
            _setWord(node, _regranted(node, word, newOwner));
        }
    }

    /// @dev The word of a plain name given to somebody else in the same tenure of its parent: no records, no subnames.
    function _regranted(bytes32 node, uint256 word, address newOwner) private returns (uint256) {
        uint256 fresh = Words.plain(newOwner, word.index());
        uint256 version = word.version() + 1;
        if (word.has(OWN_EPOCH) || version > type(uint16).max) {
            return fresh.withOwnTenure(_openTenure(node)) | OWN_EPOCH;
        }
        return fresh.withVersion(version);
    }

    /// @dev The tenure id that subnames of `parent` hang from. The first subname writes it down.
    function _anchorOf(bytes32 parent, uint256 word) private returns (uint256 tenure) {
        bool leased = word.isLeased();
        if (!leased && word.index() != ROOT_TENURE) {
            (, uint256 depth, ) = _walk(word);
            if (depth >= MAX_PLAIN_DEPTH) revert RegistryNameTooDeep(parent, MAX_PLAIN_DEPTH);
        }
        tenure = leased ? word.index() : word.ownTenure();
        if (word.has(ANCHORED)) return tenure;
        if (!leased && tenure == 0) {
            tenure = _openTenure(parent);
            word = word.withOwnTenure(tenure);
        }
        _anchors[tenure] = parent;
        emit Anchored(parent, tenure);
        _setWord(parent, word | ANCHORED);
    }

    function _openTenure(bytes32 node) private returns (uint256 tenure) {
        uint256 next = _state.nextUpper;
        if (next == UPPER_TENURES - 1) revert RegistryIdsExhausted();
        _state.nextUpper = uint32(next + 1);
        tenure = UPPER_TENURES + next;
        emit TenureOpened(node, tenure);
    }

    // ------------------------------------------------------------------ inside: settings

    function _settingsOf(bytes32 node, uint256 word) private view returns (address resolver_, uint64 ttl_) {
        if (!word.has(SETTINGS)) return (address(this), 0);
        uint256 settings = _settings[node];
        return (address(uint160(settings)), uint64(settings >> 160));
    }

    function _changeSettings(bytes32 node, uint256 word, address newResolver, uint64 newTtl) private {
        if (word.isLeased() && word.has(RESOLVER_LOCKED)) revert RegistryLocked(node, RESOLVER_LOCKED >> 208);
        _writeSettings(node, word, newResolver, newTtl);
    }

    /// @dev Writes resolver and ttl and emits what changed, as ENS does.
    function _writeSettings(bytes32 node, uint256 word, address newResolver, uint64 newTtl) private {
        (address oldResolver, uint64 oldTtl) = _settingsOf(node, word);
        if (newResolver != oldResolver || newTtl != oldTtl) {
            _storeSettings(node, word, newResolver, newTtl, _zoneVersion(node, word));
        }
        emit NewResolver(node, newResolver);
        if (newTtl != oldTtl) emit NewTTL(node, newTtl);
    }

    function _storeSettings(bytes32 node, uint256 word, address resolver_, uint64 ttl_, uint256 zoneVersion) private {
        bool isDefault = resolver_ == address(this) && ttl_ == 0 && zoneVersion == 0;
        uint256 settings = uint256(uint160(resolver_)) | (uint256(ttl_) << 160) | (zoneVersion << 224);
        _settings[node] = isDefault ? 0 : settings;
        uint256 newWord = isDefault ? word & ~SETTINGS : word | SETTINGS;
        if (newWord != _names[node]) _names[node] = newWord;
    }
}
