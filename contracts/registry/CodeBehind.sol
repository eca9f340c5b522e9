// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @title One contract in two pieces of code
///
/// The first piece, which has the address and the storage, finds the functions whose gas counts by itself; every other call is run by
/// the code of a second contract on this one's storage. That one's address is an immutable: neither piece can ever be changed by
/// anybody, so this is no proxy that could be pointed elsewhere. Both must lay out the storage alike; the second one's own does
/// not matter.
///
/// ```solidity
/// fallback() external {
///     if (uint32(msg.sig) == RENEW) _renewAt(msg.data.length);
///     else _runCodeBehind();
/// }
/// ```
abstract contract CodeBehind {
    address private immutable CODE;

    /// @param code The contract whose code runs what the inheriting one has no short way to.
    constructor(address code) {
        CODE = code;
    }

    /// @dev Runs the call with the other code, and ends it.
    function _runCodeBehind() internal {
        address code = CODE;
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, 0, calldatasize())
            let success := delegatecall(gas(), code, free, calldatasize(), 0, 0)
            returndatacopy(free, 0, returndatasize())
            if success {
                return(free, returndatasize())
            }
            revert(free, returndatasize())
        }
    }
}
