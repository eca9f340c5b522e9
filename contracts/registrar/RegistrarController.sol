// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Labels} from "../naming/Labels.sol";
import {INameRegistry} from "../registry/INameRegistry.sol";
import {GRACE_PERIOD, Words} from "../registry/Words.sol";
import {IAggregatorV3} from "./IPriceOracle.sol";
import {IPrimaryNames} from "./IPrimaryNames.sol";
import {IRegistrarController} from "./IRegistrarController.sol";
import {PriceOracle} from "./PriceOracle.sol";

/// @title The registrar controller
///
/// Nobody has power over it: no owner, no pause, no parameter that changes. Governance can appoint another controller for
/// registrations in the registry; renewals work here for as long as the feed answers.
///
/// | who | may |
/// |---|---|
/// | anyone | commit, register what is free, renew what is live, send the fees to the treasury |
/// | the former holder | renew in the grace period |
///
/// A commitment: `timestamp + 60 s <= now < timestamp + 24 h` to be revealed; used up by its revealing.
///
///     none --commit--> waiting --60 s--> ripe --register--> none
///                        ^                | 24 h
///                        +----commit--- too old
///
/// Its balance is what was paid for names and not yet withdrawn: every payment beyond the price goes back in the same
/// transaction, and there is no other way in (but the ones no contract can refuse).
contract RegistrarController is IRegistrarController, PriceOracle {
    using Words for uint256;

    uint256 private constant MIN_COMMITMENT_AGE = 60 seconds;
    uint256 private constant MAX_COMMITMENT_AGE = 24 hours;
    uint256 private constant MIN_DURATION = 28 days;
    uint256 private constant MAX_LEASE = 36_525 days;
    uint256 private constant REVERSE_ADDR = 1;
    uint256 private constant REVERSE_DEFAULT = 2;
    /// @dev With 4, with which the registry sets the name's address to its owner.
    uint256 private constant REVERSE_ALL = 7;

    INameRegistry private immutable REGISTRY;
    bytes32 private immutable TLD;
    IPrimaryNames private immutable PRIMARY_NAMES;
    address private immutable TREASURY;
    /// @dev `.hold`, right-padded; at most 32 bytes.
    bytes32 private immutable SUFFIX;
    uint256 private immutable SUFFIX_LENGTH;

    mapping(bytes32 commitment => uint256 timestamp) private _commitments;

    /// @param registry The registry that names this contract its controller.
    /// @param tldLabel The TLD's label, at most 31 bytes.
    /// @param primaryNames The reverse registrar.
    /// @param feed The price of one ether in USD.
    /// @param maxFeedAge_ In seconds.
    /// @param treasury Where fees go.
    constructor(
        INameRegistry registry,
        string memory tldLabel,
        IPrimaryNames primaryNames,
        IAggregatorV3 feed,
        uint256 maxFeedAge_,
        address treasury
    ) PriceOracle(feed, maxFeedAge_) {
        REGISTRY = registry;
        TLD = Labels.childNode(0, keccak256(bytes(tldLabel)));
        PRIMARY_NAMES = primaryNames;
        TREASURY = treasury;
        bytes memory suffix = bytes.concat(".", bytes(tldLabel));
        SUFFIX = bytes32(suffix);
        SUFFIX_LENGTH = suffix.length;
    }

    // ------------------------------------------------------------------ asking

    /// @inheritdoc IRegistrarController
    function available(string calldata label) external view returns (bool) {
        return valid(label) && block.timestamp >= _freeAt(label);
    }

    /// @inheritdoc IRegistrarController
    function valid(string calldata label) public pure returns (bool) {
        return Labels.isValid(label);
    }

    /// @inheritdoc IRegistrarController
    function rentPrice(
        string calldata label,
        uint256 duration
    ) external view returns (uint256 baseWei, uint256 premiumWei) {
        if (duration > MAX_LEASE) revert ControllerDurationTooLong(duration, MAX_LEASE);
        uint256 answer = _readFeed();
        uint256 length = Labels.characterCount(label);
        baseWei = _toWei(length, duration, 0, answer);
        uint256 freeAt = _freeAt(label);
        if (freeAt != 0 && block.timestamp >= freeAt) {
            // What a registration asks for is rounded once, for rent and premium together.
            premiumWei = _toWei(length, duration, premiumAttoUsd(block.timestamp - freeAt), answer) - baseWei;
        }
    }

    /// @inheritdoc IRegistrarController
    function makeCommitment(Registration calldata registration) public pure returns (bytes32) {
        return keccak256(abi.encode(registration));
    }

    /// @inheritdoc IRegistrarController
    function makeBatchCommitment(Registration[] calldata registrations) public pure returns (bytes32) {
        return keccak256(abi.encode(registrations));
    }

    /// @inheritdoc IRegistrarController
    function commitments(bytes32 commitment) external view returns (uint256) {
        return _commitments[commitment];
    }

    /// @inheritdoc IRegistrarController
    function minCommitmentAge() external pure returns (uint256) {
        return MIN_COMMITMENT_AGE;
    }

    /// @inheritdoc IRegistrarController
    function maxCommitmentAge() external pure returns (uint256) {
        return MAX_COMMITMENT_AGE;
    }

    /// @inheritdoc IRegistrarController
    function minRegistrationDuration() external pure returns (uint256) {
        return MIN_DURATION;
    }

    /// @inheritdoc IRegistrarController
    function maxLeaseDuration() external pure returns (uint256) {
        return MAX_LEASE;
    }

    // ------------------------------------------------------------------ registering

    /// @inheritdoc IRegistrarController
    function commit(bytes32 commitment) external {
        uint256 before = _commitments[commitment];
        if (before != 0 && block.timestamp < before + MAX_COMMITMENT_AGE) revert CommitmentDuplicated(commitment);
        _commitments[commitment] = block.timestamp;
    }

    /// @inheritdoc IRegistrarController
    function register(Registration calldata registration) external payable {
        _reveal(_argumentsHash());
        _settle(_register(registration, msg.data.length, _readFeed()));
    }

    /// @inheritdoc IRegistrarController
    function registerMany(Registration[] calldata registrations) external payable {
        uint256 count = registrations.length;
        if (count == 0) revert ControllerEmptyBatch();
        _reveal(_argumentsHash());
        uint256 answer = _readFeed();
        uint256 price = 0;
        uint256 end = msg.data.length;
        // From the last to the first, each handed on as it stands in calldata, up to where the next one starts.
        for (uint256 i = count; i > 0; --i) {
            Registration calldata registration = registrations[i - 1];
            uint256 start;
            assembly ("memory-safe") {
                start := registration
            }
            if (start >= end) revert ControllerUnorderedBatch(i - 1);
            price += _register(registration, end, answer);
            end = start;
        }
        _settle(price);
    }

    // ------------------------------------------------------------------ renewing

    /// @inheritdoc IRegistrarController
    function renew(string calldata label, uint256 duration, bytes32 referrer) external payable {
        _settle(_renew(label, duration, referrer, _readFeed()));
    }

    /// @inheritdoc IRegistrarController
    function renewMany(string[] calldata labels, uint256 duration, bytes32 referrer) external payable {
        if (labels.length == 0) revert ControllerEmptyBatch();
        uint256 answer = _readFeed();
        uint256 price = 0;
        for (uint256 i = 0; i < labels.length; ++i) price += _renew(labels[i], duration, referrer, answer);
        _settle(price);
    }

    // ------------------------------------------------------------------ fees

    /// @inheritdoc IRegistrarController
    function withdraw() external {
        uint256 amount = address(this).balance;
        _send(TREASURY, amount);
        emit FeesWithdrawn(TREASURY, amount);
    }

    // ------------------------------------------------------------------ inside

    /// @dev Uses up a commitment.
    function _reveal(bytes32 commitment) private {
        uint256 madeAt = _commitments[commitment];
        if (madeAt == 0) revert CommitmentUnknown(commitment);
        unchecked {
            // A timestamp plus a day does not overflow.
            if (block.timestamp < madeAt + MIN_COMMITMENT_AGE) {
                revert CommitmentTooNew(commitment, madeAt + MIN_COMMITMENT_AGE, block.timestamp);
            }
            if (block.timestamp >= madeAt + MAX_COMMITMENT_AGE) {
                revert CommitmentTooOld(commitment, madeAt + MAX_COMMITMENT_AGE, block.timestamp);
            }
        }
        delete _commitments[commitment];
    }

    /// @dev The hash of the arguments as they came, which for a registration or a batch in canonical ABI encoding is its
    /// commitment. Encoded otherwise it has a hash that nobody committed to.
    function _argumentsHash() private pure returns (bytes32 hash) {
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
        Registration calldata registration,
        uint256 end,
        uint256 answer
    ) private returns (uint256 price) {
        uint256 duration = registration.duration;
        if (duration < MIN_DURATION) revert ControllerDurationTooShort(duration, MIN_DURATION);
        if (duration > MAX_LEASE) revert ControllerDurationTooLong(duration, MAX_LEASE);
        (bytes32 node, uint256 previousExpiry) = _forward(registration, end);
        string calldata label;
        assembly ("memory-safe") {
            // The registry has found the label within what it was handed, which is what stands here.
            let start := add(registration, calldataload(registration))
            label.offset := add(start, 32)
            label.length := calldataload(start)
        }
        uint256 premium = 0;
        if (previousExpiry != 0) premium = premiumAttoUsd(block.timestamp - previousExpiry - GRACE_PERIOD);
        price = _toWei(Labels.characterCount(label), duration, premium, answer);
        uint256 reverse = registration.reverse;
        if (reverse != 0) {
            if (reverse > REVERSE_ALL) revert ControllerInvalidReverse(reverse);
            if (reverse & REVERSE_ADDR != 0) _setPrimaryName(IPrimaryNames.setNameForAddr.selector, label);
            if (reverse & REVERSE_DEFAULT != 0) _setPrimaryName(IPrimaryNames.setDefaultNameForAddr.selector, label);
        }
        bytes32 referrer = registration.referrer;
        if (referrer != 0) emit NameReferred(node, referrer, price);
    }

    /// @dev Hands a registration to the registry, whose function of the same name takes the same encoding: the offset of a
    /// tuple, then the tuple.
    function _forward(
        Registration calldata registration,
        uint256 end
    ) private returns (bytes32 node, uint256 previousExpiry) {
        address registry = address(REGISTRY);
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
    ) private returns (uint256 price) {
        bytes32 labelHash = Labels.hash(label);
        uint256 expiry = _renewInRegistry(labelHash, duration);
        unchecked {
            // The sum of two times does not overflow.
            if (expiry > block.timestamp + MAX_LEASE) {
                revert ControllerDurationTooLong(expiry - block.timestamp, MAX_LEASE);
            }
        }
        price = _toWei(Labels.characterCount(label), duration, 0, answer);
        if (referrer != 0) emit NameReferred(Labels.childNode(TLD, labelHash), referrer, price);
    }

    function _renewInRegistry(bytes32 labelHash, uint256 duration) private returns (uint256 expiry) {
        address registry = address(REGISTRY);
        bytes4 selector = INameRegistry.renew.selector;
        assembly ("memory-safe") {
            let free := mload(0x40)
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

    /// @dev Calls the reverse registrar for the caller with `label` and the TLD as the name.
    function _setPrimaryName(bytes4 selector, string calldata label) private {
        address primaryNames = address(PRIMARY_NAMES);
        bytes32 suffix = SUFFIX;
        uint256 length = SUFFIX_LENGTH;
        assembly ("memory-safe") {
            length := add(length, label.length)
            let free := mload(0x40)
            mstore(free, selector)
            mstore(add(free, 4), caller())
            mstore(add(free, 36), 0x40)
            mstore(add(free, 68), length)
            let name := add(free, 100)
            calldatacopy(name, label.offset, label.length)
            // The suffix is right-padded with zeros, 32 bytes in all; a second word of them pads the longest name.
            mstore(add(name, label.length), suffix)
            mstore(add(add(name, label.length), 32), 0)
            let size := add(100, and(add(length, 31), not(31)))
            if iszero(call(gas(), primaryNames, 0, free, size, 0, 0)) {
                returndatacopy(free, 0, returndatasize())
                revert(free, returndatasize())
            }
        }
    }

    /// @dev Takes the price out of the payment and returns the rest.
    function _settle(uint256 price) private {
        if (msg.value < price) revert ControllerUnderpaid(msg.value, price);
        unchecked {
            if (msg.value > price) _send(msg.sender, msg.value - price);
        }
    }

    function _send(address to, uint256 amountWei) private {
        (bool success, ) = to.call{value: amountWei}("");
        if (!success) revert ControllerTransferFailed(to, amountWei);
    }

    /// @dev When a label is free, in seconds; zero if it was never leased.
    function _freeAt(string calldata label) private view returns (uint256) {
        uint256 word = REGISTRY.nameWord(Labels.childNode(TLD, Labels.hash(label)));
        return word == 0 ? 0 : word.expiry() + GRACE_PERIOD;
    }
}
