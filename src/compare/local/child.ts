/**
 * One process of the local network, seen from the parent: started with a configuration, ready when it says so, and stopped,
 * paused or killed at will. Children live in sessions of their own, so that Ctrl-C reaches the parent alone, which then ends
 * them in order; when the parent dies without a word, each notices by its closed channel, and the reaper ends the paused.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { type Clock, withDeadline } from "../../base/clock.ts";
import { BaseError } from "../../base/errors.ts";
import type { FromChild, ToChild } from "./childMain.ts";
import type { Reaper } from "./reaper.ts";

/** How long a child may take to end by itself before it is killed. */
const STOP_DEADLINE_MS = 3_000;
/** Kept of what a child prints, for the message when it breaks. */
const OUTPUT_CHARS_MAX = 4_000;

export class ChildFailedError extends BaseError {
  override readonly name = "Compare.ChildFailedError";
  constructor(what: string, reason: string, output: string) {
    super("COMPARE_CHILD_FAILED", `The ${what} did not start: ${reason}.`, {
      metaMessages: output.trim() === "" ? [] : [output.trim()],
    });
  }
}

export class PortInUseError extends BaseError {
  override readonly name = "Compare.PortInUseError";
  constructor(what: string, port: number, option: string) {
    super("COMPARE_PORT_IN_USE", `Port ${port} for the ${what} is in use.`, {
      metaMessages: [`Name another with ${option}, or 0 for any that is free.`],
    });
  }
}

export interface ChildOptions {
  /** For people: `gateway 3`. */
  readonly what: string;
  /** The module that the child runs; it calls `runChild`. */
  readonly entry: URL;
  /** Handed to the child; plain JSON. */
  readonly config: unknown;
  readonly deadlineMs: number;
  /** The command-line option that sets the child's port. */
  readonly portOption?: string;
  /** The command line that runs a command where the child shall live; here without it. */
  readonly on?: (command: readonly string[]) => readonly string[];
  readonly clock: Clock;
  readonly reaper: Reaper;
}

export type ChildState = "running" | "paused" | "ended";

export class Child<Ready> {
  readonly what: string;
  readonly ready: Ready;
  /** Settles when the process is gone, however that came. */
  readonly ended: Promise<void>;
  readonly #process: ChildProcess;
  readonly #clock: Clock;
  readonly #reaper: Reaper;
  #state: ChildState = "running";
  /** Whether this side wanted it to end. */
  #dismissed = false;

  constructor(options: ChildOptions, process: ChildProcess, ready: Ready) {
    this.what = options.what;
    this.ready = ready;
    this.#process = process;
    this.#clock = options.clock;
    this.#reaper = options.reaper;
    this.ended = new Promise((resolve) => {
      const finish = () => {
        this.#state = "ended";
        if (process.pid !== undefined) options.reaper.forget(process.pid);
        resolve();
      };
      if (process.exitCode !== null || process.signalCode !== null) finish();
      else process.once("exit", finish);
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get state(): ChildState {
    return this.#state;
  }

  /** Calls `listener` if the process ends without having been told to. */
  onLost(listener: () => void): void {
    this.ended.then(() => {
      if (!this.#dismissed) listener();
    });
  }

  send(message: unknown): void {
    if (this.#process.connected) this.#process.send({ kind: "message", message } satisfies ToChild);
  }

  /** Sends something, and waits for the next thing that the child says; `undefined` where it ended instead. */
  ask(message: unknown): Promise<unknown> {
    return new Promise((resolve) => {
      const onReply = (raw: FromChild) => finish(raw.kind === "message" ? raw.message : undefined);
      const finish = (reply: unknown) => {
        this.#process.off("message", onReply);
        resolve(reply);
      };
      this.#process.on("message", onReply);
      void this.ended.then(() => finish(undefined));
      this.send(message);
    });
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#process.on("message", (raw: FromChild) => {
      if (raw.kind === "message") listener(raw.message);
    });
  }

  /** Stops the process where it stands: its sockets stay open and answer nothing. */
  pause(): void {
    if (this.#state !== "running") return;
    this.#process.kill("SIGSTOP");
    this.#state = "paused";
  }

  resume(): void {
    if (this.#state !== "paused") return;
    this.#process.kill("SIGCONT");
    this.#state = "running";
  }

  /** Ends the process at once, as a crash would. */
  async kill(): Promise<void> {
    this.#dismissed = true;
    if (this.#state !== "ended") this.#process.kill("SIGKILL");
    await this.ended;
  }

  /** Asks the process to end and kills it if it does not. */
  async stop(): Promise<void> {
    this.#dismissed = true;
    if (this.#state === "ended") return;
    this.resume();
    this.#process.kill("SIGTERM");
    const timer = this.#clock.schedule(STOP_DEADLINE_MS, () => this.#process.kill("SIGKILL"));
    await this.ended;
    timer.cancel();
  }
}

/** Starts a child and waits until it is ready. Throws `PortInUseError` or `ChildFailedError`, with what it printed. */
export async function startChild<Ready>(options: ChildOptions): Promise<Child<Ready>> {
  const line = [process.execPath, "--disable-warning=ExperimentalWarning", options.entry.pathname];
  const [command = "", ...args] = options.on?.(line) ?? line;
  const process_ = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: true,
    serialization: "advanced",
  });
  if (process_.pid !== undefined) options.reaper.watch(process_.pid);
  let output = "";
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-OUTPUT_CHARS_MAX);
  };
  process_.stdout?.on("data", keep);
  process_.stderr?.on("data", keep);
  try {
    const ready = await withDeadline(options.clock, options.deadlineMs, `The start of the ${options.what}`, () =>
      readiness<Ready>(process_, options, () => output),
    );
    return new Child(options, process_, ready);
  } catch (error) {
    process_.kill("SIGKILL");
    if (process_.pid !== undefined) options.reaper.forget(process_.pid);
    throw error;
  }
}

function readiness<Ready>(process_: ChildProcess, options: ChildOptions, output: () => string): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => reject(new ChildFailedError(options.what, reason, output()));
    process_.once("error", (error) => fail(error.message));
    process_.once("exit", (code, signal) => fail(`it ended with ${signal ?? `code ${code}`}`));
    process_.on("message", (message: FromChild) => {
      if (message.kind === "ready") resolve(message.ready as Ready);
      if (message.kind === "portInUse") {
        reject(new PortInUseError(options.what, message.port, options.portOption ?? "its port option"));
      }
      if (message.kind === "failed") fail(message.reason);
    });
    process_.send({ kind: "start", config: options.config } satisfies ToChild, (error) => {
      if (error) fail(error.message);
    });
  });
}
