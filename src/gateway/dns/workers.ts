/** Several processes on one port (SO_REUSEPORT): the kernel spreads clients over them, and each has its own copy of the data. */
import { type ChildProcess, fork } from "node:child_process";
import { BaseError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";

export class WorkerEndedError extends BaseError {
  override readonly name = "Gateway.WorkerEndedError";
  constructor(code: number | null) {
    super("GATEWAY_WORKER_ENDED", `A DNS worker ended with ${code} before it listened; its own message stands above.`);
  }
}

export interface WorkerReady {
  readonly host: string;
  readonly port: number;
  readonly zoneCount: number;
}

/** A worker that ends more often than this is not started again. */
const RESTARTS_MAX = 10;

export interface Workers extends WorkerReady {
  /** Passes a signal on to all. */
  signal(name: NodeJS.Signals): void;
  /** Ends all; resolves when they have. */
  close(): Promise<void>;
}

function started(module: string, args: readonly string[]): Promise<{ child: ChildProcess; ready: WorkerReady }> {
  return new Promise((resolve, reject) => {
    const child = fork(module, [...args], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const onExit = (code: number | null) => reject(new WorkerEndedError(code));
    child.once("exit", onExit);
    child.once("message", (ready) => {
      child.off("exit", onExit);
      resolve({ child, ready: ready as WorkerReady });
    });
  });
}

/** Starts `count` processes of `module`, all on the port the first one got. A worker that dies is started again. */
export async function startWorkers(
  module: string,
  count: number,
  argsFor: (port: number | undefined) => readonly string[],
  log: Log,
): Promise<Workers> {
  const first = await started(module, argsFor(undefined));
  const { ready } = first;
  const children = new Set<ChildProcess>();
  let restarts = 0;
  let isClosing = false;
  const keep = (child: ChildProcess) => {
    children.add(child);
    child.once("exit", (code) => {
      children.delete(child);
      if (isClosing || restarts >= RESTARTS_MAX) return;
      restarts += 1;
      log.warn("a DNS worker ended and is started again", { code });
      started(module, argsFor(ready.port)).then(
        ({ child: next }) => (isClosing ? next.kill() : keep(next)),
        () => log.error("a DNS worker cannot be started again"),
      );
    });
  };
  keep(first.child);
  const others = await Promise.all(Array.from({ length: count - 1 }, () => started(module, argsFor(ready.port))));
  for (const { child } of others) keep(child);
  return {
    ...ready,
    signal(name) {
      for (const child of children) child.kill(name);
    },
    async close() {
      isClosing = true;
      const ends = [...children].map((child) => new Promise((resolve) => child.once("exit", resolve)));
      for (const child of children) child.kill("SIGTERM");
      await Promise.all(ends);
    },
  };
}
