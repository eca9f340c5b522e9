/** The operations of the gas table, each in the state that its row names. All labels have ten characters. */
import { encodeFunctionData, type Hex, keccak256, stringToBytes, toHex, zeroHash } from "viem";
import { encodeDnsName } from "../../../src/naming/dnsName.ts";
import { labelhash, namehash } from "../../../src/naming/namehash.ts";
import { YEAR_SECONDS } from "../../deploy/inProcess.ts";
import { aRecord, type World } from "./world.ts";

/** Gas by row id. */
export type Measured = Readonly<Record<string, number>>;

const NAME = "mainholder.hold";
const NODE = namehash(NAME);
const ADDRESS: Hex = "0x1111111111111111111111111111111111111111";
const OTHER: Hex = "0x2222222222222222222222222222222222222222";
const TEXT_31 = "https://example.org/avatar.webp";
const TEXT_31_NEW = "https://example.net/avatar.webp";
const TEXT_66 = "https://example.org/images/2026/portraits/large/mainholder.hold.webp".slice(0, 66);
const IPFS: Hex = `0xe3010170122029f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f`;
const IPFS_NEW: Hex = `0xe30101701220aaf2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3fbb`;

/** Commit, register, renew, transfer. */
async function leases(world: World): Promise<Measured> {
  const { controller, registry, gasOf, register, accounts } = world;
  const [, holder, first, fullFirst, other] = accounts as [Hex, Hex, Hex, Hex, Hex];
  // Counters, balances and the controller's treasury have left zero; `holder` and `other` own names, with primary names.
  for (const label of ["warmingone", "warmingtwo"]) await register({ label, owner: holder, reverse: 1n });
  await register({ label: "otherowner", owner: other });
  const commit = await gasOf(await controller.write.commit([keccak256(stringToBytes("any"))], { account: holder }));
  const bareHolder = await gasOf(await register({ label: "mainholder", owner: holder }));
  const bareFirst = await gasOf(await register({ label: "firstnamed", owner: first }));
  // Bits of `reverse`: 1 the primary name, 4 the address record.
  const full = (label: string, owner: Hex) => register({ label, owner, reverse: 5n });
  const fullFirstGas = await gasOf(await full("fullyfirst", fullFirst));
  const fullHolder = await gasOf(await full("fullyother", holder));
  const [price] = await controller.read.rentPrice(["mainholder", YEAR_SECONDS]);
  const renew = await gasOf(
    await controller.write.renew(["mainholder", YEAR_SECONDS, zeroHash], { account: holder, value: price }),
  );
  const labels = Array.from({ length: 10 }, (_, index) => `renewable${index}`);
  for (const label of labels) await register({ label, owner: holder });
  const many = await gasOf(
    await controller.write.renewMany([labels, YEAR_SECONDS, zeroHash], { account: holder, value: price * 10n }),
  );
  const transfer = await gasOf(
    await registry.write.transferFrom([holder, other, BigInt(namehash("warmingone.hold"))], { account: holder }),
  );
  return {
    commit,
    "register.bare.holder": bareHolder,
    "register.bare.first": bareFirst,
    "register.full.first": fullFirstGas,
    "register.full.holder": fullHolder,
    renew,
    "renewMany.per": Math.round(many / 10),
    transfer,
  };
}

/** A subname, records one by one, and several at once. */
async function records(world: World): Promise<Measured> {
  const { registry, gasOf, accounts } = world;
  const account = accounts[1]!;
  const as = { account };
  // The name has got subnames before, so its tenure is anchored.
  await registry.write.setSubnodeRecord([NODE, labelhash("earlier"), account, registry.address, 0n], as);
  const measured: Record<string, number> = {};
  const measure = async (id: string, hash: Promise<Hex>) => {
    measured[id] = await gasOf(await hash);
  };
  await measure(
    "subname",
    registry.write.setSubnodeRecord([NODE, labelhash("www"), account, registry.address, 0n], as),
  );
  await measure("setAddr.first", registry.write.setAddr([NODE, ADDRESS], as));
  await measure("setAddr.update", registry.write.setAddr([NODE, OTHER], as));
  await measure("setText31.first", registry.write.setText([NODE, "avatar", TEXT_31], as));
  await measure("setText31.update", registry.write.setText([NODE, "avatar", TEXT_31_NEW], as));
  await measure("setText66.first", registry.write.setText([NODE, "header", TEXT_66], as));
  await measure("setContenthash.first", registry.write.setContenthash([NODE, IPFS], as));
  await measure("setContenthash.update", registry.write.setContenthash([NODE, IPFS_NEW], as));
  await measure("dnsA.first", registry.write.setDNSRecords([NODE, aRecord(NAME, 3600, [192, 0, 2, 1])], as));
  await measure("dnsA.update", registry.write.setDNSRecords([NODE, aRecord(NAME, 3600, [192, 0, 2, 2])], as));
  const node = namehash("renewable0.hold");
  const call = (functionName: string, args: unknown[]): Hex =>
    encodeFunctionData({ abi: registry.abi as never, functionName, args } as never);
  const calls = [
    call("setAddr", [node, ADDRESS]),
    call("setText", [node, "avatar", TEXT_31]),
    call("setText", [node, "header", TEXT_66]),
    call("setContenthash", [node, IPFS]),
  ];
  await measure("multicall.first", registry.write.multicall([calls], as));
  return measured;
}

/** Primary names, and what clients read. */
async function reading(world: World): Promise<Measured> {
  const { reverse, registry, universal, directory, gasOf, executionOf, accounts } = world;
  const account = accounts[1]!;
  const newcomer = accounts[5]!;
  const primaryFirst = await gasOf(await reverse.write.setName(["renewable1.hold"], { account: newcomer }));
  const primaryUpdate = await gasOf(await reverse.write.setName([NAME], { account }));
  await registry.write.setAddr([NODE, account], { account });
  await world.seedDirectory();
  const addrCall = encodeFunctionData({ abi: registry.abi, functionName: "addr", args: [NODE] });
  const resolveCall = encodeFunctionData({
    abi: universal.abi,
    functionName: "resolve",
    args: [toHex(encodeDnsName(NAME)), addrCall],
  });
  const reverseCall = encodeFunctionData({ abi: universal.abi, functionName: "reverse", args: [account, 60n] });
  const gatewaysCall = encodeFunctionData({ abi: directory.abi, functionName: "gatewaysOfIndex", args: [123_456_789] });
  return {
    "primary.first": primaryFirst,
    "primary.update": primaryUpdate,
    "resolve.addr": await executionOf(universal.address, resolveCall),
    "reverse.addr": await executionOf(universal.address, reverseCall),
    "shard.gateways": await executionOf(directory.address, gatewaysCall),
  };
}

/** What handing out the shard index takes of a registration: all that the counter's slot and its opcodes cost. */
async function shardIndex(world: World): Promise<Measured> {
  const { connection, registry, register, accounts } = world;
  const hash = await register({ label: "indexcount", owner: accounts[1]! });
  const trace = (await connection.provider.request({
    method: "debug_traceTransaction",
    params: [hash, { disableMemory: true, disableStorage: true }],
  })) as { structLogs: { op: string; gas: number; gasCost: number; depth: number; stack: string[] }[] };
  let gas = 0;
  let callee = 0n;
  for (const { op, depth, gasCost, stack } of trace.structLogs) {
    if (depth === 1 && op === "CALL") callee = BigInt(stack.at(-2) ?? 0);
    const isCounter = depth === 2 && callee === BigInt(registry.address) && BigInt(stack.at(-1) ?? "0x1") === 0n;
    if (isCounter && (op === "SLOAD" || op === "SSTORE")) gas += gasCost;
  }
  if (gas === 0) throw new Error(`no access of the counter of ${registry.address} in the trace`);
  return { "shard.index": gas };
}

/** Every row of the table. */
export async function measureAll(world: World): Promise<Measured> {
  return {
    ...(await leases(world)),
    ...(await records(world)),
    ...(await reading(world)),
    ...(await shardIndex(world)),
  };
}
