// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice All zones' slot tables as the code of one contract that holds nothing else.
///
/// Model. 4 x 34 words of 16 lanes of 16 bits: slot s of zone z is lane `s & 15` of word `34 z + (s >> 4)`; slots 512..543 are the
/// reserved ones. A shard has a slot in every zone, in four words that have nothing to do with each other; in storage each of
/// them costs a cold read, in code they share one. In return a change writes the whole image anew, at some 900,000 gas, which
/// a change of the fleet or of a reserved slot can bear.
///
/// ```solidity
/// uint256[136] memory words = TableImage.load(image);
/// words[0] = ...;
/// image = TableImage.store(words);
/// ```
library TableImage {
    /// @notice Words of all zones.
    uint256 internal constant WORDS = 136;
    /// @notice Words of one zone.
    uint256 internal constant ZONE_WORDS = 34;

    uint256 private constant IMAGE_BYTES = 4352;
    /// @dev Returns the 4,353 bytes behind itself: PUSH2 0x1101, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN.
    bytes10 private constant CREATION_CODE = 0x61110180600a3d393df3;

    /// @notice The image could not be created.
    /// @dev Error selector: 0x98bd18b8
    error TableImageNotCreated();

    /// @notice All words; zeros for the image of nobody (address 0).
    function load(address image) internal view returns (uint256[WORDS] memory words) {
        // Memory-safe: the array has just been allocated. The first byte of the code stops whoever calls it.
        assembly ("memory-safe") {
            extcodecopy(image, words, 1, IMAGE_BYTES)
        }
    }

    /// @notice A new image.
    function store(uint256[WORDS] memory words) internal returns (address image) {
        bytes memory code = abi.encodePacked(CREATION_CODE, bytes1(0), words);
        assembly ("memory-safe") {
            image := create(0, add(code, 0x20), mload(code))
        }
        require(image != address(0), TableImageNotCreated());
    }

    /// @notice One slot of one zone.
    function holder(address image, uint256 zone, uint256 slot) internal view returns (uint256 id) {
        // Slot 0 is in a word's lowest bits, which are its last bytes. Unchecked: zone and slot are small.
        unchecked {
            uint256 offset = 31 + 32 * (ZONE_WORDS * zone + (slot >> 4)) - 2 * (slot & 15);
            assembly ("memory-safe") {
                mstore(0, 0)
                extcodecopy(image, 30, offset, 2)
                id := mload(0)
            }
        }
    }
}
