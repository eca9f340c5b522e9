// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice A name's shard: one virtual gateway (a slot, 0..511) from each of four zones, as the value of a polynomial over
/// GF(512).
///
/// Model. An index `i = c0 + 512 c1 + 512^2 c2 + 512^3 c3` is the polynomial `f(x) = c0 + c1 x + c2 x^2 + c3 x^3` over
/// GF(2^9) with the modulus `x^9 + x^4 + 1`; its slot in zone z is `f(x_z)` for x = 0, 1, 2, 4. Two indices below
/// 512^(t+1) differ by a polynomial of degree at most t, which has at most t roots: their shards share at most t members.
///
/// Indices 0xFFFFFFE0..0xFFFFFFFF are reserved for isolation: in every zone they stand for slot 512 + (index & 31), beyond
/// the reach of the polynomial.
///
/// ```solidity
/// ShardLib.slotsOf(512); // zones 0..3: slots 0, 1, 2, 4
/// ```
library ShardLib {
    /// @notice Zones, hence members of a shard.
    uint256 internal constant ZONE_COUNT = 4;
    /// @notice Slots of a zone that the polynomial reaches.
    uint256 internal constant ZONE_SLOTS = 512;
    /// @notice Reserved slots of a zone, behind the ordinary ones.
    uint256 internal constant RESERVED_SLOTS = 32;
    /// @notice The lowest reserved index.
    uint256 internal constant RESERVED_INDEX_MIN = 0xFFFFFFE0;
    /// @notice The highest reserved index, and the highest a registered name can carry.
    uint256 internal constant RESERVED_INDEX_MAX = 0xFFFFFFFF;
    /// @notice Bits of an index that reach the polynomial; the bootstrap index is cut to them.
    uint256 internal constant INDEX_BITS = 36;

    /// @notice The shard of the index a name carries.
    /// @param index A shard index, 0..2^32-1, from the reserved range too.
    /// @return slots Packed, 16 bits a zone, zone 0 in the lowest; each 0..543.
    function slotsOf(uint256 index) internal pure returns (uint256 slots) {
        if (isReserved(index)) return (ZONE_SLOTS + (index & (RESERVED_SLOTS - 1))) * 0x0001_0001_0001_0001;
        return polynomialSlotsOf(index);
    }

    /// @notice The shard of a name without an index: the polynomial of its bootstrap index, never the reserved range.
    /// @param node The name's node (EIP-137).
    /// @return slots Packed, 16 bits a zone, zone 0 in the lowest; each 0..511.
    function bootstrapSlotsOf(bytes32 node) internal pure returns (uint256 slots) {
        return polynomialSlotsOf(bootstrapIndexOf(node));
    }

    /// @notice The low 36 bits of keccak256(node).
    function bootstrapIndexOf(bytes32 node) internal pure returns (uint256 index) {
        return uint256(keccak256(abi.encode(node))) & ((1 << INDEX_BITS) - 1);
    }

    /// @notice Whether an index lies in the range set aside for isolation.
    function isReserved(uint256 index) internal pure returns (bool) {
        return index >= RESERVED_INDEX_MIN && index <= RESERVED_INDEX_MAX;
    }

    /// @notice One zone's slot out of a packed shard.
    function slotIn(uint256 slots, uint256 zone) internal pure returns (uint256) {
        unchecked {
            return (slots >> (zone << 4)) & 0xFFFF;
        }
    }

    /// @notice The polynomial's values at 0, 1, 2 and 4; bits of `index` above the 36th are ignored.
    function polynomialSlotsOf(uint256 index) internal pure returns (uint256 slots) {
        // Unchecked: shifts, xors and products of 9-bit values cannot overflow.
        unchecked {
            uint256 c0 = index & 511;
            uint256 c1 = (index >> 9) & 511;
            uint256 c2 = (index >> 18) & 511;
            uint256 c3 = (index >> 27) & 511;
            uint256 s2 = _double(_double(_double(c3) ^ c2) ^ c1) ^ c0;
            uint256 s3 = _quadruple(_quadruple(_quadruple(c3) ^ c2) ^ c1) ^ c0;
            return c0 | ((c0 ^ c1 ^ c2 ^ c3) << 16) | (s2 << 32) | (s3 << 48);
        }
    }

    /// @dev Times x in GF(512): a shift, reduced by x^9 + x^4 + 1 (0x211) when the top bit falls out.
    function _double(uint256 value) private pure returns (uint256) {
        unchecked {
            return (value << 1) ^ ((value >> 8) * 0x211);
        }
    }

    /// @dev Times x^2: the two bits that fall out are reduced at once, since 0x211 and its double do not reach each other.
    function _quadruple(uint256 value) private pure returns (uint256) {
        unchecked {
            return (value << 2) ^ ((value >> 7) * 0x211);
        }
    }
}
