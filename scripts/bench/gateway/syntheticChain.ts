/** A made-up chain for measuring a replica: blocks of registrations, each name with an address and one DNS record. */
import { toEventSelector } from "viem";
import type { Hex } from "../../../src/base/bytes.ts";
import { registryEvents } from "../../../src/chain/followedEvents.ts";
import { childNode, namehash } from "../../../src/naming/namehash.ts";
import type { BlockHeader, ChainLog, ChainSource } from "../../../src/replica/source/chainSource.ts";
import { RpcRefusedError } from "../../../src/replica/source/rpc.ts";

export const REGISTRY: Hex = `0x${"e1".repeat(20)}`;
export const DIRECTORY: Hex = `0x${"d1".repeat(20)}`;
export const TLD_NODE = namehash("hold");
export const EVENTS_PER_NAME = 4;

const hex = (value: number | bigint, byteCount = 32) => value.toString(16).padStart(byteCount * 2, "0");
const padded = (text: string) => text.padEnd(Math.ceil(text.length / 64) * 64, "0");
const utf8 = (text: string) => Buffer.from(text).toString("hex");
/** Offset, length and content of dynamic arguments behind `heads` words of static ones. */
const bytesTail = (content: string) => `${hex(content.length / 2)}${padded(content)}`;

function selector(name: string, inputCount: number): Hex {
  const event = registryEvents.find((item) => item.name === name && item.inputs.length === inputCount);
  if (event === undefined) throw new Error(`no event ${name}`);
  return toEventSelector(event);
}

const SELECTOR = {
  registered: selector("NameRegistered", 5),
  transfer: selector("Transfer", 3),
  addr: selector("AddrChanged", 2),
  dns: selector("DNSRecordChanged", 4),
};

export const labelOf = (index: number) => `name-${index}`;
export const ownerOf = (index: number) => hex(0x1000_0000 + (index % 50_000), 20);

function wireName(...labels: readonly string[]): string {
  return `${labels.map((label) => hex(label.length, 1) + utf8(label)).join("")}00`;
}

/** The four logs of one name's registration. */
function logsOf(index: number, block: BlockHeader, firstLogIndex: number): ChainLog[] {
  const label = labelOf(index);
  const node = childNode(TLD_NODE, label);
  const owner: Hex = `0x${hex(0, 12)}${ownerOf(index)}`;
  const place = { blockNumber: block.number, blockHash: block.hash, address: REGISTRY };
  const transactionHash: Hex = `0x${hex(index)}`;
  const name = wireName(label, "hold");
  const record = `${name}000100010000012c0004${hex(index, 4)}`;
  const dnsHead = `${hex(96)}${hex(1)}${hex(96 + 32 + padded(name).length / 2)}`;
  const events: [readonly Hex[], Hex][] = [
    [[SELECTOR.registered, node, owner], `0x${hex(96)}${hex(4_000_000_000)}${hex(index)}${bytesTail(utf8(label))}`],
    [[SELECTOR.transfer, `0x${hex(0)}`, owner, node], "0x"],
    [[SELECTOR.addr, node], `0x${hex(index + 1)}`],
    [[SELECTOR.dns, node], `0x${dnsHead}${bytesTail(name)}${bytesTail(record)}`],
  ];
  return events.map(([topics, data], offset) => ({
    ...place,
    transactionHash,
    logIndex: firstLogIndex + offset,
    topics,
    data,
  }));
}

/** A source of `nameCount` names, `namesPerBlock` to a block, from block 1 on. Its state cannot be proven. */
export function createSyntheticChain(nameCount: number, namesPerBlock = 50): ChainSource & { readonly height: number } {
  const height = Math.ceil(nameCount / namesPerBlock);
  const hashOf = (number: number): Hex => `0x${hex(0xb10c)}`.slice(0, -16).concat(hex(number, 8)) as Hex;
  const headerOf = (number: number): BlockHeader => ({
    number,
    hash: hashOf(number),
    parentHash: hashOf(number - 1),
    stateRoot: `0x${hex(number)}`,
    timestamp: 1_700_000_000 + number * 12,
    rlp: new Uint8Array(600),
  });
  return {
    height,
    label: "synthetic",
    chainId: async () => 31337,
    header: async (at) => headerOf(at === "latest" ? height : at),
    logs: async (_addresses, from, to) => {
      const logs: ChainLog[] = [];
      for (let number = Math.max(from, 1); number <= to; number += 1) {
        const block = headerOf(number);
        for (let offset = 0; offset < namesPerBlock; offset += 1) {
          const index = (number - 1) * namesPerBlock + offset;
          if (index >= nameCount) break;
          logs.push(...logsOf(index, block, offset * EVENTS_PER_NAME));
        }
      }
      return logs;
    },
    accountProof: async () => {
      throw new RpcRefusedError("http://synthetic.example", "eth_getProof", -32601, "not offered");
    },
  };
}
