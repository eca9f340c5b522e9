// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {INameRegistry} from "../registry/INameRegistry.sol";
import {ITokenRenderer} from "../registry/ITokenRenderer.sol";
import {NameRegistry} from "../registry/NameRegistry.sol";
import {IReverseLookup} from "../reverse/IReverseLookup.sol";
import {IAggregatorV3} from "./IPriceOracle.sol";
import {IPrimaryNames} from "./IPrimaryNames.sol";
import {RegistrarController} from "./RegistrarController.sol";

/// @title Deploys the registry and its controller, which know each other as immutables
///
/// A contract's address follows from its creator and the creator's nonce (EIP-161: the first is 1), so the registry can be told
/// the address of a controller that does not exist yet. One transaction, and nothing is left to initialise.
contract Genesis {
    /// @notice What the two are made with; see their constructors.
    struct Parameters {
        string tldLabel;
        address governance;
        address reverseRegistrar;
        ITokenRenderer renderer;
        IAggregatorV3 priceFeed;
        uint256 maxFeedAge;
        address treasury;
    }

    INameRegistry private immutable REGISTRY;
    RegistrarController private immutable CONTROLLER;

    /// @notice The controller is not where it was expected.
    error GenesisUnexpectedAddress(address expected, address actual);

    constructor(Parameters memory parameters) {
        address expected = address(
            uint160(uint256(keccak256(abi.encodePacked(bytes2(0xd694), address(this), bytes1(0x02)))))
        );
        REGISTRY = new NameRegistry(
            parameters.tldLabel,
            parameters.governance,
            expected,
            IReverseLookup(parameters.reverseRegistrar),
            parameters.renderer
        );
        CONTROLLER = new RegistrarController(
            REGISTRY,
            parameters.tldLabel,
            IPrimaryNames(parameters.reverseRegistrar),
            parameters.priceFeed,
            parameters.maxFeedAge,
            parameters.treasury
        );
        if (address(CONTROLLER) != expected) revert GenesisUnexpectedAddress(expected, address(CONTROLLER));
    }

    /// @notice The registry.
    function registry() external view returns (INameRegistry) {
        return REGISTRY;
    }

    /// @notice The controller.
    function controller() external view returns (RegistrarController) {
        return CONTROLLER;
    }
}
