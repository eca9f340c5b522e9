// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IRecordResolver} from "../resolver/IRecordResolver.sol";
import {RecordStore} from "../resolver/RecordStore.sol";
import {IReverseLookup} from "../reverse/IReverseLookup.sol";
import {CodeBehind} from "./CodeBehind.sol";
import {RegistryLogic} from "./RegistryLogic.sol";
import {Words} from "./Words.sol";

/// @title The name registry as it is deployed
///
/// `NameRegistry` with a short way in. The compiler's dispatcher compares selectors one after the other, and its decoder checks
/// arguments at length: up to 2,000 gas a call. Here the dozen functions whose gas counts are found first and read straight
/// from calldata; they run the same internal functions of `RegistryLogic`. All others are run by the code of a `NameRegistry`
/// on this contract's storage (`CodeBehind`). A test holds each function here against the one there.
contract FastNameRegistry is RegistryLogic, CodeBehind {
    using Words for uint256;
    using RecordStore for bytes32;

    uint32 private constant RESOLVER = 0x0178b8bf;
    uint32 private constant OWNER = 0x02571be3;
    uint32 private constant TRANSFER_FROM = 0x23b872dd;
    uint32 private constant ADDR = 0x3b3b57de;
    uint32 private constant SET_SUBNODE_RECORD = 0x5ef2c7f0;
    uint32 private constant RENEW = 0x799cfe1c;
    uint32 private constant SHARD_INDEX_OF = 0x8efb46b9;
    uint32 private constant FIRST_CONTROLLER_OF = 0xdcc462dd;
    uint32 private constant MULTICALL = 0xac9650d8;
    uint32 private constant REGISTER = 0x0e23e071;

    bytes32 private constant AVATAR = keccak256("avatar");

    /// @dev Half of the selectors above are less.
    uint32 private constant SPLIT = 0x3b000000;

    /// @param code A `NameRegistry` of the same TLD, whose code runs what is not short-cut here; its own storage does not matter.
    constructor(
        string memory tldLabel,
        address governance,
        address controller_,
        IReverseLookup reverse,
        address code
    ) RegistryLogic(tldLabel, governance, controller_, reverse) CodeBehind(code) {}

    // solhint-disable-next-line no-complex-fallback
    fallback() external {
        uint256 selector = uint32(msg.sig);
        uint256 end = msg.data.length;
        // Each branch ends the call; what has none is left to the whole registry's code. What the controller calls comes first.
        if (selector == RENEW) _return(_renewAt(end));
        if (selector == REGISTER) {
            (bytes32 node, uint256 previousExpiry) = _registerAt(end);
            _return(uint256(node), previousExpiry);
        }
        if (selector < SPLIT) {
            if (selector == SET_TEXT) _setUsualText(end);
            if (selector == TRANSFER_FROM) _transferAt(end);
            if (_runLowSetter(selector, 0, end)) _stop();
            if (selector == RESOLVER) _return(uint160(_resolver(_word(4, end))));
            if (selector == OWNER) _return(uint160(_liveWord(_word(4, end)).owner()));
        } else {
            if (selector == SET_SUBNODE_RECORD) _setSubnodeRecordAt(end);
            if (selector == ADDR) _return(uint160(_addr(_word(4, end))));
            if (_runHighSetter(selector, 0, end)) _stop();
            if (selector == MULTICALL) _returnAll(_multicall(0, _arrayAt(4, end, 0)));
            if (selector == SHARD_INDEX_OF) {
                (bool known, uint32 index) = _shardIndexOf(_word(4, end));
                _return(known ? 1 : 0, index);
            }
            // The other code has an immutable of its own, which was not told the controller.
            if (selector == FIRST_CONTROLLER_OF) _return(uint160(FIRST_CONTROLLER));
        }
        _runCodeBehind();
    }

    /// @dev `setText` as it usually comes: a key of 1 to 32 bytes and a value of up to 31, in the standard encoding, whose places
    /// in calldata are known then. All other calls are left to `_setText`, which does the same.
    function _setUsualText(uint256 end) private {
        bytes32 node;
        uint256 keySize;
        uint256 size;
        bool isUsual;
        assembly ("memory-safe") {
            node := calldataload(4)
            keySize := calldataload(100)
            size := calldataload(164)
            // The offsets of key and value, and one word for each.
            isUsual := and(
                and(lt(sub(keySize, 1), 32), lt(size, 32)),
                and(iszero(or(xor(calldataload(36), 0x60), xor(calldataload(68), 0xa0))), gt(end, 227))
            )
        }
        if (isUsual) _writeUsualText(node, keySize, size);
    }

    /// @dev The writing of it, and the end of the call.
    function _writeUsualText(bytes32 node, uint256 keySize, uint256 size) private {
        uint256 kindWord = KIND_TEXT | _writableEpoch(node);
        bytes32 topic = IRecordResolver.TextChanged.selector;
        bytes32 keyHash;
        bytes32 head;
        uint256 before;
        assembly ("memory-safe") {
            // The event's data: two offsets, then length and padded word of each.
            let free := mload(0x40)
            mstore(free, 0x40)
            mstore(add(free, 0x20), 0x80)
            mstore(add(free, 0x40), keySize)
            let spare := shl(3, sub(32, keySize))
            mstore(add(free, 0x60), shl(spare, shr(spare, calldataload(132))))
            keyHash := keccak256(add(free, 0x60), keySize)
            mstore(add(free, 0x80), size)
            spare := shl(3, sub(32, size))
            let value := shl(spare, shr(spare, calldataload(196)))
            mstore(add(free, 0xa0), value)
            log3(free, add(0xa0, shl(5, iszero(iszero(size)))), topic, node, keyHash)
            // `RecordStore.slot`, and what `storeShort` does first.
            mstore(free, node)
            mstore(add(free, 0x20), kindWord)
            mstore(add(free, 0x40), keyHash)
            head := keccak256(free, 0x60)
            before := sload(head)
            sstore(head, or(value, size))
        }
        if (before == 0) {
            // The text that most names have goes first.
            if (keyHash != AVATAR) _countText(node, keyHash, 0, size);
        } else {
            head.clearLong(before);
            if (size == 0) _countText(node, keyHash, before, 0);
        }
        _stop();
    }

    /// @dev `transferFrom`.
    function _transferAt(uint256 end) private {
        address from;
        address to;
        uint256 tokenId;
        assembly ("memory-safe") {
            from := calldataload(4)
            to := calldataload(36)
            tokenId := calldataload(68)
            if or(lt(end, 100), shr(160, or(from, to))) {
                revert(0, 0)
            }
        }
        _transferFrom(from, to, tokenId);
        _stop();
    }

    /// @dev `renew`.
    function _renewAt(uint256 end) private returns (uint256 expiry) {
        address payer;
        bytes32 label;
        uint256 duration;
        assembly ("memory-safe") {
            payer := calldataload(4)
            label := calldataload(36)
            duration := calldataload(68)
            if or(lt(end, 100), shr(160, payer)) {
                revert(0, 0)
            }
        }
        expiry = _renew(payer, label, duration);
    }

    /// @dev `setSubnodeRecord`.
    function _setSubnodeRecordAt(uint256 end) private {
        bytes32 ttl = _word(132, end);
        if (uint256(ttl) > type(uint64).max) _refuse();
        _setSubnodeRecord(
            _word(4, end),
            _word(36, end),
            _addressAt(68, end),
            _addressAt(100, end),
            uint64(uint256(ttl))
        );
        _stop();
    }

    /// @dev The calldata of `register(Registration)`: the offset of a tuple of label, owner, duration, secret, data, reverse,
    /// referrer. It refuses what the ABI decoder does.
    function _registerAt(uint256 end) private returns (bytes32 node, uint256 previousExpiry) {
        string calldata label;
        bytes[] calldata calls;
        address owner;
        uint256 duration;
        uint256 reverse;
        assembly ("memory-safe") {
            let offset := calldataload(4)
            let base := add(offset, 4)
            let labelOffset := calldataload(base)
            owner := calldataload(add(base, 32))
            duration := calldataload(add(base, 64))
            let callsOffset := calldataload(add(base, 128))
            reverse := calldataload(add(base, 160))
            label.offset := add(add(base, labelOffset), 32)
            label.length := calldataload(sub(label.offset, 32))
            calls.offset := add(add(base, callsOffset), 32)
            calls.length := calldataload(sub(calls.offset, 32))
            // Offsets and lengths are short, so that no sum overflows; the tuple's seven words, the label and the calls' offsets
            // must lie before the end. The calls' own bounds are checked where they are used, by the compiler's own code.
            let long := or(or(offset, labelOffset), or(callsOffset, or(label.length, calls.length)))
            let past := gt(add(calls.offset, shl(5, calls.length)), end)
            past := or(past, or(gt(add(label.offset, label.length), end), gt(add(base, 224), end)))
            if or(or(past, shr(32, long)), or(shr(160, owner), shr(64, duration))) {
                revert(0, 0)
            }
        }
        (node, previousExpiry) = _register(label, owner, duration, calls, reverse);
    }

    /// @dev The array of byte strings whose offset stands at `base + head`. The strings' own bounds are checked where they are
    /// used, by the compiler's own code.
    function _arrayAt(uint256 base, uint256 end, uint256 head) private pure returns (bytes[] calldata value) {
        assembly ("memory-safe") {
            let offset := calldataload(add(base, head))
            let start := add(base, offset)
            value.offset := add(start, 32)
            value.length := calldataload(start)
            if or(shr(32, or(offset, value.length)), gt(add(value.offset, shl(5, value.length)), end)) {
                revert(0, 0)
            }
        }
    }

    /// @dev Ends the call without an answer.
    function _stop() private pure {
        assembly ("memory-safe") {
            stop()
        }
    }

    /// @dev Refuses calldata as the ABI decoder does.
    function _refuse() private pure {
        assembly ("memory-safe") {
            revert(0, 0)
        }
    }

    /// @dev Ends the call with one word.
    function _return(uint256 value) private pure {
        assembly ("memory-safe") {
            mstore(0, value)
            return(0, 32)
        }
    }

    /// @dev Ends the call with two words.
    function _return(uint256 first, uint256 second) private pure {
        assembly ("memory-safe") {
            mstore(0, first)
            mstore(32, second)
            return(0, 64)
        }
    }

    /// @dev Ends the call with byte strings.
    function _returnAll(bytes[] memory values) private pure {
        bytes memory encoded = abi.encode(values);
        assembly ("memory-safe") {
            return(add(encoded, 32), mload(encoded))
        }
    }
}
