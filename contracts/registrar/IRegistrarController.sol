// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @notice Leases names under the TLD: commit and reveal, rent in USD paid in ether by a Chainlink-shaped feed, grace
/// period, a premium on lapsed names that decays to nothing. It holds fees and nothing else.
interface IRegistrarController {
    /// @notice What a registration asks for.
    /// @param label The label, 1 to 63 bytes of normalised UTF-8 (ENSIP-15), without the TLD.
    /// @param owner Who will hold the name.
    /// @param duration Length of the lease in seconds.
    /// @param secret Hides the label while the commitment waits.
    /// @param data Calls to the registry for this name, made in the owner's name: its records, for instance
    /// `setAddr(node, a)` or `setDNSRecords(node, records)`. The first argument of each must be the name's node.
    /// @param reverse Bits, of the account that calls, not of the owner: 1 makes the name the caller's primary name on this chain (addr.reverse), 2 on all EVM chains
    /// (default.reverse), 4 sets the name's address to its owner, for less than a call in `data`.
    /// @param referrer Who brought the customer, for the event; zero for nobody.
    struct Registration {
        string label;
        address owner;
        uint64 duration;
        bytes32 secret;
        bytes[] data;
        uint256 reverse;
        bytes32 referrer;
    }

    /// @notice A registration or renewal named a referrer; `costWei` is what was paid for it. The registry's own events
    /// `NameRegistered` and `NameRenewed` tell the rest.
    event NameReferred(bytes32 indexed node, bytes32 indexed referrer, uint256 costWei);
    /// @notice Fees were sent to the treasury.
    event FeesWithdrawn(address indexed treasury, uint256 amountWei);

    /// @notice Whether a label can be registered now.
    function available(string calldata label) external view returns (bool);

    /// @notice Whether a label has a length and bytes that can be registered at all.
    function valid(string calldata label) external view returns (bool);

    /// @notice The price of a lease from now.
    /// @param duration In seconds.
    /// @return baseWei The rent, in wei.
    /// @return premiumWei The premium on a lapsed name, in wei.
    function rentPrice(
        string calldata label,
        uint256 duration
    ) external view returns (uint256 baseWei, uint256 premiumWei);

    /// @notice The commitment of one registration: keccak256 of its ABI encoding.
    function makeCommitment(Registration calldata registration) external pure returns (bytes32);

    /// @notice The one commitment of a batch, to be revealed by `registerMany` with the very same batch.
    function makeBatchCommitment(Registration[] calldata registrations) external pure returns (bytes32);

    /// @notice Records a commitment. It can be revealed from `minCommitmentAge` to `maxCommitmentAge` seconds later.
    function commit(bytes32 commitment) external;

    /// @notice When a commitment was made, in seconds; zero if it was not or has been used.
    function commitments(bytes32 commitment) external view returns (uint256);

    /// @notice Registers a name. Payment beyond the price returns to the caller.
    ///
    /// A reveal is public before it is mined, and whoever copies it pays for it: the name goes to `owner` all the same, with the records
    /// of `data`. But `reverse` speaks of the caller: the copier gets the primary name, which no reader believes (the name resolves to
    /// its owner, if to anybody), and the account that committed does not, its own reveal finding the commitment used. It sets its
    /// primary name itself then.
    function register(Registration calldata registration) external payable;

    /// @notice Registers a batch that was committed to as a whole. All or none.
    function registerMany(Registration[] calldata registrations) external payable;

    /// @notice Renews a name, for anyone while it is live, for its former holder in the grace period. Payment beyond the
    /// price returns to the caller.
    /// @param duration In seconds.
    /// @param referrer As in a registration.
    function renew(string calldata label, uint256 duration, bytes32 referrer) external payable;

    /// @notice Renews several names for the same duration. All or none.
    function renewMany(string[] calldata labels, uint256 duration, bytes32 referrer) external payable;

    /// @notice Sends all fees to the treasury. Open to all.
    function withdraw() external;

    /// @notice In seconds.
    function minCommitmentAge() external view returns (uint256);

    /// @notice In seconds.
    function maxCommitmentAge() external view returns (uint256);

    /// @notice In seconds.
    function minRegistrationDuration() external view returns (uint256);

    /// @notice In seconds, counted from now to the new expiry.
    function maxLeaseDuration() external view returns (uint256);

    /// @notice No such commitment was made, or it was used.
    /// @dev Error selector: 0x71be1cfc
    error CommitmentUnknown(bytes32 commitment);
    /// @notice The commitment can be revealed from `validFrom` (seconds) on.
    /// @dev Error selector: 0x74480cc9
    error CommitmentTooNew(bytes32 commitment, uint256 validFrom, uint256 timestamp);
    /// @notice The commitment had to be revealed before `validUntil` (seconds).
    /// @dev Error selector: 0x256e2216
    error CommitmentTooOld(bytes32 commitment, uint256 validUntil, uint256 timestamp);
    /// @notice The same commitment waits already.
    /// @dev Error selector: 0x7c21dcbd
    error CommitmentDuplicated(bytes32 commitment);
    /// @notice The lease would be shorter than the least one (seconds).
    /// @dev Error selector: 0x0b297265
    error ControllerDurationTooShort(uint256 duration, uint256 min);
    /// @notice The lease would end later than leases may (seconds from now).
    /// @dev Error selector: 0xae3c87b3
    error ControllerDurationTooLong(uint256 duration, uint256 max);
    /// @notice The payment does not cover the price (wei).
    /// @dev Error selector: 0x77c527be
    error ControllerUnderpaid(uint256 paid, uint256 price);
    /// @notice Not a set of reverse bits.
    /// @dev Error selector: 0x2fbbf924
    error ControllerInvalidReverse(uint256 reverse);
    /// @notice The batch is empty.
    /// @dev Error selector: 0xe0267a11
    error ControllerEmptyBatch();
    /// @notice The registration at `index` is not encoded before those that follow it, as it is in canonical ABI encoding.
    /// @dev Error selector: 0xfd61fff3
    error ControllerUnorderedBatch(uint256 index);
    /// @notice The TLD's label must have 1 to 31 bytes.
    /// @dev Error selector: 0xa8e7ba99
    error ControllerInvalidTld(string tldLabel);
    /// @notice Fees need somebody to go to.
    /// @dev Error selector: 0x5b42a760
    error ControllerZeroTreasury();
    /// @notice Ether could not be sent.
    /// @dev Error selector: 0xb0d23e86
    error ControllerTransferFailed(address to, uint256 amountWei);
}
