/** `holdfast shards audit`: overlap and balance of every registered name of a chain. */
import { type ChainFleet, readFleet } from "../../../chain/fleet.ts";
import { auditFleet, type FleetAudit, slotOf, zoneOf } from "../../../sharding/index.ts";
import { type AddCommand, EXIT, printJson, type Terminal } from "../../command.ts";
import { addChainOptions, type ChainOptions, openChain } from "./chain.ts";
import { columnsText, percent, wholeNumber } from "./values.ts";

const EXAMPLES = `
Examples:
  $ holdfast shards audit
  $ holdfast shards audit --rpc http://127.0.0.1:8545 --deployment deployments/31337.json --json

Exit code: 0 all promises kept, 1 pairs beyond the guarantee or slots nobody holds, 2 usage or an unreadable chain.
`;

interface AuditOptions extends ChainOptions {
  readonly pairs: number;
  readonly json?: boolean;
}

interface AuditReport {
  readonly chainId: number;
  readonly blockNumber: bigint;
  readonly version: bigint;
  readonly gatewayCount: number;
  readonly nameCount: number;
  readonly isolated: readonly { readonly name: string; readonly index: number }[];
  readonly guaranteedOverlapMax: number;
  readonly pairsBeyond: readonly { readonly left: string; readonly right: string; readonly shared: number }[];
  readonly pairsBeyondCount: number;
  /** Pairs by members shared, 0 to 4. */
  readonly virtualPairs: readonly number[];
  readonly physicalPairs: readonly number[];
  readonly slotLoads: FleetAudit["slotLoads"];
  readonly gatewayLoads: readonly { readonly id: number; readonly zone: number; readonly nameCount: number }[];
  readonly unheldSlots: readonly { readonly zone: number; readonly slot: number }[];
}

/** Audits a fleet as read from a chain. Isolated names are counted apart, by the index they are registered with. */
export function reportOf(fleet: ChainFleet, tld: string, pairLimit: number): AuditReport {
  const nameOf = new Map(fleet.names.map((name) => [name.shardIndex, `${name.label}.${tld}`]));
  const nameOfNode = new Map(fleet.names.map((name) => [name.node, `${name.label}.${tld}`]));
  const ordinary = fleet.names.filter((name) => !fleet.isolated.has(name.node));
  const indices = Uint32Array.from(ordinary, (name) => name.shardIndex);
  const audit = auditFleet({ indices, placement: fleet, pairLimit });
  const zones = new Map(fleet.gateways.map((gateway) => [gateway.id, gateway.zone]));
  return {
    chainId: fleet.chainId,
    blockNumber: fleet.blockNumber,
    version: fleet.version,
    gatewayCount: fleet.gateways.filter((gateway) => gateway.active).length,
    nameCount: fleet.names.length,
    isolated: [...fleet.isolated].map(([node, index]) => ({ name: nameOfNode.get(node) ?? node, index })),
    guaranteedOverlapMax: audit.guaranteedOverlapMax,
    pairsBeyond: audit.pairsBeyond.map(({ left, right, shared }) => ({
      left: nameOf.get(left) ?? String(left),
      right: nameOf.get(right) ?? String(right),
      shared,
    })),
    pairsBeyondCount: audit.pairsBeyondCount,
    virtualPairs: audit.virtual.pairCounts,
    physicalPairs: audit.physical?.pairCounts ?? [],
    slotLoads: audit.slotLoads,
    gatewayLoads: [...audit.gatewayLoads]
      .map(([id, nameCount]) => ({ id, zone: zones.get(id) ?? -1, nameCount }))
      .sort((one, other) => one.id - other.id),
    // Reserved slots without a holder are usual: they are given out when a name is isolated.
    unheldSlots: audit.unheldSlots
      .map((id) => ({ zone: zoneOf(id), slot: slotOf(id) }))
      .filter(({ slot }) => slot < 512),
  };
}

function print(terminal: Terminal, report: AuditReport): void {
  const { nameCount, gatewayCount, guaranteedOverlapMax: most } = report;
  terminal.out(
    `chain ${report.chainId}, block ${report.blockNumber}, directory version ${report.version}: ${nameCount} names on ${gatewayCount} gateways\n`,
  );
  terminal.out(
    `guarantee: two names share at most ${most} virtual gateways; pairs beyond it: ${report.pairsBeyondCount}\n`,
  );
  for (const { left, right, shared } of report.pairsBeyond) terminal.out(`  ${left} and ${right} share ${shared}\n`);
  if (report.unheldSlots.length > 0) {
    const first = report.unheldSlots.slice(0, 8).map(({ zone, slot }) => `${zone}/${slot}`);
    terminal.out(
      `slots nobody holds: ${report.unheldSlots.length} (zone/slot ${first.join(", ")}${report.unheldSlots.length > 8 ? ", …" : ""})\n`,
    );
  }
  for (const { name, index } of report.isolated) terminal.out(`isolated: ${name} at index ${index}\n`);
  const pairs = report.virtualPairs.reduce((sum, count) => sum + count, 0);
  const share = (count: number | undefined) => (pairs === 0 ? "-" : percent((count ?? 0) / pairs));
  terminal.out("\nPairs of names by the gateways they share:\n");
  terminal.out(
    columnsText([
      ["shared", "virtual", "", "physical", ""],
      ...report.virtualPairs.map((count, shared) => [
        String(shared),
        String(count),
        share(count),
        String(report.physicalPairs[shared] ?? "-"),
        share(report.physicalPairs[shared]),
      ]),
    ]),
  );
  terminal.out("\nNames on the least and the most loaded slot of each zone:\n");
  terminal.out(columnsText(report.slotLoads.map(({ min, max }, zone) => [`zone ${zone}`, String(min), String(max)])));
  terminal.out("\nNames by gateway:\n");
  terminal.out(
    columnsText(
      report.gatewayLoads.map(({ id, zone, nameCount: count }) => [`gateway ${id}`, `zone ${zone}`, String(count)]),
    ),
  );
}

export const addAuditCommand: AddCommand = (program, terminal) => {
  const command = program
    .command("audit")
    .description("verify overlap and balance over every registered name of a chain");
  addChainOptions(command)
    .option("--pairs <n>", "how many pairs beyond the guarantee are named", wholeNumber(0, 1_000_000), 100)
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (options: AuditOptions) => {
      const { client, deployment } = await openChain(options);
      const report = reportOf(await readFleet(client, deployment), deployment.tld, options.pairs);
      if (report.pairsBeyondCount > 0 || report.unheldSlots.length > 0) terminal.exit(EXIT.failed);
      if (options.json) return printJson(terminal, report);
      print(terminal, report);
    });
};
