// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {GatewayDirectory} from "../../../contracts/directory/GatewayDirectory.sol";
import {Gateway, GatewayEntry, GatewayId} from "../../../contracts/directory/IGatewayDirectory.sol";
import {MockShardIndices} from "../../../contracts/mocks/MockShardIndices.sol";
import {Cheats} from "../support/Cheats.sol";

/// @notice Moves a zone's gateways at random, within the rules and against them, now and then sooner than a handover is over.
contract FleetHandler is Cheats {
    GatewayDirectory public immutable directory;
    uint256 public acceptedCount;
    /// @dev Who was the last to lose a slot, and when.
    mapping(uint256 slot => uint256 id) public lostBy;
    mapping(uint256 slot => uint256 timestamp) public lostAt;
    uint256 private _listed;

    constructor() {
        AccessManager manager = new AccessManager(address(this));
        directory = new GatewayDirectory(address(manager), new MockShardIndices());
        _list(0);
        uint256[32] memory words;
        for (uint256 index = 0; index < 32; ++index) words[index] = type(uint256).max / 0xFFFF;
        directory.seedZone(0, words);
    }

    /// @notice A newcomer takes a fair share, a slot more or less, or slots all of one holder, as the seed has it.
    function join(uint256 seed) external {
        if (_listed >= 12) return;
        _wait(seed);
        GatewayId id = _list(0);
        GatewayId[] memory holders = directory.holdersOf(0);
        uint256 share = 512 / (holders.length + 1);
        if (seed % 5 == 0) ++share;
        if (seed % 7 == 0 && share > 1) --share;
        uint256[2] memory slotSet = _draw(holders, share, seed);
        uint256[34] memory before = directory.zoneTable(0);
        try directory.joinZone(id, slotSet) {
            _note(before);
        } catch {}
    }

    /// @notice A holder leaves, its slots to the others in turn, or, against the rule, all to one.
    function withdraw(uint256 seed) external {
        GatewayId[] memory holders = directory.holdersOf(0);
        if (holders.length < 2) return;
        _wait(seed);
        GatewayId leaver = holders[seed % holders.length];
        uint256 count = directory.gateway(leaver).slotCount;
        bytes memory successors = new bytes(2 * count);
        uint256 turn = 0;
        uint256[] memory room = _room(holders, leaver);
        for (uint256 slot = 0; slot < count; ++slot) {
            while (room[turn % holders.length] == 0) ++turn;
            uint256 position = turn % holders.length;
            if (seed % 6 != 0) --room[position];
            ++turn;
            uint16 heir = GatewayId.unwrap(holders[position]);
            successors[2 * slot] = bytes1(uint8(heir >> 8));
            successors[2 * slot + 1] = bytes1(uint8(heir));
            if (seed % 6 == 0) turn = position;
        }
        uint256[34] memory before = directory.zoneTable(0);
        try directory.leaveZone(leaver, successors) {
            _note(before);
        } catch {}
    }

    /// @notice A gateway that may hold slots, serve some that it lost, or do neither, is retired.
    function retire(uint256 seed) external {
        GatewayId id = GatewayId.wrap(uint16(1 + (seed % _listed)));
        bool serves = false;
        for (uint256 slot = 0; slot < 512; ++slot) {
            if (lostBy[slot] == GatewayId.unwrap(id) && block.timestamp < lostAt[slot] + 300) serves = true;
        }
        try directory.retireGateway(id) {
            ++acceptedCount;
            assertTrue("whoever serves on is not retired", !serves);
        } catch {}
    }

    /// @dev Lets up to 400 seconds pass: a handover takes 300.
    function _wait(uint256 seed) private {
        vm.warp(block.timestamp + (seed % 401));
    }

    /// @dev Notes a change that was accepted, and whom it took slots from.
    function _note(uint256[34] memory before) private {
        ++acceptedCount;
        uint256[34] memory words = directory.zoneTable(0);
        for (uint256 slot = 0; slot < 512; ++slot) {
            uint256 shift = (slot & 15) << 4;
            uint256 holder = (before[slot >> 4] >> shift) & 0xFFFF;
            if (holder == (words[slot >> 4] >> shift) & 0xFFFF) continue;
            (lostBy[slot], lostAt[slot]) = (holder, block.timestamp);
        }
    }

    /// @dev How many slots each holder may still take when one leaves; none for the leaver.
    function _room(GatewayId[] memory holders, GatewayId leaver) private view returns (uint256[] memory room) {
        room = new uint256[](holders.length);
        uint256 rest = holders.length - 1;
        uint256 extra = 512 % rest;
        for (uint256 place = 0; place < holders.length; ++place) {
            if (GatewayId.unwrap(holders[place]) == GatewayId.unwrap(leaver)) continue;
            uint256 held = directory.gateway(holders[place]).slotCount;
            uint256 quota = 512 / rest;
            // Those who hold more than the floor already are among those with one more.
            if (extra != 0 && (held > quota || _remaining(holders, leaver, place) < extra)) {
                ++quota;
                --extra;
            }
            room[place] = quota > held ? quota - held : 0;
        }
    }

    /// @dev Holders behind a place, without the leaver.
    function _remaining(
        GatewayId[] memory holders,
        GatewayId leaver,
        uint256 place
    ) private pure returns (uint256 count) {
        for (uint256 next = place + 1; next < holders.length; ++next) {
            if (GatewayId.unwrap(holders[next]) != GatewayId.unwrap(leaver)) ++count;
        }
    }

    /// @dev Slots from the holders in turn, those who hold most first, starting somewhere.
    function _draw(
        GatewayId[] memory holders,
        uint256 share,
        uint256 seed
    ) private view returns (uint256[2] memory slotSet) {
        uint256[34] memory words = directory.zoneTable(0);
        uint256[] memory left = new uint256[](holders.length);
        for (uint256 place = 0; place < holders.length; ++place)
            left[place] = directory.gateway(holders[place]).slotCount;
        for (uint256 taken = 0; taken < share; ++taken) {
            uint256 most = 0;
            for (uint256 place = 1; place < holders.length; ++place) if (left[place] > left[most]) most = place;
            --left[most];
            uint256 slot = seed % 512;
            while (true) {
                bool free = (slotSet[slot >> 8] >> (slot & 255)) & 1 == 0;
                uint256 holder = (words[slot >> 4] >> ((slot & 15) << 4)) & 0xFFFF;
                if (free && holder == GatewayId.unwrap(holders[most])) break;
                slot = (slot + 1) % 512;
            }
            slotSet[slot >> 8] |= 1 << (slot & 255);
        }
    }

    function _list(uint8 zone) private returns (GatewayId) {
        ++_listed;
        bytes memory number = abi.encodePacked(uint8(97 + _listed));
        return
            directory.registerGateway(
                GatewayEntry(
                    address(this),
                    address(this),
                    zone,
                    string.concat("https://", string(number)),
                    string(number)
                )
            );
    }
}

/// @notice What holds of the directory after any sequence of moves.
contract GatewayDirectoryTest {
    FleetHandler private _handler;

    function setUp() public {
        _handler = new FleetHandler();
    }

    /// @dev The invariant runs call the handler alone.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// hardhat-config: invariant.runs = 8
    /// hardhat-config: invariant.depth = 12
    /// @notice Every slot is somebody's, every holder's count is what the table says, and all are within one of even.
    function invariant_tablesStayWithinOneOfEven() public view {
        GatewayDirectory directory = _handler.directory();
        GatewayId[] memory holders = directory.holdersOf(0);
        uint256[34] memory words = directory.zoneTable(0);
        uint256 total = 0;
        for (uint256 place = 0; place < holders.length; ++place) {
            uint256 counted = 0;
            for (uint256 slot = 0; slot < 512; ++slot) {
                if ((words[slot >> 4] >> ((slot & 15) << 4)) & 0xFFFF == GatewayId.unwrap(holders[place])) ++counted;
            }
            Gateway memory gateway = directory.gateway(holders[place]);
            assert(counted == gateway.slotCount);
            assert(counted >= 512 / holders.length && counted <= (511 + holders.length) / holders.length);
            total += counted;
        }
        assert(total == 512);
    }

    /// hardhat-config: invariant.runs = 8
    /// hardhat-config: invariant.depth = 12
    /// @notice The version counts every change: listings, the seeding, and each move that was accepted.
    function invariant_versionCountsEveryChange() public view {
        GatewayDirectory directory = _handler.directory();
        assert(directory.version() == directory.gatewayCount() + 1 + _handler.acceptedCount());
    }

    /// hardhat-config: invariant.runs = 8
    /// hardhat-config: invariant.depth = 12
    /// @notice Whoever lost a slot less than a handover ago is what the directory calls the slot's previous holder, and is listed.
    function invariant_formerHoldersStayReadable() public view {
        GatewayDirectory directory = _handler.directory();
        for (uint256 slot = 0; slot < 512; ++slot) {
            uint256 lostAt = _handler.lostAt(slot);
            (, GatewayId previous, ) = directory.slotHolder(0, slot);
            bool serves = lostAt != 0 && block.timestamp < lostAt + directory.handoverSeconds();
            assert(GatewayId.unwrap(previous) == (serves ? _handler.lostBy(slot) : 0));
            if (serves) assert(directory.gateway(previous).active);
        }
    }

    /// @notice The handler's moves are not all refused, so that the invariants speak of something.
    function test_handler_movesTheFleet() public {
        // Each step takes 300 seconds, which ends a handover.
        for (uint256 seed = 1; seed < 9; ++seed) {
            _handler.join(401 * (seed * 11 + 1) + 300);
        }
        assert(_handler.acceptedCount() >= 5);
        uint256 joined = _handler.acceptedCount();
        for (uint256 seed = 1; seed < 5; ++seed) _handler.withdraw(401 * (seed * 13 + 1) + 300);
        assert(_handler.acceptedCount() > joined);
        // At once after another change, none is accepted.
        uint256 count = _handler.acceptedCount();
        _handler.withdraw(401 * 5);
        assert(_handler.acceptedCount() == count);
    }
}
