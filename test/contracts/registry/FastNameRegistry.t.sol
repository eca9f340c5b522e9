// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

import {IRegistrarController} from "../../../contracts/registrar/IRegistrarController.sol";
import {FastNameRegistry} from "../../../contracts/registry/FastNameRegistry.sol";
import {ITokenRenderer} from "../../../contracts/registry/ITokenRenderer.sol";
import {NameRegistry} from "../../../contracts/registry/NameRegistry.sol";
import {IRecordResolver} from "../../../contracts/resolver/IRecordResolver.sol";
import {IReverseLookup} from "../../../contracts/reverse/IReverseLookup.sol";
import {Cheats} from "../support/Cheats.sol";

/// @title The short way in against the long one
///
/// Two registries that differ in nothing but their code get the same calldata: they must take or refuse it alike, answer the
/// same bytes and end with the same words and records.
contract FastNameRegistryTest is Cheats {
    address private constant HOLDER = address(0xA11CE);
    address private constant OTHER = address(0xB0B);

    NameRegistry private whole;
    NameRegistry private fast;
    bytes32 private node;

    function setUp() public {
        vm.warp(1_800_000_000);
        ITokenRenderer renderer = ITokenRenderer(address(0));
        whole = new NameRegistry("hold", address(this), address(this), IReverseLookup(address(this)), renderer);
        fast = NameRegistry(
            address(
                new FastNameRegistry(
                    "hold",
                    address(this),
                    address(this),
                    IReverseLookup(address(this)),
                    address(whole)
                )
            )
        );
        for (uint256 i = 0; i < 2; ++i) {
            _both(abi.encodeCall(NameRegistry.register, (_wish(i == 0 ? "shop" : "bazaar"))));
        }
        node = keccak256(abi.encode(whole.tldNode(), keccak256("shop")));
        assertTrue("registered", whole.isLive(node) && fast.isLive(node));
    }

    /// @dev The reverse registrar's part: a few nodes have names.
    function hasName(bytes32 reverseNode) external pure returns (bool) {
        return uint256(reverseNode) % 2 == 0;
    }

    function testFuzz_setText_isTheSame(string memory key, string memory value) public {
        _asHolder(abi.encodeCall(IRecordResolver.setText, (node, key, value)));
        assertEq(
            "text",
            uint256(keccak256(bytes(fast.text(node, key)))),
            uint256(keccak256(bytes(whole.text(node, key))))
        );
        if (bytes(key).length != 0 && bytes(key).length < 256) {
            assertEq("value", uint256(keccak256(bytes(fast.text(node, key)))), uint256(keccak256(bytes(value))));
        }
    }

    function testFuzz_setText_keepsAsciiOfAnyLength(uint256 seed, uint16 length) public {
        bytes memory value = new bytes(length % 300);
        for (uint256 i = 0; i < value.length; ++i)
            value[i] = bytes1(uint8(uint256(keccak256(abi.encode(seed, i))) & 0x7f));
        _asHolder(
            abi.encodeCall(
                IRecordResolver.setText,
                (node, "key", "a longer text that was there before, seventy characters long, or so")
            )
        );
        _asHolder(abi.encodeCall(IRecordResolver.setText, (node, "key", string(value))));
        assertEq("value", uint256(keccak256(bytes(fast.text(node, "key")))), uint256(keccak256(value)));
    }

    function testFuzz_setters_areTheSame(address to, bytes memory value) public {
        _asHolder(abi.encodeWithSelector(0xd5fa2b00, node, to));
        _asHolder(abi.encodeCall(IRecordResolver.setContenthash, (node, value)));
        _asHolder(abi.encodeCall(IRecordResolver.setDNSRecords, (node, value)));
        _asHolder(
            abi.encodeCall(NameRegistry.setSubnodeRecord, (node, keccak256(value), to, OTHER, uint64(value.length)))
        );
        _both(abi.encodeWithSelector(0x3b3b57de, node));
        assertEq("hash", uint256(keccak256(fast.contenthash(node))), uint256(keccak256(whole.contenthash(node))));
    }

    function testFuzz_transferFrom_isTheSame(address from, address to, bool right) public {
        _asHolder(abi.encodeCall(IERC721.transferFrom, (right ? HOLDER : from, to, uint256(node))));
    }

    function testFuzz_register_isTheSame(
        string memory label,
        address owner,
        uint64 duration,
        bytes memory call
    ) public {
        IRegistrarController.Registration memory wish = _wish(label);
        wish.owner = owner;
        wish.duration = duration % 2 == 0 ? duration : duration % uint64(1000 days);
        wish.data = new bytes[](1);
        wish.data[0] = call;
        _both(abi.encodeCall(NameRegistry.register, (wish)));
        wish.data = new bytes[](0);
        _both(abi.encodeCall(NameRegistry.register, (wish)));
        _both(abi.encodeCall(NameRegistry.renew, (owner, keccak256(bytes(label)), duration)));
    }

    function testFuzz_views_areTheSame(bytes32 any) public {
        _both(abi.encodeCall(NameRegistry.resolver, (any)));
        _both(abi.encodeCall(NameRegistry.owner, (any)));
        _both(abi.encodeCall(NameRegistry.shardIndexOf, (any)));
        _both(abi.encodeCall(NameRegistry.shardIndexOf, (node)));
        _both(abi.encodeCall(NameRegistry.ttl, (node)));
    }

    /// @dev Calldata of any shape behind a short-cut selector, cut off anywhere.
    function testFuzz_malformedCalldata_isTakenOrRefusedAlike(uint8 which, bytes memory arguments, uint256 cut) public {
        bytes4[6] memory selectors = [bytes4(0x10f13a8c), 0x0af179d7, 0x304e6ade, 0xd5fa2b00, 0x23b872dd, 0x5ef2c7f0];
        bytes memory data = abi.encodePacked(selectors[which % 6], node, arguments);
        uint256 length = cut % (data.length + 1);
        assembly ("memory-safe") {
            mstore(data, length)
        }
        _asHolder(data);
    }

    function _wish(string memory label) private pure returns (IRegistrarController.Registration memory) {
        return IRegistrarController.Registration(label, HOLDER, 365 days, 0, new bytes[](0), 4, 0);
    }

    function _asHolder(bytes memory data) private {
        vm.startPrank(HOLDER);
        _both(data);
        vm.stopPrank();
    }

    function _both(bytes memory data) private {
        (bool wholeTook, bytes memory wholeSaid) = address(whole).call(data);
        (bool fastTook, bytes memory fastSaid) = address(fast).call(data);
        assertEq("taken", fastTook ? 1 : 0, wholeTook ? 1 : 0);
        // The registry itself is a name's resolver, so its address is the one word in which they may differ.
        bool isSelf = wholeSaid.length == 32 && bytes32(wholeSaid) == bytes32(uint256(uint160(address(whole))));
        if (!isSelf) assertEq("said", uint256(keccak256(fastSaid)), uint256(keccak256(wholeSaid)));
        assertEq("word", fast.nameWord(node), whole.nameWord(node));
    }
}
