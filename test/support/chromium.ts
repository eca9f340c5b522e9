/** Debian's Chromium for tests of pages. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { needPrograms } from "./tools.ts";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const require = createRequire(import.meta.url);

export interface Browser {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/** Skips the suite where there is none. */
export async function startChromium(suite: Mocha.Context): Promise<Browser> {
  const [executablePath = ""] = needPrograms(suite, "chromium");
  const folder = mkdtempSync(join(tmpdir(), "holdfast-chromium-"));
  const context = await chromium.launchPersistentContext(folder, { executablePath, args: FLAGS });
  return {
    context,
    async close() {
      await context.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Rules of WCAG that the page breaks, as axe finds them, in light and in dark. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
  const found: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const ids = (await page.evaluate(
      "axe.run().then((r) => r.violations.map((v) => v.id + ' ' + v.nodes.map((n) => n.target).slice(0, 3)))",
    )) as string[];
    found.push(...ids.map((id) => `${colorScheme}: ${id}`));
  }
  return found;
}
