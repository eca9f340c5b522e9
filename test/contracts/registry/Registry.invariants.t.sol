// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Words} from "../../../contracts/registry/Words.sol";
import {Deployed} from "../support/Deployed.sol";
import {RegistryHandler} from "./RegistryHandler.sol";

/// @title What stays true of the registry and the controller, whatever is done in whatever order
contract RegistryInvariantsTest is Deployed {
    using Words for uint256;

    RegistryHandler private handler;

    function setUp() public {
        deploy();
        handler = new RegistryHandler(registry, controller);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @dev A name has an owner exactly if it is live, the token's where it is leased, and a resolver exactly then.
    function invariant_oneOwnerPerLiveName() external view {
        for (uint256 i = 0; i < 9; ++i) {
            bytes32 node = handler.nodeAt(i / 3, i % 3);
            address owner = registry.owner(node);
            assertTrue("owner if and only if live", (owner != address(0)) == registry.isLive(node));
            if (owner == address(0)) continue;
            if (registry.nameWord(node).isLeased()) assertEq("token", registry.ownerOf(uint256(node)), owner);
            assertEq("resolver", registry.resolver(node), address(registry));
        }
    }

    /// @dev Balances count the leased names an account is written down for, lapsed ones until they are swept.
    function invariant_balancesEqualOwnedNames() external view {
        for (uint256 a = 0; a < 3; ++a) {
            uint256 owned = 0;
            for (uint256 i = 0; i < 9; ++i) {
                uint256 word = registry.nameWord(handler.nodeAt(i / 3, i % 3));
                if (word.isLeased() && word.owner() == handler.actors(a)) ++owned;
            }
            assertEq("balance", registry.balanceOf(handler.actors(a)), owned);
        }
    }

    /// @dev When a name under the TLD is over, it and all below it answer nothing.
    function invariant_noExpiredNameResolvesAtAnyDepth() external view {
        for (uint256 i = 0; i < 9; ++i) {
            if (block.timestamp < registry.nameWord(handler.nodeAt(i / 3, 0)).expiry()) continue;
            bytes32 node = handler.nodeAt(i / 3, i % 3);
            assertEq("owner", registry.owner(node), address(0));
            assertEq("text", bytes(registry.text(node, "era")).length, 0);
            assertEq("address", registry.addr(node), address(0));
        }
    }

    /// @dev Until its expiry an emancipated subname is its holder's, though its parents try to take it.
    function invariant_emancipatedSubnameChangesOnlyByItsHolder() external view {
        for (uint256 i = 0; i < 9; ++i) {
            bytes32 node = handler.nodeAt(i / 3, i % 3);
            if (block.timestamp >= handler.heldUntil(node)) continue;
            assertEq("holder", registry.ownerOf(uint256(node)), handler.holderOf(node));
            assertEq("expiry", registry.nameWord(node).expiry(), handler.heldUntil(node));
        }
    }

    /// @dev An index is given once, and the counter counts the registrations.
    function invariant_shardIndicesAreUnique() external view {
        assertTrue("no index twice", !handler.indexRepeated());
        uint256 total = handler.registrations(0) + handler.registrations(1) + handler.registrations(2);
        assertEq("counter", registry.nextShardIndex(), total);
    }

    /// @dev What the controller holds is what was paid for names and not withdrawn.
    function invariant_controllerNeverKeepsOrLosesAWei() external view {
        assertEq("balance", address(controller).balance, handler.fees());
    }

    /// @dev A record that can be read was written in the present registration, and under the present grants of the subnames down to it.
    function invariant_recordsOfAnEarlierRegistrationAreNeverReadable() external view {
        for (uint256 i = 0; i < 9; ++i) {
            bytes memory value = bytes(registry.text(handler.nodeAt(i / 3, i % 3), "era"));
            if (value.length == 0) continue;
            assertEq("era", uint24(bytes3(value)), uint24(handler.eraOf(i / 3, i % 3)));
        }
    }

    /// @dev The handler's ways to give, take, extend and write do something, so that the invariants speak of it.
    function test_handler_regrantsAndExtends() external {
        handler.register(0, 0, 0);
        handler.issue(0, 0, 1, 10 days);
        handler.write(0, 1, 5);
        handler.extend(0, 0, 20 days);
        handler.extend(0, 0, 5 days);
        handler.extend(0, 0, 59 days);
        assertEq("extended once, not shortened, not beyond the parent", handler.extensions(), 1);
        assertEq("until", registry.expiryOf(handler.nodeAt(0, 1)), block.timestamp + 20 days);
        handler.issue(0, 1, 2, 1 days);
        handler.write(0, 2, 5);
        handler.wait(100 days);
        handler.register(0, 0, 0);
        handler.extend(0, 0, 59 days);
        assertEq("a lapsed one does not come back", handler.extensions(), 1);
        handler.issue(0, 0, 2, 10 days);
        assertEq("grants", handler.grants(handler.nodeAt(0, 1)), 2);
        assertEq("nothing of before", bytes(registry.text(handler.nodeAt(0, 1), "era")).length, 0);
    }

    /// @dev A subname cannot outlive its parent.
    function invariant_subnamesEndWithTheirParent() external view {
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 depth = 1; depth < 3; ++depth) {
                bytes32 node = handler.nodeAt(i, depth);
                if (!registry.isLive(node)) continue;
                bytes32 parent = handler.nodeAt(i, depth - 1);
                assertTrue("below a live name", registry.isLive(handler.nodeAt(i, 0)));
                if (registry.nameWord(node).isLeased()) {
                    assertTrue("not after the top", registry.expiryOf(node) <= registry.expiryOf(handler.nodeAt(i, 0)));
                } else assertTrue("below its parent", registry.isLive(parent));
            }
        }
    }

    /// @dev A name's counts are those of the records that can be read.
    function invariant_countsEqualReadableRecords() external view {
        for (uint256 i = 0; i < 9; ++i) {
            bytes32 node = handler.nodeAt(i / 3, i % 3);
            uint256 others = bytes(registry.text(node, "era")).length == 0 ? 0 : 1;
            for (uint256 j = 1; j < 5; ++j) if (bytes(registry.text(node, handler.keyAt(j))).length != 0) ++others;
            assertEq("others", registry.otherRecordCount(node), others);
            uint256 rrsets = 0;
            for (uint256 j = 0; j < 3; ++j) if (registry.dnsRecord(node, handler.ownerAt(j), 1).length != 0) ++rrsets;
            assertEq("RRsets", registry.dnsRecordCount(node), rrsets);
        }
    }

    /// @dev Under the TLD every live name's index is its own.
    function invariant_liveNamesHaveTheirOwnIndex() external view {
        for (uint256 i = 0; i < 3; ++i) {
            (bool known, uint32 index) = registry.shardIndexOf(handler.nodeAt(i, 0));
            if (known) assertEq("given to", handler.given(index), i + 1);
        }
    }
}
