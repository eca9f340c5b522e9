// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {DnsName} from "../naming/DnsName.sol";
import {Labels} from "../naming/Labels.sol";
import {IRegistrarController} from "../registrar/IRegistrarController.sol";
import {RecordResolver} from "../resolver/RecordResolver.sol";
import {RecordStore} from "../resolver/RecordStore.sol";
import {IReverseLookup} from "../reverse/IReverseLookup.sol";
import {INameRegistry} from "./INameRegistry.sol";
import {ITokenRenderer} from "./ITokenRenderer.sol";
import {NameTokens} from "./NameTokens.sol";
import {RegistryLogic} from "./RegistryLogic.sol";
import {ALL_LOCKS, EMANCIPATED, LEASED, MAX_EMANCIPATED_DEPTH, SETTINGS, Words} from "./Words.sol";

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
/// | first controller, present controller | renew, for the former holder in the grace period too | shorten |
/// | owner of the root (governance) | appoint the controller for registrations, create other TLDs but `reverse`, hand the root on | touch the TLD or a name under it, keep anyone from renewing |
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
contract NameRegistry is INameRegistry, RecordResolver, NameTokens {
    using Words for uint256;
    using RecordStore for bytes32;

    /// @param renderer Draws the tokens. The other parameters are `RegistryLogic`'s.
    constructor(
        string memory tldLabel,
        address governance,
        address controller_,
        IReverseLookup reverse,
        ITokenRenderer renderer
    ) RegistryLogic(tldLabel, governance, controller_, reverse) NameTokens(renderer) {}

    // ------------------------------------------------------------------ ENS registry, reading

    /// @inheritdoc INameRegistry
    function owner(bytes32 node) external view returns (address) {
        return _liveWord(node).owner();
    }

    /// @inheritdoc INameRegistry
    function resolver(bytes32 node) external view returns (address) {
        return _resolver(node);
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
    function setSubnodeOwner(bytes32 node, bytes32 label, address newOwner) external returns (bytes32 child) {
        (child, ) = _setSubname(node, label, newOwner);
    }

    /// @inheritdoc INameRegistry
    function setSubnodeRecord(
        bytes32 node,
        bytes32 label,
        address newOwner,
        address newResolver,
        uint64 newTtl
    ) external {
        _setSubnodeRecord(node, label, newOwner, newResolver, newTtl);
    }

    // ------------------------------------------------------------------ subnames

    /// @inheritdoc INameRegistry
    function createSubname(bytes32 parent, string calldata label, address newOwner) external returns (bytes32 node) {
        bytes32 labelHash = _checkLabel(label);
        if (newOwner == address(0)) revert RegistryZeroOwner(Labels.childNode(parent, labelHash));
        (node, ) = _setSubname(parent, labelHash, newOwner);
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
        uint256 depth = parentWord.depth() + 1;
        if (depth > MAX_EMANCIPATED_DEPTH) revert RegistryNameTooDeep(parent, MAX_EMANCIPATED_DEPTH);
        uint256 flags = EMANCIPATED | (locks << 208) | (depth << 196);
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
        IRegistrarController.Registration calldata registration
    ) external returns (bytes32 node, uint256 previousExpiry) {
        return
            _register(
                registration.label,
                registration.owner,
                registration.duration,
                registration.data,
                registration.reverse
            );
    }

    /// @inheritdoc INameRegistry
    function renew(address payer, bytes32 label, uint256 duration) external returns (uint256 expiry) {
        return _renew(payer, label, duration);
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
        return _shardIndexOf(node);
    }

    /// @inheritdoc INameRegistry
    function nextShardIndex() external view returns (uint32) {
        return _state.nextShardIndex;
    }

    /// @notice Deletes all records of a name, and dismisses its operators, the caller too if it is one.
    function clearRecords(bytes32 node) external {
        uint256 word = _writableWord(node);
        uint256 version = word.version() + 1;
        if (version > (word.isLeased() ? type(uint8).max : type(uint16).max)) revert RegistryVersionsExhausted(node);
        word = word.withVersion(version).withTally(0);
        _setWord(node, word);
        emit VersionChanged(node, uint64(word.epoch()));
    }

    // ------------------------------------------------------------------ interfaces

    /// @notice Whether an interface is supported (ERC-165): ERC-721 and its metadata, and the resolver profiles.
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        bytes memory known =
            hex"01ffc9a7_80ac58cd_5b5e139f" // ERC-165, ERC-721, metadata
            hex"3b3b57de_f1cb7e06_32f111d7_59d1d43c_bc1c58d1_691f3431" // addr, multicoin, hasAddr, text, contenthash, name
            hex"2203ab56_c8690233_124a319c_ecbfada3_a8fa5682_5c98042b" // ABI, pubkey, interface, data, DNS, zonehash
            hex"d700ff33_9061b923_582de3e7_4fbf0433"; // versions, extended, features, multicall
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

    /// @dev What `clearDNSZone` does.
    function _bumpZoneVersion(bytes32 node, uint256 word) internal override {
        _nextZoneVersion(node, word);
    }
}
