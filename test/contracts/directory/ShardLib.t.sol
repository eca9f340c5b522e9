// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {ShardLib} from "../../../contracts/directory/ShardLib.sol";

/// @notice The shard function's promises, on inputs drawn at random.
contract ShardLibTest {
    /// @notice Two indices below 512^(t+1) share at most t slots.
    function testFuzz_slotsOf_shareAtMostTheDegree(uint32 left, uint32 right, uint8 degree) public pure {
        uint256 bound = 512 ** ((uint256(degree) % 4) + 1);
        uint256 a = left % bound;
        uint256 b = right % bound;
        if (a == b || ShardLib.isReserved(a) || ShardLib.isReserved(b)) return;
        assert(_overlap(ShardLib.slotsOf(a), ShardLib.slotsOf(b)) <= degree % 4);
    }

    /// @notice Four slots and four coefficients: distinct indices below 2^36 have distinct shards.
    function testFuzz_polynomialSlotsOf_areDistinct(uint64 left, uint64 right) public pure {
        uint256 mask = (1 << ShardLib.INDEX_BITS) - 1;
        if ((left & mask) == (right & mask)) return;
        assert(ShardLib.polynomialSlotsOf(left & mask) != ShardLib.polynomialSlotsOf(right & mask));
    }

    /// @notice Ordinary indices never reach a reserved slot, reserved ones nothing else.
    function testFuzz_slotsOf_keepRangesApart(uint32 index) public pure {
        uint256 slots = ShardLib.slotsOf(index);
        for (uint256 zone = 0; zone < ShardLib.ZONE_COUNT; ++zone) {
            uint256 slot = ShardLib.slotIn(slots, zone);
            assert(ShardLib.isReserved(index) ? slot == 512 + (index & 31) : slot < 512);
        }
    }

    /// @notice Bootstrap shards are ordinary ones.
    function testFuzz_bootstrapSlotsOf_areOrdinary(bytes32 node) public pure {
        uint256 slots = ShardLib.bootstrapSlotsOf(node);
        for (uint256 zone = 0; zone < ShardLib.ZONE_COUNT; ++zone) assert(ShardLib.slotIn(slots, zone) < 512);
    }

    /// @notice The vectors of the protocol.
    function test_slotsOf_matchesTheVectors() public pure {
        _expect(512, 0, 1, 2, 4);
        _expect(262_144, 0, 1, 4, 16);
        _expect(134_217_728, 0, 1, 8, 64);
        _expect(511, 511, 511, 511, 511);
        _expect(0xFFFFFFE3, 515, 515, 515, 515);
    }

    function _expect(uint256 index, uint256 s0, uint256 s1, uint256 s2, uint256 s3) private pure {
        assert(ShardLib.slotsOf(index) == (s0 | (s1 << 16) | (s2 << 32) | (s3 << 48)));
    }

    function _overlap(uint256 left, uint256 right) private pure returns (uint256 count) {
        for (uint256 zone = 0; zone < ShardLib.ZONE_COUNT; ++zone) {
            if (ShardLib.slotIn(left, zone) == ShardLib.slotIn(right, zone)) ++count;
        }
    }

    /// @notice The reserved range ends with 32 bits; a bootstrap index above it is like any other.
    function test_isReserved_endsWith32Bits() public pure {
        assert(!ShardLib.isReserved(0xFFFFFFDF) && ShardLib.isReserved(0xFFFFFFE0));
        assert(ShardLib.isReserved(0xFFFFFFFF) && !ShardLib.isReserved(0x100000000));
    }
}
