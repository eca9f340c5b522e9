// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice The revert that asks a client to fetch something off chain (ERC-3668).
/// @dev Error selector: 0x556f1830
error OffchainLookup(address sender, string[] urls, bytes callData, bytes4 callbackFunction, bytes extraData);

/// @notice Several off-chain lookups as one (ENSIP-21).
interface IBatchGateway {
    struct Request {
        address sender;
        string[] urls;
        bytes data;
    }

    /// @notice Fetches all requests. A failure's response is the encoded error.
    function query(
        Request[] calldata requests
    ) external view returns (bool[] memory failures, bytes[] memory responses);
}

/// @notice Runs several calls, and where some of them need off-chain lookups, turns those into one (ENSIP-21).
///
/// Model. A `Lookup` is a call to a contract, with what came of it. `advance` makes the calls that are due and reverts with
/// one OffchainLookup for all that wait; its callback hands the responses to `accept`, then calls `advance` again, until all
/// are settled.
///
/// ```solidity
/// LookupBatch.advance(lookups, gateways, this.resolveCallback.selector, context);
/// return lookups[0].data;
/// ```
library LookupBatch {
    enum Status {
        // The call is to be made.
        Due,
        // `data` is the OffchainLookup's encoding, without its selector.
        Waiting,
        // `data` is what the call returned.
        Done,
        // `data` is what the call reverted with.
        Reverted,
        // `data` is the error the gateway's failure is told by.
        Unreachable
    }

    struct Lookup {
        address target;
        bytes call;
        Status status;
        bytes data;
    }

    /// @notice The gateways' answer has another number of responses than there were requests.
    /// @dev Error selector: 0x4a5c31ea
    error InvalidBatchGatewayResponse();

    /// @notice Makes all calls that are due; reverts with one lookup for all that wait.
    /// @param gateways URLs of batch gateways.
    /// @param callback The function that takes the gateways' answer.
    /// @param context What that function needs besides `lookups` and `gateways`.
    function advance(
        Lookup[] memory lookups,
        string[] memory gateways,
        bytes4 callback,
        bytes memory context
    ) internal view {
        uint256 waiting = 0;
        for (uint256 index = 0; index < lookups.length; ++index) {
            Lookup memory lookup = lookups[index];
            if (lookup.status == Status.Due) _call(lookup);
            if (lookup.status == Status.Waiting) ++waiting;
        }
        if (waiting == 0) return;
        IBatchGateway.Request[] memory requests = new IBatchGateway.Request[](waiting);
        for (uint256 index = lookups.length; index > 0; --index) {
            Lookup memory lookup = lookups[index - 1];
            if (lookup.status != Status.Waiting) continue;
            (address sender, string[] memory urls, bytes memory data, , ) = abi.decode(
                lookup.data,
                (address, string[], bytes, bytes4, bytes)
            );
            requests[--waiting] = IBatchGateway.Request(sender, urls, data);
        }
        revert OffchainLookup(
            address(this),
            gateways,
            abi.encodeCall(IBatchGateway.query, (requests)),
            callback,
            abi.encode(lookups, gateways, context)
        );
    }

    /// @notice Takes the gateways' answer: every lookup that waited is due again, at its contract's callback, or unreachable.
    /// @param response The encoding of `failures` and `responses` (ENSIP-21).
    function accept(Lookup[] memory lookups, bytes memory response) internal pure {
        (bool[] memory failures, bytes[] memory responses) = abi.decode(response, (bool[], bytes[]));
        require(failures.length == responses.length, InvalidBatchGatewayResponse());
        uint256 position = 0;
        for (uint256 index = 0; index < lookups.length; ++index) {
            Lookup memory lookup = lookups[index];
            if (lookup.status != Status.Waiting) continue;
            require(position < responses.length, InvalidBatchGatewayResponse());
            if (failures[position]) {
                lookup.status = Status.Unreachable;
                lookup.data = responses[position];
            } else {
                (, , , bytes4 callback, bytes memory extraData) = abi.decode(
                    lookup.data,
                    (address, string[], bytes, bytes4, bytes)
                );
                lookup.call = abi.encodeWithSelector(callback, responses[position], extraData);
                lookup.status = Status.Due;
                lookup.data = "";
            }
            ++position;
        }
        require(position == responses.length, InvalidBatchGatewayResponse());
    }

    function _call(Lookup memory lookup) private view {
        (bool success, bytes memory data) = lookup.target.staticcall(lookup.call);
        lookup.data = data;
        lookup.status = success ? Status.Done : Status.Reverted;
        if (success || bytes4(data) != OffchainLookup.selector || data.length < 36) return;
        bytes memory encoding = _withoutSelector(data);
        // ERC-3668: a lookup asked for by a contract further in is no lookup of the contract that was called.
        if (abi.decode(encoding, (address)) != lookup.target) return;
        lookup.data = encoding;
        lookup.status = Status.Waiting;
    }

    function _withoutSelector(bytes memory data) private pure returns (bytes memory encoding) {
        encoding = new bytes(data.length - 4);
        assembly ("memory-safe") {
            mcopy(add(encoding, 0x20), add(data, 0x24), mload(encoding))
        }
    }
}
