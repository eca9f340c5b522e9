// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IReverseLookup} from "./IReverseLookup.sol";

/// @notice A statement, signed by EIP-712, that an account's primary name shall be `name`.
struct PrimaryNameClaim {
    /// The account, a contract too.
    address account;
    /// For all EVM chains (`ACCOUNT.default.reverse`) instead of Ethereum (`ACCOUNT.addr.reverse`).
    bool isDefault;
    /// The name, empty to have none.
    string name;
    /// When it was signed, in seconds since 1970. Later than that of the last claim used.
    uint48 signedAt;
    /// The last second at which it can be used; at most a day after `signedAt`.
    uint48 expiresAt;
}

/// @title Primary names: from an account to its name
/// @notice Keeps `ACCOUNT.addr.reverse` (ENSIP-3) and `ACCOUNT.default.reverse` (ENSIP-19) and answers for them, and for every
/// `ACCOUNT.COINTYPE.reverse` of an EVM chain, as their resolver. A name kept here is a claim of the account alone: whoever
/// reads it checks that the name resolves back to the account, as the universal resolver does.
interface IReverseRegistrar is IReverseLookup {
    /// @notice An account's primary name on Ethereum changed; empty means it has none.
    event NameForAddrChanged(address indexed account, string name);
    /// @notice An account's primary name on all EVM chains changed; empty means it has none.
    event DefaultNameForAddrChanged(address indexed account, string name);
    /// @notice A claim by signature was used; earlier ones of the account and kind are void.
    event PrimaryNameClaimed(address indexed account, bool isDefault, uint48 signedAt);
    /// @notice A contract may, or no longer may, set primary names for the accounts it serves.
    event ReverseControllerChanged(address indexed controller, bool allowed);

    /// @notice The caller is not the account, its owner or a controller.
    /// @dev Error selector: 0x9a8b21a6
    error ReverseUnauthorized(address account, address caller);
    /// @notice Names have at most `bytesMax` bytes.
    /// @dev Error selector: 0x26d73ee3
    error ReverseNameTooLong(uint256 byteCount, uint256 bytesMax);
    /// @notice The claim was signed in the future, or its time is over, or it is valid for longer than a day.
    /// @dev Error selector: 0xb8d3ae11
    error ReverseClaimNotValid(uint48 signedAt, uint48 expiresAt, uint256 timestamp);
    /// @notice A claim signed at `lastSignedAt` or later was used before.
    /// @dev Error selector: 0xfe32fd19
    error ReverseClaimSuperseded(uint48 signedAt, uint48 lastSignedAt);
    /// @notice Neither the account nor its owner signed the claim.
    /// @dev Error selector: 0xed67b28d
    error ReverseInvalidSignature(address account);
    /// @notice The name is no reverse name of an account (ENSIP-19).
    /// @dev Error selector: 0xf1c77c13
    error ReverseUnsupportedName(bytes name);
    /// @notice Reverse names have no other record than their name.
    /// @dev Error selector: 0x7b1c461b
    error UnsupportedResolverProfile(bytes4 selector);

    /// @notice Sets the caller's primary name on Ethereum.
    /// @return node The node of `CALLER.addr.reverse`.
    function setName(string calldata name) external returns (bytes32 node);

    /// @notice Sets the caller's primary name on all EVM chains.
    /// @return node The node of `CALLER.default.reverse`.
    function setDefaultName(string calldata name) external returns (bytes32 node);

    /// @notice Sets an account's primary name on Ethereum; for the account, for the owner (ERC-173) of a contract, and for
    /// controllers, who set it for the account that asked them to.
    /// @return node The node of `ACCOUNT.addr.reverse`.
    function setNameForAddr(address account, string calldata name) external returns (bytes32 node);

    /// @notice Sets primary names of an account to one of up to 31 bytes. Only for the registrar controller named at deployment,
    /// whose registrations it makes cheaper.
    /// @param name The bytes left-aligned, zeros behind them, their number in the lowest byte: the word that is stored.
    /// @param kinds Bits: 1 on this chain (addr.reverse, ENSIP-3), 2 on all EVM chains (default.reverse, ENSIP-19).
    function writeShortNameByController(address account, bytes32 name, uint256 kinds) external;

    /// @notice Sets an account's primary name on all EVM chains; for the same callers as `setNameForAddr`.
    /// @return node The node of `ACCOUNT.default.reverse`.
    function setDefaultNameForAddr(address account, string calldata name) external returns (bytes32 node);

    /// @notice Sets a primary name by a signature of the account (ERC-1271 where it is a contract) or of the contract's owner.
    ///
    /// A claim that was signed and not used stays good until it expires, and anybody may bring it: within that day at most it undoes a
    /// name that the account has set by a call meanwhile, for a call voids no claims (that would cost every call a slot more). Using
    /// any claim signed later, one for the same name too, voids it.
    /// @return node The reverse name's node.
    function setNameForAddrWithSignature(
        PrimaryNameClaim calldata claim,
        bytes calldata signature
    ) external returns (bytes32 node);

    /// @notice Says whether a contract may set primary names for the accounts it serves.
    function setController(address controller, bool allowed) external;

    /// @notice Whether a contract may set primary names for the accounts it serves.
    function isController(address controller) external view returns (bool);

    /// @notice The name kept at a reverse node, empty where there is none (ENSIP-3).
    function name(bytes32 node) external view returns (string memory);

    /// @notice An account's primary name for a coin type, by ENSIP-19: that of Ethereum (60), else that of all EVM chains; empty
    /// for a coin type that is not of an EVM chain.
    function nameFor(address account, uint256 coinType) external view returns (string memory);

    /// @notice When the last claim by signature that was used for an account was signed, in seconds since 1970.
    function lastClaimAt(address account, bool isDefault) external view returns (uint48);

    /// @notice The EIP-712 digest of a claim.
    function claimDigest(PrimaryNameClaim calldata claim) external view returns (bytes32);

    /// @notice ENSIP-10: the name record of `ACCOUNT.addr.reverse`, `ACCOUNT.default.reverse` or `ACCOUNT.COINTYPE.reverse`.
    /// @param dnsName The reverse name in DNS wire form.
    /// @param data A call of `name(bytes32)`.
    /// @return The name, ABI-encoded as a string.
    function resolve(bytes calldata dnsName, bytes calldata data) external view returns (bytes memory);
}
