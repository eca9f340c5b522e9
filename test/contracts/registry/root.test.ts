/** The root, the TLD and the TLD of reverse names: who may do nothing there. */
import { expect } from "chai";
import { encodeFunctionData, type Hex, zeroAddress, zeroHash } from "viem";
import { labelhash, nodeOf, refuses, registration, useHoldfast, YEAR_SECONDS } from "../support/holdfast.ts";

const ROOT = zeroHash;
const TLD = nodeOf("hold");
const REVERSE = nodeOf("reverse");
const ELSEWHERE: Hex = "0x00000000000000000000000000000000000000ee";
/** One A record of `www.hold`. */
const RECORD: Hex = "0x0377777704686f6c6400000100010000003c0004c0000201";

describe("The root and the TLD", () => {
  const world = useHoldfast(({ register, alice }) => register({ label: "shop", owner: alice.account.address }));
  const refused = (call: Promise<unknown>, error: string, ...values: readonly unknown[]) =>
    refuses(world(), call, world().registry, error, values);

  /** Everything that an account can try to change of a node. */
  function attempts(node: Hex, account: Hex): Readonly<Record<string, () => Promise<unknown>>> {
    const { write } = world().registry;
    const as = { account };
    const call = encodeFunctionData({
      abi: world().registry.abi,
      functionName: "setText",
      args: [node, "k", "v"],
    });
    return {
      setText: () => write.setText([node, "k", "v"], as),
      setLongText: () => write.setText([node, "k", "v".repeat(40)], as),
      multicall: () => write.multicall([[call]], as),
      setAddr: () => write.setAddr([node, ELSEWHERE], as),
      setAddrOfCoin: () => write.setAddr([node, 0n, "0x01"], as),
      setContenthash: () => write.setContenthash([node, "0xe301"], as),
      setName: () => write.setName([node, "shop.hold"], as),
      setABI: () => write.setABI([node, 1n, "0x01"], as),
      setPubkey: () => write.setPubkey([node, ROOT, ROOT], as),
      setInterface: () => write.setInterface([node, "0x01ffc9a7", ELSEWHERE], as),
      setData: () => write.setData([node, "k", "0x01"], as),
      setZonehash: () => write.setZonehash([node, "0x01"], as),
      setDNSRecords: () => write.setDNSRecords([node, RECORD], as),
      clearDNSZone: () => write.clearDNSZone([node], as),
      clearRecords: () => write.clearRecords([node], as),
      setResolver: () => write.setResolver([node, ELSEWHERE], as),
      setTTL: () => write.setTTL([node, 1n], as),
      setRecord: () => write.setRecord([node, account, ELSEWHERE, 1n], as),
      setOwner: () => write.setOwner([node, account], as),
      setNameOperator: () => write.setNameOperator([node, account, 7n], as),
      approve: () => write.approve([node, account, true], as),
      lock: () => write.lock([node, 4n], as),
      setSubnodeOwner: () => write.setSubnodeOwner([node, labelhash("new"), account], as),
      setSubnodeRecord: () => write.setSubnodeRecord([node, labelhash("new"), account, ELSEWHERE, 0n], as),
      createSubname: () => write.createSubname([node, "new", account], as),
      issueSubname: () => write.issueSubname([node, "new", account, 2n ** 35n, 0n], as),
    };
  }

  it("let no stranger change anything of the root", async () => {
    const { registry, bob } = world();
    const stranger = bob.account.address;
    const owner = await registry.read.owner([ROOT]);
    const word = await registry.read.nameWord([ROOT]);
    for (const [what, attempt] of Object.entries(attempts(ROOT, stranger))) {
      await refused(attempt(), "RegistryUnauthorized", ROOT, stranger).catch((error: Error) => {
        throw new Error(`${what}: ${error.message}`);
      });
    }
    await refused(
      registry.write.setController([stranger], { account: stranger }),
      "RegistryUnauthorized",
      ROOT,
      stranger,
    );
    const wish = registration({ label: "free", owner: stranger });
    await refused(registry.write.register([wish], { account: stranger }), "RegistryNotController", stranger);
    const renewal = registry.write.renew([stranger, labelhash("shop"), YEAR_SECONDS], { account: stranger });
    await refused(renewal, "RegistryNotController", stranger);
    expect([await registry.read.owner([ROOT]), await registry.read.nameWord([ROOT])]).to.deep.equal([owner, word]);
  });

  it("let no call of a registration reach the root, nor what comes behind it in the same transaction", async () => {
    const { registry, register, bob } = world();
    const account = bob.account.address;
    const { abi } = registry;
    const data = [encodeFunctionData({ abi, functionName: "setText", args: [ROOT, "k", "v"] })];
    await refused(register({ label: "new", owner: account, data }), "RecordCallForOtherNode", nodeOf("new.hold"), ROOT);
    await register({ label: "new", owner: account, data: [] });
    await refused(registry.write.setText([ROOT, "k", "v"], { account }), "RegistryUnauthorized", ROOT, account);
  });

  it("let nobody change anything of the TLD, not even the controller that owns it", async () => {
    const { registry, manager, bob } = world();
    const account = bob.account.address;
    const data = encodeFunctionData({ abi: registry.abi, functionName: "setController", args: [account] });
    await manager.write.execute([registry.address, data]);
    for (const [what, attempt] of Object.entries(attempts(TLD, account))) {
      await refused(attempt(), "RegistryUseController", TLD).catch((error: Error) => {
        throw new Error(`${what}: ${error.message}`);
      });
    }
    // So what answers for names that lapsed or never were is the registry, which has nothing to say of them.
    const { time } = world();
    await time.increase(YEAR_SECONDS);
    expect(await registry.read.resolver([TLD])).to.match(new RegExp(registry.address, "i"));
    expect(await registry.read.addr([nodeOf("shop.hold")])).to.equal(zeroAddress);
  });

  it("leave reverse names to the accounts, whatever governance wants", async () => {
    const { registry, manager } = world();
    const govern = (functionName: string, args: readonly unknown[]) =>
      manager.write.execute([registry.address, encodeFunctionData({ abi: registry.abi, functionName, args } as never)]);
    await refused(govern("setSubnodeOwner", [ROOT, labelhash("reverse"), ELSEWHERE]), "RegistryReserved", REVERSE);
    await refused(govern("createSubname", [ROOT, "reverse", ELSEWHERE]), "RegistryReserved", REVERSE);
    const record = ["setSubnodeRecord", [ROOT, labelhash("reverse"), ELSEWHERE, ELSEWHERE, 0n]] as const;
    await refused(govern(...record), "RegistryReserved", REVERSE);
  });
});
