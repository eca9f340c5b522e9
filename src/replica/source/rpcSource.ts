/** A chain source over one JSON-RPC provider. What it returns is checked for shape and, headers, against their own hash. */
import { toRlp } from "viem";
import { type Hex, isHex, toHex } from "../../base/bytes.ts";
import { BaseError } from "../../base/errors.ts";
import { keccak256 } from "../../base/keccak.ts";
import type { AccountProof, BlockHeader, ChainLog, ChainSource } from "./chainSource.ts";
import { createRpc, originOf, type RpcOptions, RpcRefusedError } from "./rpc.ts";

export class DishonestProviderError extends BaseError {
  override readonly name = "Replica.DishonestProviderError";
  constructor(label: string, what: string) {
    super("REPLICA_DISHONEST_PROVIDER", `The RPC provider ${label} contradicts itself: ${what}.`);
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** Header fields in the order of their RLP; those from `baseFeePerGas` on came with later forks and may be missing. */
const HEADER_FIELDS: readonly (readonly [string, "bytes" | "quantity"])[] = [
  ["parentHash", "bytes"],
  ["sha3Uncles", "bytes"],
  ["miner", "bytes"],
  ["stateRoot", "bytes"],
  ["transactionsRoot", "bytes"],
  ["receiptsRoot", "bytes"],
  ["logsBloom", "bytes"],
  ["difficulty", "quantity"],
  ["number", "quantity"],
  ["gasLimit", "quantity"],
  ["gasUsed", "quantity"],
  ["timestamp", "quantity"],
  ["extraData", "bytes"],
  ["mixHash", "bytes"],
  ["nonce", "bytes"],
  ["baseFeePerGas", "quantity"],
  ["withdrawalsRoot", "bytes"],
  ["blobGasUsed", "quantity"],
  ["excessBlobGas", "quantity"],
  ["parentBeaconBlockRoot", "bytes"],
  ["requestsHash", "bytes"],
  ["blockAccessListHash", "bytes"],
];

/** RLP writes a quantity without leading zeros and zero as nothing. */
function quantityBytes(text: string): Hex {
  const digits = text.slice(2).replace(/^0+/, "");
  return `0x${digits.length % 2 === 1 ? "0" : ""}${digits}`;
}

function encodeHeader(block: Fields): Uint8Array {
  const items: Hex[] = [];
  for (const [name, kind] of HEADER_FIELDS) {
    const value = block[name];
    if (typeof value !== "string") continue;
    items.push(kind === "bytes" ? (value as Hex) : quantityBytes(value));
  }
  return toRlp(items, "bytes");
}

/** A chain source that asks the provider at `url`. */
export function createRpcSource(options: RpcOptions): ChainSource {
  const rpc = createRpc(options);
  const label = originOf(options.url);
  const liar = (what: string) => new DishonestProviderError(label, what);

  const quantity = (value: unknown, what: string): number => {
    const number = typeof value === "string" && /^0x[0-9a-fA-F]{1,13}$/.test(value) ? Number(value) : Number.NaN;
    if (!Number.isSafeInteger(number)) throw liar(`${what} is no quantity`);
    return number;
  };
  const bytes = (value: unknown, what: string, byteCount?: number): Hex => {
    if (!isHex(value) || (byteCount !== undefined && value.length !== 2 + 2 * byteCount)) {
      throw liar(`${what} is malformed`);
    }
    return value.toLowerCase() as Hex;
  };

  return {
    label,
    chainId: async () => quantity(await rpc("eth_chainId", []), "the chain id"),
    header: async (at) => {
      const block = await rpc("eth_getBlockByNumber", [at === "latest" ? at : toQuantity(at), false]);
      return block === null ? null : readHeader(block as Fields, at);
    },
    logs: async (addresses, from, to) => await readLogs(addresses, from, to),
    accountProof: async (address, block) => readProof(await rpc("eth_getProof", [address, [], toQuantity(block)])),
  };

  function readHeader(block: Fields, asked: number | "latest"): BlockHeader {
    const hash = bytes(block.hash, "a block hash", 32);
    const number = quantity(block.number, "a block number");
    if (asked !== "latest" && asked !== number) throw liar(`block ${number} came for block ${asked}`);
    const rlp = encodeHeader(block);
    if (toHex(keccak256(rlp)) !== hash) throw liar(`the header of block ${number} does not hash to its hash`);
    return {
      number,
      hash,
      parentHash: bytes(block.parentHash, "a parent hash", 32),
      stateRoot: bytes(block.stateRoot, "a state root", 32),
      timestamp: quantity(block.timestamp, "a timestamp"),
      rlp,
    };
  }

  async function readLogs(addresses: readonly Hex[], from: number, to: number): Promise<readonly ChainLog[]> {
    const filter = { address: addresses, fromBlock: toQuantity(from), toBlock: toQuantity(to) };
    const wanted = new Set(addresses.map((address) => address.toLowerCase()));
    const list = await rpc("eth_getLogs", [filter]);
    if (!Array.isArray(list)) throw liar("the logs are no list");
    const logs = list.map((item: Fields): ChainLog => {
      const log: ChainLog = {
        blockNumber: quantity(item.blockNumber, "a log's block"),
        blockHash: bytes(item.blockHash, "a log's block hash", 32),
        logIndex: quantity(item.logIndex, "a log's index"),
        transactionHash: bytes(item.transactionHash, "a transaction hash", 32),
        address: bytes(item.address, "a log's address", 20),
        topics: Array.isArray(item.topics) ? item.topics.map((topic) => bytes(topic, "a topic", 32)) : [],
        data: bytes(item.data, "a log's data"),
      };
      if (log.blockNumber < from || log.blockNumber > to || !wanted.has(log.address))
        throw liar("a log nobody asked for");
      return log;
    });
    return logs.sort((left, right) => left.blockNumber - right.blockNumber || left.logIndex - right.logIndex);
  }

  function readProof(value: unknown): AccountProof {
    const { accountProof, storageHash } = value as Fields;
    if (!Array.isArray(accountProof)) throw liar("the account proof is no list");
    return {
      nodes: accountProof.map((node) => bytes(node, "a proof node")),
      storageRoot: bytes(storageHash, "a storage root", 32),
    };
  }
}

/** Whether an error says "too many logs" rather than "gone": the same range in halves may succeed. */
export function isRangeTooWide(error: unknown): boolean {
  return error instanceof RpcRefusedError;
}

function toQuantity(value: number): Hex {
  return `0x${value.toString(16)}`;
}
