// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IAggregatorV3} from "../registrar/IPriceOracle.sol";

/// @title A price feed whose answer anyone sets, for tests and local chains
///
/// Answer and time share a slot, as in a Chainlink aggregator. With `updatedAt` zero it always says that it was updated now.
contract MockPriceFeed is IAggregatorV3 {
    int192 private _answer;
    uint64 private _updatedAt;
    uint8 private immutable DECIMALS;

    constructor(uint8 decimals_, int192 answer) {
        DECIMALS = decimals_;
        _answer = answer;
    }

    /// @notice Sets what the feed answers; `updatedAt` in seconds, zero for always now.
    function set(int192 answer, uint64 updatedAt) external {
        _answer = answer;
        _updatedAt = updatedAt;
    }

    /// @inheritdoc IAggregatorV3
    function decimals() external view returns (uint8) {
        return DECIMALS;
    }

    /// @inheritdoc IAggregatorV3
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        updatedAt = _updatedAt == 0 ? block.timestamp : _updatedAt;
        return (1, _answer, updatedAt, updatedAt, 1);
    }
}
