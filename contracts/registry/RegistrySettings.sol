// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {RecordCounts} from "../resolver/RecordCounts.sol";
import {INameRegistry} from "./INameRegistry.sol";
import {RegistryTokens} from "./RegistryTokens.sol";
import {RESOLVER_LOCKED, SETTINGS, Words} from "./Words.sol";

/// @title Resolver, ttl and zone version of a name
///
/// Most names keep the defaults, this contract and zero, and have no slot for them: the flag `SETTINGS` says which have.
abstract contract RegistrySettings is RegistryTokens {
    using Words for uint256;

    /// @dev The resolver of a name.
    function _resolver(bytes32 node) internal view returns (address) {
        uint256 word = _names[node];
        if (word == 0) return REVERSE.hasName(node) ? address(REVERSE) : address(0);
        if (!_isLiveWord(word)) return address(0);
        return word.has(SETTINGS) ? address(uint160(_settings[node])) : address(this);
    }

    /// @dev Resolver and ttl (seconds) in force, of a name with that word.
    function _settingsOf(bytes32 node, uint256 word) internal view returns (address resolver_, uint64 ttl_) {
        if (!word.has(SETTINGS)) return (address(this), 0);
        uint256 settings = _settings[node];
        return (address(uint160(settings)), uint64(settings >> 160));
    }

    /// @dev What a name's RRsets are kept under; raised to empty the zone.
    function _zoneVersion(bytes32 node, uint256 word) internal view override returns (uint256) {
        return word.has(SETTINGS) ? _settings[node] >> 224 : 0;
    }

    /// @dev As `_writeSettings`, unless a lock forbids it.
    function _changeSettings(bytes32 node, uint256 word, address newResolver, uint64 newTtl) internal {
        if (word.isLeased() && word.has(RESOLVER_LOCKED))
            revert INameRegistry.RegistryLocked(node, RESOLVER_LOCKED >> 208);
        _writeSettings(node, word, newResolver, newTtl);
    }

    /// @dev Writes resolver and ttl and emits what changed, as ENS does.
    function _writeSettings(bytes32 node, uint256 word, address newResolver, uint64 newTtl) internal {
        (address oldResolver, uint64 oldTtl) = _settingsOf(node, word);
        if (newResolver != oldResolver || newTtl != oldTtl) {
            _storeSettings(node, word, newResolver, newTtl, _zoneVersion(node, word));
        }
        emit INameRegistry.NewResolver(node, newResolver);
        if (newTtl != oldTtl) emit INameRegistry.NewTTL(node, newTtl);
    }

    /// @dev Writes the settings, or frees their slot when all are the defaults, and the flag that tells.
    function _storeSettings(bytes32 node, uint256 word, address resolver_, uint64 ttl_, uint256 zoneVersion) internal {
        bool isDefault = resolver_ == address(this) && ttl_ == 0 && zoneVersion == 0;
        uint256 settings = uint256(uint160(resolver_)) | (uint256(ttl_) << 160) | (zoneVersion << 224);
        _settings[node] = isDefault ? 0 : settings;
        uint256 newWord = isDefault ? word & ~SETTINGS : word | SETTINGS;
        if (newWord != _names[node]) _names[node] = newWord;
    }

    /// @dev Empties the zone of a name.
    function _nextZoneVersion(bytes32 node, uint256 word) internal {
        (address resolver_, uint64 ttl_) = _settingsOf(node, word);
        uint256 zoneVersion = _zoneVersion(node, word) + 1;
        (, uint256 others) = RecordCounts.read(node, word);
        _storeSettings(node, RecordCounts.write(node, word, 0, others), resolver_, ttl_, zoneVersion);
    }
}
