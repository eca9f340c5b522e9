/**
 * `npm test [-- MOCHA-ARGUMENTS]`: the Solidity tests, then the TypeScript ones. The last line is `N passed, N failed`; the
 * same counts, tool by tool, are left in `.holdfast/test.json`. Exits 1 when a test failed or a tool broke.
 */
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { addCounts, type Counts, closingLine, NO_COUNTS, runShown, solidityCounts } from "./counts.ts";

const SUMMARY = ".holdfast/test.json";
const MOCHA_STATS = ".holdfast/mocha-stats.json";
const args = process.argv.slice(2);

/** A tool that broke without counting a failure still failed once. */
function honest(counts: Counts, exitCode: number): Counts {
  return exitCode !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

async function solidity(): Promise<Counts> {
  if (globSync("test/**/*.t.sol").length === 0) return NO_COUNTS;
  const { exitCode, output } = await runShown(process.execPath, [
    "node_modules/hardhat/dist/src/cli.js",
    "test",
    "solidity",
  ]);
  return honest(solidityCounts(output), exitCode);
}

async function mocha(): Promise<Counts> {
  rmSync(MOCHA_STATS, { force: true });
  const { exitCode } = await runShown(
    process.execPath,
    [
      "node_modules/mocha/bin/mocha.js",
      "--reporter",
      "scripts/testReporter.ts",
      ...(args.length > 0 ? args : ["test/**/*.test.ts"]),
    ],
    { HOLDFAST_TEST_STATS: MOCHA_STATS },
  );
  if (!existsSync(MOCHA_STATS)) return { passed: 0, failed: 1, skipped: 0 };
  const stats = JSON.parse(readFileSync(MOCHA_STATS, "utf8")) as Record<"passes" | "failures" | "pending", number>;
  return honest({ passed: stats.passes, failed: stats.failures, skipped: stats.pending }, exitCode);
}

mkdirSync(".holdfast", { recursive: true });
const tools = { solidity: args.length > 0 ? NO_COUNTS : await solidity(), mocha: await mocha() };
const total = addCounts(tools.solidity, tools.mocha);
writeFileSync(SUMMARY, `${JSON.stringify({ ...total, tools }, null, 2)}\n`);
if (total.skipped > 0) process.stdout.write(`${total.skipped} skipped, for want of what their lines above name\n`);
process.stdout.write(`${closingLine(total)}\n`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
