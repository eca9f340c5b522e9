// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @title Measures the gas of a view, for benchmarks
contract GasMeter {
    /// @notice The gas a static call takes, the access of a cold target included, without a transaction's own cost.
    function measure(address target, bytes calldata data) external view returns (uint256 gasUsed, bytes memory result) {
        bytes memory input = data;
        uint256 before = gasleft();
        bool success;
        assembly ("memory-safe") {
            success := staticcall(gas(), target, add(input, 32), mload(input), 0, 0)
        }
        gasUsed = before - gasleft();
        assembly ("memory-safe") {
            result := mload(0x40)
            mstore(result, returndatasize())
            returndatacopy(add(result, 32), 0, returndatasize())
            mstore(0x40, and(add(add(result, 63), returndatasize()), not(31)))
        }
        require(success, string(result));
    }
}
