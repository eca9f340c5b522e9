// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {CodeBehind} from "../registry/CodeBehind.sol";
import {INameRegistry} from "../registry/INameRegistry.sol";
import {IAggregatorV3} from "./IPriceOracle.sol";
import {IPrimaryNames} from "./IPrimaryNames.sol";
import {IRegistrarController} from "./IRegistrarController.sol";
import {RegistrarLogic} from "./RegistrarLogic.sol";

/// @title The registrar controller as it is deployed
///
/// `RegistrarController` with a short way in, as `FastNameRegistry` is one for the registry: the three functions that everybody
/// calls are found first and read straight from calldata, and run the same internal functions of `RegistrarLogic`. All others are
/// run by the code of a `RegistrarController` on this contract's storage (`CodeBehind`). A test holds each function here against
/// the one there.
contract FastRegistrarController is RegistrarLogic, CodeBehind {
    uint32 private constant REGISTER = 0x0e23e071;
    uint32 private constant RENEW = 0x18026ad1;
    uint32 private constant COMMIT = 0xf14fcbc8;

    /// @dev The seven words of a registration's tuple, in bytes.
    uint256 private constant TUPLE_BYTES = 224;

    /// @param code A `RegistrarController` made with the same other parameters; its own storage does not matter.
    constructor(
        INameRegistry registry,
        string memory tldLabel,
        IPrimaryNames primaryNames,
        IAggregatorV3 feed,
        uint256 maxFeedAge_,
        address treasury,
        address code
    ) RegistrarLogic(registry, tldLabel, primaryNames, feed, maxFeedAge_, treasury) CodeBehind(code) {}

    // solhint-disable-next-line no-complex-fallback
    fallback() external payable {
        uint256 selector = uint32(msg.sig);
        uint256 end = msg.data.length;
        if (selector == RENEW) {
            uint256 price = _renewAt(end, _readFeed());
            // Most pay exactly.
            if (msg.value != price) _settle(price);
        } else if (selector == REGISTER) {
            uint256 price = _registerAt(end, _readFeed());
            if (msg.value != price) _settle(price);
        } else if (selector == COMMIT && msg.value == 0 && end > 35) {
            bytes32 commitment;
            assembly ("memory-safe") {
                commitment := calldataload(4)
            }
            _commit(commitment);
        } else {
            _runCodeBehind();
        }
    }

    /// @dev `renew`: offset of the label, duration, referrer. It refuses what the ABI decoder does.
    function _renewAt(uint256 end, uint256 answer) private returns (uint256 price) {
        string calldata label;
        uint256 duration;
        bytes32 referrer;
        assembly ("memory-safe") {
            let offset := calldataload(4)
            duration := calldataload(36)
            referrer := calldataload(68)
            label.offset := add(offset, 36)
            label.length := calldataload(add(offset, 4))
            // Both short, so that the sum does not overflow.
            let past := or(gt(add(label.offset, label.length), end), lt(end, 100))
            if or(past, shr(32, or(offset, label.length))) {
                revert(0, 0)
            }
        }
        price = _renew(label, duration, referrer, answer);
    }

    /// @dev `register`: the offset of a tuple. What the tuple's own offsets point to, the registry checks.
    function _registerAt(uint256 end, uint256 answer) private returns (uint256 price) {
        IRegistrarController.Registration calldata registration;
        assembly ("memory-safe") {
            let offset := calldataload(4)
            registration := add(offset, 4)
            if or(shr(32, offset), gt(add(registration, TUPLE_BYTES), end)) {
                revert(0, 0)
            }
        }
        _reveal(_argumentsHash());
        price = _register(registration, end, answer);
    }
}
