// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {DnsName} from "../naming/DnsName.sol";
import {MinSequence} from "../resolver/MinSequence.sol";
import {IBatchGateway, OffchainLookup} from "../universal/LookupBatch.sol";
import {IOffchainResolver, IRecordGateway, RecordLeaf, RecordSet, SignedAnswer} from "./IOffchainResolver.sol";
import {RecordCall} from "./RecordCall.sol";
import {RecordTree} from "./RecordTree.sol";

/// @dev What is asked of the registry.
interface IRecordAuthority {
    function owner(bytes32 node) external view returns (address);

    function resolver(bytes32 node) external view returns (address);

    function tldNode() external view returns (bytes32);

    function epochOf(bytes32 node) external view returns (uint64);

    function isApprovedForAll(address owner, address operator) external view returns (bool);

    function isApprovedFor(address owner, bytes32 node, address delegate) external view returns (bool);

    function data(bytes32 node, string calldata key) external view returns (bytes memory);
}

/// @dev What is asked of the directory.
interface IGatewayUrls {
    function urlsOf(bytes32 node) external view returns (string[] memory);
}

/// @notice Names whose records live with their gateways, signed by their owner.
///
/// It has no storage, and nobody has any power over it. All it goes by stands in the registry, under one state proof: who may
/// write a name's records, their epoch, and the lowest sequence that counts.
///
/// A set counts while `validFrom <= block.timestamp <= validUntil`, `sequence >= minSequence(node)`, its epoch is the name's, and
/// its signer may write the name's records. A resolution:
///
///     resolve -> OffchainLookup(all gateways) -> resolveCallback -> the newest answer that verifies
///                                    ^                |  none does
///                                    +-- the rest <---+            until none is left: OffchainResolverNoValidAnswer
///
/// The first URL is the ENSIP-21 scheme, by which a client asks all gateways itself, at once. One that does not know it passes on
/// to the gateways' own URLs; each understands the same batch and answers its own part of it.
contract OffchainResolver is IOffchainResolver, IERC165, EIP712 {
    /// @dev The client is its own batch gateway (ENSIP-21).
    string private constant LOCAL_BATCH_GATEWAY = "x-batch-gateway:true";
    /// @dev Where gateways take ERC-3668 requests, by POST since there is no {data} in it.
    string private constant GATEWAY_PATH = "/ccip";
    /// @dev ENSIP-22's multicall(bytes[]), taken whole: one request whatever the number of records.
    bytes4 private constant MULTICALL = bytes4(keccak256("multicall(bytes[])"));
    bytes4 private constant FEATURE_MULTICALL = bytes4(keccak256("eth.ens.resolver.extended.multicall"));
    /// @dev ENSIP-10's resolve(bytes,bytes).
    bytes4 private constant EXTENDED_RESOLVER = 0x9061b923;
    /// @dev ERC-7996's supportsFeature(bytes4).
    bytes4 private constant FEATURES = 0x582de3e7;
    bytes32 private constant SET_TYPEHASH = keccak256(
        "RecordSet(bytes32 node,uint64 epoch,uint64 sequence,uint48 validFrom,uint48 validUntil,bytes32 root)"
    );
    /// @dev What the callback needs again.
    struct Pending {
        bytes32 node;
        bytes name;
        bytes[] calls;
        // Whether the caller asked by multicall and gets one array.
        bool many;
        // The gateways not yet given up, without GATEWAY_PATH.
        string[] gateways;
    }

    IRecordAuthority private immutable _registry;
    IGatewayUrls private immutable _directory;

    constructor(IRecordAuthority registry_, IGatewayUrls directory_) EIP712("Holdfast Records", "1") {
        _registry = registry_;
        _directory = directory_;
    }

    /// @inheritdoc IOffchainResolver
    function minSequence(bytes32 node) public view returns (uint256) {
        return MinSequence.numberOf(_registry.data(node, MinSequence.KEY));
    }

    /// @inheritdoc IOffchainResolver
    function recordSetDigest(RecordSet memory set) public view returns (bytes32) {
        return
            _hashTypedDataV4(
                keccak256(
                    abi.encode(SET_TYPEHASH, set.node, set.epoch, set.sequence, set.validFrom, set.validUntil, set.root)
                )
            );
    }

    /// @inheritdoc IOffchainResolver
    function resolve(bytes calldata name, bytes calldata data) external view returns (bytes memory) {
        Pending memory pending;
        pending.name = name;
        DnsName.check(pending.name);
        pending.node = _signedNode(pending.name);
        pending.many = bytes4(data) == MULTICALL;
        if (pending.many) {
            pending.calls = abi.decode(data[4:], (bytes[]));
        } else {
            pending.calls = new bytes[](1);
            pending.calls[0] = data;
        }
        // A call that no set can answer is refused before anybody is asked.
        for (uint256 index = 0; index < pending.calls.length; ++index) this.recordOf(pending.calls[index]);
        pending.gateways = _directory.urlsOf(_shardNode(pending.name, pending.node));
        require(pending.gateways.length != 0, OffchainResolverNoGateways(pending.node));
        _ask(pending);
    }

    /// @inheritdoc IOffchainResolver
    function resolveCallback(bytes calldata response, bytes calldata extraData) external view returns (bytes memory) {
        Pending memory pending = abi.decode(extraData, (Pending));
        (bool found, bytes[] memory results, bytes memory lastReason) = _newestValid(response, pending);
        if (found) return pending.many ? abi.encode(results) : results[0];

        // Which gateway gave the answer cannot be known, and a liar may have filled in the parts of the others; so one is given
        // up a time, in the order in which clients ask them.
        uint256 remaining = pending.gateways.length - 1;
        require(remaining != 0, OffchainResolverNoValidAnswer(pending.node, lastReason));
        string[] memory gateways = new string[](remaining);
        for (uint256 index = 0; index < remaining; ++index) gateways[index] = pending.gateways[index + 1];
        pending.gateways = gateways;
        _ask(pending);
    }

    /// @inheritdoc IOffchainResolver
    function verifyAnswer(
        bytes calldata answer,
        bytes32 node,
        bytes calldata name,
        bytes[] calldata calls
    ) external view returns (bytes[] memory results, uint64 sequence) {
        SignedAnswer memory signed = abi.decode(answer, (SignedAnswer));
        _checkSet(signed, node);
        require(signed.leaves.length == calls.length, RecordSetWrongLeafCount(signed.leaves.length, calls.length));
        bytes32 nameNode = DnsName.namehash(name, 0);
        results = new bytes[](calls.length);
        for (uint256 index = 0; index < calls.length; ++index) {
            bytes memory value = _valueOf(signed.set, nameNode, calls[index], signed.leaves[index]);
            results[index] = RecordCall.resultOf(bytes4(calls[index]), value);
        }
        return (results, signed.set.sequence);
    }

    /// @notice The record that a resolver call reads: kind word and subkey (`RecordCall`).
    function recordOf(bytes calldata call) external pure returns (uint256 kindWord, bytes32 subkey) {
        return RecordCall.recordOf(call);
    }

    /// @notice Splits the gateways' answers to a batch (ENSIP-21).
    function decodeBatch(bytes calldata response) external pure returns (bool[] memory, bytes[] memory) {
        return abi.decode(response, (bool[], bytes[]));
    }

    /// @notice Whether a feature is supported (ERC-7996): the resolver takes a multicall whole (ENSIP-22).
    function supportsFeature(bytes4 feature) external pure returns (bool) {
        return feature == FEATURE_MULTICALL;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return
            interfaceId == type(IERC165).interfaceId ||
            interfaceId == EXTENDED_RESOLVER ||
            interfaceId == FEATURES ||
            interfaceId == type(IOffchainResolver).interfaceId;
    }

    /// @dev Reverts with one lookup of all remaining gateways.
    function _ask(Pending memory pending) private view {
        bytes memory question = abi.encodeCall(
            IRecordGateway.signedRecords,
            (address(this), pending.node, pending.name, pending.calls)
        );
        uint256 count = pending.gateways.length;
        IBatchGateway.Request[] memory requests = new IBatchGateway.Request[](count);
        string[] memory urls = new string[](count + 1);
        urls[0] = LOCAL_BATCH_GATEWAY;
        for (uint256 index = 0; index < count; ++index) {
            string[] memory url = new string[](1);
            url[0] = string.concat(pending.gateways[index], GATEWAY_PATH);
            urls[index + 1] = url[0];
            requests[index] = IBatchGateway.Request(address(this), url, question);
        }
        revert OffchainLookup(
            address(this),
            urls,
            abi.encodeCall(IBatchGateway.query, (requests)),
            this.resolveCallback.selector,
            abi.encode(pending)
        );
    }

    /// @dev The answer with the highest sequence among those that verify. Nothing a gateway sends can make this revert.
    function _newestValid(
        bytes calldata response,
        Pending memory pending
    ) private view returns (bool found, bytes[] memory results, bytes memory lastReason) {
        bytes[] memory answers;
        bool[] memory failures;
        try this.decodeBatch{gas: gasleft() / 2}(response) returns (bool[] memory failures_, bytes[] memory answers_) {
            (failures, answers) = (failures_, answers_);
        } catch (bytes memory reason) {
            return (false, results, reason);
        }
        uint64 newest = 0;
        for (uint256 index = 0; index < answers.length && index < failures.length; ++index) {
            if (failures[index]) continue;
            try
                this.verifyAnswer{gas: gasleft() / 8}(answers[index], pending.node, pending.name, pending.calls)
            returns (bytes[] memory verified, uint64 sequence) {
                if (found && sequence <= newest) continue;
                (found, results, newest) = (true, verified, sequence);
            } catch (bytes memory reason) {
                lastReason = reason;
            }
        }
    }

    function _checkSet(SignedAnswer memory signed, bytes32 node) private view {
        RecordSet memory set = signed.set;
        require(set.node == node, RecordSetWrongNode(set.node, node));
        uint64 epoch = _registry.epochOf(node);
        require(set.epoch == epoch, RecordSetWrongEpoch(set.epoch, epoch));
        require(
            set.validFrom <= block.timestamp && block.timestamp <= set.validUntil,
            RecordSetNotValidAt(block.timestamp, set.validFrom, set.validUntil)
        );
        uint256 minimum = minSequence(node);
        require(set.sequence >= minimum, RecordSetRevoked(set.sequence, minimum));
        require(_mayWrite(node, signed.signer), RecordSetSignerUnauthorized(node, signed.signer));
        require(
            SignatureChecker.isValidSignatureNow(signed.signer, recordSetDigest(set), signed.signature),
            RecordSetInvalidSignature(signed.signer)
        );
    }

    /// @dev The record a call reads: the first there is of `RecordCall.keysOf`, for each of which there is a leaf up to then.
    function _valueOf(
        RecordSet memory set,
        bytes32 nameNode,
        bytes calldata call,
        RecordLeaf[] memory leaves
    ) private pure returns (bytes memory value) {
        if (set.root == 0) return "";
        bytes32[] memory keys = RecordCall.keysOf(set.node, nameNode, call);
        for (uint256 index = 0; index < keys.length && value.length == 0; ++index) {
            require(index < leaves.length, RecordSetWrongLeafCount(leaves.length, index + 1));
            value = RecordTree.valueOf(set.root, keys[index], leaves[index]);
        }
    }

    /// @dev The closest name at or above this one that has this resolver: its owner signs.
    function _signedNode(bytes memory name) private view returns (bytes32 node) {
        uint256 offset = 0;
        while (uint8(name[offset]) != 0) {
            node = DnsName.namehash(name, offset);
            address resolver = _registry.resolver(node);
            if (resolver == address(this)) return node;
            // Another resolver in between: the names above it do not answer for this one.
            if (resolver != address(0)) break;
            offset = DnsName.next(name, offset);
        }
        revert OffchainResolverNotResolverOf(name);
    }

    /// @dev The name directly under the TLD, which carries the shard; for a name elsewhere, the one that signs.
    function _shardNode(bytes memory name, bytes32 node) private view returns (bytes32) {
        bytes32 tld = _registry.tldNode();
        uint256 offset = 0;
        while (uint8(name[offset]) != 0) {
            uint256 above = DnsName.next(name, offset);
            if (DnsName.namehash(name, above) == tld) return DnsName.namehash(name, offset);
            offset = above;
        }
        return node;
    }

    function _mayWrite(bytes32 node, address account) private view returns (bool) {
        address owner = _registry.owner(node);
        if (owner == address(0) || account == address(0)) return false;
        return
            account == owner ||
            _registry.isApprovedForAll(owner, account) ||
            _registry.isApprovedFor(owner, node, account);
    }
}
