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
    uint256 private constant REVERSE_ALL = 3;

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
        uint256 answer = _readFeed();
        baseWei = _toWei(rentAttoUsd(Labels.characterCount(label), duration), answer);
        uint256 freeAt = _freeAt(label);
        if (freeAt != 0 && block.timestamp >= freeAt) {
            premiumWei = _toWei(premiumAttoUsd(block.timestamp - freeAt), answer);
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
        _reveal(makeCommitment(registration));
        _settle(_register(registration, _readFeed()));
    }

    /// @inheritdoc IRegistrarController
    function registerMany(Registration[] calldata registrations) external payable {
        if (registrations.length == 0) revert ControllerEmptyBatch();
        _reveal(makeBatchCommitment(registrations));
        uint256 answer = _readFeed();
        uint256 price = 0;
        for (uint256 i = 0; i < registrations.length; ++i) price += _register(registrations[i], answer);
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

    /// @dev Registers one name; returns its price in wei. The price is asked for by `_settle`, after the registry's part, whose
    /// calls stay within the registry: nothing foreign runs in between.
    function _register(Registration calldata registration, uint256 answer) private returns (uint256 price) {
        uint256 duration = registration.duration;
        if (duration < MIN_DURATION) revert ControllerDurationTooShort(duration, MIN_DURATION);
        if (duration > MAX_LEASE) revert ControllerDurationTooLong(duration, MAX_LEASE);
        (bytes32 node, uint256 previousExpiry) = REGISTRY.register(
            registration.label,
            registration.owner,
            block.timestamp + duration,
            registration.data
        );
        uint256 attoUsd = rentAttoUsd(Labels.characterCount(registration.label), duration);
        if (previousExpiry != 0) attoUsd += premiumAttoUsd(block.timestamp - previousExpiry - GRACE_PERIOD);
        price = _toWei(attoUsd, answer);
        if (registration.reverse != 0) _setPrimaryName(registration.label, registration.reverse);
        if (registration.referrer != 0) emit NameReferred(node, registration.referrer, price);
    }

    /// @dev Renews one name; returns its price in wei.
    function _renew(
        string calldata label,
        uint256 duration,
        bytes32 referrer,
        uint256 answer
    ) private returns (uint256 price) {
        bytes32 labelHash = Labels.hash(label);
        if (duration == 0) revert ControllerDurationTooShort(0, 1);
        uint256 expiry = REGISTRY.renew(msg.sender, labelHash, duration);
        if (expiry > block.timestamp + MAX_LEASE) {
            revert ControllerDurationTooLong(expiry - block.timestamp, MAX_LEASE);
        }
        price = _toWei(rentAttoUsd(Labels.characterCount(label), duration), answer);
        if (referrer != 0) emit NameReferred(Labels.childNode(TLD, labelHash), referrer, price);
    }

    function _setPrimaryName(string calldata label, uint256 reverse) private {
        if (reverse > REVERSE_ALL) revert ControllerInvalidReverse(reverse);
        bytes memory suffix = abi.encodePacked(SUFFIX);
        uint256 length = SUFFIX_LENGTH;
        assembly ("memory-safe") {
            mstore(suffix, length)
        }
        string memory whole = string.concat(label, string(suffix));
        if (reverse & REVERSE_ADDR != 0) PRIMARY_NAMES.setNameForAddr(msg.sender, whole);
        if (reverse & REVERSE_DEFAULT != 0) PRIMARY_NAMES.setDefaultNameForAddr(msg.sender, whole);
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
