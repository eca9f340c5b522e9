// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {FastNameRegistry} from "../registry/FastNameRegistry.sol";
import {INameRegistry} from "../registry/INameRegistry.sol";
import {ReverseRegistrar} from "../reverse/ReverseRegistrar.sol";
import {FastRegistrarController} from "./FastRegistrarController.sol";
import {IAggregatorV3} from "./IPriceOracle.sol";
import {IPrimaryNames} from "./IPrimaryNames.sol";
import {RegistrarController} from "./RegistrarController.sol";

/// @title Deploys the reverse registrar, the registry and its controller, which know each other as immutables
///
/// A contract's address follows from its creator and the creator's nonce (EIP-161: the first is 1), so the first two can be told
/// the address of a controller that does not exist yet. The controller's code is a contract before it. One transaction, and nothing is left to initialise.
contract Genesis {
    /// @notice What the three are made with; see their constructors.
    struct Parameters {
        string tldLabel;
        address governance;
        address registryCode;
        IAggregatorV3 priceFeed;
        uint256 maxFeedAge;
        address treasury;
    }

    ReverseRegistrar private immutable REVERSE_REGISTRAR;
    INameRegistry private immutable REGISTRY;
    RegistrarController private immutable CONTROLLER_CODE;
    RegistrarController private immutable CONTROLLER;

    /// @notice The controller is not where it was expected.
    /// @dev Error selector: 0x392c8fb7
    error GenesisUnexpectedAddress(address expected, address actual);

    constructor(Parameters memory parameters) {
        // RLP of [this contract, 4]: the fourth contract it creates.
        bytes32 fourth = keccak256(abi.encodePacked(bytes2(0xd694), address(this), bytes1(0x04)));
        address expected = address(uint160(uint256(fourth)));
        REVERSE_REGISTRAR = new ReverseRegistrar(parameters.governance, expected);
        REGISTRY = INameRegistry(
            address(
                new FastNameRegistry(
                    parameters.tldLabel,
                    parameters.governance,
                    expected,
                    REVERSE_REGISTRAR,
                    parameters.registryCode
                )
            )
        );
        CONTROLLER_CODE = new RegistrarController(
            REGISTRY,
            parameters.tldLabel,
            IPrimaryNames(address(REVERSE_REGISTRAR)),
            parameters.priceFeed,
            parameters.maxFeedAge,
            parameters.treasury
        );
        CONTROLLER = RegistrarController(
            payable(
                new FastRegistrarController(
                    REGISTRY,
                    parameters.tldLabel,
                    IPrimaryNames(address(REVERSE_REGISTRAR)),
                    parameters.priceFeed,
                    parameters.maxFeedAge,
                    parameters.treasury,
                    address(CONTROLLER_CODE)
                )
            )
        );
        if (address(CONTROLLER) != expected) revert GenesisUnexpectedAddress(expected, address(CONTROLLER));
    }

    /// @notice The reverse registrar.
    function reverseRegistrar() external view returns (ReverseRegistrar) {
        return REVERSE_REGISTRAR;
    }

    /// @notice The registry.
    function registry() external view returns (INameRegistry) {
        return REGISTRY;
    }

    /// @notice The contract whose code the controller runs for what it has no short way to.
    function controllerCode() external view returns (RegistrarController) {
        return CONTROLLER_CODE;
    }

    /// @notice The controller.
    function controller() external view returns (RegistrarController) {
        return CONTROLLER;
    }
}
