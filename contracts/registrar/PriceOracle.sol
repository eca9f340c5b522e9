// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IAggregatorV3, IPriceOracle} from "./IPriceOracle.sol";

/// @title Prices in USD, paid in ether
///
/// Rent a year by characters: one 10,240 USD, two 2,560, three 640, four 160, five and more 5. A name whose grace period has
/// ended costs a premium besides, which starts at 100 million USD, halves every day and is zero from day 21 on, so that nobody
/// gains by being the first to ask at the very second a name is free.
///
/// The feed's answer is used if it is positive and not older than `maxFeedAge`; otherwise there is no price, and nothing is
/// sold. Amounts in ether are rounded up.
abstract contract PriceOracle is IPriceOracle {
    uint256 private constant YEAR = 365 days;
    uint256 private constant START_PREMIUM = 100_000_000 ether;
    uint256 private constant PREMIUM_DAYS = 21;
    uint256 private constant END_PREMIUM = START_PREMIUM >> PREMIUM_DAYS;
    uint8 private constant MAX_DECIMALS = 36;

    /// @dev 2^64 times 2^-(1/2), 2^-(1/4), … 2^-(1/65536), eight bytes each.
    bytes private constant ROOTS =
        hex"b504f333f9de6484_d744fccad69d6af4_eac0c6e7dd24392f_f5257d152486cc2c"
        hex"fa83b2db722a033a_fd3e0c0cf486c175_fe9e115c7b8f884c_ff4ecb59511ec8a5"
        hex"ffa756521c8daed2_ffd3a751c0f7e10c_ffe9d2b2f7db2756_fff4e91bff1b8c3e"
        hex"fffa747ea0040664_fffd3a3b7814eb54_fffe9d1cc60ddab1_ffff4e8e25879bfa";

    IAggregatorV3 private immutable FEED;
    uint256 private immutable MAX_FEED_AGE;
    /// @dev 10^decimals of the feed's answers.
    uint256 private immutable FEED_UNIT;

    constructor(IAggregatorV3 feed, uint256 maxFeedAge_) {
        if (address(feed).code.length == 0) revert PriceFeedUnreadable(address(feed));
        uint8 decimals = feed.decimals();
        if (decimals > MAX_DECIMALS) revert PriceFeedDecimals(decimals);
        FEED = feed;
        MAX_FEED_AGE = maxFeedAge_;
        FEED_UNIT = 10 ** decimals;
    }

    /// @inheritdoc IPriceOracle
    function priceFeed() external view returns (IAggregatorV3) {
        return FEED;
    }

    /// @inheritdoc IPriceOracle
    function maxFeedAge() external view returns (uint256) {
        return MAX_FEED_AGE;
    }

    /// @inheritdoc IPriceOracle
    function rentAttoUsd(uint256 length, uint256 duration) external pure returns (uint256) {
        return (_perYear(length) * duration) / YEAR;
    }

    /// @inheritdoc IPriceOracle
    function premiumAttoUsd(uint256 elapsed) public pure returns (uint256) {
        uint256 day = elapsed / 1 days;
        if (day >= PREMIUM_DAYS) return 0;
        // 2^-f of the day's fraction f: one factor for each of its 16 highest binary digits.
        uint256 fraction = ((elapsed % 1 days) << 16) / 1 days;
        uint256 premium = START_PREMIUM >> day;
        for (uint256 digit = 0; digit < 16; ++digit) {
            if (fraction & (1 << (15 - digit)) != 0) premium = (premium * _root(digit)) >> 64;
        }
        return premium > END_PREMIUM ? premium - END_PREMIUM : 0;
    }

    /// @dev Rent and premium (attodollars) as wei, by the feed's answer. The duration has at most 40 bits, the premium 87: with
    /// a rent of 74 bits a year and at most 36 decimals no step exceeds 2^256.
    function _toWei(uint256 length, uint256 duration, uint256 premium, uint256 answer) internal view returns (uint256) {
        unchecked {
            return (((_perYear(length) * duration) / YEAR + premium) * FEED_UNIT + answer - 1) / answer;
        }
    }

    function _perYear(uint256 length) private pure returns (uint256) {
        if (length > 4) return 5 ether;
        if (length == 4) return 160 ether;
        if (length == 3) return 640 ether;
        return length == 2 ? 2_560 ether : 10_240 ether;
    }

    /// @dev The feed's price of one ether.
    function _readFeed() internal view returns (uint256 price) {
        IAggregatorV3 feed = FEED;
        bytes4 selector = IAggregatorV3.latestRoundData.selector;
        bool readable;
        int256 answer;
        uint256 updatedAt;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, selector)
            // Five words come back; an account without code succeeds with none, so their number is checked.
            readable := staticcall(gas(), feed, free, 4, free, 160)
            readable := and(readable, gt(returndatasize(), 159))
            answer := mload(add(free, 32))
            updatedAt := mload(add(free, 96))
        }
        if (!readable) revert PriceFeedUnreadable(address(feed));
        if (answer <= 0) revert PriceFeedNotPositive(answer);
        bool fresh;
        unchecked {
            // A time in the future wraps round to an age beyond any maximum.
            fresh = block.timestamp - updatedAt <= MAX_FEED_AGE;
        }
        if (!fresh) {
            revert PriceFeedStale(updatedAt, block.timestamp, MAX_FEED_AGE);
        }
        return uint256(answer);
    }

    /// @dev 2^64 times 2^-(2^-(digit + 1)).
    function _root(uint256 digit) private pure returns (uint256) {
        bytes memory roots = ROOTS;
        uint256 root;
        assembly ("memory-safe") {
            root := shr(192, mload(add(add(roots, 32), shl(3, digit))))
        }
        return root;
    }
}
