/** `holdfast shards predict`: closed forms for a fleet that may not exist yet. */
import {
  type Birthday,
  birthdayOf,
  blastRadius,
  type ChosenGateways,
  chosenGateways,
  expectedTries,
  lostMembersInZoneOutage,
  lostMembersUnderAttack,
  lostMembersWhenDead,
  overlapDistribution,
  poolSizeOf,
  type Scheme,
  shardCountOf,
  shardSizeOf,
  sybilGatewaysNeeded,
  sybilOf,
} from "../../../sharding/index.ts";
import { type AddCommand, printJson, type Terminal, UsageError } from "../../command.ts";
import { atLeast, columnsText, percent, wholeNumber } from "./values.ts";

const EXAMPLES = `
Examples:
  $ holdfast shards predict --gateways 8 --per-name 2 --attack 1       one name in 28 falls with the attacked one
  $ holdfast shards predict --gateways 64 --per-name 8 --attack 16     Kubernetes' table of mice and elephants
  $ holdfast shards predict --gateways 2048 --per-name 4 --zones 4 --attack 10 --dead 100 --names 1000000
`;

interface PredictOptions {
  readonly gateways: number;
  readonly perName: number;
  readonly zones?: number;
  readonly attack: number;
  readonly dead: number;
  readonly names: number;
  readonly sybil: number;
  readonly chosen: number;
  readonly json?: boolean;
}

interface Prediction {
  readonly scheme: Scheme;
  readonly shardCount: bigint;
  /** By members shared by two names. */
  readonly overlap: readonly number[];
  readonly attack: {
    readonly attackedNames: number;
    readonly blastRadius: number;
    readonly lostMembers: readonly number[];
  };
  readonly dead: { readonly deadGateways: number; readonly lostMembers: readonly number[] };
  /** For an attacker who chooses the gateways he takes down; zones only. */
  readonly chosen: (ChosenGateways & { readonly gateways: number }) | null;
  readonly zoneOutage: { readonly lostMembers: readonly number[] } | null;
  /** Mean tries by dead members, as long as one is left. */
  readonly expectedTries: readonly number[];
  readonly hashing: Birthday & { readonly names: number };
  readonly sybil: {
    readonly share: number;
    readonly capturedRatio: number;
    readonly gatewaysForOnePercent: number;
  } | null;
}

function schemeOf({ gateways, perName, zones }: PredictOptions): Scheme {
  if (zones === undefined) return { kind: "any", gatewayCount: gateways, perName };
  if (perName !== zones || gateways % zones !== 0) {
    throw new UsageError(
      `${gateways} gateways in ${zones} zones with ${perName} a name do not fit.`,
      "With --zones, each name has one gateway in each zone and the zones are of equal size.",
    );
  }
  return { kind: "zoned", zoneCount: zones, slotCount: gateways / zones };
}

function predict(options: PredictOptions): Prediction {
  const scheme = schemeOf(options);
  const k = shardSizeOf(scheme);
  const zoned = scheme.kind === "zoned" ? scheme : undefined;
  return {
    scheme,
    shardCount: shardCountOf(scheme),
    overlap: overlapDistribution(scheme),
    attack: {
      attackedNames: options.attack,
      blastRadius: blastRadius(scheme, options.attack),
      lostMembers: lostMembersUnderAttack(scheme, options.attack),
    },
    dead: { deadGateways: options.dead, lostMembers: lostMembersWhenDead(scheme, options.dead) },
    chosen: zoned ? { gateways: options.chosen, ...chosenBy(zoned.zoneCount, zoned.slotCount, options) } : null,
    zoneOutage: zoned
      ? {
          lostMembers: lostMembersInZoneOutage(
            zoned.zoneCount,
            zoned.slotCount,
            Math.min(options.dead, poolSizeOf(scheme) - zoned.slotCount),
          ),
        }
      : null,
    expectedTries: Array.from({ length: k }, (_, dead) => expectedTries(k, dead)),
    hashing: { names: options.names, ...birthdayOf(scheme, options.names) },
    sybil: zoned
      ? {
          share: options.sybil,
          capturedRatio: sybilOf(new Array<number>(k).fill(options.sybil)).capturedRatio,
          gatewaysForOnePercent: sybilGatewaysNeeded(k, zoned.slotCount, 0.01),
        }
      : null,
  };
}

/** The bound on names is that of a polynomial scheme that holds `names` of them. */
function chosenBy(zoneCount: number, slotCount: number, { chosen, names }: PredictOptions): ChosenGateways {
  let overlapMax = 0;
  while (overlapMax < zoneCount - 1 && slotCount ** (overlapMax + 1) < names) overlapMax += 1;
  return chosenGateways(zoneCount, slotCount, chosen, { nameCount: names, overlapMax });
}

function print(terminal: Terminal, prediction: Prediction): void {
  const { scheme, attack, dead, chosen, zoneOutage, hashing, sybil } = prediction;
  const where =
    scheme.kind === "zoned" ? `${scheme.zoneCount} zones of ${scheme.slotCount}, one in each` : "any of all";
  terminal.out(
    `${poolSizeOf(scheme)} gateways, ${shardSizeOf(scheme)} a name (${where}): ${prediction.shardCount} shards\n\n`,
  );
  const head = ["", "two names share", `${attack.attackedNames} attacked: lost`, `${dead.deadGateways} dead: lost`];
  const rows = prediction.overlap.map((share, members) => [
    String(members),
    percent(share),
    percent(attack.lostMembers[members]!),
    percent(dead.lostMembers[members]!),
    ...(zoneOutage ? [percent(zoneOutage.lostMembers[members]!)] : []),
    prediction.expectedTries[members] === undefined
      ? "never"
      : String(Number(prediction.expectedTries[members].toFixed(4))),
  ]);
  terminal.out(columnsText([[...head, ...(zoneOutage ? ["and a zone: lost"] : []), "tries to an answer"], ...rows]));
  terminal.out(
    `\nBlast radius of ${attack.attackedNames} attacked: ${percent(attack.blastRadius)} of the other names are down.\n`,
  );
  terminal.out(
    `Hashing ${hashing.names} names: ${Number(hashing.pairCountMean.toPrecision(4))} pairs on one shard expected, some with ${percent(hashing.probability)}; even odds at ${hashing.evenOddsNameCount} names.\n`,
  );
  if (chosen) {
    terminal.out(
      `Whoever takes down ${chosen.gateways} gateways of his choice (${chosen.perZone.join(" + ")}) has ${percent(chosen.ratio)} of all shards, at most ${chosen.nameCountMax} of ${hashing.names} names placed in order.\n`,
    );
  }
  if (sybil) {
    terminal.out(
      `An operator with ${percent(sybil.share)} of every zone holds all members of ${percent(sybil.capturedRatio)} of the names; ${sybil.gatewaysForOnePercent} gateways more in every zone hold 1 %.\n`,
    );
  }
}

export const addPredictCommand: AddCommand = (program, terminal) => {
  program
    .command("predict")
    .description("predict overlap, blast radius, losses and collisions of a fleet")
    .requiredOption("--gateways <n>", "gateways in all", wholeNumber(1, 65_535))
    .requiredOption("--per-name <k>", "gateways of each name", wholeNumber(1, 64))
    .option("--zones <z>", "zones of equal size with one gateway of each name", wholeNumber(1, 64))
    .option("--attack <m>", "attacked names", wholeNumber(0, 10_000), 1)
    .option("--dead <f>", "dead gateways, drawn at random", wholeNumber(0, 65_535), 1)
    .option("--chosen <f>", "gateways an attacker chooses and takes down", wholeNumber(0, 65_535), 4)
    .option("--names <n>", "names, for the collisions of hashing", wholeNumber(0), 1_000_000)
    .option("--sybil <share>", "one operator's share of every zone, 0 to 1", atLeast(0), 0.1)
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action((options: PredictOptions) => {
      const prediction = predict(options);
      if (options.json) return printJson(terminal, prediction);
      print(terminal, prediction);
    });
};
