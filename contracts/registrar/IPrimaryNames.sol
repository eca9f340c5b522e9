// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice What the controller asks of the reverse registrar at a registration. The reverse registrar accepts these calls
/// from the controller alone, whose address it knows as an immutable, so that the check costs no storage read.
interface IPrimaryNames {
    /// @notice Makes `name`, of up to 31 bytes, a primary name of `account`.
    /// @param name The bytes left-aligned, zeros behind them, their number in the lowest byte: the word that is stored.
    /// @param kinds Bits: 1 on this chain (addr.reverse, ENSIP-3), 2 on all EVM chains (default.reverse, ENSIP-19).
    function writeShortNameByController(address account, bytes32 name, uint256 kinds) external;

    /// @notice Makes `name` the primary name of `account` on this chain (addr.reverse, ENSIP-3).
    function setNameForAddr(address account, string calldata name) external;

    /// @notice Makes `name` the primary name of `account` on all EVM chains (default.reverse, ENSIP-19).
    function setDefaultNameForAddr(address account, string calldata name) external;
}
