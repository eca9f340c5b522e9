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
/// A slot's former holder serves on and stays readable for the handover time. Until it is over, `block.timestamp < handoverEndsAt(zone)`,
/// the zone takes no other join or leave; a reserved slot is bound by its own last handover in the same way; and whoever serves on,
/// `block.timestamp < servesUntil`, is not retired, so that nobody else gets its endpoints. None of this binds an operator's
/// `updateGateway`, or `isolate` and `release`: a name under attack moves at once, to another reserved index if need be.
///
/// A name is isolated to slots that have holders, and no slot loses its last holder while a name is isolated to it.
///
/// A gateway's life, from nothing to `retired`, which is final:
///
///     registerGateway -> listed -> joinZone, seedZone -> holding -> leaveZone -> serving on -> handover time -> listed
///                        listed -> retireGateway -> retired
///
/// Counters: `version` moves by one with every change; ids only grow; a zone's `slotCount`s add up to 512 or 0; a reserved index's
/// count is that of the names isolated to it.
contract GatewayDirectory is GatewayList {
    using SlotTable for SlotTable.Former;
    using Tally for uint256[];

    /// @inheritdoc IGatewayDirectory
    uint256 public constant handoverSeconds = 5 minutes;

    IShardIndexSource private immutable _registry;

    /// @dev Read by proof, at a slot that src/directory/state.ts knows.
    mapping(bytes32 node => uint32 index) private _isolations;
    mapping(uint256 index => uint256 nameCount) private _isolatedCounts;
    mapping(uint256 zone => GatewayId[] holders) private _holders;
    SlotTable.Former[4] private _former;

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
            table[_wordIndex(zone, index)] = words[index];
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
        _checkSettled(zone);
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
            uint256 lostCount = lost.get(GatewayId.unwrap(donor));
            _setSlotCount(donor, _gateways[donor].slotCount - lostCount, holderCount);
            if (lostCount != 0) _serveOn(donor);
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
        _checkSettled(zone);
        uint256 holderCount = _holders[zone].length - 1;
        uint256 expected = holderCount == 0 ? 0 : leaving;
        require(successors.length == 2 * expected, GatewayDirectoryWrongMoveCount(successors.length / 2, expected));
        // Before the successors are checked: the leaver holds nothing now, so it cannot succeed itself.
        self.slotCount = 0;
        _serveOn(id);

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
        } else {
            uint256 index = ShardLib.RESERVED_INDEX_MIN + reservedSlot;
            uint256 nameCount = _isolatedCounts[index];
            require(nameCount == 0, GatewayDirectoryReservedSlotInUse(index, nameCount));
        }
        uint256 place = _wordIndex(zone, SlotTable.ORDINARY_WORDS + (reservedSlot >> 4));
        uint256[136] memory table = TableImage.load(_image);
        _releaseReserved(
            zone,
            reservedSlot,
            GatewayId.wrap(uint16(SlotTable.lane(table[place], reservedSlot & 15))),
            id
        );
        uint256 shift = (uint256(reservedSlot) & 15) << 4;
        table[place] = (table[place] & ~(0xFFFF << shift)) | (uint256(GatewayId.unwrap(id)) << shift);
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
        _forgetIsolation(node);
        _isolations[node] = index;
        ++_isolatedCounts[index];
        emit NameIsolated(node, index, _advance());
    }

    /// @inheritdoc IGatewayDirectory
    function release(bytes32 node) external restricted {
        require(_isolations[node] != 0, GatewayDirectoryNotIsolated(node));
        _forgetIsolation(node);
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
        holder = GatewayId.wrap(uint16(TableImage.holder(_image, zone, slot)));
        uint256 id;
        (id, movedAt) = _former[zone].last(slot);
        if (block.timestamp < movedAt + handoverSeconds) previous = GatewayId.wrap(uint16(id));
    }

    /// @inheritdoc IGatewayDirectory
    function handoverEndsAt(uint8 zone) external view returns (uint256) {
        _checkZone(zone);
        return _former[zone].ordinaryEndsAt(handoverSeconds);
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
        _former[zone].keepOrdinary(index, word & mask);
        table[_wordIndex(zone, index)] = (word & ~mask) | (copies & mask);
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
        uint256 place = _wordIndex(zone, index);
        _former[zone].keepOrdinary(index, table[place] & mask);
        table[place] = word;
        return offset;
    }

    /// @dev Takes a reserved slot from its holder, if that is not who gets it.
    function _releaseReserved(uint8 zone, uint8 reservedSlot, GatewayId before, GatewayId next) private {
        if (GatewayId.unwrap(before) == 0) return;
        --_gateways[before].reservedCount;
        if (GatewayId.unwrap(before) == GatewayId.unwrap(next)) return;
        SlotTable.Former storage former = _former[zone];
        uint256 endsAt = former.reservedEndsAt(reservedSlot, handoverSeconds);
        require(
            block.timestamp >= endsAt,
            GatewayDirectorySlotHandoverUnderWay(zone, ShardLib.ZONE_SLOTS + reservedSlot, endsAt)
        );
        former.keepReserved(reservedSlot, GatewayId.unwrap(before));
        _serveOn(before);
    }

    /// @dev Notes until when a gateway that has just lost a slot serves on; in a word that changes anyhow.
    function _serveOn(GatewayId id) private {
        _gateways[id].servesUntil = uint48(block.timestamp + handoverSeconds);
    }

    /// @dev Counts a name out of the reserved index that it is isolated to, if it is.
    function _forgetIsolation(bytes32 node) private {
        uint256 index = _isolations[node];
        if (index != 0) --_isolatedCounts[index];
    }

    /// @dev Refuses to move ordinary slots that may have a former holder serving on.
    function _checkSettled(uint8 zone) private view {
        uint256 endsAt = _former[zone].ordinaryEndsAt(handoverSeconds);
        require(block.timestamp >= endsAt, GatewayDirectoryHandoverUnderWay(zone, endsAt));
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
}
