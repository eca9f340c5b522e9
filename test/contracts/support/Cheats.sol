// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice The cheatcodes that the tests use.
interface Vm {
    function warp(uint256 timestamp) external;

    function prank(address sender) external;

    function startPrank(address sender) external;

    function stopPrank() external;

    function deal(address account, uint256 amountWei) external;

    function assume(bool condition) external;

    function load(address account, bytes32 slot) external view returns (bytes32);

    function etch(address account, bytes calldata code) external;

    function chainId(uint256 id) external;

    function toString(uint256 value) external pure returns (string memory);

    function readFile(string calldata path) external view returns (string memory);

    function keyExistsJson(string calldata json, string calldata place) external view returns (bool);

    function parseJsonAddress(string calldata json, string calldata place) external pure returns (address);

    function parseJsonBytes(string calldata json, string calldata place) external pure returns (bytes memory);

    function parseJsonBytes32(string calldata json, string calldata place) external pure returns (bytes32);

    function parseJsonBytes32Array(
        string calldata json,
        string calldata place
    ) external pure returns (bytes32[] memory);

    function parseJsonUint(string calldata json, string calldata place) external pure returns (uint256);
}

/// @title What every Solidity test starts from
abstract contract Cheats {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    error Unequal(string what, uint256 left, uint256 right);

    function bound(uint256 value, uint256 min, uint256 max) internal pure returns (uint256) {
        return min + (value % (max - min + 1));
    }

    function assertEq(string memory what, uint256 left, uint256 right) internal pure {
        if (left != right) revert Unequal(what, left, right);
    }

    function assertEq(string memory what, address left, address right) internal pure {
        assertEq(what, uint160(left), uint160(right));
    }

    function assertTrue(string memory what, bool condition) internal pure {
        if (!condition) revert Unequal(what, 0, 1);
    }
}
