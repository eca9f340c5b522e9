/**
 * `npm run check`: everything about the sources that needs no running of them: format and lint of TypeScript and Solidity,
 * types, and the committed gas figures. The last line is `N passed, N failed`.
 */
import { existsSync, globSync } from "node:fs";
import { closingLine, runShown } from "./counts.ts";

interface Check {
  readonly name: string;
  readonly args: readonly string[];
}

const hasSolidity = globSync("{contracts,test}/**/*.sol").length > 0;
const CHECKS: readonly Check[] = [
  { name: "biome", args: ["node_modules/@biomejs/biome/bin/biome", "check", "."] },
  { name: "types", args: ["node_modules/typescript/bin/tsc", "--noEmit", "-p", "."] },
  ...(hasSolidity
    ? [
        {
          name: "prettier",
          args: ["node_modules/prettier/bin/prettier.cjs", "--check", "contracts/**/*.sol", "test/**/*.sol"],
        },
        {
          name: "solhint",
          args: ["node_modules/solhint/solhint.js", "--disc", "--noPoster", "--quiet", "contracts/**/*.sol"],
        },
      ]
    : []),
  ...(existsSync("scripts/bench/gas.bench.ts") && existsSync(".gas-snapshot")
    ? [{ name: "gas", args: ["scripts/bench/main.ts", "gas", "--check"] }]
    : []),
];

let failed = 0;
for (const check of CHECKS) {
  process.stdout.write(`check: ${check.name}\n`);
  const { exitCode } = await runShown(process.execPath, check.args);
  if (exitCode === 0) continue;
  failed += 1;
  process.stdout.write(`check: ${check.name} failed\n`);
}
process.stdout.write(`${closingLine({ passed: CHECKS.length - failed, failed, skipped: 0 })}\n`);
process.exitCode = failed > 0 ? 1 : 0;
