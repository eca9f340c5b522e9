// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Labels} from "../naming/Labels.sol";
import {INameRegistry} from "../registry/INameRegistry.sol";
import {IAggregatorV3, IPriceOracle} from "./IPriceOracle.sol";
import {IPrimaryNames} from "./IPrimaryNames.sol";
import {IRegistrarController} from "./IRegistrarController.sol";
import {RegistrarLogic} from "./RegistrarLogic.sol";

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
contract RegistrarController is IRegistrarController, IPriceOracle, RegistrarLogic {
    /// @dev The parameters are `RegistrarLogic`'s.
    constructor(
        INameRegistry registry,
        string memory tldLabel,
        IPrimaryNames primaryNames,
        IAggregatorV3 feed,
        uint256 maxFeedAge_,
        address treasury
    ) RegistrarLogic(registry, tldLabel, primaryNames, feed, maxFeedAge_, treasury) {}

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
        baseWei = _price(label, duration, 0, answer);
        uint256 freeAt = _freeAt(label);
        if (freeAt != 0 && block.timestamp >= freeAt) {
            // What a registration asks for is rounded once, for rent and premium together.
            premiumWei = _price(label, duration, _premium(block.timestamp - freeAt), answer) - baseWei;
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
        _commit(commitment);
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

    // ------------------------------------------------------------------ prices

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
        return _rent(length, duration);
    }

    /// @inheritdoc IPriceOracle
    function premiumAttoUsd(uint256 elapsed) external pure returns (uint256) {
        return _premium(elapsed);
    }
}
