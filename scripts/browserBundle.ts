/** The browser build of the name client: one ES module without Node built-ins. Prints its size when run by itself. */
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

export interface BrowserBundle {
  readonly text: string;
  readonly sizeBytes: number;
  readonly gzipBytes: number;
  /** The files of which it holds anything, by path from the top of the package. */
  readonly modules: readonly string[];
}

/** Bundles `src/client/browser.ts`; rejects where it reaches a Node built-in. */
export async function bundleBrowser(): Promise<BrowserBundle> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL("../src/client/browser.ts", import.meta.url))],
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    logLevel: "silent",
    metafile: true,
    absWorkingDir: fileURLToPath(new URL("..", import.meta.url)),
  });
  const text = result.outputFiles[0]?.text ?? "";
  const [output] = Object.values(result.metafile.outputs);
  const modules = Object.entries(output?.inputs ?? {}).flatMap(([file, { bytesInOutput }]) =>
    bytesInOutput > 0 ? [file] : [],
  );
  const bytes = Buffer.from(text);
  return {
    text,
    sizeBytes: bytes.length,
    gzipBytes: gzipSync(bytes).length,
    modules,
  };
}

if (import.meta.main) {
  const { text, sizeBytes, gzipBytes } = await bundleBrowser();
  const [outfile] = process.argv.slice(2);
  if (outfile !== undefined) await writeFile(outfile, text);
  process.stdout.write(`browser build: ${sizeBytes} bytes, ${gzipBytes} gzipped\n`);
}
