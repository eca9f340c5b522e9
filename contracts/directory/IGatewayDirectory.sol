// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice A gateway's number in the directory, from 1 up; 0 means nobody.
type GatewayId is uint16;

/// @notice One gateway: a server of one operator that answers for the slots it holds.
struct Gateway {
    /// Account that may change the entry's key and endpoints.
    address operator;
    /// Zone of all its slots, 0..3.
    uint8 zone;
    /// False once retired; a retired number is never given again.
    bool active;
    /// Ordinary slots it holds, 0..512.
    uint16 slotCount;
    /// Reserved slots it holds, 0..32.
    uint16 reservedCount;
    /// Until when it serves slots that it lost, in seconds since 1970; 0 if it never lost one.
    uint48 servesUntil;
    /// Key that signs its answers.
    address signer;
    /// Where it answers over HTTP, without a trailing slash: `https://g1.example.org`.
    string httpUrl;
    /// Where it answers DNS, as `host:port`.
    string dnsEndpoint;
}

/// @notice What a new gateway's entry is made of.
struct GatewayEntry {
    address operator;
    address signer;
    uint8 zone;
    string httpUrl;
    string dnsEndpoint;
}

/// @title The gateways, and which of them holds which slot of which zone
/// @notice A name's shard is one slot from each of four zones (`ShardLib`); this directory says which gateway stands behind a
/// slot. Everything in its storage follows from its events alone.
interface IGatewayDirectory {
    /// @notice A gateway was listed.
    event GatewayRegistered(
        GatewayId indexed id,
        uint8 indexed zone,
        address operator,
        address signer,
        string httpUrl,
        string dnsEndpoint,
        uint64 version
    );
    /// @notice A gateway's key or endpoints changed.
    event GatewayUpdated(GatewayId indexed id, address signer, string httpUrl, string dnsEndpoint, uint64 version);
    /// @notice A gateway's entry passed to another operator.
    event GatewayOperatorChanged(GatewayId indexed id, address operator, uint64 version);
    /// @notice A gateway was taken off the list; its entry stays readable.
    event GatewayRetired(GatewayId indexed id, uint64 version);
    /// @notice An empty zone's slots were given out at once: 32 words of 16 gateway ids, slot 0 in the lowest 16 bits.
    event ZoneSeeded(uint8 indexed zone, uint256[32] words, uint64 version);
    /// @notice A gateway took the slots of `slotSet`, a set of 512 bits: slot s is bit `s & 255` of word `s >> 8`.
    event GatewayJoined(GatewayId indexed id, uint8 indexed zone, uint256[2] slotSet, uint64 version);
    /// @notice A gateway gave up all its slots: in ascending order of slot, each to the next two bytes of `successors`.
    event GatewayLeft(GatewayId indexed id, uint8 indexed zone, bytes successors, uint64 version);
    /// @notice A reserved slot (0..31, counted from slot 512) passed to a gateway, or to nobody.
    event ReservedSlotAssigned(uint8 indexed zone, uint8 indexed reservedSlot, GatewayId indexed id, uint64 version);
    /// @notice A name was moved to a reserved index.
    event NameIsolated(bytes32 indexed node, uint32 index, uint64 version);
    /// @notice A name went back to its own index.
    event NameReleased(bytes32 indexed node, uint64 version);

    /// @notice No gateway has this id.
    /// @dev Error selector: 0xc829de84
    error GatewayDirectoryUnknownGateway(GatewayId id);
    /// @notice The gateway is retired.
    /// @dev Error selector: 0xc8eed337
    error GatewayDirectoryRetiredGateway(GatewayId id);
    /// @notice Only the gateway's operator may do this.
    /// @dev Error selector: 0x6e5516b1
    error GatewayDirectoryNotOperator(GatewayId id, address caller);
    /// @notice Zones are numbered 0 to 3.
    /// @dev Error selector: 0xbadcd756
    error GatewayDirectoryInvalidZone(uint8 zone);
    /// @notice Slots of a zone are numbered 0 to 543.
    /// @dev Error selector: 0x1f45a3df
    error GatewayDirectoryInvalidSlot(uint256 slot);
    /// @notice The gateway belongs to another zone than the slot.
    /// @dev Error selector: 0x13ecfd9b
    error GatewayDirectoryZoneMismatch(GatewayId id, uint8 gatewayZone, uint8 zone);
    /// @notice An operator or signer must not be the zero address.
    /// @dev Error selector: 0x0f816b88
    error GatewayDirectoryZeroAddress();
    /// @notice An endpoint must have 1 to `bytesMax` bytes.
    /// @dev Error selector: 0xc26f8833
    error GatewayDirectoryInvalidEndpoint(uint256 byteCount, uint256 bytesMax);
    /// @notice Another active gateway has this endpoint.
    /// @dev Error selector: 0x722848fa
    error GatewayDirectoryDuplicateEndpoint(string endpoint);
    /// @notice The gateway still holds slots.
    /// @dev Error selector: 0xc87281f3
    error GatewayDirectoryHoldsSlots(GatewayId id, uint256 slotCount);
    /// @notice The gateway holds no ordinary slots.
    /// @dev Error selector: 0x01b3965c
    error GatewayDirectoryHoldsNoSlots(GatewayId id);
    /// @notice Only an empty zone can be seeded.
    /// @dev Error selector: 0x6f195fd5
    error GatewayDirectoryZoneNotEmpty(uint8 zone);
    /// @notice A seeded zone leaves no slot to nobody.
    /// @dev Error selector: 0xa00d974f
    error GatewayDirectoryEmptySlot(uint8 zone, uint256 slot);
    /// @notice Former holders of the zone's slots serve on until `endsAt` (seconds since 1970); another join or leave before would
    /// make them forgotten.
    /// @dev Error selector: 0x80f8684e
    error GatewayDirectoryHandoverUnderWay(uint8 zone, uint256 endsAt);
    /// @notice The same of one reserved slot, which was taken from its holder a short while ago.
    /// @dev Error selector: 0x83ed35c1
    error GatewayDirectorySlotHandoverUnderWay(uint8 zone, uint256 slot, uint256 endsAt);
    /// @notice The gateway serves slots it has lost until `servesUntil` (seconds since 1970).
    /// @dev Error selector: 0xd3e049b6
    error GatewayDirectoryStillServing(GatewayId id, uint256 servesUntil);
    /// @notice Names are isolated to this reserved index; its slots can be handed on, not emptied.
    /// @dev Error selector: 0x1917def7
    error GatewayDirectoryReservedSlotInUse(uint256 index, uint256 nameCount);
    /// @notice A move names another number of slots than the rule asks for.
    /// @dev Error selector: 0xa4ca1bb6
    error GatewayDirectoryWrongMoveCount(uint256 actual, uint256 expected);
    /// @notice After the move a gateway would hold a number of slots that is not within one of even.
    /// @dev Error selector: 0x12e70203
    error GatewayDirectoryUneven(GatewayId id, uint256 slotCount, uint256 evenMin, uint256 evenMax);
    /// @notice The zone's list of holders is full.
    /// @dev Error selector: 0x215a269d
    error GatewayDirectoryZoneFull(uint8 zone);
    /// @notice All gateway ids are used up.
    /// @dev Error selector: 0x9b2963aa
    error GatewayDirectoryFull();
    /// @notice Not an index of the reserved range 0xFFFFFFE0..0xFFFFFFFF, or its slot is nobody's in some zone.
    /// @dev Error selector: 0x65326ed6
    error GatewayDirectoryUnusableReservedIndex(uint256 index);
    /// @notice The name is not isolated.
    /// @dev Error selector: 0x259eb6eb
    error GatewayDirectoryNotIsolated(bytes32 node);

    // ── Gateways ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Lists a gateway. It holds no slots until it joins.
    /// @return id Its number, one above the highest so far.
    function registerGateway(GatewayEntry calldata entry) external returns (GatewayId id);

    /// @notice Changes a gateway's key and endpoints; for its operator.
    function updateGateway(GatewayId id, address signer, string calldata httpUrl, string calldata dnsEndpoint) external;

    /// @notice Hands a gateway's entry to another operator; for its operator.
    function setOperator(GatewayId id, address operator) external;

    /// @notice Takes a gateway off the list that holds no slots and serves none that it has lost. Its endpoints are free from then on.
    function retireGateway(GatewayId id) external;

    // ── Slots ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Gives out all 512 slots of an empty zone at once, evenly within one. It takes no slot from anybody, so it starts no
    /// handover and waits for none.
    /// @param words 32 words of 16 gateway ids, slot 0 in the lowest 16 bits of the first.
    function seedZone(uint8 zone, uint256[32] calldata words) external;

    /// @notice Lets a gateway take its share of slots, floor(512 / (holders + 1)), from its zone's holders, once the handover of the
    /// zone's last join or leave is over.
    /// Afterwards every holder of the zone has floor or ceil of the even share; otherwise it reverts.
    /// @param slotSet The slots as a set of 512 bits, drawn at random by the caller.
    function joinZone(GatewayId id, uint256[2] calldata slotSet) external;

    /// @notice Takes all ordinary slots from a gateway, once the handover of the zone's last join or leave is over; no other slot
    /// moves. Afterwards every holder of the zone has floor or ceil of the even share. The last holder leaves with empty
    /// `successors`, and its slots are nobody's.
    /// @param successors Two bytes each: who takes the leaver's slots, in ascending order of slot.
    function leaveZone(GatewayId id, bytes calldata successors) external;

    /// @notice Gives one reserved slot to a gateway of its zone, or, while no name is isolated to it, to nobody (id 0). Immediate, but
    /// that a slot is not taken from its holder again before its last handover is over.
    /// @param reservedSlot 0..31; slot `512 + reservedSlot` of the zone.
    function assignReservedSlot(uint8 zone, uint8 reservedSlot, GatewayId id) external;

    // ── Isolation ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Moves a name to a reserved index, whose slot must be held in every zone. Immediate, from one reserved index to another
    /// too. It lasts until `release`: a name that lapses and is registered anew, by whomever, is isolated still.
    function isolate(bytes32 node, uint32 index) external;

    /// @notice Gives a name back its own index. Immediate.
    function release(bytes32 node) external;

    // ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Moves up by one with every change of anything in the directory.
    function version() external view returns (uint64);

    /// @notice How many ids were given out; ids run from 1 to this.
    function gatewayCount() external view returns (uint256);

    /// @notice A gateway's entry. Reverts for an id never given out.
    function gateway(GatewayId id) external view returns (Gateway memory);

    /// @notice The gateways that hold ordinary slots of a zone, in no order.
    function holdersOf(uint8 zone) external view returns (GatewayId[] memory);

    /// @notice A zone's table: 34 words of 16 gateway ids, slot 0 in the lowest 16 bits of the first word; slots 512..543 are
    /// the reserved ones.
    function zoneTable(uint8 zone) external view returns (uint256[34] memory words);

    /// @notice Who holds a slot, and who held it until less than one TTL ago: that one stays readable for the whole of it.
    /// @param slot 0..543.
    /// @return holder Its gateway, 0 where it is nobody's.
    /// @return previous The gateway before, which serves on until the TTL is over; 0 afterwards.
    /// @return movedAt When it passed on from the gateway before, in seconds since 1970; 0 if it never did, or, for an ordinary slot,
    /// not in its zone's last join or leave.
    function slotHolder(
        uint8 zone,
        uint256 slot
    ) external view returns (GatewayId holder, GatewayId previous, uint256 movedAt);

    /// @notice How long a moved slot's previous holder serves on, in seconds.
    function handoverSeconds() external view returns (uint256);

    /// @notice From when on a zone takes another join or leave, in seconds since 1970; 0 before its first.
    function handoverEndsAt(uint8 zone) external view returns (uint256);

    /// @notice The four gateways behind an index, by zone; 0 where a slot is nobody's.
    /// @param index A shard index, 0..2^32-1.
    function gatewaysOfIndex(uint32 index) external view returns (GatewayId[4] memory);

    /// @notice A name's index: its isolation override, else the index of its registration, else its bootstrap index.
    /// @param node The node of a name directly under the TLD. A subname is served by that name's shard: its own node has only
    /// a bootstrap index.
    /// @return index The index; up to 36 bits for a bootstrap index.
    /// @return isBootstrap Whether it is the bootstrap index of a name that carries none.
    function indexOf(bytes32 node) external view returns (uint256 index, bool isBootstrap);

    /// @notice A name's shard: four slots, by zone.
    function shardOf(bytes32 node) external view returns (uint16[4] memory slots);

    /// @notice A name's four gateways, by zone; 0 where a slot is nobody's.
    function gatewaysOf(bytes32 node) external view returns (GatewayId[4] memory);

    /// @notice The HTTP endpoints of a name's gateways, by zone, without those of slots that are nobody's.
    function urlsOf(bytes32 node) external view returns (string[] memory);

    /// @notice The reserved index a name is moved to, 0 where it is not isolated.
    function isolationOf(bytes32 node) external view returns (uint32 index);
}
