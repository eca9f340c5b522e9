// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {DnsName} from "../../../contracts/naming/DnsName.sol";
import {ReverseName} from "../../../contracts/naming/ReverseName.sol";

/// @notice Names in wire form and as text, on inputs drawn at random.
contract NamesTest {
    /// @notice Whatever text has a wire form comes back from it.
    function testFuzz_decode_undoesEncode(string memory text) public pure {
        (bool encodable, bytes memory name) = DnsName.tryEncode(text);
        if (!encodable) return;
        assert(DnsName.isValid(name));
        assert(keccak256(bytes(DnsName.decode(name))) == keccak256(bytes(text)));
    }

    /// @notice Whatever bytes are a wire name come back from their text.
    function testFuzz_encode_undoesDecode(bytes memory seed) public pure {
        bytes memory name = _nameOf(seed);
        if (!DnsName.isValid(name)) return;
        assert(keccak256(DnsName.encode(DnsName.decode(name))) == keccak256(name));
    }

    /// @notice The check of arbitrary bytes neither reverts nor passes anything over 255 bytes.
    function testFuzz_isValid_boundsTheLength(bytes memory name) public pure {
        if (DnsName.isValid(name)) assert(name.length <= 255 && name[name.length - 1] == 0);
    }

    /// @notice The node of a name is that of its label below the node of what follows.
    function testFuzz_namehash_isRecursive(bytes memory seed) public pure {
        bytes memory name = _nameOf(seed);
        if (!DnsName.isValid(name) || name.length == 1) return;
        bytes32 parent = DnsName.namehash(name, DnsName.next(name, 0));
        assert(DnsName.namehash(name, 0) == DnsName.child(parent, DnsName.labelhash(name, 0)));
    }

    /// @notice A reverse name is read back as the account it was made of.
    function testFuzz_parse_undoesReverseName(address account, uint32 chain) public pure {
        bytes memory label = new bytes(40);
        for (uint256 digit = 0; digit < 40; ++digit) {
            label[digit] = bytes("0123456789abcdef")[(uint160(account) >> (4 * (39 - digit))) & 15];
        }
        assert(keccak256(label) == ReverseName.addressLabelhash(account));
        bytes memory name = bytes.concat(bytes1(uint8(40)), label, hex"0461646472077265766572736500");
        (bool valid, address read, uint256 coinType) = ReverseName.parse(name);
        assert(valid && read == account && coinType == 60);
        assert(DnsName.namehash(name, 0) == ReverseName.addrNode(account));
        assert(ReverseName.isEvmCoinType(0x80000000 | uint256(chain)));
    }

    /// @dev Turns drawn bytes into something close to a wire name: most drawn bytes alone are none.
    function _nameOf(bytes memory seed) private pure returns (bytes memory name) {
        for (uint256 place = 0; place < seed.length && place < 24; ++place) {
            uint256 size = uint8(seed[place]) % 12;
            if (size == 0) continue;
            bytes memory label = new bytes(size);
            for (uint256 index = 0; index < size; ++index)
                label[index] = bytes1(uint8(97 + ((uint8(seed[place]) + index) % 26)));
            name = bytes.concat(name, bytes1(uint8(size)), label);
        }
        return bytes.concat(name, hex"00");
    }
}
