// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {DnsName} from "../naming/DnsName.sol";
import {ReverseName} from "../naming/ReverseName.sol";
import {IReverseRegistrar} from "../reverse/IReverseRegistrar.sol";
import {IResolverFinder, IUniversalResolver, IUniversalResolverChoices, ResolverInfo} from "./IUniversalResolver.sol";
import {LookupBatch} from "./LookupBatch.sol";

/// @dev The one question to the registry (EIP-137).
interface IResolverSource {
    function resolver(bytes32 node) external view returns (address);
}

/// @dev The calls to resolvers that are made here (ENSIP-1, ENSIP-9, ENSIP-10, ENSIP-22).
interface IResolverCalls {
    function addr(bytes32 node) external view returns (address);

    function addr(bytes32 node, uint256 coinType) external view returns (bytes memory);

    function resolve(bytes calldata name, bytes calldata data) external view returns (bytes memory);

    function multicall(bytes[] calldata calls) external view returns (bytes[] memory);
}

/// @notice Resolves names and accounts in one call (ENSIP-23), for any resolver, on chain and off.
///
/// Nobody has any power over this contract; it has no storage. The registry is itself the usual resolver, so a name that has
/// no other is answered without asking what its resolver can do.
contract UniversalResolver is IUniversalResolver, IUniversalResolverChoices, IResolverFinder, IERC165 {
    using LookupBatch for LookupBatch.Lookup[];

    /// @dev The feature by which a resolver takes a whole multicall through `resolve` (ERC-7996, ENSIP-22).
    bytes4 private constant FEATURE_MULTICALL = bytes4(keccak256("eth.ens.resolver.extended.multicall"));
    /// @dev ENSIP-10's resolve(bytes,bytes).
    bytes4 private constant EXTENDED_RESOLVER = 0x9061b923;
    /// @dev Batch gateways when the caller names none: the client is its own (ENSIP-21).
    string private constant LOCAL_BATCH_GATEWAY = "x-batch-gateway:true";

    /// @dev What a resolution needs again after an off-chain lookup.
    struct Resolution {
        address resolver;
        // The resolver answers by ENSIP-10: its results are wrapped in bytes.
        bool wrapped;
        // The caller asked by multicall and gets one array.
        bool many;
        // Of each call, for UnsupportedResolverProfile.
        bytes4[] selectors;
    }

    /// @dev What the forward check of a primary name needs besides.
    struct ReverseCheck {
        Resolution forward;
        string primary;
        bytes lookupAddress;
        uint256 coinType;
    }

    IResolverSource private immutable _registry;
    IReverseRegistrar private immutable _reverseRegistrar;

    constructor(IResolverSource registry_, IReverseRegistrar reverseRegistrar_) {
        _registry = registry_;
        _reverseRegistrar = reverseRegistrar_;
    }

    /// @notice The registry it reads.
    function registry() external view returns (address) {
        return address(_registry);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return
            interfaceId == type(IERC165).interfaceId ||
            interfaceId == type(IUniversalResolver).interfaceId ||
            interfaceId == type(IUniversalResolverChoices).interfaceId ||
            interfaceId == type(IResolverFinder).interfaceId;
    }

    // ── Forward ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IResolverFinder
    function findResolver(bytes memory name) public view returns (address resolver, bytes32 node, uint256 offset) {
        DnsName.check(name);
        node = DnsName.namehash(name, 0);
        bytes32 current = node;
        // The root is not asked: nobody answers for names of every TLD.
        while (current != 0) {
            resolver = _registry.resolver(current);
            if (resolver != address(0)) return (resolver, node, offset);
            offset = DnsName.next(name, offset);
            current = DnsName.namehash(name, offset);
        }
    }

    /// @inheritdoc IResolverFinder
    function requireResolver(bytes memory name) public view returns (ResolverInfo memory info) {
        info.name = name;
        (info.resolver, info.node, info.offset) = findResolver(name);
        require(info.resolver != address(0), ResolverNotFound(name));
        _checkResolver(info);
    }

    /// @inheritdoc IUniversalResolver
    function resolve(
        bytes calldata name,
        bytes calldata data
    ) external view returns (bytes memory result, address resolver) {
        ResolverInfo memory info = _findAnswering(name);
        (bool done, bytes memory plain) = _tryPlain(info, data);
        return done ? (plain, info.resolver) : _resolve(info, data, _localGateways());
    }

    /// @inheritdoc IUniversalResolverChoices
    function resolveWithGateways(
        bytes calldata name,
        bytes calldata data,
        string[] calldata gateways
    ) external view returns (bytes memory result, address resolver) {
        ResolverInfo memory info = _findAnswering(name);
        (bool done, bytes memory plain) = _tryPlain(info, data);
        return done ? (plain, info.resolver) : _resolve(info, data, gateways);
    }

    /// @inheritdoc IUniversalResolverChoices
    function resolveWithResolver(
        address resolver,
        bytes calldata name,
        bytes calldata data,
        string[] calldata gateways
    ) external view returns (bytes memory result, address usedResolver) {
        ResolverInfo memory info;
        info.name = name;
        DnsName.check(info.name);
        info.node = DnsName.namehash(info.name, 0);
        info.resolver = resolver;
        _checkResolver(info);
        return _resolve(info, data, gateways);
    }

    /// @notice Takes the gateways' answer to the lookups of `resolve` (ERC-3668).
    function resolveCallback(
        bytes calldata response,
        bytes calldata extraData
    ) external view returns (bytes memory result, address resolver) {
        (LookupBatch.Lookup[] memory lookups, string[] memory gateways, bytes memory context) = abi.decode(
            extraData,
            (LookupBatch.Lookup[], string[], bytes)
        );
        lookups.accept(response);
        lookups.advance(gateways, this.resolveCallback.selector, context);
        return _finish(lookups, abi.decode(context, (Resolution)));
    }

    // ── Reverse ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IUniversalResolver
    function reverse(
        bytes calldata lookupAddress,
        uint256 coinType
    ) external view returns (string memory primary, address resolver, address reverseResolver) {
        return _reverse(lookupAddress, coinType, _localGateways());
    }

    /// @inheritdoc IUniversalResolverChoices
    function reverseWithGateways(
        bytes calldata lookupAddress,
        uint256 coinType,
        string[] calldata gateways
    ) external view returns (string memory primary, address resolver, address reverseResolver) {
        return _reverse(lookupAddress, coinType, gateways);
    }

    /// @notice Takes the gateways' answer to the forward check of `reverse` (ERC-3668).
    function reverseCallback(
        bytes calldata response,
        bytes calldata extraData
    ) external view returns (string memory primary, address resolver, address reverseResolver) {
        (LookupBatch.Lookup[] memory lookups, string[] memory gateways, bytes memory context) = abi.decode(
            extraData,
            (LookupBatch.Lookup[], string[], bytes)
        );
        lookups.accept(response);
        lookups.advance(gateways, this.reverseCallback.selector, context);
        return _finishReverse(lookups, abi.decode(context, (ReverseCheck)));
    }

    // ── Inside ───────────────────────────────────────────────────────────────────────────────────────────────────────

    function _localGateways() private pure returns (string[] memory gateways) {
        gateways = new string[](1);
        gateways[0] = LOCAL_BATCH_GATEWAY;
    }

    /// @dev As `requireResolver`, but the registry, whose answers are plain, those for names below its own too, is not asked what it
    /// can do.
    function _findAnswering(bytes memory name) private view returns (ResolverInfo memory info) {
        info.name = name;
        (info.resolver, info.node, info.offset) = findResolver(name);
        require(info.resolver != address(0), ResolverNotFound(name));
        if (info.resolver != address(_registry)) _checkResolver(info);
    }

    function _checkResolver(ResolverInfo memory info) private view {
        info.extended = ERC165Checker.supportsERC165InterfaceUnchecked(info.resolver, EXTENDED_RESOLVER);
        if (info.extended) return;
        require(info.offset == 0, ResolverNotFound(info.name));
        require(info.resolver.code.length != 0, ResolverNotContract(info.name, info.resolver));
    }

    /// @dev One record that is on chain, which is nearly all of them, without what only lookups need. Where there is anything
    /// else to it, the call is made once more by `_resolve`.
    function _tryPlain(
        ResolverInfo memory info,
        bytes calldata data
    ) private view returns (bool done, bytes memory result) {
        if (info.extended || bytes4(data) == IResolverCalls.multicall.selector) return (false, "");
        (done, result) = info.resolver.staticcall(data);
        done = done && result.length != 0;
    }

    function _resolve(
        ResolverInfo memory info,
        bytes memory data,
        string[] memory gateways
    ) private view returns (bytes memory result, address resolver) {
        (LookupBatch.Lookup[] memory lookups, Resolution memory resolution) = _plan(info, data);
        lookups.advance(gateways, this.resolveCallback.selector, abi.encode(resolution));
        return _finish(lookups, resolution);
    }

    /// @dev The calls that answer `data`: one, or each call of a multicall, unless the resolver takes it whole.
    function _plan(
        ResolverInfo memory info,
        bytes memory data
    ) private view returns (LookupBatch.Lookup[] memory lookups, Resolution memory resolution) {
        resolution.resolver = info.resolver;
        resolution.wrapped = info.extended;
        bytes[] memory calls;
        if (_isMulticall(data) && !(info.extended && _supportsFeature(info.resolver, FEATURE_MULTICALL))) {
            resolution.many = true;
            calls = _decodeCalls(data);
        } else {
            calls = new bytes[](1);
            calls[0] = data;
        }
        lookups = new LookupBatch.Lookup[](calls.length);
        resolution.selectors = new bytes4[](calls.length);
        for (uint256 index = 0; index < calls.length; ++index) {
            _planOne(lookups[index], info, calls[index]);
            resolution.selectors[index] = bytes4(calls[index]);
        }
    }

    /// @dev Whether the caller asks by multicall: the selector, and at the least an array's offset and length.
    function _isMulticall(bytes memory data) private pure returns (bool) {
        return data.length >= 68 && bytes4(data) == IResolverCalls.multicall.selector;
    }

    function _planOne(LookupBatch.Lookup memory lookup, ResolverInfo memory info, bytes memory call) private pure {
        lookup.target = info.resolver;
        lookup.call = info.extended ? abi.encodeCall(IResolverCalls.resolve, (info.name, call)) : call;
    }

    function _decodeCalls(bytes memory data) private pure returns (bytes[] memory calls) {
        bytes memory encoding = new bytes(data.length - 4);
        assembly ("memory-safe") {
            mcopy(add(encoding, 0x20), add(data, 0x24), mload(encoding))
        }
        return abi.decode(encoding, (bytes[]));
    }

    function _supportsFeature(address resolver, bytes4 feature) private view returns (bool) {
        (bool success, bytes memory result) = resolver.staticcall(
            abi.encodeWithSignature("supportsFeature(bytes4)", feature)
        );
        return success && result.length >= 32 && abi.decode(result, (uint256)) == 1;
    }

    function _finish(
        LookupBatch.Lookup[] memory lookups,
        Resolution memory resolution
    ) private pure returns (bytes memory result, address resolver) {
        resolver = resolution.resolver;
        if (!resolution.many) return (_settle(lookups[0], resolution), resolver);
        bytes[] memory results = new bytes[](lookups.length);
        for (uint256 index = 0; index < lookups.length; ++index) {
            // In a multicall an error stands in its call's place, so that the others are not lost (ENSIP-23).
            (, results[index]) = _outcome(lookups[index], resolution.wrapped, resolution.selectors[index]);
        }
        return (abi.encode(results), resolver);
    }

    /// @dev One call's result, or a revert that says why there is none.
    function _settle(
        LookupBatch.Lookup memory lookup,
        Resolution memory resolution
    ) private pure returns (bytes memory data) {
        bool success;
        (success, data) = _outcome(lookup, resolution.wrapped, resolution.selectors[0]);
        if (success) return data;
        // The client's own failure to reach gateways, or that nobody knows such a record: as it is.
        if (lookup.status == LookupBatch.Status.Unreachable || bytes4(data) == UnsupportedResolverProfile.selector) {
            assembly ("memory-safe") {
                revert(add(data, 0x20), mload(data))
            }
        }
        revert ResolverError(data);
    }

    /// @dev What came of one call: its result, or an encoded error. Who says nothing, as contracts without such a function do, does not
    /// know the profile (ENSIP-23).
    function _outcome(
        LookupBatch.Lookup memory lookup,
        bool wrapped,
        bytes4 selector
    ) private pure returns (bool success, bytes memory data) {
        success = lookup.status == LookupBatch.Status.Done;
        data = lookup.data;
        if (success && wrapped) (success, data) = _unwrap(data);
        if (data.length == 0) return (false, abi.encodeWithSelector(UnsupportedResolverProfile.selector, selector));
    }

    /// @dev The byte string in a result of ENSIP-10's `resolve`; what is none is given back as it is, as an error would be.
    function _unwrap(bytes memory data) private pure returns (bool success, bytes memory inner) {
        if (data.length == 0) return (true, data);
        if (data.length >= 64) {
            uint256 offset;
            uint256 length;
            assembly ("memory-safe") {
                offset := mload(add(data, 0x20))
                length := mload(add(data, 0x40))
            }
            success = offset == 32 && length <= data.length - 64;
        }
        inner = success ? abi.decode(data, (bytes)) : data;
    }

    function _reverse(
        bytes memory lookupAddress,
        uint256 coinType,
        string[] memory gateways
    ) private view returns (string memory primary, address resolver, address reverseResolver) {
        reverseResolver = address(_reverseRegistrar);
        // Accounts of other chains have no primary name here.
        if (lookupAddress.length != 20) return ("", address(0), reverseResolver);
        primary = _reverseRegistrar.nameFor(address(bytes20(lookupAddress)), coinType);
        if (bytes(primary).length == 0) return ("", address(0), reverseResolver);

        (bool encodable, bytes memory name) = DnsName.tryEncode(primary);
        require(encodable, ReverseAddressMismatch(primary, ""));
        ResolverInfo memory info = _findAnswering(name);
        bytes memory call =
            coinType == ReverseName.COIN_TYPE_ETHEREUM
                ? abi.encodeWithSignature("addr(bytes32)", info.node)
                : abi.encodeWithSignature("addr(bytes32,uint256)", info.node, coinType);
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = bytes4(call);
        ReverseCheck memory check = ReverseCheck({
            forward: Resolution(info.resolver, info.extended, false, selectors),
            primary: primary,
            lookupAddress: lookupAddress,
            coinType: coinType
        });
        LookupBatch.Lookup[] memory lookups = new LookupBatch.Lookup[](1);
        _planOne(lookups[0], info, call);
        lookups.advance(gateways, this.reverseCallback.selector, abi.encode(check));
        return _finishReverse(lookups, check);
    }

    function _finishReverse(
        LookupBatch.Lookup[] memory lookups,
        ReverseCheck memory check
    ) private view returns (string memory primary, address resolver, address reverseResolver) {
        bytes memory result = _settle(lookups[0], check.forward);
        bytes memory found =
            check.coinType == ReverseName.COIN_TYPE_ETHEREUM
                ? abi.encodePacked(abi.decode(result, (address)))
                : abi.decode(result, (bytes));
        require(keccak256(found) == keccak256(check.lookupAddress), ReverseAddressMismatch(check.primary, found));
        return (check.primary, check.forward.resolver, address(_reverseRegistrar));
    }
}
