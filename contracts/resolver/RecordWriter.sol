// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Words} from "../registry/Words.sol";
import {DnsRecords} from "./DnsRecords.sol";
import {IRecordResolver} from "./IRecordResolver.sol";
import {RecordCounts} from "./RecordCounts.sol";
import {RecordStore} from "./RecordStore.sol";

/// @title Writing the records that most people write
///
/// The setters whose gas counts, as internal functions on calldata, so that an external function, a multicall and a
/// registration run the same code. `_runSetter` takes them straight from calldata, without the ABI decoder.
abstract contract RecordWriter {
    using Words for uint256;
    using RecordStore for bytes32;

    /// @notice The most bytes a text or data key has.
    uint256 internal constant MAX_KEY_BYTES = 255;

    uint256 internal constant KIND_ADDR = 1 << 248;
    uint256 internal constant KIND_TEXT = 2 << 248;
    uint256 internal constant KIND_CONTENTHASH = 3 << 248;
    uint256 internal constant KIND_NAME = 4 << 248;
    uint256 internal constant KIND_ABI = 5 << 248;
    uint256 internal constant KIND_PUBKEY = 6 << 248;
    uint256 internal constant KIND_INTERFACE = 7 << 248;
    uint256 internal constant KIND_DNS = 8 << 248;
    uint256 internal constant KIND_ZONEHASH = 9 << 248;
    uint256 internal constant KIND_DATA = 10 << 248;
    uint256 internal constant KIND_OPERATOR = 11 << 248;
    uint256 internal constant KIND_PUBLISHED = 12 << 248;

    /// @dev SLIP-44 of Ethereum, and ENSIP-19's coin type of the default EVM address.
    uint256 internal constant COIN_ETHEREUM = 60;
    uint256 internal constant COIN_DEFAULT = 0x80000000;

    uint32 private constant SET_DNS_RECORDS = 0x0af179d7;
    uint32 internal constant SET_TEXT = 0x10f13a8c;
    uint32 private constant SET_CONTENTHASH = 0x304e6ade;
    uint32 private constant SET_ADDR = 0xd5fa2b00;

    // ------------------------------------------------------------------ what the registry supplies

    /// @dev The word of a name whose records the caller may write; reverts otherwise.
    function _writableWord(bytes32 node) internal view virtual returns (uint256 word);

    /// @dev The record epoch of that word.
    function _writableEpoch(bytes32 node) internal view virtual returns (uint256 epoch);

    /// @dev The word of a live name, zero if it is not live.
    function _liveWord(bytes32 node) internal view virtual returns (uint256 word);

    /// @dev The zone version of a name with the given word.
    function _zoneVersion(bytes32 node, uint256 word) internal view virtual returns (uint256);

    /// @dev The word of a name, live or not.
    function _wordOf(bytes32 node) internal view virtual returns (uint256 word);

    /// @dev Writes a name's word with another tally of records.
    function _storeTally(bytes32 node, uint256 word) internal virtual;

    // ------------------------------------------------------------------ setters

    /// @dev Sets the Ethereum address.
    function _setAddr(bytes32 node, address a) internal {
        _writeAddr(node, _writableEpoch(node), a);
    }

    /// @dev Writes the Ethereum address under an epoch, without asking whether the caller may.
    function _writeAddr(bytes32 node, uint256 epoch, address a) internal {
        bytes32 head = RecordStore.slot(node, KIND_ADDR | epoch, bytes32(COIN_ETHEREUM));
        assembly ("memory-safe") {
            // A short value never leaves slots behind, and no EVM address is a long one.
            sstore(head, or(shl(96, a), 20))
        }
        emit IRecordResolver.AddrChanged(node, a);
    }

    /// @dev Key and value are laid out in memory once, as the event's data; the key's hash, the record and the log are all
    /// taken from there.
    function _setText(bytes32 node, bytes calldata key, bytes calldata value) internal {
        uint256 kindWord = KIND_TEXT | _writableEpoch(node);
        unchecked {
            // Both checks at once; which of them failed is found out afterwards.
            if (key.length - 1 >= MAX_KEY_BYTES || value.length > RecordStore.MAX_BYTES) {
                _checkKey(key.length);
                _checkLength(value.length);
            }
        }
        bytes32 topic = IRecordResolver.TextChanged.selector;
        bytes32 head;
        bytes32 keyHash;
        uint256 source;
        assembly ("memory-safe") {
            let free := mload(0x40)
            let keySize := and(add(key.length, 31), not(31))
            mstore(free, 0x40)
            mstore(add(free, 0x20), add(0x60, keySize))
            mstore(add(free, 0x40), key.length)
            let cursor := add(free, 0x60)
            mstore(add(cursor, key.length), 0)
            calldatacopy(cursor, key.offset, key.length)
            keyHash := keccak256(cursor, key.length)
            cursor := add(cursor, keySize)
            mstore(cursor, value.length)
            source := add(cursor, 0x20)
            // Zeros behind the value, its padding in the log.
            mstore(add(source, value.length), 0)
            calldatacopy(source, value.offset, value.length)
            log3(free, sub(add(source, and(add(value.length, 31), not(31))), free), topic, node, keyHash)
            mstore(0x00, node)
            mstore(0x20, kindWord)
            mstore(0x40, keyHash)
            head := keccak256(0x00, 0x60)
            mstore(0x40, free)
        }
        _countText(node, keyHash, head.storeText(source, value.length), value.length);
    }

    /// @dev Sets the contenthash.
    function _setContenthash(bytes32 node, bytes calldata hash) internal {
        uint256 kindWord = KIND_CONTENTHASH | _writableEpoch(node);
        _checkLength(hash.length);
        RecordStore.slot(node, kindWord, 0).store(hash);
        emit IRecordResolver.ContenthashChanged(node, hash);
    }

    /// @dev Sets the RRsets that stand one after the other in wire form, and deletes those without rdata.
    function _setDNSRecords(bytes32 node, bytes calldata records) internal {
        uint256 word = _writableWord(node);
        uint256 kindWord = _dnsKind(node, word);
        (uint256 before, uint256 others) = RecordCounts.read(node, word);
        uint256 count = before;
        uint256 begin;
        assembly ("memory-safe") {
            begin := records.offset
        }
        uint256 limit;
        unchecked {
            limit = begin + records.length;
        }
        for (uint256 start = begin; start < limit;)
            (count, start) = _setRRset(node, kindWord, begin, start, limit, count);
        if (count != before) _storeTally(node, RecordCounts.write(node, word, count, others));
    }

    // ------------------------------------------------------------------ reading

    /// @dev The Ethereum address of a name, or the default EVM address (ENSIP-19), or zero.
    function _addr(bytes32 node) internal view returns (address value) {
        uint256 word = _liveWord(node);
        if (word == 0) return address(0);
        uint256 kindWord = KIND_ADDR | word.epoch();
        bool exists;
        (exists, value) = RecordStore.slot(node, kindWord, bytes32(COIN_ETHEREUM)).loadAddress();
        if (!exists) (, value) = RecordStore.slot(node, kindWord, bytes32(COIN_DEFAULT)).loadAddress();
    }

    // ------------------------------------------------------------------ calls within calldata

    /// @dev Runs the call that fills calldata from `start` to `end` if it is to one of the setters above.
    function _runSetter(uint256 selector, uint256 start, uint256 end) internal returns (bool) {
        return _runHighSetter(selector, start, end) || _runLowSetter(selector, start, end);
    }

    /// @dev Those with low selectors.
    function _runLowSetter(uint256 selector, uint256 start, uint256 end) internal returns (bool) {
        uint256 base = start + 4;
        if (selector == SET_TEXT) _setText(_word(base, end), _bytesAt(base, end, 32), _bytesAt(base, end, 64));
        else if (selector == SET_DNS_RECORDS) _setDNSRecords(_word(base, end), _bytesAt(base, end, 32));
        else if (selector == SET_CONTENTHASH) _setContenthash(_word(base, end), _bytesAt(base, end, 32));
        else return false;
        return true;
    }

    /// @dev Those with high selectors.
    function _runHighSetter(uint256 selector, uint256 start, uint256 end) internal returns (bool) {
        if (selector != SET_ADDR) return false;
        _setAddr(_word(start + 4, end), _addressAt(start + 36, end));
        return true;
    }

    /// @dev Makes each call on this contract itself, as the same sender; each about `node`, unless that is zero.
    function _multicall(bytes32 node, bytes[] calldata calls) internal returns (bytes[] memory results) {
        results = new bytes[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            bytes calldata call = calls[i];
            uint256 start;
            uint256 selector;
            bytes32 subject;
            assembly ("memory-safe") {
                start := call.offset
                selector := shr(224, calldataload(start))
                subject := calldataload(add(start, 4))
            }
            if (node != 0 && (subject != node || call.length < 36)) {
                revert IRecordResolver.RecordCallForOtherNode(node, call.length < 36 ? bytes32(0) : subject);
            }
            if (call.length > 35 && _runSetter(selector, start, start + call.length)) continue;
            (bool success, bytes memory result) = address(this).delegatecall(call);
            if (!success) {
                assembly ("memory-safe") {
                    revert(add(result, 32), mload(result))
                }
            }
            results[i] = result;
        }
    }

    /// @dev The word at `position` of calldata, of a call that ends at `end`.
    function _word(uint256 position, uint256 end) internal pure returns (bytes32 word) {
        assembly ("memory-safe") {
            if gt(add(position, 32), end) {
                revert(0, 0)
            }
            word := calldataload(position)
        }
    }

    /// @dev The address in the word at `position`.
    function _addressAt(uint256 position, uint256 end) internal pure returns (address value) {
        assembly ("memory-safe") {
            value := calldataload(position)
            if or(gt(add(position, 32), end), shr(160, value)) {
                revert(0, 0)
            }
        }
    }

    /// @dev The byte string whose offset stands at `base + head`, offsets being counted from `base`. As the ABI decoder does,
    /// it refuses what does not lie before `end`.
    function _bytesAt(uint256 base, uint256 end, uint256 head) internal pure returns (bytes calldata value) {
        assembly ("memory-safe") {
            let offset := calldataload(add(base, head))
            let start := add(base, offset)
            value.offset := add(start, 32)
            value.length := calldataload(start)
            // Both below 2^32, so that the sum cannot overflow; a length read past the end makes the sum too large or is zero.
            if or(shr(32, or(offset, value.length)), gt(add(value.offset, value.length), end)) {
                revert(0, 0)
            }
        }
    }

    // ------------------------------------------------------------------ inside

    /// @dev Counts a record that the name did not have before, or has no longer.
    /// @param before Its former head, zero if there was none.
    /// @param length Of its value now, in bytes.
    function _count(bytes32 node, uint256 before, uint256 length) internal {
        if ((before == 0) == (length == 0)) return;
        uint256 word = _wordOf(node);
        (uint256 rrsets, uint256 others) = RecordCounts.read(node, word);
        unchecked {
            if (length == 0) {
                --others;
            } else if (others++ == RecordCounts.MAX_OTHERS) {
                revert IRecordResolver.RecordTooMany(node, RecordCounts.MAX_OTHERS);
            }
        }
        _storeTally(node, RecordCounts.write(node, word, rrsets, others));
    }

    /// @dev The same of a text, if its key is one that is counted.
    function _countText(bytes32 node, bytes32 keyHash, uint256 before, uint256 length) internal {
        if ((before == 0) != (length == 0) && RecordCounts.isCountedText(keyHash)) _count(node, before, length);
    }

    /// @dev The kind word of a name's RRsets, but for the type.
    function _dnsKind(bytes32 node, uint256 word) internal view returns (uint256) {
        return KIND_DNS | (_zoneVersion(node, word) << 64) | word.epoch();
    }

    /// @dev Writes or deletes the RRset at `start` of calldata.
    /// @return The new number of RRsets.
    /// @return end Where the next one starts.
    function _setRRset(
        bytes32 node,
        uint256 kindWord,
        uint256 begin,
        uint256 start,
        uint256 limit,
        uint256 count
    ) private returns (uint256, uint256 end) {
        bytes32 head;
        uint256 nameLength;
        uint256 rrtype;
        uint256 size;
        (head, nameLength, rrtype, size, end) = DnsRecords.read(begin, start, limit);
        head = RecordStore.slot(node, kindWord | (rrtype << 232), head);
        _checkLength(size);
        bool existed = head.storeFree(size) != 0;
        unchecked {
            if (size == 0) {
                _emitDeleted(node, start, nameLength, rrtype);
                return (existed ? count - 1 : count, end);
            }
            _emitChanged(node, start, nameLength, rrtype, end);
            if (existed) return (count, end);
            if (count == RecordCounts.MAX_RRSETS) {
                revert IRecordResolver.RecordTooMany(node, RecordCounts.MAX_RRSETS);
            }
            return (count + 1, end);
        }
    }

    /// @dev `DNSRecordDeleted` for the owner name at `start` of calldata.
    function _emitDeleted(bytes32 node, uint256 start, uint256 nameLength, uint256 rrtype) private {
        bytes calldata ownerName;
        assembly ("memory-safe") {
            ownerName.offset := start
            ownerName.length := nameLength
        }
        emit IRecordResolver.DNSRecordDeleted(node, ownerName, uint16(rrtype));
    }

    /// @dev `DNSRecordChanged` for the RRset from `start` to `end` of calldata, whose owner name it begins with.
    function _emitChanged(bytes32 node, uint256 start, uint256 nameLength, uint256 rrtype, uint256 end) private {
        bytes32 topic = IRecordResolver.DNSRecordChanged.selector;
        assembly ("memory-safe") {
            // Offset of the name, type, offset of the record; then length and padded bytes of both.
            let free := mload(0x40)
            mstore(free, 0x60)
            mstore(add(free, 0x20), rrtype)
            mstore(add(free, 0x60), nameLength)
            let cursor := add(free, 0x80)
            calldatacopy(cursor, start, nameLength)
            mstore(add(cursor, nameLength), 0)
            cursor := add(cursor, and(add(nameLength, 31), not(31)))
            mstore(add(free, 0x40), sub(cursor, free))
            let length := sub(end, start)
            mstore(cursor, length)
            cursor := add(cursor, 0x20)
            calldatacopy(cursor, start, length)
            mstore(add(cursor, length), 0)
            log2(free, sub(add(cursor, and(add(length, 31), not(31))), free), topic, node)
        }
    }

    /// @dev Refuses a key of no or too many bytes.
    function _checkKey(uint256 length) internal pure {
        unchecked {
            // Zero wraps round to far above the maximum.
            if (length - 1 >= MAX_KEY_BYTES) revert IRecordResolver.RecordInvalidKeyLength(length, MAX_KEY_BYTES);
        }
    }

    /// @dev Refuses a value of too many bytes.
    function _checkLength(uint256 length) internal pure {
        if (length > RecordStore.MAX_BYTES) revert IRecordResolver.RecordTooLong(length, RecordStore.MAX_BYTES);
    }
}
