// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IRecordResolver} from "./IRecordResolver.sol";

/// @title RRsets in wire form and as they are stored
///
/// The wire form of a resource record (RFC 1035 section 3.2.1) repeats owner name, type and class, which a stored RRset is
/// found by anyway. So an RRset is stored *packed*: its ttl once, then rdlength and rdata of each record.
///
///     (RRset memory set, uint256 end) = DnsRecords.read(records, 0);
library DnsRecords {
    /// @dev One RRset, as read from wire form.
    /// @param nameHash keccak256 of the owner name.
    /// @param nameLength Bytes of the owner name at the RRset's start.
    /// @param rrtype The RR type.
    /// @param packed The packed RRset; just the ttl when the set is to be deleted.
    struct RRset {
        bytes32 nameHash;
        uint256 nameLength;
        uint256 rrtype;
        bytes packed;
    }

    uint256 private constant TYPE_A = 1;
    uint256 private constant TYPE_NS = 2;
    uint256 private constant TYPE_CNAME = 5;
    uint256 private constant TYPE_PTR = 12;
    uint256 private constant TYPE_AAAA = 28;
    uint256 private constant TYPE_DNAME = 39;
    uint256 private constant TYPE_OPT = 41;
    uint256 private constant TYPE_ALIAS = 65401;
    uint256 private constant CLASS_IN = 1;
    uint256 private constant MAX_NAME_BYTES = 255;

    /// @dev The fields of a resource record between its owner name and its rdata, and one byte past them at least.
    uint256 private constant HEAD_BYTES = 10;

    uint256 private constant ONES = 0x0101010101010101010101010101010101010101010101010101010101010101;
    uint256 private constant TOPS = 0x8080808080808080808080808080808080808080808080808080808080808080;

    /// @notice Reads the RRset that starts at `start`: all records from there with the same owner name and type.
    /// @return set The RRset.
    /// @return end Where the next one starts.
    function read(bytes calldata wire, uint256 start) internal pure returns (RRset memory set, uint256 end) {
        unchecked {
            uint256 nameLength = nameLengthAt(wire, start);
            bytes32 nameHash = keccak256(wire[start:start + nameLength]);
            bytes memory packed;
            uint256 ttl = type(uint32).max;
            uint256 rrtype;
            // The packed set grows at the end of memory, four bytes of ttl first. The free pointer is kept past it, since
            // hashing in between uses the memory there.
            uint256 cursor;
            assembly ("memory-safe") {
                packed := mload(0x40)
                cursor := add(packed, 36)
                mstore(0x40, add(packed, 64))
            }
            end = start;
            do {
                uint256 head = _head(wire, end, nameLength);
                uint256 rdlength = (head >> 176) & 0xffff;
                rrtype = head >> 240;
                if ((head >> 192) & 0xffffffff < ttl) ttl = (head >> 192) & 0xffffffff;
                uint256 rdata = end + nameLength + HEAD_BYTES;
                if (rdlength == 0) {
                    // Without rdata: the deletion of the set, so it stands alone.
                    if (end != start) revert IRecordResolver.RecordMalformedDns(end);
                    end = rdata;
                    if (_continues(wire, end, nameLength, nameHash, rrtype))
                        revert IRecordResolver.RecordMalformedDns(end);
                    break;
                }
                _checkRdata(wire, end, rdata, rdlength, rrtype);
                assembly ("memory-safe") {
                    let size := add(rdlength, 2)
                    calldatacopy(cursor, sub(add(wire.offset, rdata), 2), size)
                    cursor := add(cursor, size)
                    mstore(0x40, and(add(cursor, 31), not(31)))
                }
                end = rdata + rdlength;
            } while (_continues(wire, end, nameLength, nameHash, rrtype));
            assembly ("memory-safe") {
                let data := add(packed, 32)
                mstore(packed, sub(cursor, data))
                mstore(data, or(shl(224, ttl), shr(32, shl(32, mload(data)))))
            }
            set = RRset(nameHash, nameLength, rrtype, packed);
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
    /// empty label; at most 255 bytes.
    function nameLengthAt(bytes calldata wire, uint256 start) internal pure returns (uint256 length) {
        unchecked {
            uint256 position = start;
            while (true) {
                if (position >= wire.length) revert IRecordResolver.RecordMalformedDns(start);
                uint256 label = uint8(wire[position]);
                // 64 and up are compression pointers and reserved forms, which have no place here.
                if (label > 63) revert IRecordResolver.RecordMalformedDns(start);
                position += label + 1;
                if (label == 0) break;
            }
            length = position - start;
            if (length > MAX_NAME_BYTES) revert IRecordResolver.RecordMalformedDns(start);
            for (uint256 done = 0; done < length; done += 32) {
                if (_hasUpperCase(wire, start + done, length - done)) {
                    revert IRecordResolver.RecordMalformedDns(start);
                }
            }
        }
    }

    /// @dev Type, class, ttl and rdlength of the record at `start` in the highest bytes, with all rules of them checked.
    function _head(bytes calldata wire, uint256 start, uint256 nameLength) private pure returns (uint256 head) {
        unchecked {
            uint256 position = start + nameLength;
            if (position + HEAD_BYTES > wire.length) revert IRecordResolver.RecordMalformedDns(start);
            assembly ("memory-safe") {
                head := calldataload(add(wire.offset, position))
            }
            uint256 rrtype = head >> 240;
            if (rrtype == 0 || rrtype == TYPE_OPT || (rrtype > 127 && rrtype < 256)) {
                revert IRecordResolver.RecordInvalidDnsType(uint16(rrtype));
            }
            // The ttl's top bit is not a ttl's (RFC 2181 section 8).
            bool malformed = (head >> 224) & 0xffff != CLASS_IN || (head >> 223) & 1 != 0;
            if (malformed || position + HEAD_BYTES + ((head >> 176) & 0xffff) > wire.length) {
                revert IRecordResolver.RecordMalformedDns(start);
            }
        }
    }

    /// @dev Whether another record of the same owner name and type follows at `position`.
    function _continues(
        bytes calldata wire,
        uint256 position,
        uint256 nameLength,
        bytes32 nameHash,
        uint256 rrtype
    ) private pure returns (bool) {
        unchecked {
            uint256 afterName = position + nameLength;
            if (afterName + 2 > wire.length) return false;
            // The name that hashes so ends with the empty label, so an equal run of bytes is that name, whole.
            return
                uint16(bytes2(wire[afterName:afterName + 2])) == rrtype &&
                keccak256(wire[position:afterName]) == nameHash;
        }
    }

    /// @dev Checks rdata that has one certain form: addresses by length, and types whose rdata is a name.
    function _checkRdata(
        bytes calldata wire,
        uint256 start,
        uint256 rdata,
        uint256 rdlength,
        uint256 rrtype
    ) private pure {
        bool good = true;
        if (rrtype == TYPE_A) good = rdlength == 4;
        else if (rrtype == TYPE_AAAA) good = rdlength == 16;
        else if (
            rrtype == TYPE_NS ||
            rrtype == TYPE_CNAME ||
            rrtype == TYPE_PTR ||
            rrtype == TYPE_DNAME ||
            rrtype == TYPE_ALIAS
        ) {
            good = nameLengthAt(wire[:rdata + rdlength], rdata) == rdlength;
        }
        if (!good) revert IRecordResolver.RecordMalformedDns(start);
    }

    /// @dev Whether the first `length` bytes, at most 32, from `position` hold an upper-case ASCII letter.
    function _hasUpperCase(bytes calldata wire, uint256 position, uint256 length) private pure returns (bool) {
        unchecked {
            uint256 word;
            assembly ("memory-safe") {
                word := calldataload(add(wire.offset, position))
            }
            if (length < 32) word = (word >> (256 - 8 * length)) << (256 - 8 * length);
            // Per byte, without its top bit: adding 0x3f carries into the top bit from "A" on, adding 0x25 from past "Z" on.
            uint256 low = word & ~TOPS;
            return ((low + ONES * 0x3f) & ~(low + ONES * 0x25) & ~word & TOPS) != 0;
        }
    }

    function _word(bytes memory data, uint256 position) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 32), position))
        }
    }
}
