// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice The universal resolver that wallets and libraries call (ENSIP-23).
/// @dev Interface id: 0xcd191b34
interface IUniversalResolver {
    /// @notice No contract answers for the name: none is set at it, and none above it answers for names below (ENSIP-10).
    /// @dev Error selector: 0x77209fe8
    error ResolverNotFound(bytes name);
    /// @notice What is set as the name's resolver is no contract.
    /// @dev Error selector: 0x1e9535f2
    error ResolverNotContract(bytes name, address resolver);
    /// @notice The resolver does not know the record.
    /// @dev Error selector: 0x7b1c461b
    error UnsupportedResolverProfile(bytes4 selector);
    /// @notice The resolver reverted with `errorData`.
    /// @dev Error selector: 0x95c0c752
    error ResolverError(bytes errorData);
    /// @notice The account's name resolves to another address.
    /// @dev Error selector: 0xef9c03ce
    error ReverseAddressMismatch(string primary, bytes primaryAddress);
    /// @notice A gateway answered with an HTTP error (ENSIP-21).
    /// @dev Error selector: 0x01800152
    error HttpError(uint16 status, string message);

    /// @notice Answers one record, or several by `multicall(bytes[])` (ENSIP-22).
    /// @param name The name in DNS wire form.
    /// @param data The call that a resolver of the name would get.
    /// @return result What the resolver returned.
    /// @return resolver The resolver.
    function resolve(
        bytes calldata name,
        bytes calldata data
    ) external view returns (bytes memory result, address resolver);

    /// @notice The primary name of an account, checked forward.
    /// @param lookupAddress The account's address in its chain's binary form.
    /// @param coinType The chain (ENSIP-9, ENSIP-11).
    /// @return primary The name, empty where the account has none.
    /// @return resolver The resolver of `primary`.
    /// @return reverseResolver What the name was read from.
    function reverse(
        bytes calldata lookupAddress,
        uint256 coinType
    ) external view returns (string memory primary, address resolver, address reverseResolver);
}

/// @notice The same with batch gateways or a resolver of the caller's choice, as libraries call it (ENSIP-23).
interface IUniversalResolverChoices {
    /// @notice `resolve` with the batch gateways to use for off-chain lookups (ENSIP-21).
    function resolveWithGateways(
        bytes calldata name,
        bytes calldata data,
        string[] calldata gateways
    ) external view returns (bytes memory result, address resolver);

    /// @notice `resolveWithGateways` at a resolver of the caller's choice.
    function resolveWithResolver(
        address resolver,
        bytes calldata name,
        bytes calldata data,
        string[] calldata gateways
    ) external view returns (bytes memory result, address usedResolver);

    /// @notice `reverse` with the batch gateways to use for off-chain lookups (ENSIP-21).
    function reverseWithGateways(
        bytes calldata lookupAddress,
        uint256 coinType,
        string[] calldata gateways
    ) external view returns (string memory primary, address resolver, address reverseResolver);
}

/// @notice What was found out about a name's resolver.
struct ResolverInfo {
    /// The name in DNS wire form.
    bytes name;
    /// Where in it the name starts whose resolver this is.
    uint256 offset;
    /// The node of the whole name.
    bytes32 node;
    /// The resolver.
    address resolver;
    /// Whether it answers by ENSIP-10.
    bool extended;
}

/// @notice How a name's resolver is found (ENSIP-10).
interface IResolverFinder {
    /// @notice The resolver of a name or of the closest name above it that has one.
    /// @param name The name in DNS wire form.
    /// @return resolver The resolver, zero where there is none.
    /// @return node The node of the whole name.
    /// @return offset Where in `name` the name starts whose resolver it is.
    function findResolver(bytes calldata name) external view returns (address resolver, bytes32 node, uint256 offset);

    /// @notice The resolver that answers for a name; reverts where there is none.
    function requireResolver(bytes calldata name) external view returns (ResolverInfo memory info);
}
