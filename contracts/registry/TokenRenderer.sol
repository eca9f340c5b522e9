// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {ITokenRenderer} from "./ITokenRenderer.sol";
import {EMANCIPATED, Words} from "./Words.sol";

/// @title Draws a name's token
///
/// An SVG with the name and, of a name under the TLD, its shard index. The chain knows a name's text only once it was published
/// (`INameRegistry.publishName`); until then the node stands for it, and so it does for a name that is no text. A label may hold
/// any byte but dots and NUL, so the text is escaped for XML and for JSON: a token cannot carry markup.
contract TokenRenderer is ITokenRenderer {
    using Words for uint256;

    /// @inheritdoc ITokenRenderer
    function tokenURI(bytes32 node, bytes calldata dnsName, uint256 word) external pure returns (string memory) {
        string memory title = _text(dnsName);
        if (bytes(title).length == 0 || !_isText(bytes(title))) title = Strings.toHexString(uint256(node), 32);
        bytes memory json = abi.encodePacked(
            '{"name":"',
            _escape(title, false),
            '","description":"A name in the Holdfast registry.","image":"data:image/svg+xml;base64,',
            Base64.encode(_image(title, word)),
            '","attributes":[{"display_type":"date","trait_type":"Expiry","value":',
            Strings.toString(word.expiry()),
            "}",
            _shardAttribute(word),
            "]}"
        );
        return string.concat("data:application/json;base64,", Base64.encode(json));
    }

    function _shardAttribute(uint256 word) private pure returns (string memory) {
        if (word.has(EMANCIPATED)) return "";
        return
            string.concat(
                ',{"display_type":"number","trait_type":"Shard index","value":',
                Strings.toString(word.index()),
                "}"
            );
    }

    function _image(string memory title, uint256 word) private pure returns (bytes memory) {
        // The text shrinks with its length, so that 20 characters and more still fit the picture's width.
        uint256 length = bytes(title).length;
        uint256 size =
            length < 16
                ? 32
                : length > 64
                    ? 8
                    : 512 / length;
        string memory subtitle =
            word.has(EMANCIPATED)
                ? "emancipated subname"
                : string.concat("shard index ", Strings.toString(word.index()));
        return
            abi.encodePacked(
                '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400"><rect width="400" height="400" fill="#0b2239"/>',
                '<path d="M60 120h280v24h-128v200h-24v-200h-128z" fill="#1d4e79"/>',
                '<text x="200" y="72" text-anchor="middle" font-family="sans-serif" fill="#fff" font-size="',
                Strings.toString(size),
                '">',
                _escape(title, true),
                '</text><text x="200" y="376" text-anchor="middle" font-family="sans-serif" fill="#9fc3e2" font-size="14">',
                subtitle,
                "</text></svg>"
            );
    }

    /// @dev The text of a well-formed name in DNS wire form, its labels with dots between; empty for no name.
    function _text(bytes calldata dnsName) private pure returns (string memory) {
        if (dnsName.length < 2) return "";
        bytes memory text = dnsName[1:dnsName.length - 1];
        uint256 dot = uint8(dnsName[0]);
        while (dot < text.length) {
            uint256 length = uint8(text[dot]);
            text[dot] = ".";
            dot += length + 1;
        }
        return string(text);
    }

    /// @dev Whether bytes are UTF-8 (RFC 3629) of characters that XML has; those below 0x80 are `_entity`'s matter.
    function _isText(bytes memory raw) private pure returns (bool) {
        uint256 position = 0;
        while (position < raw.length) {
            uint256 lead = uint8(raw[position]);
            uint256 size = _sizeOf(lead);
            if (size == 0 || position + size > raw.length) return false;
            // The lead byte's own bits: seven of a single byte, else those behind the ones that tell the size.
            uint256 character = size == 1 ? lead : lead & (0x7f >> size);
            for (uint256 i = 1; i < size; ++i) {
                uint256 next = uint8(raw[position + i]);
                if (next & 0xc0 != 0x80) return false;
                character = (character << 6) | (next & 0x3f);
            }
            // Longer than it need be, half of a surrogate pair, no character at all, or beyond the last one.
            if (size == 3 && (character < 0x800 || character >> 11 == 27 || character > 0xfffd)) return false;
            if (size == 4 && (character < 0x10000 || character > 0x10ffff)) return false;
            position += size;
        }
        return true;
    }

    /// @dev How many bytes a character has that starts with `lead`, zero if none does.
    function _sizeOf(uint256 lead) private pure returns (uint256) {
        if (lead < 0x80) return 1;
        if (lead < 0xc2 || lead > 0xf4) return 0;
        if (lead < 0xe0) return 2;
        return lead < 0xf0 ? 3 : 4;
    }

    /// @dev Escapes what XML or JSON would read as more than text; control characters become spaces.
    function _escape(string memory text, bool xml) private pure returns (string memory) {
        bytes memory raw = bytes(text);
        bytes memory escaped;
        uint256 done = 0;
        for (uint256 i = 0; i <= raw.length; ++i) {
            bytes memory entity = i == raw.length ? bytes("") : _entity(raw[i], xml);
            if (i < raw.length && entity.length == 0) continue;
            escaped = bytes.concat(escaped, _slice(raw, done, i), entity);
            done = i + 1;
        }
        return string(escaped);
    }

    /// @dev What stands for a byte, empty if it may stand for itself.
    function _entity(bytes1 character, bool xml) private pure returns (bytes memory) {
        if (uint8(character) < 0x20) return " ";
        if (xml) {
            if (character == "<") return "&lt;";
            if (character == ">") return "&gt;";
            if (character == "&") return "&amp;";
        } else {
            if (character == '"') return '\\"';
            if (character == "\\") return "\\\\";
        }
        return "";
    }

    function _slice(bytes memory raw, uint256 from, uint256 to) private pure returns (bytes memory part) {
        part = new bytes(to - from);
        assembly ("memory-safe") {
            mcopy(add(part, 32), add(add(raw, 32), from), sub(to, from))
        }
    }
}
