// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice A contract that answers `onERC721Received` with what it was made to answer, or reverts, for tests.
contract MockTokenReceiver {
    bytes4 private immutable ANSWER;

    /// @notice What it was told of the last token it took.
    bytes public lastData;

    /// @notice It takes no tokens.
    /// @dev Error selector: 0x014e40a5
    error ReceiverUnwilling(uint256 tokenId);

    /// @param answer Zero to revert.
    constructor(bytes4 answer) {
        ANSWER = answer;
    }

    /// @notice ERC-721's receiver hook.
    function onERC721Received(address, address, uint256 tokenId, bytes calldata data) external returns (bytes4) {
        if (ANSWER == 0) revert ReceiverUnwilling(tokenId);
        lastData = data;
        return ANSWER;
    }
}
