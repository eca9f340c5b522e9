// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Labels} from "../naming/Labels.sol";
import {INameRegistry} from "../registry/INameRegistry.sol";
import {GRACE_PERIOD, Words} from "../registry/Words.sol";
import {IAggregatorV3} from "./IPriceOracle.sol";
import {IPrimaryNames} from "./IPrimaryNames.sol";
import {IRegistrarController} from "./IRegistrarController.sol";
import {PriceOracle} from "./PriceOracle.sol";

/// @title What the registrar controller does, as internal functions
///
/// `RegistrarController` gives them an ABI; `FastRegistrarController` calls those whose gas counts straight from calldata. Both have
/// the storage declared here, which is one mapping, and nothing else.
abstract contract RegistrarLogic is PriceOracle {
    using Words for uint256;

    uint256 internal constant MIN_COMMITMENT_AGE = 60 seconds;
    uint256 internal constant MAX_COMMITMENT_AGE = 24 hours;
    uint256 internal constant MIN_DURATION = 28 days;
    uint256 internal constant MAX_LEASE = 36_525 days;
    uint256 internal constant REVERSE_ADDR = 1;
    uint256 internal constant REVERSE_DEFAULT = 2;
    /// @dev With 4, with which the registry sets the name's address to its owner.
    uint256 internal constant REVERSE_ALL = 7;

    INameRegistry internal immutable REGISTRY;
    bytes32 internal immutable TLD;
    IPrimaryNames internal immutable PRIMARY_NAMES;
    address internal immutable TREASURY;
    /// @dev Two of the above: a word is read without the mask that an address gets.
    uint256 private immutable REGISTRY_WORD;
    uint256 private immutable PRIMARY_NAMES_WORD;
    /// @dev `.hold`, right-padded; at most 32 bytes.
    bytes32 internal immutable SUFFIX;
    uint256 internal immutable SUFFIX_LENGTH;

    mapping(bytes32 commitment => uint256 timestamp) internal _commitments;

    /// @param registry The registry that names this contract its controller.
    /// @param tldLabel The TLD's label, 1 to 31 bytes.
    /// @param primaryNames The reverse registrar.
    /// @param feed The price of one ether in USD.
    /// @param maxFeedAge_ In seconds.
    /// @param treasury Where fees go; not the zero address.
    constructor(
        INameRegistry registry,
        string memory tldLabel,
        IPrimaryNames primaryNames,
        IAggregatorV3 feed,
        uint256 maxFeedAge_,
        address treasury
    ) PriceOracle(feed, maxFeedAge_) {
        // With the dot before it the label fills a word at most; a longer one would be cut off in primary names.
        if (bytes(tldLabel).length == 0 || bytes(tldLabel).length > 31)
            revert IRegistrarController.ControllerInvalidTld(tldLabel);
        if (treasury == address(0)) revert IRegistrarController.ControllerZeroTreasury();
        REGISTRY = registry;
        TLD = Labels.childNode(0, keccak256(bytes(tldLabel)));
        PRIMARY_NAMES = primaryNames;
        TREASURY = treasury;
        REGISTRY_WORD = uint256(uint160(address(registry)));
        PRIMARY_NAMES_WORD = uint256(uint160(address(primaryNames)));
        bytes memory suffix = bytes.concat(".", bytes(tldLabel));
        SUFFIX = bytes32(suffix);
        SUFFIX_LENGTH = suffix.length;
    }

    // ------------------------------------------------------------------ registering

    /// @dev Records a commitment.
    function _commit(bytes32 commitment) internal {
        uint256 before = _commitments[commitment];
        unchecked {
            // A timestamp plus a day does not overflow.
            if (before != 0 && block.timestamp < before + MAX_COMMITMENT_AGE) {
                revert IRegistrarController.CommitmentDuplicated(commitment);
            }
        }
        _commitments[commitment] = block.timestamp;
    }

    /// @dev Uses up a commitment.
    function _reveal(bytes32 commitment) internal {
        uint256 madeAt = _commitments[commitment];
        if (madeAt == 0) revert IRegistrarController.CommitmentUnknown(commitment);
        unchecked {
            // A timestamp plus a day does not overflow.
            if (block.timestamp < madeAt + MIN_COMMITMENT_AGE) {
                revert IRegistrarController.CommitmentTooNew(commitment, madeAt + MIN_COMMITMENT_AGE, block.timestamp);
            }
            if (block.timestamp >= madeAt + MAX_COMMITMENT_AGE) {
                revert IRegistrarController.CommitmentTooOld(commitment, madeAt + MAX_COMMITMENT_AGE, block.timestamp);
            }
        }
        delete _commitments[commitment];
    }

    /// @dev The hash of the arguments as they came, which for a registration or a batch in canonical ABI encoding is its
    /// commitment. Encoded otherwise it has a hash that nobody committed to.
    function _argumentsHash() internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            let size := sub(calldatasize(), 4)
            calldatacopy(free, 4, size)
            hash := keccak256(free, size)
        }
    }

    /// @dev Registers one name; returns its price in wei. The price is asked for by `_settle`, after the registry's part, whose
    /// calls stay within the registry: nothing foreign runs in between.
    /// @param end Where the registration ends in calldata.
    function _register(
        IRegistrarController.Registration calldata registration,
        uint256 end,
        uint256 answer
    ) internal returns (uint256 price) {
        uint256 duration = registration.duration;
        if (duration < MIN_DURATION) revert IRegistrarController.ControllerDurationTooShort(duration, MIN_DURATION);
        if (duration > MAX_LEASE) revert IRegistrarController.ControllerDurationTooLong(duration, MAX_LEASE);
        (bytes32 node, uint256 previousExpiry) = _forward(registration, end);
        string calldata label;
        assembly ("memory-safe") {
            // The registry has found the label within what it was handed, which is what stands here.
            let start := add(registration, calldataload(registration))
            label.offset := add(start, 32)
            label.length := calldataload(start)
        }
        uint256 premium = 0;
        if (previousExpiry != 0) premium = _premium(block.timestamp - previousExpiry - GRACE_PERIOD);
        price = _price(label, duration, premium, answer);
        uint256 reverse = registration.reverse;
        if (reverse != 0) {
            if (reverse > REVERSE_ALL) revert IRegistrarController.ControllerInvalidReverse(reverse);
            if (reverse & (REVERSE_ADDR | REVERSE_DEFAULT) != 0) _setPrimaryNames(label, reverse);
        }
        bytes32 referrer = registration.referrer;
        if (referrer != 0) emit IRegistrarController.NameReferred(node, referrer, price);
    }

    /// @dev Hands a registration to the registry, whose function of the same name takes the same encoding: the offset of a
    /// tuple, then the tuple.
    function _forward(
        IRegistrarController.Registration calldata registration,
        uint256 end
    ) private returns (bytes32 node, uint256 previousExpiry) {
        uint256 registry = REGISTRY_WORD;
        bytes4 selector = INameRegistry.register.selector;
        assembly ("memory-safe") {
            let free := mload(0x40)
            let size := sub(end, registration)
            mstore(free, selector)
            mstore(add(free, 4), 0x20)
            calldatacopy(add(free, 36), registration, size)
            if iszero(call(gas(), registry, 0, free, add(size, 36), 0, 64)) {
                returndatacopy(free, 0, returndatasize())
                revert(free, returndatasize())
            }
            node := mload(0)
            previousExpiry := mload(32)
        }
    }

    /// @dev Renews one name; returns its price in wei.
    function _renew(
        string calldata label,
        uint256 duration,
        bytes32 referrer,
        uint256 answer
    ) internal returns (uint256 price) {
        (bytes32 labelHash, uint256 expiry) = _renewInRegistry(label, duration);
        unchecked {
            // The sum of two times does not overflow.
            if (expiry > block.timestamp + MAX_LEASE) {
                revert IRegistrarController.ControllerDurationTooLong(expiry - block.timestamp, MAX_LEASE);
            }
        }
        price = _price(label, duration, 0, answer);
        if (referrer != 0) emit IRegistrarController.NameReferred(Labels.childNode(TLD, labelHash), referrer, price);
    }

    /// @dev Has the registry renew a name for the caller.
    /// @return labelHash keccak256 of the label.
    /// @return expiry The new one, in seconds.
    function _renewInRegistry(
        string calldata label,
        uint256 duration
    ) private returns (bytes32 labelHash, uint256 expiry) {
        uint256 registry = REGISTRY_WORD;
        bytes4 selector = INameRegistry.renew.selector;
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, label.offset, label.length)
            labelHash := keccak256(free, label.length)
            mstore(free, selector)
            mstore(add(free, 4), caller())
            mstore(add(free, 36), labelHash)
            mstore(add(free, 68), duration)
            if iszero(call(gas(), registry, 0, free, 100, 0, 32)) {
                returndatacopy(free, 0, returndatasize())
                revert(free, returndatasize())
            }
            expiry := mload(0)
        }
    }

    /// @dev Makes `label` and the TLD the caller's primary name. `reverse` has the bits of a registration.
    function _setPrimaryNames(string calldata label, uint256 reverse) private {
        uint256 length = bytes(label).length;
        bytes32 suffix = SUFFIX;
        unchecked {
            uint256 size = length + SUFFIX_LENGTH;
            if (size > 31) {
                string memory name = string.concat(label, string(bytes.concat(suffix)));
                assembly ("memory-safe") {
                    // The suffix came with the zeros that pad it.
                    mstore(name, size)
                }
                if (reverse & REVERSE_ADDR != 0) PRIMARY_NAMES.setNameForAddr(msg.sender, name);
                if (reverse & REVERSE_DEFAULT != 0) PRIMARY_NAMES.setDefaultNameForAddr(msg.sender, name);
                return;
            }
        }
        uint256 primaryNames = PRIMARY_NAMES_WORD;
        bytes4 selector = IPrimaryNames.writeShortNameByController.selector;
        uint256 suffixSize = SUFFIX_LENGTH;
        assembly ("memory-safe") {
            let spare := shl(3, sub(32, length))
            let name := or(shl(spare, shr(spare, calldataload(label.offset))), shr(shl(3, length), suffix))
            let free := mload(0x40)
            mstore(free, selector)
            mstore(add(free, 4), caller())
            mstore(add(free, 36), or(name, add(length, suffixSize)))
            mstore(add(free, 68), and(reverse, 3))
            if iszero(call(gas(), primaryNames, 0, free, 100, 0, 0)) {
                returndatacopy(free, 0, returndatasize())
                revert(free, returndatasize())
            }
        }
    }

    /// @dev Takes the price out of the payment and returns the rest.
    function _settle(uint256 price) internal {
        if (msg.value < price) revert IRegistrarController.ControllerUnderpaid(msg.value, price);
        unchecked {
            if (msg.value > price) _send(msg.sender, msg.value - price);
        }
    }

    /// @dev Sends ether, in wei.
    function _send(address to, uint256 amountWei) internal {
        (bool success, ) = to.call{value: amountWei}("");
        if (!success) revert IRegistrarController.ControllerTransferFailed(to, amountWei);
    }

    /// @dev When a label is free, in seconds; zero if it was never leased.
    function _freeAt(string calldata label) internal view returns (uint256) {
        uint256 word = REGISTRY.nameWord(Labels.childNode(TLD, Labels.hash(label)));
        return word == 0 ? 0 : word.expiry() + GRACE_PERIOD;
    }
}
