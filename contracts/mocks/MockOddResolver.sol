// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {OffchainLookup} from "../universal/LookupBatch.sol";

/// @notice A resolver that answers in every way that resolvers do, by the key of the text asked for, for tests.
contract MockOddResolver {
    /// @dev Error selector: 0x7e7dc7fd
    error Unwilling(string key);
    /// @dev Error selector: 0x7b1c461b
    error UnsupportedResolverProfile(bytes4 selector);

    /// @notice `empty`, `revert`, `unsupported`, `offchain` (once), `twice`, `foreign` do what they say, `short` reverts with no more
    /// than the selector of a lookup; else the key itself.
    function text(bytes32, string calldata key) external view returns (string memory) {
        bytes32 hash = keccak256(bytes(key));
        if (hash == keccak256("empty")) {
            assembly {
                return(0, 0)
            }
        }
        if (hash == keccak256("short")) {
            bytes4 selector = OffchainLookup.selector;
            assembly {
                mstore(0, selector)
                revert(0, 4)
            }
        }
        if (hash == keccak256("revert")) revert Unwilling(key);
        if (hash == keccak256("unsupported")) revert UnsupportedResolverProfile(msg.sig);
        if (hash == keccak256("offchain")) _lookup(address(this), 0);
        if (hash == keccak256("twice")) _lookup(address(this), 1);
        if (hash == keccak256("foreign")) _lookup(address(1), 0);
        return key;
    }

    /// @notice ERC-3668: the gateways' response is the text; `extraData` says how many more lookups come first.
    function done(bytes calldata response, bytes calldata extraData) external view returns (string memory) {
        uint256 more = abi.decode(extraData, (uint256));
        if (more != 0) _lookup(address(this), more - 1);
        return string(response);
    }

    /// @notice An account that no primary name resolves to.
    function addr(bytes32) external pure returns (address) {
        return address(1);
    }

    function _lookup(address sender, uint256 more) private pure {
        string[] memory urls = new string[](1);
        urls[0] = "http://gateway.example.org/{sender}/{data}";
        revert OffchainLookup(sender, urls, abi.encode(more), this.done.selector, abi.encode(more));
    }
}
