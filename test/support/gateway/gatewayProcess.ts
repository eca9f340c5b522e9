/** `holdfast gateway` as a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";

export interface GatewayProcess {
  readonly child: ChildProcess;
  readonly httpUrl: string;
  readonly dnsPort: number;
  /** The first line of the log, from now on or before, that has all of these fields. */
  logged(fields: Readonly<Record<string, string>>): Promise<Record<string, unknown>>;
  /** Waits until `/ready` says so. */
  ready(): Promise<void>;
  /** Exit code. */
  readonly ended: Promise<number | null>;
  stop(): Promise<void>;
}

const MAIN = new URL("../../../src/cli/main.ts", import.meta.url).pathname;

/** Starts a gateway; rejects with what it wrote where it ends before it listens. */
export async function startGatewayProcess(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<GatewayProcess> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, "gateway", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, ...environment },
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let written = "";
  const lines: Record<string, unknown>[] = [];
  const watchers = new Set<() => void>();
  child.stderr.on("data", (chunk: Buffer) => {
    written += chunk.toString();
    for (let end = written.indexOf("\n"); end !== -1; end = written.indexOf("\n")) {
      const line = written.slice(0, end);
      written = written.slice(end + 1);
      lines.push(line.startsWith("{") ? JSON.parse(line) : { message: line });
    }
    for (const watch of watchers) watch();
  });
  const first = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) resolve(text.split("\n", 1)[0]!);
    });
    void ended.then((code) => reject(new Error(`the gateway ended with ${code}: ${JSON.stringify(lines)}${written}`)));
  });
  const { httpUrl, dnsEndpoint } = JSON.parse(first) as { httpUrl: string; dnsEndpoint: string };
  return {
    child,
    httpUrl,
    dnsPort: Number(dnsEndpoint?.split(":").at(-1)),
    ended,
    logged: (fields) =>
      new Promise((resolve) => {
        const look = () => {
          const found = lines.find((line) => Object.entries(fields).every(([key, value]) => line[key] === value));
          if (found === undefined) return;
          lines.splice(lines.indexOf(found), 1);
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        look();
      }),
    async ready() {
      for (;;) if ((await fetch(`${httpUrl}/ready`)).ok) return;
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
