// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {MockPriceFeed} from "../../../contracts/mocks/MockPriceFeed.sol";
import {Genesis} from "../../../contracts/registrar/Genesis.sol";
import {IRegistrarController} from "../../../contracts/registrar/IRegistrarController.sol";
import {RegistrarController} from "../../../contracts/registrar/RegistrarController.sol";
import {NameRegistry} from "../../../contracts/registry/NameRegistry.sol";
import {TokenRenderer} from "../../../contracts/registry/TokenRenderer.sol";
import {IReverseLookup} from "../../../contracts/reverse/IReverseLookup.sol";
import {Cheats} from "./Cheats.sol";

/// @title The contracts as they are deployed, for Solidity tests; this contract is governance and treasury
abstract contract Deployed is Cheats {
    address internal constant TREASURY = address(0x71ea);

    NameRegistry internal registry;
    RegistrarController internal controller;
    MockPriceFeed internal feed;

    function deploy() internal {
        vm.warp(1_800_000_000);
        feed = new MockPriceFeed(8, 2_500e8);
        NameRegistry code = new NameRegistry(
            "hold",
            address(0),
            address(0),
            IReverseLookup(address(0)),
            new TokenRenderer()
        );
        Genesis genesis = new Genesis(
            Genesis.Parameters("hold", address(this), address(code), feed, 1 hours, TREASURY)
        );
        registry = NameRegistry(address(genesis.registry()));
        controller = genesis.controller();
    }

    function wish(
        string memory label,
        address holder,
        uint256 duration
    ) internal pure returns (IRegistrarController.Registration memory) {
        return IRegistrarController.Registration(label, holder, uint64(duration), bytes32("s"), new bytes[](0), 0, 0);
    }

    function childOf(bytes32 parent, string memory label) internal pure returns (bytes32) {
        return keccak256(abi.encode(parent, keccak256(bytes(label))));
    }
}
