// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

/// @notice A resolver that answers by ENSIP-10 for every name below its own, with one address, for tests.
contract MockWildcardResolver is IERC165 {
    address private immutable _answer;

    constructor(address answer_) {
        _answer = answer_;
    }

    /// @notice Answers `addr(bytes32)` with the address, everything else with nothing.
    function resolve(bytes calldata, bytes calldata data) external view returns (bytes memory) {
        return bytes4(data) == bytes4(keccak256("addr(bytes32)")) ? abi.encode(_answer) : bytes("");
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == 0x9061b923;
    }
}
