// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {
    IOffchainResolver,
    RecordLeaf,
    RecordSet,
    SignedAnswer
} from "../../../contracts/offchain/IOffchainResolver.sol";
import {IGatewayUrls, IRecordAuthority, OffchainResolver} from "../../../contracts/offchain/OffchainResolver.sol";
import {RecordCall} from "../../../contracts/offchain/RecordCall.sol";
import {RecordTree} from "../../../contracts/offchain/RecordTree.sol";
import {Cheats} from "../support/Cheats.sol";

/// @title Signed sets by the vectors that TypeScript is held against too
/// @notice Digests, signatures, record calls and trees out of one file; every field is changed and refused. This contract stands
/// in for the registry: the signer owns every name, which is in the epoch that a set says.
contract RecordSetVectorsTest is Cheats, IRecordAuthority {
    string private constant FILE = "test/protocol/recordSet.vectors.json";

    string private _json;
    address private _signer;
    uint64 private _epoch;
    OffchainResolver private _resolver;

    function setUp() public {
        _json = vm.readFile(FILE);
        _signer = vm.parseJsonAddress(_json, ".signer");
        // The digest is bound to the contract's address, so its code goes where the vectors have it.
        _resolver = OffchainResolver(_deployAt(vm.parseJsonAddress(_json, ".resolver")));
    }

    // ------------------------------------------------------------------ sets

    function test_recordSetDigest_isWhatTheSignatureIsOf() public {
        uint256 count = 0;
        for (; vm.keyExistsJson(_json, _at(".sets", count)); ++count) {
            (SignedAnswer memory answer, bytes32 digest) = _signedAt(count);
            assertTrue("digest", _resolver.recordSetDigest(answer.set) == digest);
            assertEq("signer", _recover(digest, answer.signature), _signer);
        }
        assertEq("sets", count, 8);
    }

    function test_verifyAnswer_refusesAChangeOfAnyField() public {
        for (uint256 index = 0; vm.keyExistsJson(_json, _at(".sets", index)); ++index) {
            (SignedAnswer memory answer, ) = _signedAt(index);
            assertTrue("accepted as it is", _accepts(_resolver, answer));
            for (uint256 field = 0; field < 7; ++field) {
                (SignedAnswer memory changed, ) = _signedAt(index);
                _change(changed, field);
                assertTrue("a field", !_accepts(_resolver, changed));
            }
        }
    }

    function test_verifyAnswer_refusesAChangeOfAnyByteOfTheSignature() public {
        (SignedAnswer memory answer, ) = _signedAt(5);
        for (uint256 position = 0; position < answer.signature.length; ++position) {
            answer.signature[position] ^= 0x01;
            assertTrue("a byte", !_accepts(_resolver, answer));
            answer.signature[position] ^= 0x01;
        }
        bytes memory whole = answer.signature;
        answer.signature = bytes.concat(whole, hex"00");
        assertTrue("a byte more", !_accepts(_resolver, answer));
        answer.signature = "";
        assertTrue("none", !_accepts(_resolver, answer));
        answer.signature = whole;
        assertTrue("as it was", _accepts(_resolver, answer));
    }

    function test_verifyAnswer_refusesSetsOfAnotherChainOrContract() public {
        OffchainResolver elsewhere = OffchainResolver(_deployAt(address(0xe15e)));
        for (uint256 index = 0; vm.keyExistsJson(_json, _at(".sets", index)); ++index) {
            (SignedAnswer memory answer, ) = _signedAt(index);
            assertTrue("another contract", !_accepts(elsewhere, answer));
            vm.chainId(block.chainid + 1);
            assertTrue("another chain", !_accepts(_resolver, answer));
        }
    }

    // ------------------------------------------------------------------ calls

    function test_recordOf_isTheRecordThatACallReads() public view {
        uint256 count = 0;
        for (; vm.keyExistsJson(_json, _at(".calls", count)); ++count) {
            string memory place = _at(".calls", count);
            (uint256 kindWord, bytes32 subkey) = _resolver.recordOf(_bytesOf(place, ".call"));
            assertTrue("kind word", bytes32(kindWord) == _wordOf(place, ".kindWord"));
            assertTrue("subkey", subkey == _wordOf(place, ".subkey"));
        }
        assertEq("calls", count, 9);
    }

    function test_keysOf_areThePlacesWhereASetMayHoldWhatACallReads() public view {
        uint256 count = 0;
        for (; vm.keyExistsJson(_json, _at(".reads", count)); ++count) {
            string memory place = _at(".reads", count);
            bytes32[] memory expected = vm.parseJsonBytes32Array(_json, string.concat(place, ".keys"));
            bytes32[] memory keys = this.keysOf(
                _wordOf(place, ".setNode"),
                _wordOf(place, ".nameNode"),
                _bytesOf(place, ".call")
            );
            assertTrue("keys", keccak256(abi.encode(keys)) == keccak256(abi.encode(expected)));
        }
        assertEq("reads", count, 22);
    }

    /// @notice The library's function from outside, where its argument is calldata.
    function keysOf(
        bytes32 setNode,
        bytes32 nameNode,
        bytes calldata call
    ) external pure returns (bytes32[] memory keys) {
        return RecordCall.keysOf(setNode, nameNode, call);
    }

    // ------------------------------------------------------------------ trees

    function test_root_isThatOfTheRecords() public view {
        uint256 count = 0;
        for (; vm.keyExistsJson(_json, _at(".trees", count)); ++count) {
            string memory tree = _at(".trees", count);
            assertTrue("root", _rootOf(tree) == _wordOf(tree, ".root"));
        }
        assertEq("trees", count, 4);
    }

    function test_valueOf_showsTheRecordOrThatThereIsNone() public view {
        for (uint256 index = 0; vm.keyExistsJson(_json, _at(".trees", index)); ++index) {
            string memory tree = _at(".trees", index);
            for (uint256 number = 0; vm.keyExistsJson(_json, _leafPlace(tree, number)); ++number) {
                (bytes32 wanted, RecordLeaf memory leaf) = _leafAt(tree, number);
                bytes memory value = this.valueOf(_wordOf(tree, ".root"), wanted, leaf);
                bytes memory expected = wanted == leaf.key ? leaf.value : bytes("");
                assertTrue("value", keccak256(value) == keccak256(expected));
            }
        }
    }

    function test_valueOf_refusesAChangeOfAnyField() public view {
        for (uint256 index = 0; vm.keyExistsJson(_json, _at(".trees", index)); ++index) {
            string memory tree = _at(".trees", index);
            bytes32 root = _wordOf(tree, ".root");
            for (uint256 number = 0; vm.keyExistsJson(_json, _leafPlace(tree, number)); ++number) {
                (bytes32 wanted, RecordLeaf memory leaf) = _leafAt(tree, number);
                _refusesChanges(root, wanted, leaf);
            }
        }
    }

    function test_valueOf_refusesALeafThatIsAboutOtherKeys() public view {
        string memory tree = _at(".trees", 3);
        bytes32 root = _wordOf(tree, ".root");
        (, RecordLeaf memory first) = _leafAt(tree, 0);
        for (uint256 number = 2; number < 14; ++number) {
            (bytes32 wanted, ) = _leafAt(tree, number);
            _refuses(root, wanted, first, IOffchainResolver.RecordSetUnrelatedLeaf.selector);
        }
    }

    /// @notice The library's function from outside, so that its refusal can be caught.
    function valueOf(bytes32 root, bytes32 key, RecordLeaf memory leaf) external pure returns (bytes memory) {
        return RecordTree.valueOf(root, key, leaf);
    }

    // ------------------------------------------------------------------ the registry

    function owner(bytes32) external view returns (address) {
        return _signer;
    }

    function resolver(bytes32) external view returns (address) {
        return address(_resolver);
    }

    function epochOf(bytes32) external view returns (uint64) {
        return _epoch;
    }

    function data(bytes32, string calldata) external pure returns (bytes memory) {
        return "";
    }

    function isApprovedForAll(address, address) external pure returns (bool) {
        return false;
    }

    function isApprovedFor(address, bytes32, address) external pure returns (bool) {
        return false;
    }

    function tldNode() external pure returns (bytes32) {
        return 0;
    }

    // ------------------------------------------------------------------ inside

    function _deployAt(address place) private returns (address) {
        vm.etch(place, address(new OffchainResolver(this, IGatewayUrls(address(this)))).code);
        return place;
    }

    /// @dev A set with its signature, on the chain and at the time that it is for.
    function _signedAt(uint256 index) private returns (SignedAnswer memory answer, bytes32 digest) {
        string memory place = _at(".sets", index);
        vm.chainId(vm.parseJsonUint(_json, string.concat(place, ".chainId")));
        string memory set = string.concat(place, ".set");
        answer.set = RecordSet({
            node: _wordOf(set, ".node"),
            epoch: uint64(_numberOf(set, ".epoch")),
            sequence: uint64(_numberOf(set, ".sequence")),
            validFrom: uint48(_numberOf(set, ".validFrom")),
            validUntil: uint48(_numberOf(set, ".validUntil")),
            root: _wordOf(set, ".root")
        });
        answer.signer = _signer;
        answer.signature = _bytesOf(place, ".signature");
        digest = _wordOf(place, ".digest");
    }

    function _change(SignedAnswer memory answer, uint256 field) private pure {
        RecordSet memory set = answer.set;
        if (field == 0) set.node ^= bytes32(uint256(1));
        else if (field == 1) set.epoch ^= 1;
        else if (field == 2) set.sequence ^= 1;
        else if (field == 3) set.validFrom ^= 1;
        else if (field == 4) set.validUntil ^= 1;
        else if (field == 5) set.root ^= bytes32(uint256(1));
        else answer.signer = address(uint160(answer.signer) ^ 1);
    }

    /// @dev Whether the resolver takes an answer at a time and in an epoch at which nothing but its signature can be wrong.
    function _accepts(OffchainResolver subject, SignedAnswer memory answer) private returns (bool) {
        _epoch = answer.set.epoch;
        vm.warp(answer.set.validFrom);
        try subject.verifyAnswer(abi.encode(answer), answer.set.node, hex"00", new bytes[](0)) returns (
            bytes[] memory,
            uint64 sequence
        ) {
            return sequence == answer.set.sequence;
        } catch {
            return false;
        }
    }

    function _recover(bytes32 digest, bytes memory signature) private pure returns (address) {
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        return ecrecover(digest, uint8(signature[64]), r, s);
    }

    /// @dev The root of a tree's records, built anew: leaves hashed twice, pairs in order of value, the odd one rises.
    function _rootOf(string memory tree) private view returns (bytes32) {
        uint256 count = 0;
        while (vm.keyExistsJson(_json, _at(string.concat(tree, ".entries"), count))) ++count;
        bytes32[] memory level = new bytes32[](count);
        for (uint256 index = 0; index < count; ++index) {
            string memory entry = _at(string.concat(tree, ".entries"), index);
            bytes32 next = _wordOf(_at(string.concat(tree, ".entries"), (index + 1) % count), ".key");
            bytes32 valueHash = keccak256(_bytesOf(entry, ".value"));
            level[index] = keccak256(bytes.concat(keccak256(abi.encode(_wordOf(entry, ".key"), next, valueHash))));
        }
        for (; count > 1; count = (count + 1) / 2) {
            for (uint256 index = 0; index < count; index += 2) {
                (bytes32 left, bytes32 right) = (level[index], index + 1 < count ? level[index + 1] : bytes32(0));
                if (index + 1 == count) level[index / 2] = left;
                else level[index / 2] = keccak256(left < right ? abi.encode(left, right) : abi.encode(right, left));
            }
        }
        return level[0];
    }

    function _refusesChanges(bytes32 root, bytes32 wanted, RecordLeaf memory leaf) private view {
        bytes4 refusal = IOffchainResolver.RecordSetInvalidProof.selector;
        leaf.key ^= bytes32(uint256(1));
        _refuses(root, wanted, leaf, refusal);
        leaf.key ^= bytes32(uint256(1));
        leaf.nextKey ^= bytes32(uint256(1));
        _refuses(root, wanted, leaf, refusal);
        leaf.nextKey ^= bytes32(uint256(1));
        leaf.value[leaf.value.length - 1] ^= 0x01;
        _refuses(root, wanted, leaf, refusal);
        leaf.value[leaf.value.length - 1] ^= 0x01;
        _refuses(root ^ bytes32(uint256(1)), wanted, leaf, refusal);
        for (uint256 index = 0; index < leaf.proof.length; ++index) {
            leaf.proof[index] ^= bytes32(uint256(1));
            _refuses(root, wanted, leaf, refusal);
            leaf.proof[index] ^= bytes32(uint256(1));
        }
        bytes32[] memory proof = leaf.proof;
        leaf.proof = new bytes32[](proof.length + 1);
        for (uint256 index = 0; index < proof.length; ++index) leaf.proof[index] = proof[index];
        _refuses(root, wanted, leaf, refusal);
    }

    function _refuses(bytes32 root, bytes32 wanted, RecordLeaf memory leaf, bytes4 refusal) private view {
        try this.valueOf(root, wanted, leaf) {
            assertTrue("refused", false);
        } catch (bytes memory reason) {
            assertTrue("the refusal", bytes4(reason) == refusal);
        }
    }

    function _leafPlace(string memory tree, uint256 index) private pure returns (string memory) {
        return _at(string.concat(tree, ".leaves"), index);
    }

    function _leafAt(string memory tree, uint256 index) private view returns (bytes32 wanted, RecordLeaf memory leaf) {
        string memory place = _leafPlace(tree, index);
        wanted = _wordOf(place, ".wanted");
        leaf = RecordLeaf({
            key: _wordOf(place, ".key"),
            nextKey: _wordOf(place, ".nextKey"),
            value: _bytesOf(place, ".value"),
            proof: vm.parseJsonBytes32Array(_json, string.concat(place, ".proof"))
        });
    }

    function _wordOf(string memory place, string memory field) private view returns (bytes32) {
        return vm.parseJsonBytes32(_json, string.concat(place, field));
    }

    function _numberOf(string memory place, string memory field) private view returns (uint256) {
        return vm.parseJsonUint(_json, string.concat(place, field));
    }

    function _bytesOf(string memory place, string memory field) private view returns (bytes memory) {
        return vm.parseJsonBytes(_json, string.concat(place, field));
    }

    /// @dev The place of an array's element.
    function _at(string memory list, uint256 index) private pure returns (string memory) {
        return string.concat(list, "[", vm.toString(index), "]");
    }
}
