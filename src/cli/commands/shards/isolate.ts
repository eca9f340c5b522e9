/** `holdfast shards isolate NAME [--release]`: moves an attacked name to the reserved range, and back. */
import type { Hex } from "../../../base/bytes.ts";
import { type ChainFleet, type FleetName, readFleet } from "../../../chain/fleet.ts";
import { type IsolationAct, sendIsolation } from "../../../chain/isolation.ts";
import { namehash, normaliseName, registeredNameOf } from "../../../naming/index.ts";
import {
  bootstrapIndexOf,
  countOverlap,
  type IsolationPlan,
  ORDINARY_SLOT_COUNT,
  planIsolation,
  planRelease,
  SLOT_COUNT,
  type Slots,
  slotsOf,
  slotsOfBootstrapIndex,
  ZONE_COUNT,
} from "../../../sharding/index.ts";
import { type AddCommand, printJson, type Terminal, UsageError } from "../../command.ts";
import { addChainOptions, type ChainOptions, openChain } from "./chain.ts";
import { columnsText } from "./values.ts";

const EXAMPLES = `
Examples:
  $ holdfast shards isolate shop.hold                          shows what would change, sends nothing
  $ holdfast shards isolate shop.hold --gateways 9,10,11,12 --yes
  $ holdfast shards isolate shop.hold --release --yes

The sender needs the isolation role: its key in HOLDFAST_KEY, or the RPC provider's own first account on a development chain.
--gateways dedicates four gateways, one of each zone, to the reserved slot first.
`;

interface IsolateOptions extends ChainOptions {
  readonly release?: boolean;
  readonly gateways?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What is shown before anything is sent. */
interface IsolateReport {
  readonly name: string;
  readonly act: "isolate" | "release";
  readonly plan: IsolationPlan;
  /** Other names by the physical gateways they share with it: 0 to 4, before and after. */
  readonly othersBefore: readonly number[];
  readonly othersAfter: readonly number[];
  readonly acts: readonly IsolationAct[];
  readonly transactions: readonly Hex[];
}

function dedicated(text: string | undefined, fleet: ChainFleet): number[] | undefined {
  if (text === undefined) return undefined;
  const ids = text.split(",").map(Number);
  const wrong = ids.findIndex(
    (id, zone) => !fleet.gateways.some((gateway) => gateway.id === id && gateway.zone === zone && gateway.active),
  );
  if (ids.length !== ZONE_COUNT || wrong !== -1) {
    throw new UsageError(`--gateways takes ${ZONE_COUNT} active gateways, of zones 0 to 3 in turn; got ${text}.`);
  }
  return ids;
}

/** The table once the reserved slot of each zone belongs to the dedicated gateways. */
function tableWith(table: Uint16Array, reservedSlot: number, ids: readonly number[]): Uint16Array {
  const out = table.slice();
  ids.forEach((id, zone) => {
    out[zone * SLOT_COUNT + ORDINARY_SLOT_COUNT + reservedSlot] = id;
  });
  return out;
}

function planOf(
  fleet: ChainFleet,
  node: Hex,
  options: IsolateOptions,
): Pick<IsolateReport, "act" | "plan" | "acts"> & { table: Uint16Array } {
  const registered = fleet.names.find((entry) => entry.node === node);
  const current = fleet.isolated.get(node);
  if (options.release) {
    if (current === undefined) throw new UsageError("The name is not isolated.");
    const ownIndex = registered?.shardIndex ?? bootstrapIndexOf(node);
    const ownSlots = registered ? slotsOf(ownIndex) : slotsOfBootstrapIndex(ownIndex);
    const plan = planRelease(fleet, current, ownIndex, ownSlots);
    return { act: "release", plan, acts: [{ kind: "release", node }], table: fleet.table };
  }
  if (!registered) throw new UsageError("The name is not registered, so it has no shard of its own to leave.");
  if (current !== undefined) throw new UsageError(`The name is isolated already, at index ${current}.`);
  const taken = [...fleet.isolated.values()];
  const ids = dedicated(options.gateways, fleet);
  if (!ids) {
    const plan = planIsolation(fleet, registered.shardIndex, taken);
    return { act: "isolate", plan, acts: [{ kind: "isolate", node, index: plan.toIndex }], table: fleet.table };
  }
  // Every reserved slot is given to somebody, so that the first free place is found; only that place's slots are changed.
  const place = planIsolation(
    { table: new Uint16Array(fleet.table.length).fill(1) },
    registered.shardIndex,
    taken,
  ).toIndex;
  const reservedSlot = slotsOf(place)[0] - ORDINARY_SLOT_COUNT;
  const table = tableWith(fleet.table, reservedSlot, ids);
  const plan = planIsolation({ table }, registered.shardIndex, taken);
  const assigns = ids.map((gatewayId, zone) => ({
    kind: "assignReservedSlot" as const,
    zone,
    reservedSlot,
    gatewayId,
  }));
  const needed = assigns.filter(
    ({ zone, gatewayId }) => fleet.table[zone * SLOT_COUNT + ORDINARY_SLOT_COUNT + reservedSlot] !== gatewayId,
  );
  return { act: "isolate", plan, acts: [...needed, { kind: "isolate", node, index: plan.toIndex }], table };
}

/** Other names by the physical gateways they share with a name on these slots. */
function othersOf(fleet: ChainFleet, table: Uint16Array, node: Hex, slots: Slots): number[] {
  const slotsOfName = (name: FleetName) => slotsOf(fleet.isolated.get(name.node) ?? name.shardIndex);
  const others = fleet.names.filter((name) => name.node !== node).map(slotsOfName);
  return countOverlap({ table }, slots, others).physical.map((share) => Math.round(share * others.length));
}

function print(terminal: Terminal, report: IsolateReport): void {
  const { plan } = report;
  terminal.out(`${report.act} ${report.name}: index ${plan.fromIndex} -> ${plan.toIndex}\n\n`);
  const rows = plan.slotsBefore.map((slot, zone) => [
    `zone ${zone}`,
    `slot ${slot}, gateway ${plan.gatewaysBefore[zone]}`,
    `slot ${plan.slotsAfter[zone]}, gateway ${plan.gatewaysAfter[zone]}`,
  ]);
  terminal.out(columnsText([["", "before", "after"], ...rows]));
  terminal.out("\nOther names by the gateways they share with it:\n");
  terminal.out(
    columnsText([
      ["shared", "before", "after"],
      ...report.othersBefore.map((count, shared) => [
        String(shared),
        String(count),
        String(report.othersAfter[shared]),
      ]),
    ]),
  );
  if (plan.zonesStillShared.length > 0) {
    terminal.out(
      `\nIn zone ${plan.zonesStillShared.join(", ")} it stays on machines that serve other names; dedicate some with --gateways.\n`,
    );
  }
}

async function run(terminal: Terminal, what: string, options: IsolateOptions): Promise<void> {
  const { client, deployment } = await openChain(options);
  const name = registeredNameOf(normaliseName(what), deployment.tld);
  if (name === undefined) throw new UsageError(`"${what}" is not below .${deployment.tld}.`);
  const fleet = await readFleet(client, deployment);
  const node = namehash(name);
  const { table, ...planned } = planOf(fleet, node, options);
  const before = {
    name,
    ...planned,
    othersBefore: othersOf(fleet, fleet.table, node, planned.plan.slotsBefore),
    othersAfter: othersOf(fleet, table, node, planned.plan.slotsAfter),
  };
  if (!options.json) print(terminal, { ...before, transactions: [] });
  if (!options.yes && !options.json) terminal.out("\nNothing was sent; add --yes to send it.\n");
  const key = process.env.HOLDFAST_KEY as Hex | undefined;
  const transactions = options.yes
    ? await sendIsolation(client, deployment, planned.acts, {
        rpcUrl: options.rpc,
        ...(key === undefined ? {} : { privateKey: key }),
      })
    : [];
  if (options.json) return printJson(terminal, { ...before, transactions });
  for (const [position, hash] of transactions.entries()) terminal.out(`${planned.acts[position]!.kind}: ${hash}\n`);
}

export const addIsolateCommand: AddCommand = (program, terminal) => {
  const command = program
    .command("isolate")
    .argument("<name>", "a registered name; its subnames move with it")
    .description("move an attacked name to the reserved range on chain, or back");
  addChainOptions(command)
    .option("--release", "move it back to its own shard")
    .option("--gateways <ids>", "four gateways, of zones 0 to 3 in turn, to dedicate to it")
    .option("--yes", "send it; without this only what would change is shown")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action((what: string, options: IsolateOptions) => run(terminal, what, options));
};
