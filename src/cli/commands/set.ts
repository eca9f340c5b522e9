/** `holdfast set NAME TYPE VALUE...`: writes one record, or with --delete removes it. */
import { type Hex, isHex } from "../../base/bytes.ts";
import { deployKey } from "../../chain/deployer.ts";
import type { Deployment } from "../../chain/deployment.ts";
import { closestLiveName, recordCalls } from "../../chain/recordCalls.ts";
import { createSender, type Sender } from "../../chain/sender.ts";
import { recordOfType } from "../../client/recordText.ts";
import { typeName } from "../../dns/codes.ts";
import { parseRdata } from "../../dns/rdataText.ts";
import { normaliseName } from "../../naming/name.ts";
import { namehash } from "../../naming/namehash.ts";
import { COIN_TYPE_ETHEREUM, type RecordKey } from "../../protocol/record.ts";
import { encodeRRset } from "../../protocol/rrset.ts";
import { type AddCommand, printJson, UsageError } from "../command.ts";
import { addChainOptions, type ChainOptions, openChain } from "./shards/chain.ts";

const EXAMPLES = `
Examples:
  $ holdfast set shop.hold A 192.0.2.1 192.0.2.2          the whole RRset
  $ holdfast set _dmarc.shop.hold TXT '"v=DMARC1; p=none"' --ttl 3600
  $ holdfast set shop.hold addr 0x52908400098527886E0F7030069857D2E4169EE7
  $ holdfast set shop.hold text:url https://example.org/
  $ holdfast set shop.hold contenthash 0xe3010170…
  $ holdfast set shop.hold primary                        the name becomes the sender's primary name
  $ holdfast set shop.hold A --delete
`;

interface SetOptions extends ChainOptions {
  readonly ttl: string;
  readonly delete?: boolean;
  readonly json?: boolean;
}

function bytesOf(value: string, what: string): Hex {
  if (!isHex(value)) throw new UsageError(`${what} takes 0x and hexadecimal digits, not "${value}".`);
  return value;
}

function ttlOf(text: string): number {
  const ttl = Number(text);
  if (!Number.isInteger(ttl) || ttl < 0 || ttl > 0x7fffffff) throw new UsageError(`"${text}" is no TTL in seconds.`);
  return ttl;
}

/** The value of a record that is one text or one run of bytes. */
function single(record: RecordKey, values: readonly string[]): string {
  if (values.length > 1) throw new UsageError(`${record.kind} takes one value, not ${values.length}.`);
  return values[0] ?? "";
}

/** The registry's call that writes the record, or deletes it where there are no values. */
function callOf(record: RecordKey, name: string, anchor: string, values: readonly string[], ttlSeconds: number): Hex {
  const node = namehash(name);
  switch (record.kind) {
    case "dns": {
      // One record without data deletes the set.
      const rdatas =
        values.length === 0 ? [new Uint8Array(0)] : values.map((value) => parseRdata(record.rrtype, value));
      return recordCalls.dns(namehash(anchor), encodeRRset({ name, type: record.rrtype, ttlSeconds, rdatas }));
    }
    case "addr":
      return recordCalls.addr(node, record.coinType, addressOf(record.coinType, single(record, values)));
    case "text":
      return recordCalls.text(node, record.key, single(record, values));
    case "data":
      return recordCalls.data(node, record.key, bytesOf(single(record, values) || "0x", "data"));
    case "contenthash":
      return recordCalls.contenthash(node, bytesOf(single(record, values) || "0x", "contenthash"));
    default:
      throw new UsageError(`${record.kind} cannot be set.`);
  }
}

function addressOf(coinType: bigint, value: string): Hex {
  if (value === "") return "0x";
  const bytes = bytesOf(value, "addr");
  if (coinType === COIN_TYPE_ETHEREUM && bytes.length !== 42)
    throw new UsageError(`"${value}" is no Ethereum address.`);
  return bytes;
}

async function setRecord(
  sender: Sender,
  deployment: Deployment,
  asked: {
    readonly name: string;
    readonly type: string;
    readonly values: readonly string[];
    readonly ttlSeconds: number;
  },
): Promise<Hex> {
  const { name, type, values, ttlSeconds } = asked;
  const { registry, reverseRegistrar } = deployment.contracts;
  if (type === "primary") {
    return sender.send("Setting the primary name", reverseRegistrar, recordCalls.primaryName(name));
  }
  const record = recordOfType(name, type);
  const anchor = await closestLiveName(sender.client, deployment, name);
  if (anchor === undefined) throw new UsageError(`Neither ${name} nor a name above it is registered.`);
  if (record.kind !== "dns" && anchor !== name) throw new UsageError(`${name} is not registered; ${anchor} is.`);
  const what = record.kind === "dns" ? typeName(record.rrtype) : record.kind;
  return sender.send(`Setting ${what}`, registry, callOf(record, name, anchor, values, ttlSeconds));
}

export const addSetCommand: AddCommand = (program, terminal) => {
  const command = program
    .command("set")
    .argument("<name>", "a registered name, or for DNS records any name below one")
    .argument("<type>", "a DNS type such as A, or addr, addr:COIN, text:KEY, data:KEY, contenthash, primary")
    .argument("[values...]", "the value; several for a DNS RRset, each in master-file form")
    .description("write a record of a name on chain")
    .option("--ttl <seconds>", "TTL of a DNS RRset", "300")
    .option("--delete", "delete the record")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES);
  addChainOptions(command).action(async (asked: string, type: string, values: string[], options: SetOptions) => {
    const name = normaliseName(asked);
    if (type !== "primary" && (values.length === 0) !== (options.delete ?? false)) {
      throw new UsageError(
        options.delete ? "--delete takes no value." : "There is no value; --delete removes a record.",
      );
    }
    const { deployment } = await openChain(options);
    const sender = await createSender(options.rpc, deployKey(process.env.HOLDFAST_KEY));
    const ttlSeconds = ttlOf(options.ttl);
    const transaction = await setRecord(sender, deployment, { name, type, values, ttlSeconds });
    if (options.json) return printJson(terminal, { name, type, values, transaction });
    terminal.out(`${name} ${type} ${values.length === 0 ? "is done" : "is set"} (${transaction})\n`);
  });
};
