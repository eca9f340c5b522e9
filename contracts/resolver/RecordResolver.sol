// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";

import {Words} from "../registry/Words.sol";
import {DnsRecords} from "./DnsRecords.sol";
import {IRecordResolver} from "./IRecordResolver.sol";
import {MinSequence} from "./MinSequence.sol";
import {RecordCounts} from "./RecordCounts.sol";
import {RecordStore} from "./RecordStore.sol";
import {RecordWriter} from "./RecordWriter.sol";

/// @title The resolver's half of the name registry
///
/// Who may write: whoever `_writableWord` lets through, which is the registry's matter. What is read: records under the
/// node's present epoch, which is part of their slot, so that a new tenure or a cleared name starts empty by itself.
///
/// Caps: a record has at most 8,192 bytes, a key 255, a name 255 RRsets and 255 other records, not counting those of which there
/// are few by themselves (`LAYOUT.md`, "How many records a name has").
abstract contract RecordResolver is IRecordResolver, RecordWriter {
    using Words for uint256;
    using RecordStore for bytes32;

    /// @dev `eth.ens.resolver.extended.multicall` (ENSIP-22).
    bytes4 private constant FEATURE_RESOLVE_MULTICALL = 0x96b62db8;

    /// @dev ENSIP-4 has four content types; more may come, so there is room for sixteen.
    uint256 private constant MAX_CONTENT_TYPE = 1 << 15;

    /// @dev A compression pointer to the question of a DNS message.
    bytes private constant QUESTION_POINTER = hex"c00c";

    /// @dev RR types in common use, two bytes each: A NS CNAME SOA PTR MX TXT AAAA LOC SRV NAPTR CERT DNAME DS SSHFP RRSIG NSEC
    /// DNSKEY TLSA SMIMEA CDS CDNSKEY OPENPGPKEY ZONEMD SVCB HTTPS SPF CAA ALIAS.
    bytes private constant COMMON_TYPES =
        hex"0001_0002_0005_0006_000c_000f_0010_001c_001d_0021_0023_0025_0027_002b_002c"
        hex"002e_002f_0030_0034_0035_003b_003c_003d_003f_0040_0041_0063_0101_ff79";

    /// @dev Begins a new zone version, which has no RRsets.
    function _bumpZoneVersion(bytes32 node, uint256 word) internal virtual;

    // ------------------------------------------------------------------ addresses

    /// @inheritdoc IRecordResolver
    function setAddr(bytes32 node, address a) external {
        _setAddr(node, a);
    }

    /// @inheritdoc IRecordResolver
    function setAddr(bytes32 node, uint256 coinType, bytes calldata a) external {
        if (_isEvm(coinType) && a.length != 20 && a.length != 0) revert RecordInvalidAddress(coinType, a);
        if (RecordCounts.isCountedCoin(coinType)) _setCounted(node, KIND_ADDR, bytes32(coinType), a);
        else _set(node, KIND_ADDR, bytes32(coinType), a);
        if (coinType == COIN_ETHEREUM) emit AddrChanged(node, address(bytes20(a)));
        emit AddressChanged(node, coinType, a);
    }

    /// @inheritdoc IRecordResolver
    function addr(bytes32 node) external view returns (address payable) {
        return payable(_addr(node));
    }

    /// @inheritdoc IRecordResolver
    function addr(bytes32 node, uint256 coinType) public view returns (bytes memory a) {
        a = _get(node, KIND_ADDR, bytes32(coinType));
        if (a.length == 0 && coinType != COIN_DEFAULT && _isEvm(coinType)) {
            a = _get(node, KIND_ADDR, bytes32(COIN_DEFAULT));
        }
    }

    /// @inheritdoc IRecordResolver
    function hasAddr(bytes32 node, uint256 coinType) external view returns (bool) {
        return addr(node, coinType).length != 0;
    }

    // ------------------------------------------------------------------ text, contenthash, name

    /// @inheritdoc IRecordResolver
    function setText(bytes32 node, string calldata key, string calldata value) external {
        _setText(node, bytes(key), bytes(value));
    }

    /// @inheritdoc IRecordResolver
    function text(bytes32 node, string calldata key) external view returns (string memory) {
        return string(_get(node, KIND_TEXT, keccak256(bytes(key))));
    }

    /// @inheritdoc IRecordResolver
    function setContenthash(bytes32 node, bytes calldata hash) external {
        _setContenthash(node, hash);
    }

    /// @inheritdoc IRecordResolver
    function contenthash(bytes32 node) external view returns (bytes memory) {
        return _get(node, KIND_CONTENTHASH, 0);
    }

    /// @inheritdoc IRecordResolver
    function setName(bytes32 node, string calldata newName) external {
        _set(node, KIND_NAME, 0, bytes(newName));
        emit NameChanged(node, newName);
    }

    /// @inheritdoc IRecordResolver
    function name(bytes32 node) external view returns (string memory) {
        return string(_get(node, KIND_NAME, 0));
    }

    // ------------------------------------------------------------------ ABI, pubkey, interfaces, data

    /// @inheritdoc IRecordResolver
    function setABI(bytes32 node, uint256 contentType, bytes calldata abiData) external {
        bool isOneBit = contentType != 0 && contentType & (contentType - 1) == 0;
        if (!isOneBit || contentType > MAX_CONTENT_TYPE) revert RecordInvalidContentType(contentType);
        (uint256 kindWord, ) = _set(node, KIND_ABI, bytes32(contentType), abiData);
        emit ABIChanged(node, contentType);
        emit RecordStored(node, kindWord, bytes32(contentType), abiData);
    }

    /// @inheritdoc IRecordResolver
    // solhint-disable-next-line func-name-mixedcase
    function ABI(bytes32 node, uint256 contentTypes) external view returns (uint256, bytes memory) {
        for (
            uint256 contentType = 1;
            contentType <= contentTypes && contentType <= MAX_CONTENT_TYPE;
            contentType <<= 1
        ) {
            if (contentType & contentTypes == 0) continue;
            bytes memory abiData = _get(node, KIND_ABI, bytes32(contentType));
            if (abiData.length != 0) return (contentType, abiData);
        }
        return (0, "");
    }

    /// @inheritdoc IRecordResolver
    function setPubkey(bytes32 node, bytes32 x, bytes32 y) external {
        bytes memory value;
        if (x != 0 || y != 0) value = bytes.concat(x, y);
        RecordStore.slot(node, KIND_PUBKEY | _writableWord(node).epoch(), 0).storeMemory(value);
        emit PubkeyChanged(node, x, y);
    }

    /// @inheritdoc IRecordResolver
    function pubkey(bytes32 node) external view returns (bytes32 x, bytes32 y) {
        bytes memory value = _get(node, KIND_PUBKEY, 0);
        if (value.length == 64) (x, y) = abi.decode(value, (bytes32, bytes32));
    }

    /// @inheritdoc IRecordResolver
    function setInterface(bytes32 node, bytes4 interfaceID, address implementer) external {
        bytes memory value;
        if (implementer != address(0)) value = abi.encodePacked(implementer);
        bytes32 head = RecordStore.slot(node, KIND_INTERFACE | _writableWord(node).epoch(), interfaceID);
        _count(node, head.storeMemory(value), value.length);
        emit InterfaceChanged(node, interfaceID, implementer);
    }

    /// @inheritdoc IRecordResolver
    function interfaceImplementer(bytes32 node, bytes4 interfaceID) external view returns (address) {
        uint256 word = _liveWord(node);
        if (word == 0) return address(0);
        (bool exists, address value) = RecordStore.slot(node, KIND_INTERFACE | word.epoch(), interfaceID).loadAddress();
        if (exists) return value;
        value = _addr(node);
        return value != address(0) && ERC165Checker.supportsInterface(value, interfaceID) ? value : address(0);
    }

    /// @inheritdoc IRecordResolver
    function setData(bytes32 node, string calldata key, bytes calldata value) external {
        bytes32 keyHash = _keyHash(key);
        if (keyHash == MinSequence.KEY_HASH) {
            uint256 present = MinSequence.numberOf(_get(node, KIND_DATA, keyHash));
            uint256 next = MinSequence.numberOf(value);
            require(next >= present, RecordMinSequenceLowered(node, present, next));
        }
        uint256 kindWord = _setCounted(node, KIND_DATA, keyHash, value);
        emit DataChanged(node, key, keyHash, keccak256(value));
        emit RecordStored(node, kindWord, keyHash, value);
    }

    /// @inheritdoc IRecordResolver
    function data(bytes32 node, string calldata key) external view returns (bytes memory) {
        return _get(node, KIND_DATA, keccak256(bytes(key)));
    }

    // ------------------------------------------------------------------ DNS

    /// @inheritdoc IRecordResolver
    function setDNSRecords(bytes32 node, bytes calldata records) external {
        _setDNSRecords(node, records);
    }

    /// @inheritdoc IRecordResolver
    function dnsRecord(bytes32 node, bytes32 nameHash, uint16 resource) external view returns (bytes memory) {
        return DnsRecords.unpack(_getRRset(node, nameHash, resource), QUESTION_POINTER, resource);
    }

    /// @inheritdoc IRecordResolver
    function dnsRecord(bytes32 node, bytes calldata ownerName, uint16 resource) external view returns (bytes memory) {
        return DnsRecords.unpack(_getRRset(node, keccak256(ownerName), resource), ownerName, resource);
    }

    /// @inheritdoc IRecordResolver
    function hasDNSRecords(bytes32 node, bytes32 nameHash) external view returns (bool) {
        uint256 word = _liveWord(node);
        if (word.tally() == 0) return false;
        uint256 kindWord = _dnsKind(node, word);
        bytes memory types = COMMON_TYPES;
        for (uint256 i = 0; i < types.length; i += 2) {
            uint256 rrtype = (uint256(uint8(types[i])) << 8) | uint8(types[i + 1]);
            (bool exists, ) = RecordStore.slot(node, kindWord | (rrtype << 232), nameHash).loadAddress();
            if (exists) return true;
        }
        return false;
    }

    /// @inheritdoc IRecordResolver
    function dnsRecordCount(bytes32 node) external view returns (uint256 count) {
        (count, ) = RecordCounts.read(node, _liveWord(node));
    }

    /// @inheritdoc IRecordResolver
    function otherRecordCount(bytes32 node) external view returns (uint256 count) {
        (, count) = RecordCounts.read(node, _liveWord(node));
    }

    /// @inheritdoc IRecordResolver
    function clearDNSZone(bytes32 node) external {
        _bumpZoneVersion(node, _writableWord(node));
        emit DNSZoneCleared(node);
    }

    /// @inheritdoc IRecordResolver
    function setZonehash(bytes32 node, bytes calldata hash) external {
        bytes32 head = RecordStore.slot(node, KIND_ZONEHASH | _writableWord(node).epoch(), 0);
        _checkLength(hash.length);
        bytes memory last = head.load();
        head.store(hash);
        emit DNSZonehashChanged(node, last, hash);
    }

    /// @inheritdoc IRecordResolver
    function zonehash(bytes32 node) external view returns (bytes memory) {
        return _get(node, KIND_ZONEHASH, 0);
    }

    // ------------------------------------------------------------------ several at once

    /// @inheritdoc IRecordResolver
    function multicall(bytes[] calldata calls) external returns (bytes[] memory) {
        return _multicall(0, calls);
    }

    /// @inheritdoc IRecordResolver
    function multicallWithNodeCheck(bytes32 node, bytes[] calldata calls) external returns (bytes[] memory) {
        return _multicall(node, calls);
    }

    /// @inheritdoc IRecordResolver
    function resolve(bytes calldata, bytes calldata call) external view returns (bytes memory) {
        (bool success, bytes memory result) = address(this).staticcall(call);
        if (success) return result;
        if (result.length == 0) revert RecordUnsupportedCall(bytes4(call));
        assembly ("memory-safe") {
            revert(add(result, 32), mload(result))
        }
    }

    /// @inheritdoc IRecordResolver
    function supportsFeature(bytes4 feature) external pure returns (bool) {
        return feature == FEATURE_RESOLVE_MULTICALL;
    }

    // ------------------------------------------------------------------ inside

    /// @dev Writes one record of the caller's name. Returns the kind word of its slot, and its former head.
    function _set(
        bytes32 node,
        uint256 kind,
        bytes32 subkey,
        bytes calldata value
    ) private returns (uint256 kindWord, uint256 before) {
        kindWord = kind | _writableWord(node).epoch();
        _checkLength(value.length);
        before = RecordStore.slot(node, kindWord, subkey).store(value);
    }

    /// @dev The same, of a record that is counted. Returns the kind word of its slot.
    function _setCounted(
        bytes32 node,
        uint256 kind,
        bytes32 subkey,
        bytes calldata value
    ) private returns (uint256 kindWord) {
        uint256 before;
        (kindWord, before) = _set(node, kind, subkey, value);
        _count(node, before, value.length);
    }

    /// @dev One record of a name, empty if the name is not live.
    function _get(bytes32 node, uint256 kind, bytes32 subkey) internal view returns (bytes memory) {
        uint256 word = _liveWord(node);
        return word == 0 ? bytes("") : RecordStore.slot(node, kind | word.epoch(), subkey).load();
    }

    /// @dev A packed RRset, empty if there is none or the name is not live.
    function _getRRset(bytes32 node, bytes32 nameHash, uint16 resource) private view returns (bytes memory) {
        uint256 word = _liveWord(node);
        if (word == 0) return "";
        return RecordStore.slot(node, _dnsKind(node, word) | (uint256(resource) << 232), nameHash).load();
    }

    /// @dev The hash of a key, which has 1 to 255 bytes.
    function _keyHash(string calldata key) private pure returns (bytes32) {
        _checkKey(bytes(key).length);
        return keccak256(bytes(key));
    }

    /// @dev Whether a coin type is that of an EVM chain, or of their default (ENSIP-11, ENSIP-19).
    function _isEvm(uint256 coinType) private pure returns (bool) {
        return coinType == COIN_ETHEREUM || coinType >> 31 == 1;
    }
}
