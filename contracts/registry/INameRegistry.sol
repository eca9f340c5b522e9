// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IRegistrarController} from "../registrar/IRegistrarController.sol";

/// @notice The registry of names: the ENS registry (EIP-137) and the ERC-721 of leased names in one contract, which also
/// keeps the names' records (see `IRecordResolver`). Storage and events are laid out in `LAYOUT.md`.
///
/// A name is *leased* (directly under the TLD, or an emancipated subname: it has an expiry of its own and is an ERC-721
/// token, `tokenId = uint256(node)`) or *plain* (a subname its parent grants and may take back at any time; no token).
/// A name is *live* while `block.timestamp < expiry` of itself (leased), or while it has an owner and the name it hangs
/// from is live and still in the same tenure (plain). A name that is not live has no owner, no resolver and no records.
interface INameRegistry {
    // ------------------------------------------------------------------ ENS registry (EIP-137)

    /// @notice A subname was given to `owner` (EIP-137). `label` is the labelhash.
    event NewOwner(bytes32 indexed node, bytes32 indexed label, address owner);
    /// @notice A plain name was handed on by `setOwner` or `setRecord` (EIP-137). Leased names emit ERC-721's `Transfer`.
    event Transfer(bytes32 indexed node, address owner);
    /// @notice The resolver of a name was set (EIP-137).
    event NewResolver(bytes32 indexed node, address resolver);
    /// @notice The time to live of a name was set, in seconds (EIP-137).
    event NewTTL(bytes32 indexed node, uint64 ttl);

    /// @notice The owner of a live name, otherwise zero (EIP-137).
    function owner(bytes32 node) external view returns (address);

    /// @notice The resolver of a live name: this contract unless another was set. For a node without an entry, the reverse
    /// registrar if that has a name for it, otherwise zero (EIP-137).
    function resolver(bytes32 node) external view returns (address);

    /// @notice The time to live of a live name, in seconds (EIP-137).
    function ttl(bytes32 node) external view returns (uint64);

    /// @notice Whether the name is live (EIP-137).
    function recordExists(bytes32 node) external view returns (bool);

    /// @notice Sets owner, resolver and ttl (in seconds) of a name (EIP-137).
    function setRecord(bytes32 node, address newOwner, address newResolver, uint64 newTtl) external;

    /// @notice Creates or changes a plain subname: owner, resolver and ttl (in seconds) (EIP-137).
    function setSubnodeRecord(
        bytes32 node,
        bytes32 label,
        address newOwner,
        address newResolver,
        uint64 newTtl
    ) external;

    /// @notice Creates, changes or (with the zero address) removes a plain subname (EIP-137).
    /// @return The subname's node.
    function setSubnodeOwner(bytes32 node, bytes32 label, address newOwner) external returns (bytes32);

    /// @notice Sets the resolver of a name (EIP-137).
    function setResolver(bytes32 node, address newResolver) external;

    /// @notice Hands a name to another owner; of a leased name, transfers the token (EIP-137).
    function setOwner(bytes32 node, address newOwner) external;

    /// @notice Sets the time to live of a name, in seconds (EIP-137).
    function setTTL(bytes32 node, uint64 newTtl) external;

    // ------------------------------------------------------------------ subnames, locks, operators

    /// @notice A name under the TLD was registered; a new tenure begins, with no records and no subnames.
    /// @param expiry Timestamp in seconds at which the lease is over.
    /// @param shardIndex The name's shard index, which is its tenure id; never given to another registration.
    event NameRegistered(bytes32 indexed node, address indexed owner, string label, uint256 expiry, uint256 shardIndex);
    /// @notice A name under the TLD, or an emancipated subname, was extended to `expiry` (timestamp in seconds).
    event NameRenewed(bytes32 indexed node, uint256 expiry);
    /// @notice The word of a name became `word`. Emitted for every change of a word that the events listed in `LAYOUT.md`
    /// do not say.
    event NameWord(bytes32 indexed node, uint256 word);
    /// @notice A tenure id from the upper half was given to a name (emancipated, or plain and about to have subnames).
    event TenureOpened(bytes32 indexed node, uint256 tenureId);
    /// @notice `_anchors[tenureId]` became `node`: the name has got its first subname.
    event Anchored(bytes32 indexed node, uint256 tenureId);
    /// @notice The text of a label, so that subnames can be listed from the chain.
    event LabelPublished(bytes32 indexed parent, bytes32 indexed label, string text);
    /// @notice The whole name behind a node, in DNS wire form; it is stored, for the token's image.
    event NamePublished(bytes32 indexed node, bytes dnsName);
    /// @notice What `operator` may do for `owner` on one name changed; `permissions` is the new set.
    event NameOperatorChanged(
        bytes32 indexed node,
        address indexed owner,
        address indexed operator,
        uint256 permissions
    );
    /// @notice Governance appointed another controller for registrations.
    event ControllerChanged(address indexed controller);

    /// @notice Creates a plain subname, or takes over one that the parent had granted, and publishes its label.
    /// @param label 1 to 63 bytes of UTF-8 without NUL and dot.
    function createSubname(bytes32 parent, string calldata label, address newOwner) external returns (bytes32 node);

    /// @notice Gives a subname away until `expiry`: until then nobody but its holder can change, take back or shorten it.
    /// The parent must itself be leased, and at most 14 emancipated subnames deep. Mints the token; the name starts without records and subnames.
    /// @param expiry Timestamp in seconds, in the future and not after the parent's own.
    /// @param locks Any of the lock flags, set from the start.
    function issueSubname(
        bytes32 parent,
        string calldata label,
        address newOwner,
        uint256 expiry,
        uint256 locks
    ) external returns (bytes32 node);

    /// @notice Extends a live emancipated subname, up to its parent's expiry. For whoever may create subnames of the parent.
    /// @param expiry Timestamp in seconds, not before the present one.
    function extendSubname(bytes32 parent, bytes32 label, uint256 expiry) external;

    /// @notice Locks settings of a leased name until its tenure ends: transfer (4), resolver and ttl (8), creation of
    /// subnames (16), or a sum of them. A lock cannot be undone.
    function lock(bytes32 node, uint256 locks) external;

    /// @notice Says what `operator` may do on one name on the caller's behalf: records (1), subnames (2), resolver and
    /// ttl (4), or a sum of them. It holds while the caller is the owner, and ends for good with the tenure and when records are
    /// cleared: a name that comes back to a former owner has that owner's operators again, so a contract that holds names for
    /// others calls `clearRecords` before it takes the next one's orders.
    function setNameOperator(bytes32 node, address operator, uint256 permissions) external;

    /// @notice What `operator` may do on a name by the present owner's leave.
    function nameOperator(bytes32 node, address operator) external view returns (uint256 permissions);

    /// @notice Stores the text of a name on chain, so that its token's image can show it. Open to all: a node has one name.
    /// @param dnsName The name in DNS wire form (RFC 1035 section 3.1).
    function publishName(bytes calldata dnsName) external returns (bytes32 node);

    /// @notice The name stored by `publishName` in DNS wire form, empty if none was.
    function publishedName(bytes32 node) external view returns (bytes memory dnsName);

    /// @notice Burns the token of a leased name that is past its grace period, which corrects its holder's balance.
    function sweep(bytes32 node) external;

    // ------------------------------------------------------------------ for the controller and governance

    /// @notice Registers a name under the TLD, `registration.duration` seconds from now. Only for the present controller, whose
    /// own `register` takes the same calldata.
    /// @param registration What was asked of the controller; `secret` and `referrer` do not matter here.
    /// @return node The name's node.
    /// @return previousExpiry The expiry of the lapsed lease before this one, in seconds; zero for a name never leased.
    function register(
        IRegistrarController.Registration calldata registration
    ) external returns (bytes32 node, uint256 previousExpiry);

    /// @notice Extends a name under the TLD. Only for the present controller and the first one, so that no act of
    /// governance can keep a holder from renewing.
    /// @param payer Who asked for it; in the grace period this must be the former holder or an account it approved.
    /// @param label The labelhash.
    /// @param duration In seconds.
    /// @return expiry The new expiry, in seconds.
    function renew(address payer, bytes32 label, uint256 duration) external returns (uint256 expiry);

    /// @notice Appoints the controller for registrations. Only for the owner of the root.
    function setController(address newController) external;

    /// @notice The controller that may register names now.
    function controller() external view returns (address);

    /// @notice The controller named at deployment, which may renew names forever.
    function firstController() external view returns (address);

    // ------------------------------------------------------------------ views

    /// @notice The node of the TLD.
    function tldNode() external view returns (bytes32);

    /// @notice The raw word of a name, live or not; see `LAYOUT.md`.
    function nameWord(bytes32 node) external view returns (uint256);

    /// @notice Whether a name is live.
    function isLive(bytes32 node) external view returns (bool);

    /// @notice The expiry of a leased name in seconds, past or not; of a plain one, that of the name it hangs from; zero for
    /// a name that is not there. 2^36 - 1 for the root and what hangs from it.
    function expiryOf(bytes32 node) external view returns (uint256);

    /// @notice The record epoch of a name, live or not; see `LAYOUT.md`.
    function epochOf(bytes32 node) external view returns (uint64);

    /// @notice The shard index of a live name under the TLD.
    /// @return known Whether there is one.
    /// @return shardIndex The index, meaningless unless `known`.
    function shardIndexOf(bytes32 node) external view returns (bool known, uint32 shardIndex);

    /// @notice The shard index the next registration will get.
    function nextShardIndex() external view returns (uint32);

    // ------------------------------------------------------------------ errors

    /// @notice The caller may not do this on the node.
    /// @dev Error selector: 0xec3cc0e2
    error RegistryUnauthorized(bytes32 node, address caller);
    /// @notice The caller is not a controller.
    /// @dev Error selector: 0x3e8f13e2
    error RegistryNotController(address caller);
    /// @notice The node has no live name.
    /// @dev Error selector: 0xeaa31ee7
    error RegistryNameNotLive(bytes32 node);
    /// @notice The name is leased and not free, at the earliest after `freeAt` (seconds).
    /// @dev Error selector: 0x7c661351
    error RegistryNameTaken(bytes32 node, uint256 freeAt);
    /// @notice The name was not leased, or its grace period ended at `endedAt` (seconds), so it cannot be renewed.
    /// @dev Error selector: 0xe0790165
    error RegistryNotRenewable(bytes32 node, uint256 endedAt);
    /// @notice In the grace period only the former holder can renew.
    /// @dev Error selector: 0x4e1a9d57
    error RegistryGraceForHolderOnly(bytes32 node, address payer);
    /// @notice The subname is emancipated and live: its parent cannot touch it.
    /// @dev Error selector: 0xd8114105
    error RegistryNameEmancipated(bytes32 node);
    /// @notice Only a leased name can do this, and the node is not one.
    /// @dev Error selector: 0xe0717515
    error RegistryNotLeased(bytes32 node);
    /// @notice Names under the TLD are given by the controller only, and on the TLD itself nobody may do anything.
    /// @dev Error selector: 0xea220afe
    error RegistryUseController(bytes32 node);
    /// @notice The TLD of reverse names is nobody's to give.
    /// @dev Error selector: 0xc65256b6
    error RegistryReserved(bytes32 node);
    /// @notice The setting is locked; `lockFlag` is the flag in the name's word.
    /// @dev Error selector: 0xaabeb88d
    error RegistryLocked(bytes32 node, uint256 lockFlag);
    /// @notice Not a set of lock flags.
    /// @dev Error selector: 0x930f15d0
    error RegistryInvalidLocks(uint256 locks);
    /// @notice Not a set of permissions.
    /// @dev Error selector: 0x3f94a227
    error RegistryInvalidPermissions(uint256 permissions);
    /// @notice A name cannot be given to the zero address here.
    /// @dev Error selector: 0x5f392242
    error RegistryZeroOwner(bytes32 node);
    /// @notice The expiry is not in the future, earlier than the present one, after the parent's, or beyond what a word holds.
    /// @dev Error selector: 0x40429644
    error RegistryInvalidExpiry(uint256 expiry, uint256 min, uint256 max);
    /// @notice The label is empty or longer than 63 bytes (RFC 1035).
    /// @dev Error selector: 0xb3d7df96
    error RegistryInvalidLabelLength(uint256 length);
    /// @notice The label holds a byte that DNS presentation or wire format gives another meaning: NUL or dot.
    /// @dev Error selector: 0x830168fc
    error RegistryInvalidLabelByte(uint256 position, bytes1 value);
    /// @notice The subname would hang from its leased ancestor by more than `max` plain names, or be more than `max` emancipated
    /// subnames below the name under the TLD.
    /// @dev Error selector: 0xb1ba054e
    error RegistryNameTooDeep(bytes32 parent, uint256 max);
    /// @notice All 2^31 ids of a half are used.
    /// @dev Error selector: 0x6d9129d1
    error RegistryIdsExhausted();
    /// @notice The records of a leased name can be cleared 255 times in a tenure, and they have been.
    /// @dev Error selector: 0xffad0966
    error RegistryVersionsExhausted(bytes32 node);
}
