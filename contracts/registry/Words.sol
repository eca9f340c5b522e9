// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @dev How long after its expiry a name under the TLD is kept for its former holder, in seconds.
uint256 constant GRACE_PERIOD = 90 days;

/// @dev The tenure id of the root, which never ends.
uint256 constant ROOT_TENURE = type(uint32).max;

/// @dev Tenure ids below are shard indices, from here on they belong to other names.
uint256 constant UPPER_TENURES = 1 << 31;

/// @dev The most emancipated subnames one below another.
uint256 constant MAX_EMANCIPATED_DEPTH = 15;

/// @dev Flags as they stand in a word.
uint256 constant LEASED = 1 << 208;
uint256 constant EMANCIPATED = 2 << 208;
uint256 constant OWN_EPOCH = 2 << 208;
uint256 constant TRANSFER_LOCKED = 4 << 208;
uint256 constant RESOLVER_LOCKED = 8 << 208;
uint256 constant SUBNAMES_LOCKED = 16 << 208;
uint256 constant SETTINGS = 32 << 208;
uint256 constant APPROVED = 64 << 208;
uint256 constant ANCHORED = 128 << 208;

/// @dev The three locks, as a caller names them.
uint256 constant ALL_LOCKS = (TRANSFER_LOCKED | RESOLVER_LOCKED | SUBNAMES_LOCKED) >> 208;

/// @title The word of a name
///
/// Everything the registry knows of a name in one storage slot, laid out in `LAYOUT.md`:
///
///     leased: owner (160) | expiry (36)      | depth (4)       | tally (8) | flags (8) | clear version (8) | tenure id (32)
///     plain:  owner (160) | own tenure (32) | version high (8) | tally (8) | flags (8) | version low (8)   | anchor's tenure (32)
///
///     uint256 word = Words.leased(owner, expiry, shardIndex, 0);
///     word = word.withOwner(other);
library Words {
    uint256 private constant OWNER_MASK = type(uint160).max;
    uint256 private constant EXPIRY_MASK = ((1 << 36) - 1) << 160;
    uint256 private constant TALLY_MASK = 0xff << 200;
    uint256 private constant VERSION_LOW_MASK = 0xff << 216;
    uint256 private constant VERSION_HIGH_MASK = 0xff << 192;
    uint256 private constant OWN_TENURE_MASK = uint256(type(uint32).max) << 160;

    /// @dev The word of a fresh leased name. `flags` besides LEASED, and an emancipated name's depth, in place.
    function leased(address holder, uint256 expiry, uint256 tenure, uint256 flags) internal pure returns (uint256) {
        return uint256(uint160(holder)) | (expiry << 160) | LEASED | flags | (tenure << 224);
    }

    /// @dev The word of a fresh plain name that hangs from the tenure `anchor`.
    function plain(address holder, uint256 anchor) internal pure returns (uint256) {
        return uint256(uint160(holder)) | (anchor << 224);
    }

    /// @dev Whether the name has an expiry of its own.
    function isLeased(uint256 word) internal pure returns (bool) {
        return word & LEASED != 0;
    }

    /// @dev Whether one of the flags is set.
    function has(uint256 word, uint256 flag) internal pure returns (bool) {
        return word & flag != 0;
    }

    /// @dev The owner, of a name live or not.
    function owner(uint256 word) internal pure returns (address) {
        return address(uint160(word));
    }

    /// @dev The word with another owner.
    function withOwner(uint256 word, address holder) internal pure returns (uint256) {
        return (word & ~OWNER_MASK) | uint256(uint160(holder));
    }

    /// @dev Of a leased name, in seconds.
    function expiry(uint256 word) internal pure returns (uint256) {
        return (word >> 160) & ((1 << 36) - 1);
    }

    /// @dev Of a leased name: how many names of its own kind it has above it, and itself, if it is emancipated; else zero.
    function depth(uint256 word) internal pure returns (uint256) {
        return (word >> 196) & 0xf;
    }

    /// @dev The word of a leased name with another expiry, in seconds.
    function withExpiry(uint256 word, uint256 newExpiry) internal pure returns (uint256) {
        return (word & ~EXPIRY_MASK) | (newExpiry << 160);
    }

    /// @dev The tenure id: of the name itself if leased, otherwise of what it hangs from.
    function index(uint256 word) internal pure returns (uint256) {
        return word >> 224;
    }

    /// @dev Of a plain name: what its subnames hang from, zero if it has none.
    function ownTenure(uint256 word) internal pure returns (uint256) {
        return (word >> 160) & type(uint32).max;
    }

    /// @dev The word of a plain name with a tenure of its own.
    function withOwnTenure(uint256 word, uint256 tenure) internal pure returns (uint256) {
        return (word & ~OWN_TENURE_MASK) | (tenure << 160);
    }

    /// @dev What `RecordCounts` knows the number of records by.
    function tally(uint256 word) internal pure returns (uint256) {
        return (word >> 200) & 0xff;
    }

    /// @dev The word with another tally.
    function withTally(uint256 word, uint256 newTally) internal pure returns (uint256) {
        return (word & ~TALLY_MASK) | (newTally << 200);
    }

    /// @dev How often the name was cleared, or a plain one granted anew.
    function version(uint256 word) internal pure returns (uint256) {
        uint256 low = (word >> 216) & 0xff;
        return word & LEASED != 0 ? low : low | (((word >> 192) & 0xff) << 8);
    }

    /// @dev `newVersion` must fit: 8 bits for a leased name, 16 for a plain one.
    function withVersion(uint256 word, uint256 newVersion) internal pure returns (uint256) {
        uint256 low = (word & ~VERSION_LOW_MASK) | ((newVersion & 0xff) << 216);
        return word & LEASED != 0 ? low : (low & ~VERSION_HIGH_MASK) | ((newVersion >> 8) << 192);
    }

    /// @dev The record epoch, 48 bits: tenure id and version.
    function epoch(uint256 word) internal pure returns (uint256) {
        // A leased name's tenure is its index whatever the second flag says: there it means EMANCIPATED.
        if (word & LEASED != 0) return ((word >> 224) << 16) | ((word >> 216) & 0xff);
        uint256 tenure = word & OWN_EPOCH != 0 ? ownTenure(word) : index(word);
        return (tenure << 16) | version(word);
    }
}
