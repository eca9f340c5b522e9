import { expect } from "chai";
import { encodeFunctionData, getAddress, type Hex, zeroAddress } from "viem";
import { labelhash, nodeOf, refuses, useHoldfast, YEAR_SECONDS } from "../support/holdfast.ts";

const RECORDS = 1n;
const SUBNAMES = 2n;
const SETTINGS = 4n;
const ELSEWHERE: Hex = "0x00000000000000000000000000000000000000aa";
const NODE = nodeOf("shop.hold");
const OTHER = nodeOf("bazaar.hold");
const TOKEN = BigInt(NODE);

describe("operators", () => {
  const world = useHoldfast(async ({ register, alice }) => {
    await register({ label: "shop", owner: alice.account.address });
    await register({ label: "bazaar", owner: alice.account.address });
  });
  const alice = () => ({ account: world().alice.account });
  const bob = () => ({ account: world().bob.account });
  const permit = (permissions: bigint, node = NODE) =>
    world().registry.write.setNameOperator([node, world().bob.account.address, permissions], alice());
  const unauthorised = (call: Promise<unknown>, node = NODE) =>
    refuses(world(), call, world().registry, "RegistryUnauthorized", [node, getAddress(world().bob.account.address)]);

  /** Every move that one of the permissions allows. */
  const moves = () => {
    const { registry } = world();
    const { write } = registry;
    return {
      records: () => [
        write.setAddr([NODE, ELSEWHERE], bob()),
        write.setText([NODE, "url", "x"], bob()),
        write.setContenthash([NODE, "0xe301"], bob()),
        write.setDNSRecords([NODE, "0x"], bob()),
        write.clearDNSZone([NODE], bob()),
      ],
      subnames: () => [
        write.createSubname([NODE, "www", ELSEWHERE], bob()),
        write.setSubnodeOwner([NODE, labelhash("a"), ELSEWHERE], bob()),
        write.setSubnodeRecord([NODE, labelhash("b"), ELSEWHERE, ELSEWHERE, 1n], bob()),
      ],
      settings: () => [write.setResolver([NODE, registry.address], bob()), write.setTTL([NODE, 60n], bob())],
      owner: () => [
        write.setOwner([NODE, ELSEWHERE], bob()),
        write.setRecord([NODE, ELSEWHERE, registry.address, 60n], bob()),
        write.lock([NODE, 4n], bob()),
        write.setNameOperator([NODE, ELSEWHERE, 7n], bob()),
        write.approve([NODE, ELSEWHERE, true], bob()),
      ],
    };
  };

  describe("of one name", () => {
    for (const [permission, allowed] of [
      [RECORDS, "records"],
      [SUBNAMES, "subnames"],
      [SETTINGS, "settings"],
    ] as const) {
      it(`with the permission ${permission} change ${allowed} and nothing else`, async () => {
        await permit(permission);
        expect(await world().registry.read.nameOperator([NODE, bob().account.address])).to.equal(permission);
        for (const [kind, calls] of Object.entries(moves())) {
          for (const call of calls()) await (kind === allowed ? call : unauthorised(call));
        }
      });
    }

    it("are another name's matter no more than a stranger", async () => {
      await permit(7n);
      await unauthorised(world().registry.write.setText([OTHER, "url", "x"], bob()), OTHER);
    });

    it("act until dismissed", async () => {
      await permit(7n);
      await permit(0n);
      for (const calls of Object.values(moves())) for (const call of calls()) await unauthorised(call);
    });

    it("end with the caller's ownership, and do not come back with another holder", async () => {
      const { registry, carol } = world();
      await permit(7n);
      await registry.write.setOwner([NODE, carol.account.address], alice());
      expect(await registry.read.nameOperator([NODE, bob().account.address])).to.equal(0n);
      await unauthorised(registry.write.setText([NODE, "url", "x"], bob()));
    });

    it("end when the records are cleared", async () => {
      const { registry } = world();
      await permit(RECORDS);
      await registry.write.clearRecords([NODE], bob());
      await unauthorised(registry.write.setText([NODE, "url", "x"], bob()));
    });

    it("clear the records once a leave, so that the clears of a tenure are the holder's to use up", async () => {
      const { registry } = world();
      await permit(RECORDS);
      const clear = encodeFunctionData({ abi: registry.abi, functionName: "clearRecords", args: [NODE] });
      await unauthorised(registry.write.multicall([[clear, clear]], bob()));
      const version = await registry.read.recordVersions([NODE]);
      await registry.write.clearRecords([NODE], bob());
      await unauthorised(registry.write.clearRecords([NODE], bob()));
      await registry.write.clearRecords([NODE], alice());
      expect(await registry.read.recordVersions([NODE])).to.equal(version + 2n);
    });

    it("end with the tenure, though the same account registers again", async () => {
      const { registry, time, register } = world();
      await permit(7n);
      await time.increase(YEAR_SECONDS + 112n * 86_400n);
      expect(await registry.read.nameOperator([NODE, bob().account.address])).to.equal(0n);
      await register({ label: "shop", owner: alice().account.address });
      expect(await registry.read.nameOperator([NODE, bob().account.address])).to.equal(0n);
      await unauthorised(registry.write.setText([NODE, "url", "x"], bob()));
    });

    it("reverts for permissions that are none, with their number", async () => {
      await refuses(world(), permit(8n), world().registry, "RegistryInvalidPermissions", [8n]);
    });
  });

  describe("of the records, by the public resolver's ABI", () => {
    it("are approved and dismissed with the rest of their permissions kept", async () => {
      const { registry, viem } = world();
      const { address } = bob().account;
      await permit(SUBNAMES);
      await viem.assertions.emitWithArgs(registry.write.approve([NODE, address, true], alice()), registry, "Approved", [
        getAddress(alice().account.address),
        NODE,
        getAddress(address),
        true,
      ]);
      expect(await registry.read.nameOperator([NODE, address])).to.equal(RECORDS | SUBNAMES);
      expect(await registry.read.isApprovedFor([alice().account.address, NODE, address])).to.equal(true);
      expect(await registry.read.isApprovedFor([address, NODE, address])).to.equal(false);
      await registry.write.approve([NODE, address, false], alice());
      expect(await registry.read.nameOperator([NODE, address])).to.equal(SUBNAMES);
      expect(await registry.read.isApprovedFor([alice().account.address, NODE, address])).to.equal(false);
    });
  });

  describe("of an account", () => {
    it("may do all that the owner may, on each of its names", async () => {
      const { registry, carol } = world();
      await registry.write.setApprovalForAll([bob().account.address, true], alice());
      expect(await registry.read.isApprovedForAll([alice().account.address, bob().account.address])).to.equal(true);
      await registry.write.setText([NODE, "url", "x"], bob());
      await registry.write.setResolver([OTHER, ELSEWHERE], bob());
      await registry.write.lock([OTHER, 8n], bob());
      await registry.write.approve([carol.account.address, TOKEN], bob());
      await registry.write.transferFrom([alice().account.address, carol.account.address, TOKEN], bob());
      expect(await registry.read.owner([NODE])).to.equal(getAddress(carol.account.address));
    });

    it("have no say once dismissed, or over names of others", async () => {
      const { registry, carol } = world();
      await registry.write.setApprovalForAll([bob().account.address, true], alice());
      await registry.write.setOwner([NODE, carol.account.address], alice());
      await unauthorised(registry.write.setText([NODE, "url", "x"], bob()));
      await registry.write.setApprovalForAll([bob().account.address, false], alice());
      await unauthorised(registry.write.setText([OTHER, "url", "x"], bob()), OTHER);
    });

    it("cannot be the zero address", async () => {
      const call = world().registry.write.setApprovalForAll([zeroAddress, true], alice());
      await refuses(world(), call, world().registry, "ERC721InvalidOperator", [zeroAddress]);
    });
  });

  describe("of a token", () => {
    /** Bob tries to take the token, which he is not, or no longer, approved for. */
    const refusesTransferFrom = (holder: Hex) => {
      const { registry } = world();
      const taker = getAddress(bob().account.address);
      const call = registry.write.transferFrom([holder, taker, TOKEN], bob());
      return refuses(world(), call, registry, "ERC721InsufficientApproval", [taker, TOKEN]);
    };

    it("transfer it once, and do nothing else", async () => {
      const { registry, carol } = world();
      await registry.write.approve([bob().account.address, TOKEN], alice());
      expect(await registry.read.getApproved([TOKEN])).to.equal(getAddress(bob().account.address));
      await unauthorised(registry.write.setText([NODE, "url", "x"], bob()));
      await registry.write.transferFrom([alice().account.address, carol.account.address, TOKEN], bob());
      expect(await registry.read.getApproved([TOKEN])).to.equal(zeroAddress);
      await refusesTransferFrom(carol.account.address);
    });

    it("are dismissed by an approval of the zero address", async () => {
      const { registry } = world();
      await registry.write.approve([bob().account.address, TOKEN], alice());
      await registry.write.approve([zeroAddress, TOKEN], alice());
      expect(await registry.read.getApproved([TOKEN])).to.equal(zeroAddress);
      await refusesTransferFrom(alice().account.address);
    });

    it("lose it with the tenure: a new holder's token has no approval", async () => {
      const { registry, carol, time, register } = world();
      await registry.write.approve([bob().account.address, TOKEN], alice());
      await time.increase(YEAR_SECONDS + 112n * 86_400n);
      await register({ label: "shop", owner: carol.account.address });
      expect(await registry.read.getApproved([TOKEN])).to.equal(zeroAddress);
      await refusesTransferFrom(carol.account.address);
    });

    it("are named by the holder or its operator alone", async () => {
      const { registry } = world();
      const call = registry.write.approve([bob().account.address, TOKEN], bob());
      await refuses(world(), call, registry, "ERC721InvalidApprover", [getAddress(bob().account.address)]);
    });
  });

  it("cannot be reached through a multicall of somebody else's", async () => {
    const { registry } = world();
    const call = encodeFunctionData({ abi: registry.abi, functionName: "setText", args: [NODE, "url", "x"] });
    await unauthorised(registry.write.multicall([[call]], bob()));
  });
});
