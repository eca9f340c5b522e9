/**
 * `NameRegistry` without the short way in. On the deployed registry the functions below are never run by this code, which is there
 * for all others; by itself it is a whole registry all the same.
 */
import { expect } from "chai";
import { encodeFunctionData, getAddress, type Hex, zeroAddress, zeroHash } from "viem";
import { toHex } from "../../../src/base/bytes.ts";
import { encodeDnsName } from "../../../src/naming/dnsName.ts";
import { labelhash, nodeOf, registration, TLD, useHoldfast, YEAR_SECONDS } from "../support/holdfast.ts";

const NODE = nodeOf("shop.hold");
const ADDRESS: Hex = "0x00000000000000000000000000000000000000aa";

describe("NameRegistry by itself", () => {
  // The holder is the controller too, and the reverse registrar is never asked.
  const world = useHoldfast(async ({ viem, governor, alice, reverse, renderer }) => {
    const holder = alice.account;
    const registry = await viem.deployContract("NameRegistry", [
      TLD,
      governor.account.address,
      holder.address,
      reverse.address,
      renderer.address,
    ]);
    const wish = registration({ label: "shop", owner: holder.address, reverse: 4n });
    await registry.write.register([wish], { account: holder });
    return { registry, holder };
  });
  const registry = () => world().prepared.registry;
  const as = () => ({ account: world().prepared.holder });

  it("registers and renews for its controllers", async () => {
    const { read, write } = registry();
    const { address } = world().prepared.holder;
    expect(await read.owner([NODE])).to.equal(getAddress(address));
    expect(await read.addr([NODE])).to.equal(getAddress(address));
    expect(await read.shardIndexOf([NODE])).to.deep.equal([true, 0]);
    expect(await read.firstController()).to.equal(getAddress(address));
    const expiry = await read.expiryOf([NODE]);
    await write.renew([address, labelhash("shop"), YEAR_SECONDS], as());
    expect(await read.expiryOf([NODE])).to.equal(expiry + YEAR_SECONDS);
  });

  it("keeps records, one by one and by multicall", async () => {
    const { abi, read, write } = registry();
    await write.setAddr([NODE, ADDRESS], as());
    expect(await read.addr([NODE])).to.equal(getAddress(ADDRESS));
    await write.setText([NODE, "url", "https://example.org"], as());
    expect(await read.text([NODE, "url"])).to.equal("https://example.org");
    await write.setContenthash([NODE, "0xe301"], as());
    expect(await read.contenthash([NODE])).to.equal("0xe301");
    const owner = toHex(encodeDnsName("shop.hold"));
    const record: Hex = `${owner}00010001000000000004c0000201`;
    await write.setDNSRecords([NODE, record], as());
    expect(await read.dnsRecordCount([NODE])).to.equal(1n);
    const setText = (value: string) => encodeFunctionData({ abi, functionName: "setText", args: [NODE, "url", value] });
    await write.multicall([[setText("a"), setText("b")]], as());
    expect(await read.text([NODE, "url"])).to.equal("b");
    await write.multicallWithNodeCheck([NODE, [setText("c")]], as());
    expect(await read.text([NODE, "url"])).to.equal("c");
  });

  it("makes subnames and hands names on", async () => {
    const { read, write } = registry();
    await write.setSubnodeRecord([NODE, labelhash("www"), ADDRESS, ADDRESS, 60n], as());
    const www = nodeOf("www.shop.hold");
    expect(await read.owner([www])).to.equal(getAddress(ADDRESS));
    expect(await read.resolver([www])).to.equal(getAddress(ADDRESS));
    expect(await read.resolver([NODE])).to.equal(getAddress(registry().address));
    const token = BigInt(NODE);
    await write.transferFrom([world().prepared.holder.address, ADDRESS, token], as());
    expect(await read.ownerOf([token])).to.equal(getAddress(ADDRESS));
    expect(await read.owner([zeroHash])).to.equal(getAddress(world().governor.account.address));
    expect(await read.owner([nodeOf("none.hold")])).to.equal(zeroAddress);
  });
});
