// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

/// @notice A resolver by ENSIP-10 that answers each call with that call itself, and a question for its features (ERC-7996) with
/// any bytes it was made to answer, for tests.
contract MockExtendedResolver is IERC165 {
    bytes private _featureAnswer;

    /// @dev Error selector: 0x0e705b75
    error ExtendedUnwilling(bytes call);

    /// @param featureAnswer What `supportsFeature` returns; it reverts where this is empty.
    constructor(bytes memory featureAnswer) {
        _featureAnswer = featureAnswer;
    }

    /// @notice The call itself; nothing at all for `contenthash(bytes32)`, a revert for `name(bytes32)`.
    function resolve(bytes calldata, bytes calldata data) external pure returns (bytes memory) {
        if (bytes4(data) == bytes4(keccak256("contenthash(bytes32)"))) {
            assembly {
                return(0, 0)
            }
        }
        if (bytes4(data) == bytes4(keccak256("name(bytes32)"))) revert ExtendedUnwilling(data);
        return data;
    }

    /// @notice What nobody should ask by itself: a resolver by ENSIP-10 is asked through `resolve`.
    function text(bytes32, string calldata) external pure returns (string memory) {
        return "asked past resolve";
    }

    /// @notice ERC-7996, in whatever shape.
    function supportsFeature(bytes4) external view {
        bytes memory answer = _featureAnswer;
        assembly {
            // A contract that knows nothing of features reverts without data.
            if iszero(mload(answer)) {
                revert(0, 0)
            }
            return(add(answer, 0x20), mload(answer))
        }
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == 0x9061b923;
    }
}
