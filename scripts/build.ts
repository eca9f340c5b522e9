/**
 * `npm run build`: `dist/`, plain JavaScript with type declarations, which is what other packages import. Inside the project the
 * condition `source` leads the same names to `src/`, so that nothing has to be built to run it.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, globSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

const OUT = "dist";

rmSync(OUT, { recursive: true, force: true });
const { status } = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], {
  stdio: "inherit",
});
if (status !== 0) process.exit(1);

// What the code reads beside itself: scenarios, zones, the description of the HTTP interface.
const data = globSync("src/**/*.{yaml,zone,json,css}");
for (const file of data) {
  const target = join(OUT, file.slice("src/".length));
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(file, target);
}
chmodSync(join(OUT, "cli", "main.js"), 0o755);
process.stderr.write(`built ${OUT}: ${globSync(`${OUT}/**/*.js`).length} modules, ${data.length} data files\n`);
