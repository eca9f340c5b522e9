// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {INameRegistry} from "../registry/INameRegistry.sol";

/// @notice Rents out subnames of any name whose owner lets it create them (`setNameOperator`), for a price a second, for tests.
contract MockSubnameShop {
    INameRegistry private immutable REGISTRY;
    uint256 private immutable PRICE;

    /// @notice The payment is not the rent, in wei.
    /// @dev Error selector: 0xd2f855e6
    error ShopWrongPayment(uint256 paid, uint256 rent);

    /// @param pricePerSecond In wei.
    constructor(INameRegistry registry, uint256 pricePerSecond) {
        REGISTRY = registry;
        PRICE = pricePerSecond;
    }

    /// @notice Rents a subname from now on; the rent goes to the parent's owner.
    /// @param duration In seconds.
    function rent(bytes32 parent, string calldata label, uint256 duration) external payable {
        _pay(parent, duration);
        REGISTRY.issueSubname(parent, label, msg.sender, block.timestamp + duration, 0);
    }

    /// @notice Prolongs a rented subname.
    /// @param duration In seconds.
    function prolong(bytes32 parent, bytes32 label, uint256 duration) external payable {
        _pay(parent, duration);
        uint256 expiry = REGISTRY.expiryOf(keccak256(abi.encode(parent, label)));
        REGISTRY.extendSubname(parent, label, expiry + duration);
    }

    function _pay(bytes32 parent, uint256 duration) private {
        require(msg.value == PRICE * duration, ShopWrongPayment(msg.value, PRICE * duration));
        payable(REGISTRY.owner(parent)).transfer(msg.value);
    }
}
