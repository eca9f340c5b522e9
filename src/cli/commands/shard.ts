/** `holdfast shard NAME|INDEX`: the four virtual gateways of a name or of a shard index. */
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

const EXAMPLES = `
Examples:
  $ holdfast shard 512 --json           the shard of the 513th name, "slots": [0, 1, 2, 4]
  $ holdfast shard shop.hold            the bootstrap shard of a name, before its index is known
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

function reportOf(what: string, tld: string): ShardReport {
  if (/^\d+$/.test(what)) {
    const index = Number(what);
    const slots = slotsOf(index);
    const kind = index >= RESERVED_INDEX_MIN ? "isolation" : "registered";
    return { name: null, index, kind, slots, virtualGateways: virtualGatewaysOf(slots) };
  }
  const normal = normaliseName(what);
  const name = registeredNameOf(normal, tld);
  if (name === undefined) throw new UsageError(`"${normal}" is not below .${tld}.`, "Give another TLD with --tld.");
  const index = bootstrapIndexOf(namehash(name));
  const slots = slotsOfBootstrapIndex(index);
  return { name, index, kind: "bootstrap", slots, virtualGateways: virtualGatewaysOf(slots) };
}

const MEANINGS = {
  registered: "a stored shard index",
  isolation: "the isolation range",
  bootstrap: "hashed from the name; a registered name may carry another",
} as const;

export const addShardCommand: AddCommand = (program, terminal) => {
  program
    .command("shard")
    .argument("<name-or-index>", "a name below the TLD, or a shard index from 0 to 4294967295")
    .description("show the four virtual gateways of a name or of a shard index")
    .option("--tld <label>", "the top-level label of Holdfast's names", "hold")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action((what: string, options: { tld: string; json?: boolean }) => {
      const report = reportOf(what, options.tld);
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
