// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {MockPriceFeed} from "../../../contracts/mocks/MockPriceFeed.sol";
import {FastRegistrarController} from "../../../contracts/registrar/FastRegistrarController.sol";
import {IPrimaryNames} from "../../../contracts/registrar/IPrimaryNames.sol";
import {IRegistrarController} from "../../../contracts/registrar/IRegistrarController.sol";
import {RegistrarController} from "../../../contracts/registrar/RegistrarController.sol";
import {ITokenRenderer} from "../../../contracts/registry/ITokenRenderer.sol";
import {NameRegistry} from "../../../contracts/registry/NameRegistry.sol";
import {IReverseLookup} from "../../../contracts/reverse/IReverseLookup.sol";
import {Cheats} from "../support/Cheats.sol";

/// @title The controller's short way in against the long one
///
/// Two controllers that differ in nothing but their code, each with a registry of its own, get the same calldata and payment: they
/// must take or refuse it alike, answer the same bytes, keep the same amount and end with the same words.
contract FastRegistrarControllerTest is Cheats, IPrimaryNames {
    address private constant TREASURY = address(0x71ea);

    MockPriceFeed private feed;
    NameRegistry private wholeRegistry;
    NameRegistry private fastRegistry;
    RegistrarController private whole;
    RegistrarController private fast;
    bytes32 private node;

    /// @dev What each controller last asked of the reverse registrar, which is this contract.
    mapping(address controller => bytes32 hash) private primary;

    receive() external payable {}

    function setUp() public {
        vm.warp(1_800_000_000);
        vm.deal(address(this), 1e40);
        feed = new MockPriceFeed(8, 2_500e8);
        wholeRegistry = _registry();
        fastRegistry = _registry();
        whole = _controller(wholeRegistry);
        fast = RegistrarController(
            payable(
                new FastRegistrarController(
                    fastRegistry,
                    "hold",
                    this,
                    feed,
                    1 hours,
                    TREASURY,
                    address(_controller(fastRegistry))
                )
            )
        );
        wholeRegistry.setController(address(whole));
        fastRegistry.setController(address(fast));
        node = keccak256(abi.encode(wholeRegistry.tldNode(), keccak256("abcde")));
        _register(_wish("abcde", 365 days), 1 ether);
        assertTrue("registered", wholeRegistry.isLive(node) && fastRegistry.isLive(node));
    }

    function setNameForAddr(address account, string calldata name) external {
        primary[msg.sender] = keccak256(abi.encode("addr", account, name));
    }

    function setDefaultNameForAddr(address account, string calldata name) external {
        primary[msg.sender] = keccak256(abi.encode("default", account, name));
    }

    function writeShortNameByController(address account, bytes32 name, uint256 kinds) external {
        primary[msg.sender] = keccak256(abi.encode(account, name, kinds));
    }

    function testFuzz_register_isTheSame(
        string memory label,
        address owner,
        uint64 duration,
        uint8 reverse,
        bytes32 referrer,
        uint256 payment
    ) public {
        IRegistrarController.Registration memory wish = _wish(label, duration % 2 == 0 ? 365 days : duration);
        wish.owner = owner;
        wish.reverse = reverse % 9;
        wish.referrer = referrer;
        _register(wish, payment % 10 ether);
    }

    function testFuzz_register_paysTheSameForLabelsOfAnyLength(uint256 seed, uint8 length, uint8 reverse) public {
        bytes memory label = new bytes(1 + (length % 63));
        for (uint256 i = 0; i < label.length; ++i) {
            label[i] = bytes1(uint8(0x61 + (uint256(keccak256(abi.encode(seed, i))) % 26)));
        }
        IRegistrarController.Registration memory wish = _wish(string(label), 365 days);
        wish.reverse = reverse % 8;
        _register(wish, 10 ether);
        bytes32 child = keccak256(abi.encode(wholeRegistry.tldNode(), keccak256(label)));
        assertEq("word", fastRegistry.nameWord(child), wholeRegistry.nameWord(child));
        (uint256 rent, uint256 premium) = fast.rentPrice(string(label), 365 days);
        assertTrue("live, if it was paid", fastRegistry.isLive(child) == (rent + premium <= 10 ether));
    }

    function testFuzz_renew_isTheSame(bool known, string memory label, uint256 duration, bytes32 referrer) public {
        if (known) (label, duration) = ("abcde", duration % 40_000 days);
        _both(abi.encodeCall(IRegistrarController.renew, (label, duration, referrer)), duration % 2 ether);
    }

    function testFuzz_renew_isTheSameWhateverTheFeedSays(int192 answer, uint64 updatedAt, uint8 elapsed) public {
        feed.set(answer, updatedAt % 2 == 0 ? uint64(block.timestamp) + (updatedAt % 16) - 8 : updatedAt);
        vm.warp(block.timestamp + uint256(elapsed) * 1 minutes);
        _both(abi.encodeCall(IRegistrarController.renew, ("abcde", 365 days, 0)), 5 ether);
    }

    function testFuzz_commit_isTheSame(bytes32 commitment, uint256 elapsed, bool pays) public {
        _both(abi.encodeCall(IRegistrarController.commit, (commitment)), pays ? 1 : 0);
        vm.warp(block.timestamp + (elapsed % 2 days));
        _both(abi.encodeCall(IRegistrarController.commit, (commitment)), 0);
        assertEq("made at", fast.commitments(commitment), whole.commitments(commitment));
    }

    function test_everythingElse_isTheSame() public {
        IRegistrarController.Registration[] memory wishes = new IRegistrarController.Registration[](2);
        (wishes[0], wishes[1]) = (_wish("fghij", 365 days), _wish("klmno", 365 days));
        _both(abi.encodeCall(IRegistrarController.commit, (whole.makeBatchCommitment(wishes))), 0);
        vm.warp(block.timestamp + 60);
        _both(abi.encodeCall(IRegistrarController.registerMany, (wishes)), 1 ether);
        string[] memory labels = new string[](2);
        (labels[0], labels[1]) = ("fghij", "klmno");
        _both(abi.encodeCall(IRegistrarController.renewMany, (labels, 30 days, 0)), 1 ether);
        _both(abi.encodeCall(IRegistrarController.available, ("fghij")), 0);
        _both(abi.encodeCall(IRegistrarController.rentPrice, ("xyz", 365 days)), 0);
        _both(abi.encodeCall(RegistrarController.priceFeed, ()), 0);
        _both(abi.encodeCall(IRegistrarController.withdraw, ()), 0);
        _both(abi.encodeCall(IRegistrarController.withdraw, ()), 1);
        _both("", 1);
    }

    /// @dev Calldata of any shape behind a short-cut selector, cut off anywhere.
    function testFuzz_malformedCalldata_isTakenOrRefusedAlike(uint8 which, bytes memory arguments, uint256 cut) public {
        bytes4[3] memory selectors = [
            IRegistrarController.register.selector,
            IRegistrarController.renew.selector,
            IRegistrarController.commit.selector
        ];
        bytes memory data = abi.encodePacked(
            selectors[which % 3],
            which % 2 == 0 ? bytes32(uint256(0x20)) : bytes32(0)
        );
        data = abi.encodePacked(data, arguments);
        uint256 length = cut % (data.length + 1);
        assembly ("memory-safe") {
            mstore(data, length)
        }
        _both(data, 0);
    }

    function _registry() private returns (NameRegistry) {
        return
            new NameRegistry(
                "hold",
                address(this),
                address(this),
                IReverseLookup(address(this)),
                ITokenRenderer(address(0))
            );
    }

    function _controller(NameRegistry registry) private returns (RegistrarController) {
        return new RegistrarController(registry, "hold", this, feed, 1 hours, TREASURY);
    }

    function _wish(
        string memory label,
        uint64 duration
    ) private view returns (IRegistrarController.Registration memory) {
        return IRegistrarController.Registration(label, address(this), duration, 0, new bytes[](0), 0, 0);
    }

    function _register(IRegistrarController.Registration memory wish, uint256 payment) private {
        _both(abi.encodeCall(IRegistrarController.commit, (whole.makeCommitment(wish))), 0);
        vm.warp(block.timestamp + 60);
        _both(abi.encodeCall(IRegistrarController.register, (wish)), payment);
    }

    function _both(bytes memory data, uint256 payment) private {
        (bool wholeTook, bytes memory wholeSaid) = address(whole).call{value: payment}(data);
        (bool fastTook, bytes memory fastSaid) = address(fast).call{value: payment}(data);
        assertEq("taken", fastTook ? 1 : 0, wholeTook ? 1 : 0);
        assertEq("said", uint256(keccak256(fastSaid)), uint256(keccak256(wholeSaid)));
        assertEq("kept", address(fast).balance, address(whole).balance);
        assertEq("word", fastRegistry.nameWord(node), wholeRegistry.nameWord(node));
        assertEq("primary name", uint256(primary[address(fast)]), uint256(primary[address(whole)]));
    }
}
