/** Random walks through everything that writes the registry's storage, held against the chain's storage root as they go. */
import { expect } from "chai";
import { concatHex, encodeFunctionData, type Hex, keccak256, numberToHex, zeroAddress, zeroHash } from "viem";
import { toHex } from "../../src/base/bytes.ts";
import { seededRandom } from "../../src/base/random.ts";
import { encodeDnsName } from "../../src/naming/dnsName.ts";
import { parentOf } from "../../src/naming/name.ts";
import { labelhash, nodeOf } from "../contracts/support/holdfast.ts";
import { deployWithDirectory, replicaOf } from "../support/gateway/chain.ts";

const SEEDS = (process.env.MIRROR_SEEDS ?? "1,2").split(",");
const STEPS = Number(process.env.MIRROR_STEPS ?? 160);
const STEPS_A_CHECK = 20;
const DAY_SECONDS = 86_400n;
const TOPS = ["alpha", "bravo"];
/** Names of every depth, below names and below a TLD of governance's. */
const NAMES = [
  ...TOPS.flatMap((top) => ["", "a.", "b.", "x.a.", "q.x.a."].map((prefix) => `${prefix}${top}.hold`)),
  "other",
  "s.other",
];
/** The setters of texts as a caller may use them who does not care for UTF-8. */
const RAW_ABI = [
  {
    type: "function",
    name: "setText",
    stateMutability: "nonpayable",
    inputs: [
      { type: "bytes32", name: "node" },
      { type: "bytes", name: "key" },
      { type: "bytes", name: "value" },
    ],
    outputs: [],
  },
  {
    type: "function",
    name: "setName",
    stateMutability: "nonpayable",
    inputs: [
      { type: "bytes32", name: "node" },
      { type: "bytes", name: "name" },
    ],
    outputs: [],
  },
] as const;
const SET_TEXT = "0x10f13a8c";
const SET_NAME = "0x77372213";

type Move = () => Promise<unknown>;

async function createWalk(seed: string) {
  const random = seededRandom(seed, "mirror");
  const chain = await deployWithDirectory();
  const { registry, controller, alice, bob, carol, manager, register, time, connection } = chain;
  const accounts = [alice, bob, carol].map(({ account }) => account.address as Hex);
  for (const account of accounts) await connection.networkHelpers.setBalance(account, 10n ** 30n);
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)]!;
  const bytes = () => toHex(random.bytes(pick([0, 1, 29, 30, 31, 32, 61, 62, 100])));
  const ascii = (length: number) => Array.from({ length }, () => String.fromCharCode(32 + random.below(95))).join("");
  const text = () => {
    const length = pick([0, 1, 31, 32, 35, 36, 66, 200]);
    return random.below(2) === 0 ? ascii(length) : "é".repeat(length >> 1);
  };
  const { abi, address } = registry;
  const govern = (functionName: string, args: readonly unknown[]) =>
    manager.write.execute([address, encodeFunctionData({ abi, functionName, args } as never)]);
  const ownerOf = async (name: string) => (await registry.read.owner([nodeOf(name)])) as Hex;

  for (const label of TOPS) await register({ label, owner: pick(accounts) });
  await govern("createSubname", [zeroHash, "other", accounts[0]]);

  function recordMoves(name: string, account: Hex): Record<string, Move> {
    const node = nodeOf(name);
    const as = { account };
    const { write } = registry;
    const rrset = (label: string, type: number, data: Hex) =>
      concatHex([
        toHex(encodeDnsName(`${label}.${name}`)),
        numberToHex(type, { size: 2 }),
        "0x00010000003c",
        numberToHex((data.length - 2) / 2, { size: 2 }),
        data,
      ]);
    const anyRRset = () => {
      const label = pick(["www", "*", "m"]);
      if (random.below(3) === 0) return rrset(label, pick([1, 65_280]), "0x");
      return random.below(2) === 0
        ? rrset(label, 1, toHex(random.bytes(4)))
        : rrset(label, 65_280, toHex(random.bytes(pick([1, 20, 30, 200]))));
    };
    const raw = (data: Hex, selector: Hex) =>
      alice.sendTransaction({ account, to: address, data: concatHex([selector, `0x${data.slice(10)}`]) } as never);
    return {
      setText: () => write.setText([node, pick(["k", "url", "x".repeat(33), ascii(5)]), text()], as),
      rawText: () => {
        const args = [node, toHex(random.bytes(3)), toHex(random.bytes(pick([0, 1, 32, 50])))] as const;
        return raw(encodeFunctionData({ abi: RAW_ABI, functionName: "setText", args }), SET_TEXT);
      },
      rawName: () =>
        raw(encodeFunctionData({ abi: RAW_ABI, functionName: "setName", args: [node, bytes()] }), SET_NAME),
      setAddr: () => write.setAddr([node, pick([...accounts, zeroAddress])], as),
      setCoin: () =>
        write.setAddr([node, pick([60n, 0n, 0x80000000n, 0x8000000an]), pick<Hex>(["0x", accounts[0]!])], as),
      setContenthash: () => write.setContenthash([node, bytes()], as),
      setABI: () => write.setABI([node, pick([1n, 32_768n]), bytes()], as),
      setPubkey: () => write.setPubkey([node, pick([zeroHash, keccak256("0x01")]), zeroHash], as),
      setInterface: () => write.setInterface([node, "0x01ffc9a7", pick([zeroAddress, accounts[0]!])], as),
      setData: () => write.setData([node, pick(["k", "holdfast.minSequence"]), bytes()], as),
      setZonehash: () => write.setZonehash([node, bytes()], as),
      setDNSRecords: () => write.setDNSRecords([node, concatHex([anyRRset(), anyRRset()])], as),
      clearDNSZone: () => write.clearDNSZone([node], as),
      clearRecords: () => write.clearRecords([node], as),
    };
  }

  function nameMoves(name: string, owner: Hex, above: Hex): Record<string, Move> {
    const node = nodeOf(name);
    const label = name.split(".")[0]!;
    const isOther = name === "other";
    const parent = isOther ? zeroHash : nodeOf(parentOf(name));
    const as = { account: owner };
    const asAbove = { account: above };
    const { write } = registry;
    const to = () => pick([zeroAddress, ...accounts, ...accounts]);
    const resolver = () => pick([address, accounts[0]!, zeroAddress]);
    return {
      setResolver: () => write.setResolver([node, resolver()], as),
      setTTL: () => write.setTTL([node, pick([0n, 60n, 2n ** 64n - 1n])], as),
      setRecord: () => write.setRecord([node, to(), resolver(), pick([0n, 7n])], as),
      setOwner: () => write.setOwner([node, to()], as),
      transferFrom: () => write.transferFrom([owner, pick(accounts), BigInt(node)], as),
      approve: () => write.approve([pick([zeroAddress, ...accounts]), BigInt(node)], as),
      setNameOperator: () => write.setNameOperator([node, pick(accounts), BigInt(random.below(8))], as),
      setApprovalForAll: () => write.setApprovalForAll([pick(accounts), random.below(2) === 0], as),
      lock: () => write.lock([node, random.below(8) === 0 ? pick([4n, 8n, 16n]) : 0n], as),
      setSubnodeOwner: () =>
        isOther
          ? govern("setSubnodeOwner", [parent, labelhash(label), to()])
          : write.setSubnodeOwner([parent, labelhash(label), to()], asAbove),
      setSubnodeRecord: () =>
        isOther
          ? govern("setSubnodeRecord", [parent, labelhash(label), to(), resolver(), pick([0n, 60n])])
          : write.setSubnodeRecord([parent, labelhash(label), to(), resolver(), pick([0n, 60n])], asAbove),
      createSubname: () =>
        isOther
          ? govern("createSubname", [parent, label, pick(accounts)])
          : write.createSubname([parent, label, pick(accounts)], asAbove),
      issueSubname: async () => {
        const until = BigInt(await time.latest()) + 2n + BigInt(random.below(40)) * DAY_SECONDS;
        await write.issueSubname([parent, label, pick(accounts), until, 0n], asAbove);
      },
      extendSubname: async () => {
        const until = await registry.read.expiryOf([parent]);
        await write.extendSubname([parent, labelhash(label), until], asAbove);
      },
      sweep: () => write.sweep([node]),
      publishName: () => write.publishName([toHex(encodeDnsName(name))]),
    };
  }

  const worldMoves: Record<string, Move> = {
    wait: () => time.increase(pick([1n, DAY_SECONDS, 30n * DAY_SECONDS, 100n * DAY_SECONDS, 300n * DAY_SECONDS])),
    register: () => register({ label: pick(TOPS), owner: pick(accounts), reverse: pick([0n, 4n]) }),
    renew: () =>
      controller.write.renew([pick(TOPS), 40n * DAY_SECONDS, zeroHash], { account: accounts[0]!, value: 10n ** 20n }),
    setController: async () => {
      await govern("setController", [accounts[0]]);
      await govern("setController", [controller.address]);
    },
  };

  /** Makes one move; returns its name, or nothing where it was refused. */
  async function step(): Promise<string | undefined> {
    for (const label of TOPS) {
      if (random.below(3) === 0 && (await controller.read.available([label])))
        await register({ label, owner: pick(accounts) });
    }
    const name = pick(NAMES);
    const [own, above] = [await ownerOf(name), name === "other" ? zeroAddress : await ownerOf(parentOf(name))];
    const or = (account: Hex) => (account === zeroAddress ? accounts[0]! : account);
    const kind = random.below(8);
    const moves = kind === 0 ? worldMoves : kind < 4 ? recordMoves(name, or(own)) : nameMoves(name, or(own), or(above));
    const which = pick(Object.keys(moves));
    try {
      await moves[which]!();
      return which;
    } catch {
      return undefined;
    }
  }
  return { chain, step };
}

describe("registry mirror, walked at random", function () {
  this.timeout(600_000);
  for (const seed of SEEDS) {
    it(`has the chain's storage root at every checkpoint, seed ${seed}`, async () => {
      const { chain, step } = await createWalk(seed);
      const { replica } = replicaOf(chain);
      const made: string[] = [];
      for (let steps = 1; steps <= STEPS; steps += 1) {
        const which = await step();
        if (which !== undefined) made.push(which);
        if (steps % STEPS_A_CHECK !== 0) continue;
        await chain.mineToCheckpoint();
        await replica.step();
        const { address } = chain.registry;
        const proof = await chain.client.getProof({ address, storageKeys: [] });
        expect(replica.checkpoint?.storageRoot, `after ${made.slice(-STEPS_A_CHECK).join(", ")}`).to.equal(
          proof.storageHash,
        );
      }
      // A walk that is refused everywhere would prove nothing.
      expect(made.length).to.be.above(STEPS / 3);
      expect(new Set(made).size).to.be.above(15);
    });
  }
});
