// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {INameRegistry} from "./INameRegistry.sol";
import {RegistryAuthority} from "./RegistryAuthority.sol";
import {APPROVED, EMANCIPATED, GRACE_PERIOD, TRANSFER_LOCKED, Words} from "./Words.sol";

/// @title Leased names as tokens
///
/// Balances, transfers, and what becomes of a token whose lease is over. `NameTokens` gives them the ABI of ERC-721.
abstract contract RegistryTokens is RegistryAuthority {
    using Words for uint256;

    /// @dev Counts and announces a token; the word is written by the caller.
    function _mint(address to, bytes32 node) internal {
        unchecked {
            // A balance counts registrations, each of which costs gas: it cannot overflow.
            ++_balances[to];
        }
        emit IERC721.Transfer(address(0), to, uint256(node));
    }

    /// @dev The opposite of `_mint`.
    function _burn(address from, bytes32 node) internal {
        --_balances[from];
        emit IERC721.Transfer(from, address(0), uint256(node));
    }

    /// @dev The word of a token that is there; reverts otherwise.
    function _tokenWord(uint256 tokenId) internal view returns (uint256 word) {
        word = _names[bytes32(tokenId)];
        bool exists;
        assembly ("memory-safe") {
            // Leased, not expired, and not swept.
            exists := and(
                and(shr(208, word), lt(timestamp(), and(shr(160, word), 0xfffffffff))),
                iszero(iszero(shl(96, word)))
            )
        }
        if (!exists) revert IERC721Errors.ERC721NonexistentToken(tokenId);
    }

    /// @dev ERC-721's `transferFrom`.
    function _transferFrom(address from, address to, uint256 tokenId) internal {
        bytes32 node = bytes32(tokenId);
        uint256 word = _tokenWord(tokenId);
        if (msg.sender != word.owner()) _checkTokenOperator(tokenId, word);
        if (word.owner() != from) revert IERC721Errors.ERC721IncorrectOwner(from, tokenId, word.owner());
        if (to == address(0)) revert IERC721Errors.ERC721InvalidReceiver(address(0));
        _transfer(node, word, to);
    }

    /// @dev Refuses who is neither approved for the token nor for all of its holder.
    function _checkTokenOperator(uint256 tokenId, uint256 word) private view {
        if (_operators[word.owner()][msg.sender]) return;
        if (!word.has(APPROVED) || _tokenApprovals[bytes32(tokenId)] != msg.sender) {
            revert IERC721Errors.ERC721InsufficientApproval(msg.sender, tokenId);
        }
    }

    /// @dev Hands a token on, unless a lock forbids it. Its approval ends.
    function _transfer(bytes32 node, uint256 word, address to) internal {
        if (word.has(TRANSFER_LOCKED)) revert INameRegistry.RegistryLocked(node, TRANSFER_LOCKED >> 208);
        address from = word.owner();
        _names[node] = (word & ~APPROVED) ^ uint160(from) ^ uint160(to);
        unchecked {
            // `from` holds this name at least, and there are fewer names than a balance can count.
            --_balances[from];
            ++_balances[to];
        }
        emit IERC721.Transfer(from, to, uint256(node));
    }

    /// @dev When a leased name becomes free: after a grace period if it is directly under the TLD.
    function _freeAt(uint256 word) internal pure returns (uint256) {
        return word.has(EMANCIPATED) ? word.expiry() : word.expiry() + GRACE_PERIOD;
    }

    /// @dev Makes way on a node whose word is `word`: a lapsed token is burned, a name that is not free refused.
    function _clearLapsed(bytes32 node, uint256 word) internal {
        if (!word.isLeased()) return;
        uint256 freeAt = _freeAt(word);
        if (block.timestamp < freeAt) {
            if (word.has(EMANCIPATED)) revert INameRegistry.RegistryNameEmancipated(node);
            revert INameRegistry.RegistryNameTaken(node, freeAt);
        }
        if (word.owner() != address(0)) _burn(word.owner(), node);
    }
}
