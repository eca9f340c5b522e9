// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IRegistrarController} from "../../../contracts/registrar/IRegistrarController.sol";
import {RegistrarController} from "../../../contracts/registrar/RegistrarController.sol";
import {NameRegistry} from "../../../contracts/registry/NameRegistry.sol";
import {Cheats} from "../support/Cheats.sol";

/// @title Moves that anyone may make, in any order, with a ledger of what must follow from them
contract RegistryHandler is Cheats {
    string[3] public labels = ["alpha", "bravo", "delta"];
    address[3] public actors = [address(0xA11CE), address(0xB0B), address(0xCA401)];

    NameRegistry public immutable registry;
    RegistrarController public immutable controller;
    bytes32 public immutable tld;

    /// @dev Wei the controller must hold.
    uint256 public fees;
    /// @dev How often a label was registered.
    mapping(uint256 label => uint256 count) public registrations;
    /// @dev Of each shard index, one more than the label it was given to.
    mapping(uint256 shardIndex => uint256 owner) public given;
    bool public indexRepeated;
    /// @dev Who must hold an emancipated subname, and until when.
    mapping(bytes32 node => address holder) public holderOf;
    mapping(bytes32 node => uint256 expiry) public heldUntil;
    /// @dev How often a subname was given away or taken back: each time it starts anew.
    mapping(bytes32 node => uint256 count) public grants;
    /// @dev How often a subname was extended.
    uint256 public extensions;
    uint256 public moves;

    constructor(NameRegistry registry_, RegistrarController controller_) {
        registry = registry_;
        controller = controller_;
        tld = registry_.tldNode();
    }

    function nodeAt(uint256 label, uint256 depth) public view returns (bytes32 node) {
        node = keccak256(abi.encode(tld, keccak256(bytes(labels[label]))));
        if (depth > 0) node = keccak256(abi.encode(node, keccak256("sub")));
        if (depth > 1) node = keccak256(abi.encode(node, keccak256("deep")));
    }

    function wait(uint256 seed) external {
        // Sometimes a moment, sometimes past expiry and grace.
        vm.warp(block.timestamp + (seed % 4 == 0 ? 40 days + (seed % 120 days) : seed % 3 days));
    }

    function register(uint256 labelSeed, uint256 actorSeed, uint256 payment) external {
        uint256 label = labelSeed % 3;
        address actor = actors[actorSeed % 3];
        IRegistrarController.Registration memory wish = IRegistrarController.Registration(
            labels[label],
            actor,
            uint64(30 days + (payment % 60 days)),
            bytes32(moves++),
            new bytes[](0),
            (payment % 2) * 4,
            0
        );
        vm.startPrank(actor);
        controller.commit(controller.makeCommitment(wish));
        vm.warp(block.timestamp + 60);
        (uint256 base, uint256 premium) = controller.rentPrice(wish.label, wish.duration);
        uint256 price = base + premium;
        vm.deal(actor, price + (payment % 1 ether));
        uint32 index = registry.nextShardIndex();
        try controller.register{value: actor.balance}(wish) {
            fees += price;
            ++registrations[label];
            if (given[index] != 0) indexRepeated = true;
            given[index] = label + 1;
            assertEq("all but the price comes back", actor.balance, payment % 1 ether);
        } catch {
            assertTrue("only a name that is taken is refused", !controller.available(wish.label));
        }
        vm.stopPrank();
    }

    function renew(uint256 labelSeed, uint256 actorSeed, uint256 duration) external {
        uint256 label = labelSeed % 3;
        duration = duration % 100 days;
        (uint256 price, ) = controller.rentPrice(labels[label], duration);
        address actor = actors[actorSeed % 3];
        vm.deal(actor, price + 1);
        vm.prank(actor);
        try controller.renew{value: price + 1}(labels[label], duration, 0) {
            fees += price;
        } catch {}
    }

    function withdraw() external {
        controller.withdraw();
        fees = 0;
    }

    function transfer(uint256 labelSeed, uint256 depth, uint256 toSeed) external {
        bytes32 node = nodeAt(labelSeed % 3, depth % 3);
        address to = actors[toSeed % 3];
        address from = registry.owner(node);
        if (from == address(0)) return;
        vm.prank(from);
        try registry.setOwner(node, to) {
            if (holderOf[node] != address(0)) holderOf[node] = to;
        } catch {}
    }

    function createSubname(uint256 labelSeed, uint256 depth, uint256 toSeed) external {
        bytes32 parent = nodeAt(labelSeed % 3, depth % 2);
        address owner = registry.owner(parent);
        if (owner == address(0)) return;
        vm.prank(owner);
        try registry.createSubname(parent, labelBelow(depth), actors[toSeed % 3]) {} catch {}
    }

    function takeBack(uint256 labelSeed, uint256 depth) external {
        bytes32 parent = nodeAt(labelSeed % 3, depth % 2);
        address owner = registry.owner(parent);
        if (owner == address(0)) return;
        vm.prank(owner);
        try registry.setSubnodeOwner(parent, keccak256(bytes(labelBelow(depth))), address(0)) {
            ++grants[nodeAt(labelSeed % 3, (depth % 2) + 1)];
        } catch {}
    }

    function issue(uint256 labelSeed, uint256 depth, uint256 toSeed, uint256 duration) external {
        bytes32 parent = nodeAt(labelSeed % 3, depth % 2);
        bytes32 node = nodeAt(labelSeed % 3, (depth % 2) + 1);
        address owner = registry.owner(parent);
        if (owner == address(0)) return;
        uint256 expiry = block.timestamp + 1 + (duration % 50 days);
        vm.prank(owner);
        try registry.issueSubname(parent, labelBelow(depth), actors[toSeed % 3], expiry, 0) {
            holderOf[node] = actors[toSeed % 3];
            heldUntil[node] = expiry;
            ++grants[node];
        } catch {}
    }

    /// @dev Extends an emancipated subname, or tries to shorten it, to have it outlive its parent, or to bring it back.
    function extend(uint256 labelSeed, uint256 depth, uint256 duration) external {
        bytes32 parent = nodeAt(labelSeed % 3, depth % 2);
        bytes32 node = nodeAt(labelSeed % 3, (depth % 2) + 1);
        address owner = registry.owner(parent);
        if (owner == address(0)) return;
        uint256 expiry = block.timestamp + (duration % 60 days);
        bool isAllowed =
            block.timestamp < heldUntil[node] && expiry >= heldUntil[node] && expiry <= registry.expiryOf(parent);
        vm.prank(owner);
        try registry.extendSubname(parent, keccak256(bytes(labelBelow(depth))), expiry) {
            assertTrue("only a live one, and up to its parent's end", isAllowed);
            heldUntil[node] = expiry;
            ++extensions;
        } catch {
            assertTrue("whatever the rule allows", !isAllowed);
        }
    }

    /// @dev The label of the subname below a parent at a depth.
    function labelBelow(uint256 depth) public pure returns (string memory) {
        return depth % 2 == 0 ? "sub" : "deep";
    }

    /// @dev Of a name: which registration of its name under the TLD this is, and which grant of each subname down to it.
    function eraOf(uint256 label, uint256 depth) public view returns (bytes3) {
        bytes1 sub = depth > 0 ? bytes1(uint8(grants[nodeAt(label, 1)])) : bytes1(0);
        bytes1 deep = depth > 1 ? bytes1(uint8(grants[nodeAt(label, 2)])) : bytes1(0);
        return bytes3(abi.encodePacked(uint8(registrations[label]), sub, deep));
    }

    /// @dev Writes the era that the record belongs to.
    function write(uint256 labelSeed, uint256 depth, uint256 length) external {
        uint256 label = labelSeed % 3;
        bytes32 node = nodeAt(label, depth % 3);
        address owner = registry.owner(node);
        if (owner == address(0)) return;
        bytes memory value = bytes.concat(eraOf(label, depth % 3), new bytes(length % 70));
        vm.prank(owner);
        registry.setText(node, "era", string(value));
    }

    /// @dev Sets or deletes one of four texts that are counted and one that is not.
    function writeOther(uint256 labelSeed, uint256 depth, uint256 which) external {
        bytes32 node = nodeAt(labelSeed % 3, depth % 3);
        address owner = registry.owner(node);
        if (owner == address(0)) return;
        vm.prank(owner);
        registry.setText(node, keyAt(which % 5), which % 3 == 0 ? "" : "other");
    }

    /// @dev Sets or deletes one of three RRsets, or all of them.
    function writeZone(uint256 labelSeed, uint256 depth, uint256 which) external {
        bytes32 node = nodeAt(labelSeed % 3, depth % 3);
        address owner = registry.owner(node);
        if (owner == address(0)) return;
        vm.startPrank(owner);
        if (which % 7 == 6) registry.clearDNSZone(node);
        else {
            bytes memory data = which % 3 == 0 ? bytes(hex"0000") : bytes(hex"0004c0000201");
            registry.setDNSRecords(node, bytes.concat(ownerAt(which % 3), hex"000100010000003c", data));
        }
        vm.stopPrank();
    }

    /// @dev Keys of texts; the first is not counted.
    function keyAt(uint256 i) public pure returns (string memory) {
        return i == 0 ? "email" : string.concat("key", string(abi.encodePacked(bytes1(uint8(48 + i)))));
    }

    /// @dev Owner names of RRsets, `a` to `c` under the root of DNS; the registry keeps them under whatever name they are given to.
    function ownerAt(uint256 i) public pure returns (bytes memory) {
        return abi.encodePacked(bytes1(0x01), bytes1(uint8(97 + i)), bytes1(0));
    }

    function clear(uint256 labelSeed, uint256 depth) external {
        bytes32 node = nodeAt(labelSeed % 3, depth % 3);
        address owner = registry.owner(node);
        if (owner == address(0)) return;
        vm.prank(owner);
        registry.clearRecords(node);
    }

    function sweep(uint256 labelSeed, uint256 depth) external {
        try registry.sweep(nodeAt(labelSeed % 3, depth % 3)) {} catch {}
    }
}
