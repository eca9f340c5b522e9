// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IRecordResolver} from "./IRecordResolver.sol";

/// @title RRsets in wire form and as they are stored
///
/// The wire form of a resource record (RFC 1035 section 3.2.1) repeats owner name, type and class, which a stored RRset is
/// found by anyway. So an RRset is stored *packed*: its ttl once, then rdlength and rdata of each record.
///
///     (bytes32 nameHash, uint256 nameLength, uint256 rrtype, uint256 size, uint256 end) =
///         DnsRecords.read(records.offset, records.offset, records.offset + records.length);
///
/// All positions are those of calldata. Errors count from `begin`, where the records begin.
library DnsRecords {
    uint256 private constant TYPE_A = 1;
    uint256 private constant TYPE_NS = 2;
    uint256 private constant TYPE_CNAME = 5;
    uint256 private constant TYPE_SOA = 6;
    uint256 private constant TYPE_PTR = 12;
    uint256 private constant TYPE_MX = 15;
    uint256 private constant TYPE_TXT = 16;
    uint256 private constant TYPE_AAAA = 28;
    uint256 private constant TYPE_SRV = 33;
    uint256 private constant TYPE_DNAME = 39;
    uint256 private constant TYPE_OPT = 41;
    uint256 private constant TYPE_ALIAS = 65401;
    uint256 private constant CLASS_IN = 1;
    uint256 private constant MAX_NAME_BYTES = 255;

    /// @dev The fields of a resource record between its owner name and its rdata.
    uint256 private constant HEAD_BYTES = 10;

    uint256 private constant ONES = 0x0101010101010101010101010101010101010101010101010101010101010101;
    uint256 private constant TOPS = 0x8080808080808080808080808080808080808080808080808080808080808080;

    /// @notice Reads the RRset that starts at `start`: all records from there to `limit` with the same owner name and type. Its
    /// packed form is left at the free memory pointer, which does not move.
    /// @return nameHash keccak256 of the owner name.
    /// @return nameLength Bytes of the owner name at `start`.
    /// @return rrtype The RR type.
    /// @return size Bytes of the packed form; zero when the set is to be deleted, which a record without rdata asks for.
    /// @return end Where the next RRset starts.
    function read(
        uint256 begin,
        uint256 start,
        uint256 limit
    ) internal pure returns (bytes32 nameHash, uint256 nameLength, uint256 rrtype, uint256 size, uint256 end) {
        // Unchecked: positions in calldata, names of 255 bytes and rdlengths of 16 bits.
        unchecked {
            nameLength = nameLengthAt(begin, start, limit);
            assembly ("memory-safe") {
                let free := mload(0x40)
                calldatacopy(free, start, nameLength)
                nameHash := keccak256(free, nameLength)
            }
            uint256 head = _head(begin, start, nameLength, limit);
            rrtype = head >> 240;
            end = start + nameLength + HEAD_BYTES;
            if ((head >> 176) & 0xffff == 0) {
                // The deletion of a set stands alone.
                if (!_continues(start, end, limit, nameLength, rrtype)) return (nameHash, nameLength, rrtype, 0, end);
                revert IRecordResolver.RecordMalformedDns(end - begin);
            }
            (size, end) = _pack(begin, start, limit, nameLength, head);
        }
    }

    /// @dev Packs the records from `start` on, the first of which has the fields `head`: four bytes of ttl, the lowest of all, then
    /// rdlength and rdata of each.
    function _pack(
        uint256 begin,
        uint256 start,
        uint256 limit,
        uint256 nameLength,
        uint256 head
    ) private pure returns (uint256 size, uint256 end) {
        unchecked {
            uint256 rrtype = head >> 240;
            uint256 ttl = type(uint32).max;
            size = 4;
            end = start;
            while (true) {
                uint256 rdlength = (head >> 176) & 0xffff;
                uint256 rdata = end + nameLength + HEAD_BYTES;
                if (!_isRdata(begin, rdata, rdlength, rrtype)) {
                    revert IRecordResolver.RecordMalformedDns(end - begin);
                }
                assembly ("memory-safe") {
                    let ttlHere := and(shr(192, head), 0xffffffff)
                    if lt(ttlHere, ttl) {
                        ttl := ttlHere
                    }
                    calldatacopy(add(mload(0x40), size), sub(rdata, 2), add(rdlength, 2))
                    size := add(size, add(rdlength, 2))
                    end := add(rdata, rdlength)
                }
                if (!_continues(start, end, limit, nameLength, rrtype)) break;
                head = _head(begin, end, nameLength, limit);
                if ((head >> 176) & 0xffff == 0) revert IRecordResolver.RecordMalformedDns(end - begin);
            }
            assembly ("memory-safe") {
                let packed := mload(0x40)
                mstore(packed, or(shl(224, ttl), shr(32, shl(32, mload(packed)))))
            }
        }
    }

    /// @notice The wire form of a packed RRset. `ownerName` may be a compression pointer.
    function unpack(
        bytes memory packed,
        bytes memory ownerName,
        uint16 rrtype
    ) internal pure returns (bytes memory wire) {
        if (packed.length == 0) return wire;
        bytes memory head = abi.encodePacked(ownerName, rrtype, uint16(CLASS_IN), bytes4(bytes32(_word(packed, 0))));
        uint256 cursor = 4;
        while (cursor < packed.length) {
            uint256 size = 2 + (_word(packed, cursor) >> 240);
            bytes memory rdata = new bytes(size);
            assembly ("memory-safe") {
                mcopy(add(rdata, 32), add(add(packed, 32), cursor), size)
            }
            wire = bytes.concat(wire, head, rdata);
            cursor += size;
        }
    }

    /// @notice The length of the name in wire form at `start`: labels of 1 to 63 bytes without upper-case letters, then the
    /// empty label; at most 255 bytes, all of them before `limit`.
    function nameLengthAt(uint256 begin, uint256 start, uint256 limit) internal pure returns (uint256 length) {
        bool malformed;
        assembly ("memory-safe") {
            let position := start
            let all := 0
            // Behind the calldata there are zeros, so the walk ends there at the latest.
            for {
                let label := 1
            } label {} {
                label := byte(0, calldataload(position))
                all := or(all, label)
                position := add(add(position, label), 1)
            }
            length := sub(position, start)
            // 64 and up are compression pointers and reserved forms, which have no place here.
            malformed := or(or(gt(all, 63), gt(position, limit)), gt(length, MAX_NAME_BYTES))
            // Per byte, without its top bit: adding 0x3f carries into the top bit from "A" on, adding 0x25 from past "Z" on.
            for {
                position := start
                let left := length
            } left {
                position := add(position, 32)
            } {
                let word := calldataload(position)
                let low := and(word, not(TOPS))
                let upper := and(and(add(low, mul(ONES, 0x3f)), not(add(low, mul(ONES, 0x25)))), and(not(word), TOPS))
                // Only the first `left` bytes are the name's.
                if lt(left, 32) {
                    upper := shr(sub(256, shl(3, left)), upper)
                    left := 32
                }
                left := sub(left, 32)
                malformed := or(malformed, iszero(iszero(upper)))
            }
        }
        if (malformed) revert IRecordResolver.RecordMalformedDns(start - begin);
    }

    /// @dev Type, class, ttl and rdlength of the record at `start` in the highest bytes, with all rules of them checked.
    function _head(
        uint256 begin,
        uint256 start,
        uint256 nameLength,
        uint256 limit
    ) private pure returns (uint256 head) {
        bool isType;
        bool isFit;
        uint256 rdata;
        assembly ("memory-safe") {
            head := calldataload(add(start, nameLength))
            rdata := add(add(start, nameLength), HEAD_BYTES)
            let rrtype := shr(240, head)
            // Not 0 or OPT, nor one of the types for questions.
            isType := iszero(or(or(iszero(rrtype), eq(rrtype, TYPE_OPT)), eq(shr(7, rrtype), 1)))
            // Class IN, and behind it a zero, since the ttl's top bit is not a ttl's (RFC 2181 section 8).
            isFit := eq(and(shr(223, head), 0x1ffff), shl(1, CLASS_IN))
            isFit := and(isFit, iszero(gt(add(rdata, and(shr(176, head), 0xffff)), limit)))
        }
        if (isType && isFit) return head;
        if (rdata > limit || isType) revert IRecordResolver.RecordMalformedDns(start - begin);
        revert IRecordResolver.RecordInvalidDnsType(uint16(head >> 240));
    }

    /// @dev Whether another record of the type, and with the owner name of the one at `start`, follows at `position`.
    function _continues(
        uint256 start,
        uint256 position,
        uint256 limit,
        uint256 nameLength,
        uint256 rrtype
    ) private pure returns (bool isSame) {
        assembly ("memory-safe") {
            let afterName := add(position, nameLength)
            isSame := iszero(gt(add(afterName, 2), limit))
            if isSame {
                isSame := eq(shr(240, calldataload(afterName)), rrtype)
                // The name ends with the empty label, so an equal run of bytes is that name, whole.
                for {
                    let left := nameLength
                } and(isSame, gt(left, 0)) {} {
                    let difference := xor(calldataload(start), calldataload(position))
                    if lt(left, 32) {
                        difference := shr(sub(256, shl(3, left)), difference)
                        left := 32
                    }
                    left := sub(left, 32)
                    isSame := iszero(difference)
                    start := add(start, 32)
                    position := add(position, 32)
                }
            }
        }
    }

    /// @dev Whether rdata of the types in common use has the form of its type: addresses, names, strings, and numbers before or behind
    /// names.
    function _isRdata(uint256 begin, uint256 rdata, uint256 rdlength, uint256 rrtype) private pure returns (bool) {
        if (rrtype == TYPE_A) return rdlength == 4;
        if (rrtype == TYPE_AAAA) return rdlength == 16;
        unchecked {
            uint256 end = rdata + rdlength;
            if (rrtype == TYPE_TXT) return _endOf(rdata, end, false) == end;
            if (rrtype == TYPE_MX) return _endOf(rdata + 2, end, true) == end;
            if (rrtype == TYPE_SRV) return _endOf(rdata + 6, end, true) == end;
            // Five numbers behind two names.
            if (rrtype == TYPE_SOA) return _endOf(_endOf(rdata, end, true), end, true) + 20 == end;
        }
        bool isName =
            rrtype == TYPE_NS ||
                rrtype == TYPE_CNAME ||
                rrtype == TYPE_PTR ||
                rrtype == TYPE_DNAME ||
                rrtype == TYPE_ALIAS;
        return !isName || nameLengthAt(begin, rdata, rdata + rdlength) == rdlength;
    }

    /// @dev Where the labels of a name end, the empty one included, or strings that go on to `limit`: each has its length before it.
    /// What does not end before `limit` ends behind it.
    function _endOf(uint256 position, uint256 limit, bool isName) private pure returns (uint256 end) {
        assembly ("memory-safe") {
            let more := 1
            for {
                end := position
            } and(more, lt(end, limit)) {} {
                let size := byte(0, calldataload(end))
                end := add(end, add(size, 1))
                if isName {
                    more := gt(size, 0)
                    // 64 and up are compression pointers, which have no place here.
                    if gt(size, 63) {
                        end := add(limit, 1)
                    }
                }
            }
            // Cut off before the empty label, or over 255 bytes.
            if and(isName, or(more, gt(sub(end, position), MAX_NAME_BYTES))) {
                end := add(limit, 1)
            }
        }
    }

    /// @dev The 32 bytes at a place.
    function _word(bytes memory data, uint256 position) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 32), position))
        }
    }
}
