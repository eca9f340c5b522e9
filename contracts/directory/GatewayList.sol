// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Gateway, GatewayEntry, GatewayId, IGatewayDirectory} from "./IGatewayDirectory.sol";
import {ShardLib} from "./ShardLib.sol";

/// @notice The directory's list of gateways: who they are and where they answer. Ids only grow; an entry is changed by its
/// operator alone and retired by the fleet role. `version` moves by one with every change.
abstract contract GatewayList is IGatewayDirectory, AccessManaged {
    /// @notice The most bytes an endpoint may have.
    uint256 public constant ENDPOINT_BYTES_MAX = 128;

    uint64 private _version;
    uint16 internal _gatewayCount;
    /// @dev The slot tables (`TableImage`), beside the counters so that no change takes another slot; 0 before the first.
    address internal _image;
    mapping(GatewayId id => Gateway gateway) internal _gateways;
    mapping(bytes32 endpointHash => GatewayId id) private _endpoints;

    constructor(address authority_) AccessManaged(authority_) {}

    /// @inheritdoc IGatewayDirectory
    function registerGateway(GatewayEntry calldata entry) external restricted returns (GatewayId id) {
        _checkZone(entry.zone);
        require(entry.operator != address(0) && entry.signer != address(0), GatewayDirectoryZeroAddress());
        require(_gatewayCount < type(uint16).max, GatewayDirectoryFull());
        id = GatewayId.wrap(++_gatewayCount);
        _claimEndpoint(id, entry.httpUrl);
        _claimEndpoint(id, entry.dnsEndpoint);
        Gateway storage self = _gateways[id];
        self.operator = entry.operator;
        self.zone = entry.zone;
        self.active = true;
        self.signer = entry.signer;
        self.httpUrl = entry.httpUrl;
        self.dnsEndpoint = entry.dnsEndpoint;
        emit GatewayRegistered(
            id,
            entry.zone,
            entry.operator,
            entry.signer,
            entry.httpUrl,
            entry.dnsEndpoint,
            _advance()
        );
    }

    /// @inheritdoc IGatewayDirectory
    function updateGateway(
        GatewayId id,
        address signer,
        string calldata httpUrl,
        string calldata dnsEndpoint
    ) external {
        Gateway storage self = _ownGateway(id);
        require(signer != address(0), GatewayDirectoryZeroAddress());
        // Released before claimed, so that an unchanged endpoint is not its own duplicate.
        _releaseEndpoints(self);
        _claimEndpoint(id, httpUrl);
        _claimEndpoint(id, dnsEndpoint);
        self.signer = signer;
        self.httpUrl = httpUrl;
        self.dnsEndpoint = dnsEndpoint;
        emit GatewayUpdated(id, signer, httpUrl, dnsEndpoint, _advance());
    }

    /// @inheritdoc IGatewayDirectory
    function setOperator(GatewayId id, address operator) external {
        Gateway storage self = _ownGateway(id);
        require(operator != address(0), GatewayDirectoryZeroAddress());
        self.operator = operator;
        emit GatewayOperatorChanged(id, operator, _advance());
    }

    /// @inheritdoc IGatewayDirectory
    function retireGateway(GatewayId id) external restricted {
        Gateway storage self = _activeGateway(id);
        uint256 held = uint256(self.slotCount) + self.reservedCount;
        require(held == 0, GatewayDirectoryHoldsSlots(id, held));
        require(block.timestamp >= self.servesUntil, GatewayDirectoryStillServing(id, self.servesUntil));
        self.active = false;
        _releaseEndpoints(self);
        emit GatewayRetired(id, _advance());
    }

    /// @inheritdoc IGatewayDirectory
    function version() external view returns (uint64) {
        return _version;
    }

    /// @inheritdoc IGatewayDirectory
    function gatewayCount() external view returns (uint256) {
        return _gatewayCount;
    }

    /// @inheritdoc IGatewayDirectory
    function gateway(GatewayId id) external view returns (Gateway memory) {
        require(_gateways[id].operator != address(0), GatewayDirectoryUnknownGateway(id));
        return _gateways[id];
    }

    function _advance() internal returns (uint64) {
        return ++_version;
    }

    function _checkZone(uint8 zone) internal pure {
        require(zone < ShardLib.ZONE_COUNT, GatewayDirectoryInvalidZone(zone));
    }

    function _activeGateway(GatewayId id) internal view returns (Gateway storage self) {
        self = _gateways[id];
        require(self.operator != address(0), GatewayDirectoryUnknownGateway(id));
        require(self.active, GatewayDirectoryRetiredGateway(id));
    }

    function _ownGateway(GatewayId id) private view returns (Gateway storage self) {
        self = _activeGateway(id);
        require(self.operator == msg.sender, GatewayDirectoryNotOperator(id, msg.sender));
    }

    function _checkMember(GatewayId id, uint8 zone) internal view {
        uint8 own = _activeGateway(id).zone;
        require(own == zone, GatewayDirectoryZoneMismatch(id, own, zone));
    }

    function _claimEndpoint(GatewayId id, string calldata endpoint) private {
        uint256 byteCount = bytes(endpoint).length;
        require(
            byteCount != 0 && byteCount <= ENDPOINT_BYTES_MAX,
            GatewayDirectoryInvalidEndpoint(byteCount, ENDPOINT_BYTES_MAX)
        );
        bytes32 hash = keccak256(bytes(endpoint));
        require(GatewayId.unwrap(_endpoints[hash]) == 0, GatewayDirectoryDuplicateEndpoint(endpoint));
        _endpoints[hash] = id;
    }

    function _releaseEndpoints(Gateway storage self) private {
        _endpoints[keccak256(bytes(self.httpUrl))] = GatewayId.wrap(0);
        _endpoints[keccak256(bytes(self.dnsEndpoint))] = GatewayId.wrap(0);
    }
}
