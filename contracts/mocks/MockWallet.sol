// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice A contract with an owner (ERC-173) that accepts one digest as signed (ERC-1271), for tests.
contract MockWallet {
    /// @notice The owner (ERC-173).
    address public immutable owner;

    bytes32 private _accepted;

    constructor(address owner_) {
        owner = owner_;
    }

    /// @notice From now on `digest` counts as signed, by any signature.
    function accept(bytes32 digest) external {
        _accepted = digest;
    }

    /// @notice ERC-1271.
    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return digest == _accepted ? this.isValidSignature.selector : bytes4(0);
    }
}
