/** `holdfast shards size`: the least cost for a wanted availability. */
import { type FleetLayout, type Sizing, type SizingInput, sizeFleet } from "../../../sharding/index.ts";
import { type AddCommand, printJson, type Terminal } from "../../command.ts";
import { atLeast, columnsText, percent, wholeNumber } from "./values.ts";

const EXAMPLES = `
Examples:
  $ holdfast shards size --availability 0.9999 --gateway-down 0.01 --zone-down 0.001 --price 20 --attack-time 0.01
  $ holdfast shards size --availability 0.99999 --gateway-down 0.01 --zone-down 0.001 --price 20 --any-shape --json
`;

interface SizeOptions {
  readonly availability: number;
  readonly gatewayDown: number;
  readonly zoneDown: number;
  readonly price: number;
  readonly attackTime: number;
  readonly attack: number;
  readonly load: number;
  readonly anyShape?: boolean;
  readonly json?: boolean;
}

const MINUTES_PER_YEAR = 365.25 * 24 * 60;

function inputOf(options: SizeOptions): SizingInput {
  return {
    availability: options.availability,
    gatewayDownRatio: options.gatewayDown,
    zoneDownRatio: options.zoneDown,
    pricePerGateway: options.price,
    attackRatio: options.attackTime,
    attackedCount: options.attack,
    loadGateways: options.load,
    ...(options.anyShape ? {} : { zoneCountMin: 4, zoneCountMax: 4, perZoneMax: 1 }),
  };
}

function rowOf(layout: FleetLayout): string[] {
  return [
    layout.kind,
    `${layout.zoneCount} x ${layout.gatewaysPerZone}`,
    String(layout.perName),
    String(layout.cost),
    (layout.downRatio * MINUTES_PER_YEAR).toPrecision(4),
    percent(layout.blastRadius),
    layout.meetsTarget ? "yes" : "no",
  ];
}

function print(terminal: Terminal, sizing: Sizing): void {
  const head = ["", "zones x gateways", "per name", "cost", "minutes down a year", "blast radius", "reaches it"];
  terminal.out(columnsText([head, ...[sizing.best, ...sizing.others].map(rowOf)]));
}

export const addSizeCommand: AddCommand = (program, terminal) => {
  program
    .command("size")
    .description("find the smallest fleet for a wanted availability, beside what others do")
    .requiredOption("--availability <a>", "wanted availability of a name, such as 0.9999", atLeast(0))
    .requiredOption("--gateway-down <ratio>", "share of the time a gateway is down", atLeast(0))
    .requiredOption("--zone-down <ratio>", "share of the time a whole zone is down", atLeast(0))
    .option("--price <money>", "price of one gateway", atLeast(0), 1)
    .option("--attack-time <ratio>", "share of the time an attack is on", atLeast(0), 0)
    .option("--attack <m>", "names attacked at once", wholeNumber(1, 10_000), 1)
    .option("--load <n>", "gateways the load needs, without spares", wholeNumber(1, 1_000), 1)
    .option("--any-shape", "1 to 4 zones and up to 3 gateways a name in each; without it 4 zones and one in each")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action((options: SizeOptions) => {
      const sizing = sizeFleet(inputOf(options));
      if (options.json) return printJson(terminal, sizing);
      print(terminal, sizing);
    });
};
