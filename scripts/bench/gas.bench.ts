/**
 * `npm run gas [-- --json | --check | --update]`: what each operation costs, beside ENS v1 and the goal.
 *
 * The figures are exact, so they are committed in `.gas-snapshot`, with the sizes of the deployed code: `--check` fails on any
 * difference, `--update` writes the file anew.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { artifacts } from "hardhat";
import { type Measured, measureAll } from "./gas/rows.ts";
import { createWorld } from "./gas/world.ts";
import type { Bench, BenchRow } from "./row.ts";

const SNAPSHOT = new URL("../../.gas-snapshot", import.meta.url);

/** EIP-170: the largest deployed code, in bytes. */
const CODE_BYTES_MAX = 24_576;

const CONTRACTS = [
  "FastNameRegistry",
  "NameRegistry",
  "Genesis",
  "FastRegistrarController",
  "RegistrarController",
  "TokenRenderer",
  "ReverseRegistrar",
  "UniversalResolver",
  "GatewayDirectory",
  "OffchainResolver",
];

/** Row id, goal, and what ENS v1 takes; in the order of the table. */
const ROWS: readonly (readonly [id: string, goal: number, ensV1: number | null])[] = [
  ["commit", 44_400, 44_206],
  ["register.bare.holder", 72_000, 148_670],
  ["register.bare.first", 90_000, 165_929],
  ["register.full.first", 140_000, 333_814],
  ["register.full.holder", 105_000, 258_489],
  ["renew", 37_000, 63_367],
  ["renewMany.per", 12_000, 43_781],
  ["transfer", 40_000, 46_015],
  ["subname", 52_000, 74_392],
  ["setAddr.first", 51_000, 59_152],
  ["setAddr.update", 34_000, 42_052],
  ["setText31.first", 51_000, 58_253],
  ["setText31.update", 34_000, 41_153],
  ["setText66.first", 96_000, 126_057],
  ["setContenthash.first", 76_000, 100_795],
  ["setContenthash.update", 40_000, 46_835],
  ["dnsA.first", 58_000, 133_198],
  ["dnsA.update", 36_000, 53_855],
  ["primary.first", 48_000, 114_054],
  ["primary.update", 31_000, 55_352],
  ["multicall.first", 200_000, 268_685],
  ["resolve.addr", 20_000, 71_775],
  ["reverse.addr", 35_000, 167_725],
  ["shard.index", 5_500, null],
  ["shard.gateways", 11_000, null],
];

async function codeSizes(): Promise<Measured> {
  const sizes: Record<string, number> = {};
  for (const contract of CONTRACTS) {
    if (!(await artifacts.artifactExists(contract))) continue;
    const artifact = await artifacts.readArtifact(contract);
    sizes[`size.${contract}`] = (artifact.deployedBytecode.length - 2) / 2;
  }
  return sizes;
}

function format(measured: Measured, sizes: Measured): string {
  const lines = [
    ...ROWS.map(([id]) => `${id} ${measured[id]}`),
    ...Object.entries(sizes).map((pair) => pair.join(" ")),
  ];
  return `${lines.join("\n")}\n`;
}

/** What differs from the committed snapshot, one line each. */
function differences(now: string): string[] {
  const parse = (text: string) =>
    new Map(
      text
        .trimEnd()
        .split("\n")
        .map((line) => line.split(" ") as [string, string]),
    );
  const before = parse(readFileSync(SNAPSHOT, "utf8"));
  const after = parse(now);
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((id) => before.get(id) !== after.get(id))
    .map((id) => `${id}: ${before.get(id) ?? "-"} in .gas-snapshot, ${after.get(id) ?? "-"} now`);
}

export const bench: Bench = async ({ say, args }) => {
  const measured = await measureAll(await createWorld());
  const sizes = await codeSizes();
  const now = format(measured, sizes);
  const rows = ROWS.map(([id, goal, ensV1]): BenchRow => {
    const value = measured[id];
    if (value === undefined) throw new Error(`no measurement for ${id}`);
    return {
      id,
      value,
      unit: "gas",
      peer: ensV1 === null ? null : "ENS v1",
      peerValue: ensV1,
      ratio: ensV1 === null ? null : Number((value / ensV1).toFixed(4)),
      goal: `<= ${goal}`,
      ok: value <= goal,
    };
  });
  const large = Object.entries(sizes).filter(([, size]) => size > CODE_BYTES_MAX);
  for (const [id, size] of large) say(`${id}: ${size} bytes, over the limit of ${CODE_BYTES_MAX}`);
  if (large.length > 0) throw new Error("a contract is too large to be deployed");
  if (args.includes("--update")) writeFileSync(SNAPSHOT, now);
  if (args.includes("--check")) {
    const lines = differences(now);
    for (const line of lines) say(line);
    if (lines.length > 0) throw new Error("gas differs from .gas-snapshot; --update writes it anew");
  }
  return rows;
};

/** The shape of `--json`: goals as numbers, and ENS v1 by name. */
export const json = (rows: readonly BenchRow[]) =>
  rows.map((row) => ({
    id: row.id,
    gas: row.value,
    goal: Number(row.goal.slice(3)),
    ensV1: row.peerValue,
    ratio: row.ratio,
  }));
