// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice The data record by which a name's signed sets of records are revoked (`contracts/offchain`): sets with a sequence below its
/// number are void. What was revoked stays so: while a name has the same record epoch, the number only goes up.
library MinSequence {
    /// @notice The record's key (ENSIP-24).
    string internal constant KEY = "holdfast.minSequence";
    /// @notice keccak256 of `KEY`.
    bytes32 internal constant KEY_HASH = keccak256(bytes(KEY));

    /// @notice The number that a record's bytes stand for, big-endian; 0 where there are none, the highest of all where they are more
    /// than 32.
    function numberOf(bytes memory value) internal pure returns (uint256) {
        if (value.length == 0) return 0;
        if (value.length > 32) return type(uint256).max;
        return uint256(bytes32(value)) >> (8 * (32 - value.length));
    }
}
