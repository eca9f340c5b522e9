/** `holdfast shard NAME|INDEX`: the four virtual gateways of a name or of a shard index. */
import { readNameIndex } from "../../chain/fleet.ts";
import { namehash, normaliseName, registeredNameOf } from "../../naming/index.ts";
import {
  bootstrapIndexOf,
  RESERVED_INDEX_MIN,
  type Slots,
  slotsOf,
  slotsOfBootstrapIndex,
  virtualGatewaysOf,
} from "../../sharding/index.ts";
import { type AddCommand, printJson, UsageError } from "../command.ts";
import { openChain } from "./shards/chain.ts";

const EXAMPLES = `
Examples:
  $ holdfast shard 512 --json           the shard of the 513th name, "slots": [0, 1, 2, 4]
  $ holdfast shard shop.hold            the bootstrap shard of a name, before its index is known
  $ holdfast shard shop.hold --rpc http://127.0.0.1:8545
                                        the shard the chain says it has
`;

interface ShardReport {
  /** The name that carries the shard; `null` where an index was given. */
  readonly name: string | null;
  readonly index: number;
  /** Where the index comes from: stored at registration, from the isolation range, or hashed from the node. */
  readonly kind: "registered" | "isolation" | "bootstrap";
  readonly slots: Slots;
  readonly virtualGateways: readonly number[];
}

interface ShardOptions {
  readonly tld: string;
  readonly rpc?: string;
  readonly deployment?: string;
  readonly json?: boolean;
}

async function reportOf(what: string, options: ShardOptions): Promise<ShardReport> {
  if (/^\d+$/.test(what)) {
    const index = Number(what);
    const slots = slotsOf(index);
    const kind = index >= RESERVED_INDEX_MIN ? "isolation" : "registered";
    return { name: null, index, kind, slots, virtualGateways: virtualGatewaysOf(slots) };
  }
  const { rpc } = options;
  const chain = rpc === undefined ? undefined : await openChain({ ...options, rpc });
  const tld = chain?.deployment.tld ?? options.tld;
  const normal = normaliseName(what);
  const name = registeredNameOf(normal, tld);
  if (name === undefined) throw new UsageError(`"${normal}" is not below .${tld}.`, "Give another TLD with --tld.");
  const node = namehash(name);
  const { index, kind } = chain
    ? await readNameIndex(chain.client, chain.deployment, node)
    : { index: bootstrapIndexOf(node), kind: "bootstrap" as const };
  const slots = kind === "bootstrap" ? slotsOfBootstrapIndex(index) : slotsOf(index);
  return { name, index, kind, slots, virtualGateways: virtualGatewaysOf(slots) };
}

const MEANINGS = {
  registered: "a stored shard index",
  isolation: "the isolation range",
  bootstrap: "hashed from the name, for want of a registered one; --rpc asks the chain",
} as const;

export const addShardCommand: AddCommand = (program, terminal) => {
  program
    .command("shard")
    .argument("<name-or-index>", "a name below the TLD, or a shard index from 0 to 4294967295")
    .description("show the four virtual gateways of a name or of a shard index")
    .option("--tld <label>", "the top-level label of Holdfast's names", "hold")
    .option("--rpc <url>", "ask the chain behind this RPC provider for the name's index")
    .option("--deployment <file>", "deployments file; that of the provider's chain if left out")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (what: string, options: ShardOptions) => {
      const report = await reportOf(what, options);
      if (options.json) return printJson(terminal, report);
      const carrier = report.name === null ? "" : `${report.name}: `;
      terminal.out(`${carrier}index ${report.index} (${MEANINGS[report.kind]})\n`);
      report.slots.forEach((slot, zone) => {
        terminal.out(
          `  zone ${zone}  slot ${String(slot).padStart(3)}  virtual gateway ${report.virtualGateways[zone]}\n`,
        );
      });
    });
};
