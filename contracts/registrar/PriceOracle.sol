// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Labels} from "../naming/Labels.sol";
import {IAggregatorV3, IPriceOracle} from "./IPriceOracle.sol";

/// @title Prices in USD, paid in ether
///
/// Rent a year by characters: one 10,240 USD, two 2,560, three 640, four 160, five and more 5. A name whose grace period has
/// ended costs a premium besides, which starts at 100 million USD, halves every day and is zero from day 21 on, so that nobody
/// gains by being the first to ask at the very second a name is free.
///
/// The feed's answer is used if it is positive and not older than `maxFeedAge`; otherwise there is no price, and nothing is
/// sold. Amounts in ether are rounded up.
abstract contract PriceOracle {
    uint256 private constant YEAR = 365 days;
    /// @dev The rent of most labels, in attodollars a year.
    uint256 private constant FIVE_AND_MORE = 5 ether;
    uint256 private constant TOPS = 0x8080808080808080808080808080808080808080808080808080808080808080;
    uint256 private constant START_PREMIUM = 100_000_000 ether;
    uint256 private constant PREMIUM_DAYS = 21;
    uint256 private constant END_PREMIUM = START_PREMIUM >> PREMIUM_DAYS;
    uint256 private constant MAX_DECIMALS = 36;

    /// @dev 2^64 times 2^-(1/2), 2^-(1/4), … 2^-(1/65536), eight bytes each.
    bytes private constant ROOTS =
        hex"b504f333f9de6484_d744fccad69d6af4_eac0c6e7dd24392f_f5257d152486cc2c"
        hex"fa83b2db722a033a_fd3e0c0cf486c175_fe9e115c7b8f884c_ff4ecb59511ec8a5"
        hex"ffa756521c8daed2_ffd3a751c0f7e10c_ffe9d2b2f7db2756_fff4e91bff1b8c3e"
        hex"fffa747ea0040664_fffd3a3b7814eb54_fffe9d1cc60ddab1_ffff4e8e25879bfa";

    IAggregatorV3 internal immutable FEED;
    /// @dev The same: a word is read without the mask that an address gets.
    uint256 private immutable FEED_WORD;
    uint256 internal immutable MAX_FEED_AGE;
    /// @dev 10^decimals of the feed's answers.
    uint256 private immutable FEED_UNIT;

    constructor(IAggregatorV3 feed, uint256 maxFeedAge_) {
        // Raw, so that what is no feed is refused as such and not without a reason. Tokens have decimals too, but no rounds.
        uint256 decimals = _ask(feed, IAggregatorV3.decimals.selector, 32);
        _ask(feed, IAggregatorV3.latestRoundData.selector, 160);
        if (decimals > type(uint8).max) revert IPriceOracle.PriceFeedUnreadable(address(feed));
        if (decimals > MAX_DECIMALS) revert IPriceOracle.PriceFeedDecimals(uint8(decimals));
        FEED = feed;
        FEED_WORD = uint256(uint160(address(feed)));
        MAX_FEED_AGE = maxFeedAge_;
        FEED_UNIT = 10 ** decimals;
    }

    /// @dev The first word of the feed's answer to a call without arguments.
    function _ask(IAggregatorV3 feed, bytes4 selector, uint256 bytesMin) private view returns (uint256) {
        (bool success, bytes memory result) = address(feed).staticcall(abi.encodePacked(selector));
        // An account without code succeeds with nothing.
        if (!success || result.length < bytesMin) revert IPriceOracle.PriceFeedUnreadable(address(feed));
        return uint256(bytes32(result));
    }

    /// @dev The premium `elapsed` seconds after the end of the grace period, in attodollars.
    function _premium(uint256 elapsed) internal pure returns (uint256) {
        uint256 day = elapsed / 1 days;
        if (day >= PREMIUM_DAYS) return 0;
        // 2^-f of the day's fraction f: one factor for each of its 16 highest binary digits.
        uint256 fraction = ((elapsed % 1 days) << 16) / 1 days;
        uint256 premium = START_PREMIUM >> day;
        for (uint256 digit = 0; digit < 16; ++digit) {
            if (fraction & (1 << (15 - digit)) != 0) premium = (premium * _root(digit)) >> 64;
        }
        // Even in the last 65,536th of the last day it is more than what is taken off.
        return premium - END_PREMIUM;
    }

    /// @dev Rent and premium (attodollars) as wei, by the feed's answer. The duration has at most 36 bits, the premium 87: with
    /// a rent of 74 bits a year and at most 36 decimals no step exceeds 2^256.
    function _price(
        string calldata label,
        uint256 duration,
        uint256 premium,
        uint256 answer
    ) internal view returns (uint256 price) {
        unchecked {
            uint256 attoUsd = (_rentPerYear(label) * duration) / YEAR + premium;
            uint256 unit = FEED_UNIT;
            assembly ("memory-safe") {
                // The answer is positive.
                price := div(add(mul(attoUsd, unit), sub(answer, 1)), answer)
            }
        }
    }

    /// @dev The rent of a label for a time in seconds, in attodollars.
    function _rent(uint256 length, uint256 duration) internal pure returns (uint256) {
        return (_perYear(length) * duration) / YEAR;
    }

    /// @dev In attodollars.
    function _rentPerYear(string calldata label) private pure returns (uint256 attoUsd) {
        uint256 unusual;
        assembly ("memory-safe") {
            // Usual are five bytes or more, all in one word and ASCII: no need to count characters.
            let tops := and(shr(sub(256, shl(3, label.length)), calldataload(label.offset)), TOPS)
            unusual := or(gt(sub(label.length, 5), 27), tops)
        }
        attoUsd = FIVE_AND_MORE;
        if (unusual != 0) attoUsd = _perYear(Labels.characterCount(label));
    }

    /// @dev The rent of a label of that many characters, in attodollars a year.
    function _perYear(uint256 length) private pure returns (uint256) {
        if (length > 4) return FIVE_AND_MORE;
        if (length == 4) return 160 ether;
        if (length == 3) return 640 ether;
        return length == 2 ? 2_560 ether : 10_240 ether;
    }

    /// @dev The feed's price of one ether.
    function _readFeed() internal view returns (uint256 answer) {
        uint256 feed = FEED_WORD;
        uint256 maxAge = MAX_FEED_AGE;
        bytes4 selector = IAggregatorV3.latestRoundData.selector;
        bool isUsable;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, selector)
            // Five words come back; an account without code succeeds with none, so their number is checked.
            isUsable := staticcall(gas(), feed, free, 4, free, 160)
            answer := mload(add(free, 32))
            // A time in the future wraps round to an age beyond any maximum.
            let isStale := gt(sub(timestamp(), mload(add(free, 96))), maxAge)
            isUsable := and(and(isUsable, gt(returndatasize(), 159)), gt(sgt(answer, 0), isStale))
        }
        if (!isUsable) _refuseFeed();
    }

    /// @dev Says what is wrong with the feed's answer.
    function _refuseFeed() private view {
        (bool success, bytes memory result) = address(FEED).staticcall(
            abi.encodeCall(IAggregatorV3.latestRoundData, ())
        );
        if (!success || result.length < 160) revert IPriceOracle.PriceFeedUnreadable(address(FEED));
        // Words, since an answer in another shape must not end in a revert without a reason.
        (, int256 answer, , uint256 updatedAt, ) = abi.decode(result, (uint256, int256, uint256, uint256, uint256));
        if (answer <= 0) revert IPriceOracle.PriceFeedNotPositive(answer);
        revert IPriceOracle.PriceFeedStale(updatedAt, block.timestamp, MAX_FEED_AGE);
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
