/** `holdfast shards plan`: what a change of the fleet moves, before anything is sent. */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { readFleet } from "../../../chain/fleet.ts";
import { HANDOVER_SECONDS } from "../../../directory/directory.ts";
import {
  directoryCallsOf,
  type FleetChange,
  type MovePlan,
  type PlacedGateway,
  type Placement,
  placeGateways,
  planChange,
  slotCounts,
  UnknownGatewayError,
  ZONE_COUNT,
} from "../../../sharding/index.ts";
import { type AddCommand, printJson, type Terminal, UsageError } from "../../command.ts";
import { openChain } from "./chain.ts";
import { atLeast, columnsText, percent, wholeNumber } from "./values.ts";

const EXAMPLES = `
Examples:
  $ holdfast shards plan join --per-zone 2 --zone 0 --seed 7           170 of 512 slots move, to the newcomer
  $ holdfast shards plan leave --per-zone 3 --gateway 5 --seed 7 --json
  $ holdfast shards plan drain --fleet fleet.json --gateway 5 --seed 7
  $ holdfast shards plan join --rpc http://127.0.0.1:8545 --gateway 9 --seed 7 --json
A fleet file is JSON: { "gateways": [{ "id": 1, "zone": 0, "weight": 1 }, ...], "seed": 7, "table": [ids by zone * 544 + slot] };
"table" may be left out, then the fleet is placed from the seed.

The directory takes one join or leave of a zone at a time: the next ${HANDOVER_SECONDS} seconds later, when who lost slots serves them no more.
Changes of several zones can be made at once. Plan each change when the one before it is made, for the tables it finds.
`;

interface PlanOptions {
  readonly perZone?: number;
  readonly fleet?: string;
  readonly rpc?: string;
  readonly deployment?: string;
  readonly seed: string;
  readonly zone?: number;
  readonly gateway?: number;
  readonly weight?: number;
  readonly json?: boolean;
}

/** A fleet, and the zones of all gateways that are known there, also of those that hold nothing yet. */
interface KnownFleet extends Placement {
  readonly zones: ReadonlyMap<number, number>;
  /** By zone, when the directory takes its next change, in seconds since 1970; 0 for at once. */
  readonly handoverEndsAt: readonly number[];
}

async function fleetOf(options: PlanOptions): Promise<KnownFleet> {
  if (options.rpc !== undefined) return chainPlacement({ ...options, rpc: options.rpc });
  const placement = await placementOf(options);
  const zones = new Map(placement.gateways.map((gateway) => [gateway.id, gateway.zone]));
  return { ...placement, zones, handoverEndsAt: [] };
}

/** The directory of a chain. Gateways that hold no slot are listed there, but are no part of the fleet yet. */
async function chainPlacement(options: { rpc: string; deployment?: string }): Promise<KnownFleet> {
  const { client, deployment } = await openChain(options);
  const { gateways, table, handoverEndsAt } = await readFleet(client, deployment);
  const ordinary = slotCounts({ table });
  const placed = gateways
    .filter(({ id }) => table.includes(id))
    .map(({ id, zone }) => ({ id, zone, role: ordinary.has(id) ? ("ordinary" as const) : ("isolation" as const) }));
  const zones = new Map(gateways.filter((gateway) => gateway.active).map((gateway) => [gateway.id, gateway.zone]));
  return { gateways: placed, table, former: new Map(), zones, handoverEndsAt };
}

async function placementOf(options: PlanOptions): Promise<Placement> {
  if (options.fleet !== undefined) return fleetOfFile(options.fleet, options.seed);
  if (options.perZone === undefined)
    throw new UsageError("Which fleet?", "Give --per-zone N, --fleet FILE or --rpc URL.");
  const gateways = Array.from({ length: options.perZone * ZONE_COUNT }, (_, n) => ({
    id: n + 1,
    zone: n % ZONE_COUNT,
  }));
  return placeGateways({ gateways, seed: options.seed });
}

async function fleetOfFile(path: string, seed: string): Promise<Placement> {
  let document: { gateways?: PlacedGateway[]; seed?: number | string; table?: number[] };
  try {
    document = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new UsageError(`${path} cannot be read as a fleet: ${error instanceof Error ? error.message : error}`);
  }
  if (!Array.isArray(document.gateways)) throw new UsageError(`${path} lists no gateways.`);
  const placement = placeGateways({ gateways: document.gateways, seed: document.seed ?? seed });
  if (document.table === undefined) return placement;
  if (document.table.length !== placement.table.length) {
    throw new UsageError(
      `The table of ${path} has ${document.table.length} entries; it must have ${placement.table.length}.`,
    );
  }
  return { ...placement, table: Uint16Array.from(document.table) };
}

/** The change that a subcommand and its options mean. */
function changeOf(kind: FleetChange["kind"], options: PlanOptions, fleet: KnownFleet): FleetChange {
  if (kind === "join") {
    const zone = options.zone ?? fleet.zones.get(options.gateway ?? 0);
    if (zone === undefined) throw new UsageError("Which zone does the gateway join?", "Give --zone 0 to 3.");
    const id = options.gateway ?? 1 + Math.max(0, ...fleet.zones.keys());
    return { kind, gateway: { id, zone, weight: options.weight ?? 1 } };
  }
  if (options.gateway === undefined) throw new UsageError("Which gateway?", "Give --gateway ID.");
  if (kind !== "weigh") return { kind, gatewayId: options.gateway };
  if (options.weight === undefined) throw new UsageError("Which weight?", "Give --weight W.");
  return { kind, gatewayId: options.gateway, weight: options.weight };
}

/** The zone that a change is of. */
function zoneOfChange(placement: Placement, change: FleetChange): number {
  if (change.kind === "join") return change.gateway.zone;
  const zone = placement.gateways.find((gateway) => gateway.id === change.gatewayId)?.zone;
  if (zone === undefined) throw new UnknownGatewayError(change.gatewayId);
  return zone;
}

/** Shows a plan: who gives and takes how many slots, how many names it touches, and when the next can follow. */
function printPlan(terminal: Terminal, placement: KnownFleet, change: FleetChange, plan: MovePlan): void {
  const zone = zoneOfChange(placement, change);
  const before = slotCounts(placement);
  const table = placement.table.slice();
  for (const move of plan.moves) table[move.virtualGatewayId] = move.to;
  const after = slotCounts({ table });
  const ids = [
    ...new Set(
      [...placement.gateways, ...plan.gateways].filter((gateway) => gateway.zone === zone).map((gateway) => gateway.id),
    ),
  ];
  terminal.out(
    `${change.kind}: ${plan.moves.length} slots of zone ${zone} move, the fewest possible is ${plan.moveCountMin}\n`,
  );
  terminal.out(
    `${percent(plan.affectedNameRatio)} of the names change one of their four gateways, no name more than one\n\n`,
  );
  terminal.out(
    columnsText([
      ["gateway", "slots before", "slots after"],
      ...ids.map((id) => [String(id), String(before.get(id) ?? 0), String(after.get(id) ?? 0)]),
    ]),
  );
  const endsAt = placement.handoverEndsAt[zone] ?? 0;
  if (endsAt !== 0) {
    terminal.out(
      `\nNot before ${new Date(endsAt * 1_000).toISOString()}: until then those serve on who lost slots in the change before.\n`,
    );
  }
  terminal.out(
    `\nThe former holder of a moved slot serves on for ${HANDOVER_SECONDS} seconds, until its answers have left the caches. For as long the\n` +
      `directory takes no other join or leave in zone ${zone}, and retires nobody who serves on.\n`,
  );
}

function addChange(group: Command, terminal: Terminal, kind: FleetChange["kind"], description: string): void {
  group
    .command(kind)
    .description(description)
    .option(
      "--per-zone <n>",
      "plan for an even fleet of n gateways in each zone; ids 1 up go round the zones",
      wholeNumber(1, 512),
    )
    .option("--fleet <file>", "plan for the fleet of a JSON file")
    .option("--rpc <url>", "plan for the directory of the chain behind this RPC provider")
    .option("--deployment <file>", "deployments file; that of the provider's chain if left out")
    .option("--zone <z>", "the zone a newcomer joins", wholeNumber(0, ZONE_COUNT - 1))
    .option("--gateway <id>", "the gateway", wholeNumber(1, 65_535))
    .option("--weight <w>", "its relative capacity", atLeast(0))
    .requiredOption("--seed <seed>", "what the moved slots are drawn from")
    .option("--json", "print JSON, with every move and the directory's calls")
    .addHelpText("after", EXAMPLES)
    .action(async (options: PlanOptions) => {
      const placement = await fleetOf(options);
      const change = changeOf(kind, options, placement);
      const plan = planChange(placement, change, { seed: options.seed });
      if (options.json) {
        return printJson(terminal, {
          change,
          ...plan,
          calls: directoryCallsOf(change, plan.moves) ?? null,
          notBefore: placement.handoverEndsAt[zoneOfChange(placement, change)] ?? 0,
          handoverSeconds: HANDOVER_SECONDS,
        });
      }
      printPlan(terminal, placement, change, plan);
    });
}

export const addPlanCommand: AddCommand = (program, terminal) => {
  const group = program.command("plan").description("plan a change of the fleet: join, leave, drain, weigh");
  addChange(group, terminal, "join", "a gateway joins a zone");
  addChange(group, terminal, "leave", "a gateway leaves for good");
  addChange(group, terminal, "drain", "a gateway gives up its slots and stays listed");
  addChange(group, terminal, "weigh", "a gateway's relative capacity changes");
};
