/** A copy of the project whose contracts may be changed, so that nothing compiled in the project itself is touched. */
import { cpSync, globSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const COPIED = ["contracts", "test", "src", "scripts", "deployments", "package.json", "tsconfig.json", ".mocharc.json"];

/** The program of Hardhat, to be run in the copy. */
export const HARDHAT = resolve("node_modules/hardhat/dist/src/cli.js");

/** Makes the copy anew; `settings` is TypeScript: what its Hardhat configuration has besides, or instead. */
export function copyProject(folder: string, settings: string): void {
  mkdirSync(folder, { recursive: true });
  for (const path of COPIED) {
    rmSync(join(folder, path), { recursive: true, force: true });
    if (globSync(path).length > 0) cpSync(path, join(folder, path), { recursive: true });
  }
  rmSync(join(folder, "node_modules"), { force: true });
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
  cpSync("hardhat.config.ts", join(folder, "hardhat.base.ts"));
  const config = `import base from "./hardhat.base.ts";\nexport default { ...base, ${settings} };\n`;
  writeFileSync(join(folder, "hardhat.config.ts"), config);
}
