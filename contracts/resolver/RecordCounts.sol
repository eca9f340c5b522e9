// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Words} from "../registry/Words.sol";
import {RecordStore} from "./RecordStore.sol";

/// @title How many records a name has
///
/// Two counts, of RRsets and of other records. The registry has but a byte for them in a name's word, its tally, which holds one of
/// them while the other is zero; a name that has both, or more than 127 of one kind, keeps both in a slot of its record epoch:
///
///     tally     RRsets          others
///     0..127    tally           0
///     128..254  0               tally - 127
///     255       slot & 0xffff   slot >> 16      (slot: a record of kind 13)
///
///     (uint256 rrsets, uint256 others) = RecordCounts.read(node, word);
///     word = RecordCounts.write(node, word, rrsets + 1, others);
library RecordCounts {
    using Words for uint256;

    /// @notice The most RRsets a name has.
    uint256 internal constant MAX_RRSETS = 255;
    /// @notice The most other records a name has that are counted.
    uint256 internal constant MAX_OTHERS = 255;

    /// @dev Coin types below are not counted: the first of SLIP-44, Bitcoin, Ethereum and Solana among them.
    uint256 private constant COINS_UNCOUNTED = 512;
    /// @dev ENSIP-19's default EVM address is not counted either.
    uint256 private constant COIN_DEFAULT = 1 << 31;

    uint256 private constant KIND_COUNTS = 13 << 248;
    /// @dev The highest count that a tally holds.
    uint256 private constant TALLY_MAX = 127;
    uint256 private constant IN_SLOT = 255;

    /// @notice Both counts of a name with that word.
    function read(bytes32 node, uint256 word) internal view returns (uint256 rrsets, uint256 others) {
        unchecked {
            uint256 tally = word.tally();
            if (tally <= TALLY_MAX) return (tally, 0);
            if (tally != IN_SLOT) return (0, tally - TALLY_MAX);
        }
        bytes32 slot = _slot(node, word);
        uint256 counts;
        assembly ("memory-safe") {
            counts := sload(slot)
        }
        return (counts & 0xffff, counts >> 16);
    }

    /// @notice Keeps both counts. The caller must write the word that it gets.
    function write(bytes32 node, uint256 word, uint256 rrsets, uint256 others) internal returns (uint256) {
        uint256 tally = IN_SLOT;
        if (others == 0 && rrsets <= TALLY_MAX) tally = rrsets;
        else if (rrsets == 0 && others <= TALLY_MAX) tally = TALLY_MAX + others;
        if (tally == IN_SLOT || word.tally() == IN_SLOT) {
            bytes32 slot = _slot(node, word);
            uint256 counts = tally == IN_SLOT ? rrsets | (others << 16) : 0;
            assembly ("memory-safe") {
                sstore(slot, counts)
            }
        }
        return word.withTally(tally);
    }

    /// @notice Whether addresses of a coin type are counted: of those that are not, there are few.
    function isCountedCoin(uint256 coinType) internal pure returns (bool) {
        return coinType >= COINS_UNCOUNTED && coinType != COIN_DEFAULT;
    }

    /// @notice Whether texts of a key are counted. The sixteen global keys of ENSIP-5 and ENSIP-18 are not.
    /// @param keyHash keccak256 of the key.
    function isCountedText(bytes32 keyHash) internal pure returns (bool) {
        // Sixteen bytes of a hash are as good as all of it, and half as much code.
        uint256 half = uint256(keyHash) >> 128;
        // By how many names have them.
        if (half == uint256(keccak256("avatar")) >> 128) return false;
        if (half == uint256(keccak256("url")) >> 128) return false;
        if (half == uint256(keccak256("description")) >> 128) return false;
        if (half == uint256(keccak256("email")) >> 128) return false;
        if (half == uint256(keccak256("header")) >> 128) return false;
        if (half == uint256(keccak256("display")) >> 128) return false;
        if (half == uint256(keccak256("location")) >> 128) return false;
        if (half == uint256(keccak256("keywords")) >> 128) return false;
        if (half == uint256(keccak256("notice")) >> 128) return false;
        if (half == uint256(keccak256("mail")) >> 128) return false;
        if (half == uint256(keccak256("phone")) >> 128) return false;
        if (half == uint256(keccak256("alias")) >> 128) return false;
        if (half == uint256(keccak256("theme")) >> 128) return false;
        if (half == uint256(keccak256("timezone")) >> 128) return false;
        if (half == uint256(keccak256("language")) >> 128) return false;
        if (half == uint256(keccak256("primary-contact")) >> 128) return false;
        return true;
    }

    function _slot(bytes32 node, uint256 word) private pure returns (bytes32) {
        return RecordStore.slot(node, KIND_COUNTS | word.epoch(), 0);
    }
}
