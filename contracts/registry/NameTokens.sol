// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";
import {ERC721Utils} from "@openzeppelin/contracts/token/ERC721/utils/ERC721Utils.sol";

import {RecordStore} from "../resolver/RecordStore.sol";
import {ITokenRenderer} from "./ITokenRenderer.sol";
import {RegistryLogic} from "./RegistryLogic.sol";
import {APPROVED, Words} from "./Words.sol";

/// @title The leased names as ERC-721 tokens with metadata
///
/// `tokenId = uint256(node)`. A token is there while its lease is not over, so a name in its grace period has none; its holder's
/// balance counts it until it is swept or registered anew.
abstract contract NameTokens is RegistryLogic, IERC721Metadata, IERC721Errors {
    using Words for uint256;
    using RecordStore for bytes32;

    ITokenRenderer private immutable RENDERER;

    /// @param renderer Draws the tokens.
    constructor(ITokenRenderer renderer) {
        RENDERER = renderer;
    }

    /// @inheritdoc IERC721Metadata
    function name() external pure returns (string memory) {
        return "Holdfast";
    }

    /// @inheritdoc IERC721Metadata
    function symbol() external pure returns (string memory) {
        return "HOLD";
    }

    /// @inheritdoc IERC721Metadata
    function tokenURI(uint256 tokenId) external view returns (string memory) {
        bytes32 node = bytes32(tokenId);
        return RENDERER.tokenURI(node, RecordStore.slot(node, KIND_PUBLISHED, 0).load(), _tokenWord(tokenId));
    }

    /// @notice How many leased names an account holds, lapsed ones included until they are swept or registered anew.
    function balanceOf(address holder) external view returns (uint256) {
        if (holder == address(0)) revert ERC721InvalidOwner(address(0));
        return _balances[holder];
    }

    /// @inheritdoc IERC721
    function ownerOf(uint256 tokenId) external view returns (address) {
        return _tokenWord(tokenId).owner();
    }

    /// @inheritdoc IERC721
    function getApproved(uint256 tokenId) external view returns (address) {
        return _tokenWord(tokenId).has(APPROVED) ? _tokenApprovals[bytes32(tokenId)] : address(0);
    }

    /// @inheritdoc IERC721
    function isApprovedForAll(address holder, address operator) external view returns (bool) {
        return _operators[holder][operator];
    }

    /// @notice Lets an account act on all names of the caller, or no longer (EIP-137 and ERC-721).
    function setApprovalForAll(address operator, bool approved) external {
        if (operator == address(0)) revert ERC721InvalidOperator(address(0));
        _operators[msg.sender][operator] = approved;
        emit ApprovalForAll(msg.sender, operator, approved);
    }

    /// @inheritdoc IERC721
    function approve(address to, uint256 tokenId) external {
        bytes32 node = bytes32(tokenId);
        uint256 word = _tokenWord(tokenId);
        address holder = word.owner();
        if (msg.sender != holder && !_operators[holder][msg.sender]) revert ERC721InvalidApprover(msg.sender);
        _tokenApprovals[node] = to;
        _names[node] = to == address(0) ? word & ~APPROVED : word | APPROVED;
        emit Approval(holder, to, tokenId);
    }

    /// @inheritdoc IERC721
    function transferFrom(address from, address to, uint256 tokenId) public {
        _transferFrom(from, to, tokenId);
    }

    /// @inheritdoc IERC721
    function safeTransferFrom(address from, address to, uint256 tokenId) external {
        safeTransferFrom(from, to, tokenId, "");
    }

    /// @inheritdoc IERC721
    function safeTransferFrom(address from, address to, uint256 tokenId, bytes memory data_) public {
        transferFrom(from, to, tokenId);
        ERC721Utils.checkOnERC721Received(msg.sender, from, to, tokenId, data_);
    }
}
