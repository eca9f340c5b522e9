/** `holdfast shards simulate`: an attack or a failure, played out, beside its prediction. */
import { writeFile } from "node:fs/promises";
import { type Random, seededRandom } from "../../../base/random.ts";
import {
  type Attack,
  assignNames,
  type BlastRun,
  drawFleet,
  drawWorkers,
  playBlast,
  predictLosses,
  type SchemeName,
  statesOf,
  type WorkersPanel,
} from "../../../sharding/index.ts";
import { type AddCommand, printJson, type Terminal, UsageError } from "../../command.ts";
import { atLeast, columnsText, oneOf, percent, wholeNumber } from "./values.ts";

const EXAMPLES = `
Examples:
  $ holdfast shards simulate --names 1000000 --attacked 10 --svg blast.svg     the 4 x 512 fleet
  $ holdfast shards simulate --kind outage --dead 100 --names 100000 --json
  $ holdfast shards simulate --scheme plain --gateways 8 --per-name 2 --names 4000
  $ holdfast shards simulate --workers --svg workers.svg                       eight workers, three ways to share them
`;

interface SimulateOptions {
  readonly scheme: SchemeName;
  readonly gateways: number;
  readonly perName: number;
  readonly names: number;
  readonly kind: Attack["kind"];
  readonly attacked: number;
  readonly dead: number;
  readonly flood: number;
  readonly capacity: number;
  readonly rate: number;
  readonly ticks: number;
  readonly seed: string;
  readonly workers?: boolean;
  readonly svg?: string;
  readonly json?: boolean;
}

/** The attack lasts from a quarter of the run to three quarters. */
const attackSpan = (ticks: number) => ({
  attackFrom: Math.floor(ticks / 4),
  attackUntil: Math.max(1, Math.floor((3 * ticks) / 4)),
});

function distinct(random: Random, count: number, bound: number): number[] {
  if (count > bound) throw new UsageError(`${count} of ${bound} cannot be hit.`);
  const out = new Set<number>();
  while (out.size < count) out.add(random.below(bound));
  return [...out];
}

function simulate(options: SimulateOptions): { run: BlastRun; predicted: number[]; attack: Attack } {
  const { scheme, perName, names, seed } = options;
  const stream = (purpose: string) => seededRandom(seed, `simulate/${purpose}`);
  const assignment = assignNames({
    scheme,
    nameCount: names,
    gatewayCount: options.gateways,
    perName,
    random: stream("assign"),
  });
  const hit = stream("targets");
  const attack: Attack =
    options.kind === "outage"
      ? { kind: "outage", gateways: distinct(hit, options.dead, assignment.gatewayCount) }
      : options.kind === "poison"
        ? { kind: "poison", names: distinct(hit, options.attacked, names) }
        : { kind: "flood", names: distinct(hit, options.attacked, names), requestsPerTick: options.flood };
  const run = playBlast({
    assignment,
    attack,
    ticks: options.ticks,
    ...attackSpan(options.ticks),
    capacity: options.capacity,
    requestsPerTick: options.rate,
    random: stream("play"),
  });
  return { run, attack, predicted: predictLosses({ scheme, gatewayCount: options.gateways, perName }, attack) };
}

function print(terminal: Terminal, run: BlastRun, predicted: readonly number[]): void {
  terminal.out(
    columnsText([
      ["tick", "down", "shedding", "untouched", "degraded", "dead", "answered", "tries each"],
      ...run.ticks.map((tick) => {
        const { untouched, degraded, dead } = statesOf(tick.nameCounts);
        const figures = [tick.tick, tick.downCount, tick.sheddingCount, untouched, degraded, dead].map(String);
        const served = tick.requestCount === 0 ? 1 : tick.answeredCount / tick.requestCount;
        return [...figures, percent(served), (tick.tryCount / Math.max(1, tick.requestCount)).toFixed(4)];
      }),
    ]),
  );
  const worst = run.worst;
  const total = worst.nameCounts.reduce((sum, count) => sum + count, 0);
  terminal.out(`\nAt the height, tick ${worst.tick}, of ${total} names that were not attacked:\n`);
  const rows = worst.nameCounts.flatMap((count, lost) =>
    count === 0 && (predicted[lost] ?? 0) === 0
      ? []
      : [[String(lost), String(count), String(Number(((predicted[lost] ?? 0) * total).toPrecision(6)))]],
  );
  terminal.out(columnsText([["lost", "simulated", "predicted"], ...rows]));
}

/** Workers of the Builders' Library article, counted from 0: rainbow on 1 and 4, rose on 1 and 8, sunflower on 4 and 6. */
const CUSTOMERS: readonly { readonly name: string; readonly workers: readonly [number, number] }[] = [
  { name: "rainbow", workers: [0, 3] },
  { name: "rose", workers: [0, 7] },
  { name: "sunflower", workers: [3, 5] },
  { name: "tulip", workers: [1, 2] },
  { name: "lily", workers: [4, 6] },
  { name: "daisy", workers: [1, 7] },
  { name: "iris", workers: [2, 5] },
  { name: "aster", workers: [4, 7] },
];
const WORKER_COUNT = 8;

function workerPanels(seed: string): WorkersPanel[] {
  const all = Array.from({ length: WORKER_COUNT }, (_, worker) => worker);
  const layouts = [
    { title: "No sharding", membersOf: () => all },
    { title: "Plain sharding into four", membersOf: (customer: number) => [customer & ~1, customer | 1] },
    { title: "Shuffle sharding", membersOf: (customer: number) => CUSTOMERS[customer]!.workers },
  ];
  return layouts.map(({ title, membersOf }) => {
    const customers = CUSTOMERS.map(({ name }, customer) => ({ name, members: membersOf(customer) }));
    const members = Uint16Array.from(customers.flatMap((customer) => [...customer.members]));
    const run = playBlast({
      assignment: {
        gatewayCount: WORKER_COUNT,
        nameCount: customers.length,
        perName: members.length / customers.length,
        members,
      },
      attack: { kind: "poison", names: [0] },
      ticks: 8,
      attackFrom: 2,
      capacity: 1000,
      requestsPerTick: 50,
      random: seededRandom(seed, `simulate/workers/${title}`),
    });
    return { title, customers, attacked: 0, run };
  });
}

async function runWorkers(terminal: Terminal, options: SimulateOptions): Promise<void> {
  const panels = workerPanels(options.seed);
  if (options.svg !== undefined) await writeFile(options.svg, drawWorkers(panels));
  const reports = panels.map(({ title, customers, run }) => ({
    title,
    workersDown: run.ticks.at(-1)!.downCount,
    customers: customers.map(({ name, members }, n) => ({
      name,
      members: members.map((worker) => worker + 1),
      lost: run.lostMembers[n]!,
    })),
    answeredRatio: run.ticks.at(-1)!.answeredCount / run.ticks.at(-1)!.requestCount,
  }));
  if (options.json) return printJson(terminal, reports);
  for (const report of reports) {
    terminal.out(
      `${report.title}: ${report.workersDown} of ${WORKER_COUNT} workers down, ${percent(report.answeredRatio)} of the other customers' requests answered\n`,
    );
    terminal.out(
      columnsText(
        report.customers.map(({ name, members, lost }) => [name, `workers ${members.join(", ")}`, `lost ${lost}`]),
      ),
    );
  }
}

export const addSimulateCommand: AddCommand = (program, terminal) => {
  program
    .command("simulate")
    .description("play out an attack or a failure, beside its prediction")
    .option(
      "--scheme <name>",
      "holdfast (4 x 512), shuffle, plain or none",
      oneOf("holdfast", "shuffle", "plain", "none"),
      "holdfast",
    )
    .option("--gateways <n>", "gateways, for the other schemes", wholeNumber(1, 65_535), 2048)
    .option("--per-name <k>", "gateways of each name, for the other schemes", wholeNumber(1, 31), 4)
    .option("--names <n>", "names", wholeNumber(1, 10_000_000), 100_000)
    .option("--kind <attack>", "poison, flood or outage", oneOf("poison", "flood", "outage"), "poison")
    .option("--attacked <m>", "attacked names", wholeNumber(0, 1_000_000), 1)
    .option("--dead <f>", "gateways that are down in an outage", wholeNumber(0, 65_535), 1)
    .option("--flood <n>", "requests a tick on each flooded name", atLeast(0), 1_000_000)
    .option("--capacity <n>", "requests a gateway answers in a tick", atLeast(0), 10_000)
    .option("--rate <n>", "requests of each name in a tick", atLeast(0), 1)
    .option("--ticks <n>", "length of the run", wholeNumber(1, 10_000), 12)
    .option("--seed <seed>", "what everything random is drawn from", "1")
    .option("--workers", "the drawing of eight workers instead")
    .option("--svg <file>", "write a picture")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (options: SimulateOptions) => {
      if (options.workers) return runWorkers(terminal, options);
      const { run, predicted, attack } = simulate(options);
      if (options.svg !== undefined) {
        if (options.scheme !== "holdfast") throw new UsageError("Only the 4 x 512 fleet and --workers have a picture.");
        const title = `${options.names.toLocaleString("en")} names, ${options.kind}, seed ${options.seed}`;
        await writeFile(options.svg, drawFleet({ title, run: run, predicted }));
      }
      if (options.json) return printJson(terminal, { seed: options.seed, attack, predicted, ticks: run.ticks });
      print(terminal, run, predicted);
    });
};
