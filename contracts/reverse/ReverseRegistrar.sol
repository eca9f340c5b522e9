// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {DnsName} from "../naming/DnsName.sol";
import {ReverseName} from "../naming/ReverseName.sol";
import {IReverseLookup} from "./IReverseLookup.sol";
import {IReverseRegistrar, PrimaryNameClaim} from "./IReverseRegistrar.sol";
import {PrimaryNames} from "./PrimaryNames.sol";

/// @notice Primary names, one slot each.
///
/// Who may do what:
///
/// | who | may |
/// |---|---|
/// | an account, the owner of a contract, or either by signature | set the account's primary names |
/// | a controller | set the primary names of any account; it does so for the account that calls it |
/// | governance, delayed | appoint and dismiss controllers, but for the first, which stays |
///
/// The worst a dishonest controller can do is to claim for an account a name that already resolves to it: readers check
/// the name forward.
contract ReverseRegistrar is IReverseRegistrar, IERC165, AccessManaged, EIP712 {
    using PrimaryNames for PrimaryNames.Entry;

    /// @notice How long a claim by signature may be valid, in seconds.
    uint256 public constant CLAIM_SECONDS_MAX = 1 days;

    bytes32 private constant CLAIM_TYPEHASH = keccak256(
        "PrimaryNameClaim(address account,bool isDefault,string name,uint48 signedAt,uint48 expiresAt)"
    );
    /// @dev Bits of `writeShortNameByController`.
    uint256 private constant KIND_ADDR = 1;
    uint256 private constant KIND_DEFAULT = 2;

    /// @dev ENSIP-10's resolve(bytes,bytes).
    bytes4 private constant EXTENDED_RESOLVER = 0x9061b923;
    /// @dev ENSIP-3's name(bytes32).
    bytes4 private constant NAME_RESOLVER = 0x691f3431;

    mapping(bytes32 node => PrimaryNames.Entry entry) private _names;
    mapping(address controller => bool allowed) private _controllers;
    mapping(bytes32 node => uint48 signedAt) private _lastClaims;

    /// @dev The registrar controller: an immutable, so that a registration with a primary name reads no storage for it.
    address private immutable FIRST_CONTROLLER;
    /// @dev The same: a word is read without the mask that an address gets.
    uint256 private immutable FIRST_CONTROLLER_WORD;

    /// @param authority_ The AccessManager.
    /// @param firstController The registrar controller; it may be deployed later at that address.
    constructor(
        address authority_,
        address firstController
    ) AccessManaged(authority_) EIP712("Holdfast Reverse Registrar", "1") {
        FIRST_CONTROLLER = firstController;
        FIRST_CONTROLLER_WORD = uint256(uint160(firstController));
    }

    /// @inheritdoc IReverseRegistrar
    function setName(string calldata newName) external returns (bytes32 node) {
        return _set(msg.sender, newName);
    }

    /// @inheritdoc IReverseRegistrar
    function setDefaultName(string calldata newName) external returns (bytes32 node) {
        return _setDefault(msg.sender, newName);
    }

    /// @inheritdoc IReverseRegistrar
    function setNameForAddr(address account, string calldata newName) external returns (bytes32 node) {
        _checkCaller(account);
        return _set(account, newName);
    }

    /// @inheritdoc IReverseRegistrar
    function setDefaultNameForAddr(address account, string calldata newName) external returns (bytes32 node) {
        _checkCaller(account);
        return _setDefault(account, newName);
    }

    /// @inheritdoc IReverseRegistrar
    function writeShortNameByController(address account, bytes32 newName, uint256 kinds) external {
        if (uint256(uint160(msg.sender)) != FIRST_CONTROLLER_WORD) revert ReverseUnauthorized(account, msg.sender);
        bytes32 label = ReverseName.addressLabelhash(account);
        if (kinds & KIND_ADDR != 0) {
            _names[DnsName.child(ReverseName.ADDR_REVERSE_NODE, label)].writeShort(newName);
            _logShortName(NameForAddrChanged.selector, account, newName);
        }
        if (kinds & KIND_DEFAULT != 0) {
            _names[DnsName.child(ReverseName.DEFAULT_REVERSE_NODE, label)].writeShort(newName);
            _logShortName(DefaultNameForAddrChanged.selector, account, newName);
        }
    }

    /// @inheritdoc IReverseRegistrar
    function setNameForAddrWithSignature(
        PrimaryNameClaim calldata claim,
        bytes calldata signature
    ) external returns (bytes32 node) {
        require(
            claim.signedAt <= block.timestamp &&
                block.timestamp <= claim.expiresAt &&
                claim.expiresAt - claim.signedAt <= CLAIM_SECONDS_MAX,
            ReverseClaimNotValid(claim.signedAt, claim.expiresAt, block.timestamp)
        );
        node = claim.isDefault ? ReverseName.defaultNode(claim.account) : ReverseName.addrNode(claim.account);
        uint48 last = _lastClaims[node];
        require(claim.signedAt > last, ReverseClaimSuperseded(claim.signedAt, last));
        _checkSignature(claim, signature);
        _lastClaims[node] = claim.signedAt;
        emit PrimaryNameClaimed(claim.account, claim.isDefault, claim.signedAt);
        if (claim.isDefault) _setDefault(claim.account, claim.name);
        else _set(claim.account, claim.name);
    }

    /// @inheritdoc IReverseRegistrar
    function setController(address controller, bool allowed) external restricted {
        _controllers[controller] = allowed;
        emit ReverseControllerChanged(controller, allowed);
    }

    /// @inheritdoc IReverseRegistrar
    function isController(address controller) external view returns (bool) {
        return controller == FIRST_CONTROLLER || _controllers[controller];
    }

    /// @inheritdoc IReverseLookup
    function hasName(bytes32 node) external view returns (bool) {
        return
            _names[node].head != 0 ||
            node == ReverseName.ADDR_REVERSE_NODE ||
            node == ReverseName.DEFAULT_REVERSE_NODE ||
            node == ReverseName.REVERSE_NODE;
    }

    /// @inheritdoc IReverseRegistrar
    function name(bytes32 node) external view returns (string memory) {
        return _names[node].read();
    }

    /// @inheritdoc IReverseRegistrar
    function nameFor(address account, uint256 coinType) public view returns (string memory primary) {
        bytes32 label = ReverseName.addressLabelhash(account);
        if (coinType == ReverseName.COIN_TYPE_ETHEREUM) {
            primary = _names[DnsName.child(ReverseName.ADDR_REVERSE_NODE, label)].read();
            if (bytes(primary).length != 0) return primary;
        } else if (!ReverseName.isEvmCoinType(coinType)) {
            return "";
        }
        return _names[DnsName.child(ReverseName.DEFAULT_REVERSE_NODE, label)].read();
    }

    /// @inheritdoc IReverseRegistrar
    function lastClaimAt(address account, bool isDefault) external view returns (uint48) {
        return _lastClaims[isDefault ? ReverseName.defaultNode(account) : ReverseName.addrNode(account)];
    }

    /// @inheritdoc IReverseRegistrar
    function claimDigest(PrimaryNameClaim calldata claim) public view returns (bytes32) {
        return
            _hashTypedDataV4(
                keccak256(
                    abi.encode(
                        CLAIM_TYPEHASH,
                        claim.account,
                        claim.isDefault,
                        keccak256(bytes(claim.name)),
                        claim.signedAt,
                        claim.expiresAt
                    )
                )
            );
    }

    /// @inheritdoc IReverseRegistrar
    function resolve(bytes calldata dnsName, bytes calldata data) external view returns (bytes memory) {
        bytes4 selector = bytes4(data);
        require(selector == NAME_RESOLVER, UnsupportedResolverProfile(selector));
        (bool valid, address account, uint256 coinType) = ReverseName.parse(dnsName);
        require(valid, ReverseUnsupportedName(dnsName));
        return abi.encode(nameFor(account, coinType));
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return
            interfaceId == type(IERC165).interfaceId ||
            interfaceId == EXTENDED_RESOLVER ||
            interfaceId == NAME_RESOLVER ||
            interfaceId == type(IReverseLookup).interfaceId ||
            interfaceId == type(IReverseRegistrar).interfaceId;
    }

    /// @dev Refuses who may not set the names of an account.
    function _checkCaller(address account) private view {
        require(
            account == msg.sender ||
                msg.sender == FIRST_CONTROLLER ||
                _controllers[msg.sender] ||
                _ownerOf(account) == msg.sender,
            ReverseUnauthorized(account, msg.sender)
        );
    }

    /// @dev Sets the name on this chain.
    function _set(address account, string calldata newName) private returns (bytes32 node) {
        node = ReverseName.addrNode(account);
        _write(node, newName);
        emit NameForAddrChanged(account, newName);
    }

    /// @dev Sets the name on all EVM chains.
    function _setDefault(address account, string calldata newName) private returns (bytes32 node) {
        node = ReverseName.defaultNode(account);
        _write(node, newName);
        emit DefaultNameForAddrChanged(account, newName);
    }

    /// @dev Emits one of the two events of a changed name, for a name as `writeShortNameByController` takes it.
    function _logShortName(bytes32 topic, address account, bytes32 newName) private {
        assembly ("memory-safe") {
            let free := mload(0x40)
            let size := and(newName, 0xff)
            mstore(free, 0x20)
            mstore(add(free, 0x20), size)
            mstore(add(free, 0x40), sub(newName, size))
            log2(free, add(0x40, shl(5, iszero(iszero(size)))), topic, account)
        }
    }

    /// @dev Writes a name of up to 255 bytes.
    function _write(bytes32 node, string calldata newName) private {
        require(
            bytes(newName).length <= PrimaryNames.NAME_BYTES_MAX,
            ReverseNameTooLong(bytes(newName).length, PrimaryNames.NAME_BYTES_MAX)
        );
        _names[node].write(newName);
    }

    /// @dev Refuses a claim that neither the account nor its owner signed.
    function _checkSignature(PrimaryNameClaim calldata claim, bytes calldata signature) private view {
        bytes32 digest = claimDigest(claim);
        if (SignatureChecker.isValidSignatureNowCalldata(claim.account, digest, signature)) return;
        address owner = _ownerOf(claim.account);
        require(
            owner != address(0) && SignatureChecker.isValidSignatureNowCalldata(owner, digest, signature),
            ReverseInvalidSignature(claim.account)
        );
    }

    /// @dev The owner of a contract (ERC-173), zero where it names none.
    function _ownerOf(address account) private view returns (address) {
        if (account.code.length == 0) return address(0);
        // Raw, since a contract without `owner()` must not make the caller revert.
        (bool success, bytes memory result) = account.staticcall(abi.encodeWithSignature("owner()"));
        if (!success || result.length < 32) return address(0);
        uint256 word = abi.decode(result, (uint256));
        return word > type(uint160).max ? address(0) : address(uint160(word));
    }
}
