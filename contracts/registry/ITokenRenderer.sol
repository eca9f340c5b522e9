// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice Draws the tokens of a name registry (ERC-721 metadata).
interface ITokenRenderer {
    /// @notice The metadata of a token as a `data:` URI of JSON, its image an SVG within.
    /// @param node The name's node.
    /// @param dnsName The name in DNS wire form, empty if it was never published.
    /// @param word The name's word in the registry.
    function tokenURI(bytes32 node, bytes calldata dnsName, uint256 word) external view returns (string memory);
}
