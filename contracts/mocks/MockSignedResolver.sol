// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {OffchainLookup} from "../universal/LookupBatch.sol";

/// @notice A resolver of the kind in common use off chain, for tests: it sends clients to URLs (ERC-3668, ENSIP-10) and accepts
/// whatever a signer signed, until it expires.
contract MockSignedResolver is IERC165 {
    address private immutable _signer;
    string[] private _urls;

    /// @notice The answer has expired.
    /// @dev Error selector: 0x703dc499
    error MockSignedResolverExpired(uint64 expires);
    /// @notice The answer was signed by another key.
    /// @dev Error selector: 0xe30356cd
    error MockSignedResolverInvalidSigner(address signer);

    constructor(address signer_, string[] memory urls_) {
        _signer = signer_;
        _urls = urls_;
    }

    /// @notice Sends clients to the gateways (ENSIP-10).
    function resolve(bytes calldata name, bytes calldata data) external view returns (bytes memory) {
        bytes memory question = abi.encodeCall(this.resolve, (name, data));
        revert OffchainLookup(address(this), _urls, question, this.resolveCallback.selector, question);
    }

    /// @notice Takes a gateway's answer: the result, when it expires, the signature of `digestOf`.
    function resolveCallback(bytes calldata response, bytes calldata question) external view returns (bytes memory) {
        (bytes memory result, uint64 expires, bytes memory signature) = abi.decode(response, (bytes, uint64, bytes));
        require(block.timestamp <= expires, MockSignedResolverExpired(expires));
        address signer = ECDSA.recover(digestOf(question, result, expires), signature);
        require(signer == _signer, MockSignedResolverInvalidSigner(signer));
        return result;
    }

    /// @notice What a gateway signs.
    function digestOf(bytes memory question, bytes memory result, uint64 expires) public view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1900", address(this), expires, keccak256(question), keccak256(result)));
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == 0x9061b923;
    }
}
