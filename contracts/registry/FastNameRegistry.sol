// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {RecordStore} from "../resolver/RecordStore.sol";
import {IReverseLookup} from "../reverse/IReverseLookup.sol";
import {RegistryLogic} from "./RegistryLogic.sol";
import {Words} from "./Words.sol";

/// @title The name registry as it is deployed
///
/// `NameRegistry` with a short way in. The compiler's dispatcher compares selectors one after the other, and its decoder checks
/// arguments at length: up to 2,000 gas a call. Here the dozen functions whose gas counts are found first and read straight
/// from calldata; they run the same internal functions of `RegistryLogic`. All others are run by the code of a `NameRegistry`
/// on this contract's storage.
///
/// That code's address is an immutable: neither it nor this contract can ever be changed by anybody. It is not a proxy that
/// could be pointed elsewhere, but one contract in two pieces of code. A test holds each function here against the one there.
contract FastNameRegistry is RegistryLogic {
    using Words for uint256;

    uint32 private constant RESOLVER = 0x0178b8bf;
    uint32 private constant OWNER = 0x02571be3;
    uint32 private constant TRANSFER_FROM = 0x23b872dd;
    uint32 private constant ADDR = 0x3b3b57de;
    uint32 private constant SET_SUBNODE_RECORD = 0x5ef2c7f0;
    uint32 private constant RENEW = 0x799cfe1c;
    uint32 private constant SHARD_INDEX_OF = 0x8efb46b9;
    uint32 private constant MULTICALL = 0xac9650d8;
    uint32 private constant FIRST_CONTROLLER_OF = 0xdcc462dd;
    uint32 private constant REGISTER = 0xf3fa4699;

    /// @dev Half of the selectors above are less.
    uint32 private constant SPLIT = 0x3b000000;

    address private immutable CODE;

    /// @param code A `NameRegistry` of the same TLD, whose code runs what is not short-cut here; its own storage does not matter.
    constructor(
        string memory tldLabel,
        address governance,
        address controller_,
        IReverseLookup reverse,
        address code
    ) RegistryLogic(tldLabel, governance, controller_, reverse) {
        CODE = code;
    }

    // solhint-disable-next-line no-complex-fallback
    fallback() external {
        uint256 selector = uint32(msg.sig);
        uint256 end = msg.data.length;
        // What does not return from the branches is left to the whole registry's code.
        if (selector < SPLIT) {
            if (_runText(selector, 0, end)) return;
            if (selector == TRANSFER_FROM) {
                _transferAt(end);
                return;
            }
            if (_runLowSetter(selector, 0, end)) return;
            if (selector == RESOLVER) _return(uint160(_resolver(_word(4, end))));
            if (selector == OWNER) _return(uint160(_liveWord(_word(4, end)).owner()));
        } else {
            if (selector == RENEW) _return(_renew(_addressAt(4, end), _word(36, end), uint256(_word(68, end))));
            if (selector == REGISTER) {
                (bytes32 node, uint256 previousExpiry) = _registerAt(end);
                _return(uint256(node), previousExpiry);
            }
            if (selector == SET_SUBNODE_RECORD) {
                _setSubnodeRecordAt(end);
                return;
            }
            if (selector == ADDR) _return(uint160(_addr(_word(4, end))));
            if (_runHighSetter(selector, 0, end)) return;
            if (selector == MULTICALL) _returnAll(_multicall(0, _arrayAt(4, end, 0)));
            if (selector == SHARD_INDEX_OF) {
                (bool known, uint32 index) = _shardIndexOf(_word(4, end));
                _return(known ? 1 : 0, index);
            }
            // The other code has an immutable of its own, which was not told the controller.
            if (selector == FIRST_CONTROLLER_OF) _return(uint160(FIRST_CONTROLLER));
        }
        _runCode();
    }

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
    }

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
    }

    /// @dev The calldata of `register(Registration)`: the offset of a tuple of label, owner, duration, secret, data, reverse,
    /// referrer.
    function _registerAt(uint256 end) private returns (bytes32 node, uint256 previousExpiry) {
        uint256 base;
        address owner;
        uint256 duration;
        uint256 reverse;
        assembly ("memory-safe") {
            let offset := calldataload(4)
            base := add(offset, 4)
            owner := calldataload(add(base, 32))
            duration := calldataload(add(base, 64))
            reverse := calldataload(add(base, 160))
            // The tuple's seven words must be there; the offset is short, so that no sum overflows.
            if or(or(shr(32, offset), shr(160, owner)), gt(add(base, 224), end)) {
                revert(0, 0)
            }
        }
        bytes calldata label = _bytesAt(base, end, 0);
        string calldata text;
        assembly ("memory-safe") {
            text.offset := label.offset
            text.length := label.length
        }
        return _register(text, owner, duration, _arrayAt(base, end, 128), reverse);
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

    function _refuse() private pure {
        assembly ("memory-safe") {
            revert(0, 0)
        }
    }

    function _return(uint256 value) private pure {
        assembly ("memory-safe") {
            mstore(0, value)
            return(0, 32)
        }
    }

    function _return(uint256 first, uint256 second) private pure {
        assembly ("memory-safe") {
            mstore(0, first)
            mstore(32, second)
            return(0, 64)
        }
    }

    function _returnAll(bytes[] memory values) private pure {
        bytes memory encoded = abi.encode(values);
        assembly ("memory-safe") {
            return(add(encoded, 32), mload(encoded))
        }
    }

    function _runCode() private {
        address code = CODE;
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, 0, calldatasize())
            let success := delegatecall(gas(), code, free, calldatasize(), 0, 0)
            returndatacopy(free, 0, returndatasize())
            if success {
                return(free, returndatasize())
            }
            revert(free, returndatasize())
        }
    }
}
