// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {GatewayList} from "./GatewayList.sol";
import {Gateway, GatewayId, IGatewayDirectory} from "./IGatewayDirectory.sol";
import {IShardIndexSource} from "./IShardIndexSource.sol";
import {ShardLib} from "./ShardLib.sol";
import {SlotTable} from "./SlotTable.sol";
import {TableImage} from "./TableImage.sol";
import {Tally} from "./Tally.sol";

/// @notice The gateways, the slot tables and the isolated names.
///
/// Who may do what (roles are AccessManager's; "delayed" means by the delay the role was granted with):
///
/// | who | may | when |
/// |---|---|---|
/// | fleet role | register and retire gateways, seed a zone, let gateways join and leave | delayed |
/// | isolation role | move a name to the reserved indices and back, say who holds the reserved slots | at once |
/// | a gateway's operator | change its signer and endpoints, hand it to another operator | at once |
///
/// Nobody can move an ordinary slot otherwise than by a join or a leave, and those keep the zone within one of even.
///
/// A gateway's life, from nothing to `retired`, which is final:
///
///     registerGateway -> listed -> joinZone, seedZone -> holding -> leaveZone -> listed -> retireGateway -> retired
///
/// Counters: `version` moves by one with every change; ids only grow; a zone's `slotCount`s add up to 512 or 0.
contract GatewayDirectory is GatewayList {
    using SlotTable for SlotTable.Former;
    using Tally for uint256[];

    /// @inheritdoc IGatewayDirectory
    uint256 public constant handoverSeconds = 5 minutes;

    IShardIndexSource private immutable _registry;

    SlotTable.Former[4] private _former;
    mapping(uint256 zone => GatewayId[] holders) private _holders;
    mapping(bytes32 node => uint32 index) private _isolations;

    constructor(address authority_, IShardIndexSource registry_) GatewayList(authority_) {
        _registry = registry_;
    }

    // ── Slots ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IGatewayDirectory
    function seedZone(uint8 zone, uint256[32] calldata words) external restricted {
        _checkZone(zone);
        GatewayId[] storage holders = _holders[zone];
        require(holders.length == 0, GatewayDirectoryZoneNotEmpty(zone));
        uint256[] memory counts = Tally.create(_gatewayCount);
        for (uint256 slot = 0; slot < ShardLib.ZONE_SLOTS; ++slot) {
            GatewayId id = GatewayId.wrap(uint16(SlotTable.lane(words[slot >> 4], slot & 15)));
            uint256 number = GatewayId.unwrap(id);
            require(number != 0, GatewayDirectoryEmptySlot(zone, slot));
            // The check of existence comes before the count, whose memory ends at the last id.
            require(number <= _gatewayCount, GatewayDirectoryUnknownGateway(id));
            if (counts.get(number) == 0) {
                _checkMember(id, zone);
                holders.push(id);
            }
            counts.increment(number);
        }
        uint256[136] memory table = TableImage.load(_image);
        for (uint256 index = 0; index < SlotTable.ORDINARY_WORDS; ++index) {
            _replace(table, zone, index, words[index], type(uint256).max);
        }
        _image = TableImage.store(table);
        uint256 holderCount = holders.length;
        for (uint256 position = 0; position < holderCount; ++position) {
            GatewayId id = holders[position];
            _setSlotCount(id, counts.get(GatewayId.unwrap(id)), holderCount);
        }
        emit ZoneSeeded(zone, words, _advance());
    }

    /// @inheritdoc IGatewayDirectory
    function joinZone(GatewayId id, uint256[2] calldata slotSet) external restricted {
        Gateway storage self = _activeGateway(id);
        require(self.slotCount == 0, GatewayDirectoryHoldsSlots(id, self.slotCount));
        uint8 zone = self.zone;
        GatewayId[] storage holders = _holders[zone];
        uint256 holderCount = holders.length + 1;
        uint256 share = ShardLib.ZONE_SLOTS / holderCount;
        require(share != 0, GatewayDirectoryZoneFull(zone));

        uint256[] memory lost = Tally.create(_gatewayCount);
        uint256[136] memory table = TableImage.load(_image);
        uint256 moved = 0;
        for (uint256 index = 0; index < SlotTable.ORDINARY_WORDS; ++index) {
            uint256 lanes = (slotSet[index >> 4] >> ((index & 15) << 4)) & 0xFFFF;
            if (lanes != 0) moved += _takeLanes(table, zone, index, lanes, id, lost);
        }
        require(moved == share, GatewayDirectoryWrongMoveCount(moved, share));
        _image = TableImage.store(table);

        for (uint256 position = 0; position < holderCount - 1; ++position) {
            GatewayId donor = holders[position];
            uint256 left = _gateways[donor].slotCount - lost.get(GatewayId.unwrap(donor));
            _setSlotCount(donor, left, holderCount);
        }
        holders.push(id);
        self.slotCount = uint16(share);
        emit GatewayJoined(id, zone, slotSet, _advance());
    }

    /// @inheritdoc IGatewayDirectory
    function leaveZone(GatewayId id, bytes calldata successors) external restricted {
        Gateway storage self = _activeGateway(id);
        uint256 leaving = self.slotCount;
        require(leaving != 0, GatewayDirectoryHoldsNoSlots(id));
        uint8 zone = self.zone;
        uint256 holderCount = _holders[zone].length - 1;
        uint256 expected = holderCount == 0 ? 0 : leaving;
        require(successors.length == 2 * expected, GatewayDirectoryWrongMoveCount(successors.length / 2, expected));
        // Before the successors are checked: the leaver holds nothing now, so it cannot succeed itself.
        self.slotCount = 0;

        uint256[] memory gained = Tally.create(_gatewayCount);
        uint256[136] memory table = TableImage.load(_image);
        uint256 offset = 0;
        for (uint256 index = 0; index < SlotTable.ORDINARY_WORDS; ++index) {
            offset = _handLanes(table, zone, index, id, successors, offset, gained);
        }
        _image = TableImage.store(table);
        _removeHolder(zone, id);
        GatewayId[] storage holders = _holders[zone];
        for (uint256 position = 0; position < holderCount; ++position) {
            GatewayId heir = holders[position];
            uint256 held = _gateways[heir].slotCount + gained.get(GatewayId.unwrap(heir));
            _setSlotCount(heir, held, holderCount);
        }
        emit GatewayLeft(id, zone, successors, _advance());
    }

    /// @inheritdoc IGatewayDirectory
    function assignReservedSlot(uint8 zone, uint8 reservedSlot, GatewayId id) external restricted {
        _checkZone(zone);
        require(reservedSlot < ShardLib.RESERVED_SLOTS, GatewayDirectoryUnusableReservedIndex(reservedSlot));
        if (GatewayId.unwrap(id) != 0) {
            _checkMember(id, zone);
            ++_gateways[id].reservedCount;
        }
        uint256 slot = ShardLib.ZONE_SLOTS + reservedSlot;
        uint256[136] memory table = TableImage.load(_image);
        uint256 word = table[_wordIndex(zone, slot >> 4)];
        GatewayId before = GatewayId.wrap(uint16(SlotTable.lane(word, slot & 15)));
        if (GatewayId.unwrap(before) != 0) --_gateways[before].reservedCount;
        uint256 mask = 0xFFFF << ((slot & 15) << 4);
        word = (word & ~mask) | (uint256(GatewayId.unwrap(id)) << ((slot & 15) << 4));
        _replace(table, zone, slot >> 4, word, mask);
        _image = TableImage.store(table);
        emit ReservedSlotAssigned(zone, reservedSlot, id, _advance());
    }

    // ── Isolation ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IGatewayDirectory
    function isolate(bytes32 node, uint32 index) external restricted {
        require(ShardLib.isReserved(index), GatewayDirectoryUnusableReservedIndex(index));
        uint256 slots = ShardLib.slotsOf(index);
        for (uint256 zone = 0; zone < ShardLib.ZONE_COUNT; ++zone) {
            require(
                TableImage.holder(_image, zone, ShardLib.slotIn(slots, zone)) != 0,
                GatewayDirectoryUnusableReservedIndex(index)
            );
        }
        _isolations[node] = index;
        emit NameIsolated(node, index, _advance());
    }

    /// @inheritdoc IGatewayDirectory
    function release(bytes32 node) external restricted {
        require(_isolations[node] != 0, GatewayDirectoryNotIsolated(node));
        delete _isolations[node];
        emit NameReleased(node, _advance());
    }

    // ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IGatewayDirectory
    function holdersOf(uint8 zone) external view returns (GatewayId[] memory) {
        return _holders[zone];
    }

    /// @inheritdoc IGatewayDirectory
    function zoneTable(uint8 zone) external view returns (uint256[34] memory words) {
        _checkZone(zone);
        uint256[136] memory table = TableImage.load(_image);
        for (uint256 index = 0; index < TableImage.ZONE_WORDS; ++index) words[index] = table[_wordIndex(zone, index)];
    }

    /// @inheritdoc IGatewayDirectory
    function slotHolder(
        uint8 zone,
        uint256 slot
    ) external view returns (GatewayId holder, GatewayId previous, uint256 movedAt) {
        _checkZone(zone);
        require(slot < ShardLib.ZONE_SLOTS + ShardLib.RESERVED_SLOTS, GatewayDirectoryInvalidSlot(slot));
        SlotTable.Former storage former = _former[zone];
        holder = GatewayId.wrap(uint16(TableImage.holder(_image, zone, slot)));
        previous = GatewayId.wrap(uint16(former.holder(slot, handoverSeconds)));
        movedAt = former.movedAt[slot >> 4];
    }

    /// @inheritdoc IGatewayDirectory
    function gatewaysOfIndex(uint32 index) external view returns (GatewayId[4] memory) {
        return _gatewaysAt(ShardLib.slotsOf(index));
    }

    /// @inheritdoc IGatewayDirectory
    function indexOf(bytes32 node) public view returns (uint256 index, bool isBootstrap) {
        index = _isolations[node];
        if (index != 0) return (index, false);
        (bool known, uint32 registered) = _registry.shardIndexOf(node);
        return known ? (uint256(registered), false) : (ShardLib.bootstrapIndexOf(node), true);
    }

    /// @inheritdoc IGatewayDirectory
    function shardOf(bytes32 node) external view returns (uint16[4] memory slots) {
        uint256 packed = _slotsOf(node);
        for (uint256 zone = 0; zone < ShardLib.ZONE_COUNT; ++zone) slots[zone] = uint16(ShardLib.slotIn(packed, zone));
    }

    /// @inheritdoc IGatewayDirectory
    function gatewaysOf(bytes32 node) external view returns (GatewayId[4] memory) {
        return _gatewaysAt(_slotsOf(node));
    }

    /// @inheritdoc IGatewayDirectory
    function urlsOf(bytes32 node) external view returns (string[] memory urls) {
        GatewayId[4] memory ids = _gatewaysAt(_slotsOf(node));
        uint256 count = 0;
        for (uint256 zone = 0; zone < ShardLib.ZONE_COUNT; ++zone) {
            if (GatewayId.unwrap(ids[zone]) != 0) ++count;
        }
        urls = new string[](count);
        count = 0;
        for (uint256 zone = 0; zone < ShardLib.ZONE_COUNT; ++zone) {
            if (GatewayId.unwrap(ids[zone]) != 0) urls[count++] = _gateways[ids[zone]].httpUrl;
        }
    }

    /// @inheritdoc IGatewayDirectory
    function isolationOf(bytes32 node) external view returns (uint32 index) {
        return _isolations[node];
    }

    // ── Inside ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Gives the lanes of a 16-bit set in one word to `taker` and counts whom they came from.
    function _takeLanes(
        uint256[136] memory table,
        uint8 zone,
        uint256 index,
        uint256 lanes,
        GatewayId taker,
        uint256[] memory lost
    ) private returns (uint256 moved) {
        uint256 word = table[_wordIndex(zone, index)];
        uint256 mask = 0;
        for (uint256 position = 0; position < SlotTable.LANES; ++position) {
            if ((lanes >> position) & 1 == 0) continue;
            mask |= 0xFFFF << (position << 4);
            lost.increment(SlotTable.lane(word, position));
            ++moved;
        }
        // 16 copies of the taker's id; the mask picks its lanes.
        uint256 copies = uint256(GatewayId.unwrap(taker)) * (type(uint256).max / 0xFFFF);
        _replace(table, zone, index, (word & ~mask) | (copies & mask), mask);
    }

    /// @dev Hands a leaver's lanes in one word to the next successors and counts what each gained.
    function _handLanes(
        uint256[136] memory table,
        uint8 zone,
        uint256 index,
        GatewayId leaver,
        bytes calldata successors,
        uint256 offset,
        uint256[] memory gained
    ) private returns (uint256) {
        uint256 word = table[_wordIndex(zone, index)];
        uint256 mask = 0;
        for (uint256 position = 0; position < SlotTable.LANES; ++position) {
            if (SlotTable.lane(word, position) != GatewayId.unwrap(leaver)) continue;
            uint256 lane = 0xFFFF << (position << 4);
            mask |= lane;
            word &= ~lane;
            if (successors.length == 0) continue;
            GatewayId heir = GatewayId.wrap(uint16(bytes2(successors[offset:offset + 2])));
            offset += 2;
            _checkMember(heir, zone);
            require(_gateways[heir].slotCount != 0, GatewayDirectoryHoldsNoSlots(heir));
            gained.increment(GatewayId.unwrap(heir));
            word |= uint256(GatewayId.unwrap(heir)) << (position << 4);
        }
        if (mask != 0) _replace(table, zone, index, word, mask);
        return offset;
    }

    /// @dev Notes what a gateway holds after a move among `holderCount` holders, if that is within one of even.
    function _setSlotCount(GatewayId id, uint256 slotCount, uint256 holderCount) private {
        uint256 evenMin = ShardLib.ZONE_SLOTS / holderCount;
        uint256 evenMax = (ShardLib.ZONE_SLOTS + holderCount - 1) / holderCount;
        require(slotCount >= evenMin && slotCount <= evenMax, GatewayDirectoryUneven(id, slotCount, evenMin, evenMax));
        if (_gateways[id].slotCount != slotCount) _gateways[id].slotCount = uint16(slotCount);
    }

    function _removeHolder(uint8 zone, GatewayId id) private {
        GatewayId[] storage holders = _holders[zone];
        uint256 last = holders.length - 1;
        for (uint256 position = 0; position < last; ++position) {
            if (GatewayId.unwrap(holders[position]) != GatewayId.unwrap(id)) continue;
            holders[position] = holders[last];
            break;
        }
        holders.pop();
    }

    function _slotsOf(bytes32 node) private view returns (uint256) {
        (uint256 index, bool isBootstrap) = indexOf(node);
        return isBootstrap ? ShardLib.polynomialSlotsOf(index) : ShardLib.slotsOf(index);
    }

    function _gatewaysAt(uint256 slots) private view returns (GatewayId[4] memory ids) {
        address image = _image;
        // Written out, since this is what everybody reads.
        ids[0] = GatewayId.wrap(uint16(TableImage.holder(image, 0, ShardLib.slotIn(slots, 0))));
        ids[1] = GatewayId.wrap(uint16(TableImage.holder(image, 1, ShardLib.slotIn(slots, 1))));
        ids[2] = GatewayId.wrap(uint16(TableImage.holder(image, 2, ShardLib.slotIn(slots, 2))));
        ids[3] = GatewayId.wrap(uint16(TableImage.holder(image, 3, ShardLib.slotIn(slots, 3))));
    }

    function _wordIndex(uint256 zone, uint256 index) private pure returns (uint256) {
        return TableImage.ZONE_WORDS * zone + index;
    }

    /// @dev Changes a word of the tables in memory and keeps whom it replaces.
    function _replace(uint256[136] memory table, uint256 zone, uint256 index, uint256 word, uint256 mask) private {
        uint256 place = _wordIndex(zone, index);
        _former[zone].keep(index, table[place], mask, handoverSeconds);
        table[place] = word;
    }
}
