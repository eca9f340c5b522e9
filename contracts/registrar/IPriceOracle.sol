// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice The part of Chainlink's AggregatorV3Interface that is read.
interface IAggregatorV3 {
    function decimals() external view returns (uint8);

    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}

/// @notice Prices of leases: USD by length, in ether by the feed. The controller is its own oracle.
interface IPriceOracle {
    /// @notice The feed of the price of one ether in USD.
    function priceFeed() external view returns (IAggregatorV3);

    /// @notice The oldest answer of the feed that is believed, in seconds.
    function maxFeedAge() external view returns (uint256);

    /// @notice Rent in attodollars (10^-18 USD) for a label of `length` characters.
    function rentAttoUsd(uint256 length, uint256 duration) external pure returns (uint256);

    /// @notice Premium in attodollars on a name whose grace period ended `elapsed` seconds ago: 100 million USD, halved
    /// every day, less what is left of it after 21 days, when it is zero.
    function premiumAttoUsd(uint256 elapsed) external pure returns (uint256);

    /// @notice There is no feed at that address, or it reverts or answers in another shape.
    /// @dev Error selector: 0x7ff5c230
    error PriceFeedUnreadable(address feed);
    /// @notice The feed's answer is not positive.
    /// @dev Error selector: 0x82e20b0b
    error PriceFeedNotPositive(int256 answer);
    /// @notice The feed's answer is older than `maxAge` seconds, or from the future.
    /// @dev Error selector: 0xed15615e
    error PriceFeedStale(uint256 updatedAt, uint256 timestamp, uint256 maxAge);
    /// @notice The feed has more decimals than can be scaled.
    /// @dev Error selector: 0xd59f36e2
    error PriceFeedDecimals(uint8 decimals);
}
