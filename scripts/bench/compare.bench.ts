/** What the comparator itself costs: 1,000 names at 10 a second, every series of the dns path, journal and metrics included. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { seededRandom } from "../../src/base/random.ts";
import { domainMapper } from "../../src/client/profile.ts";
import { parseNameList } from "../../src/compare/watch/names.ts";
import { startCompare } from "../../src/compare/watch/start.ts";
import type { Bench } from "./row.ts";

const NAME_COUNT = 1_000;
const RATE_HZ = 10;
const ADDRESS = `0x${"11".repeat(20)}` as const;
const DEPLOYMENT = {
  chainId: 31_337,
  tld: "hold",
  contracts: { registry: ADDRESS, directory: ADDRESS },
  codeHashes: { registry: `0x${"22".repeat(32)}` as const },
};

/** Runs the watch for `rounds` names and returns the share of a core it took, from the first sample after the warm-up on. */
async function measure(port: number, folder: string, warmUpRounds: number, rounds: number) {
  const lines = Array.from({ length: NAME_COUNT }, (_, index) => `n${index}.hold=n${index}.example.org`);
  const names = parseNameList(lines.join("\n"), "bench", "hold", "A");
  let begin: { readonly cpu: NodeJS.CpuUsage; readonly ms: number } | undefined;
  const end = new AbortController();
  let wrong = 0;
  const result = await startCompare(
    {
      client: {
        deployment: DEPLOYMENT,
        paths: { dns: { endpoints: [{ host: "127.0.0.1", port }], dnsNameOf: domainMapper("hold", {}) } },
      },
      names,
      policy: "dns-first",
      cache: true,
      mirrors: [],
      everyMs: (NAME_COUNT / RATE_HZ) * 1000,
      timeoutMs: 4_000,
      comparesAnswers: true,
      confirmRounds: 2,
      vantage: "bench",
      journal: { path: join(folder, "bench.jsonl"), bytesMax: 2 ** 28 },
      metrics: { host: "127.0.0.1", port: 0 },
      endsAtAlert: false,
      rounds: warmUpRounds + rounds,
      onStart() {},
      onAlert() {},
      onSample({ round, outcome }) {
        if (outcome !== "answered") wrong += 1;
        if (round === warmUpRounds) begin ??= { cpu: process.cpuUsage(), ms: systemClock.monotonicMs() };
      },
      onWebhookFailure() {},
      signal: end.signal,
    },
    systemClock,
    seededRandom(1, "bench"),
  );
  const cpu = process.cpuUsage(begin!.cpu);
  const wallMs = systemClock.monotonicMs() - begin!.ms;
  return { share: (cpu.user + cpu.system) / 1000 / wallMs, wrong, samples: result.samples };
}

export const bench: Bench = async ({ small, say }) => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const server = fork(new URL("compareServer.ts", import.meta.url), { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  try {
    const [port] = (await once(server, "message")) as [number];
    const { share, wrong, samples } = await measure(port, folder, small ? 5 : 50, small ? 15 : 300);
    say(`${samples} samples of dns, combined, policy and dns@server with its SOA; ${wrong} not answered`);
    const value = share * 100;
    return [
      {
        id: "overhead",
        value,
        unit: "% of a core",
        peer: null,
        peerValue: null,
        ratio: null,
        goal: "< 5 % for 1,000 names at 10 Hz",
        ok: value < 5,
      },
    ];
  } finally {
    server.disconnect();
    rmSync(folder, { recursive: true });
  }
};
