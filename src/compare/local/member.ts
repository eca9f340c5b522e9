/** One replaceable process of the local network, put into one of three states by faults and put back by their end. */
import type { Child, ChildOptions } from "./child.ts";
import { startChild } from "./child.ts";
import type { FaultMessage, LiveFault } from "./liveFault.ts";

/**
 * - `running`: as it should be;
 * - `paused`: stopped where it stands, its connections hang;
 * - `dead`: killed, its ports refuse.
 */
export type MemberState = "running" | "paused" | "dead";

/** The configuration with which a process that died is started again: on the ports it had. */
export type Pin<Ready, Config> = (config: Config, ready: Ready) => Config;

export class Member<Ready, Config> {
  readonly what: string;
  readonly #options: Omit<ChildOptions, "config">;
  readonly #config: Config;
  readonly #pin: Pin<Ready, Config>;
  #child: Child<Ready>;
  #onLost: (() => void) | undefined;
  #isSpoiled = false;

  private constructor(
    options: Omit<ChildOptions, "config">,
    config: Config,
    pin: Pin<Ready, Config>,
    child: Child<Ready>,
  ) {
    this.what = options.what;
    this.#options = options;
    this.#config = config;
    this.#pin = pin;
    this.#child = child;
    this.#watch();
  }

  static async start<Ready, Config>(
    options: Omit<ChildOptions, "config">,
    config: Config,
    pin: Pin<Ready, Config>,
  ): Promise<Member<Ready, Config>> {
    return new Member(options, config, pin, await startChild<Ready>({ ...options, config }));
  }

  get ready(): Ready {
    return this.#child.ready;
  }

  /** With which it was started. */
  get config(): Config {
    return this.#config;
  }

  get pid(): number {
    return this.#child.pid;
  }

  get state(): MemberState {
    return this.#child.state === "ended" ? "dead" : this.#child.state;
  }

  get child(): Child<Ready> {
    return this.#child;
  }

  /** Calls `listener` whenever the process ends without this side having wanted it. */
  onLost(listener: () => void): void {
    this.#onLost = listener;
  }

  /** Brings the process into `state`; one that died is started again on the port it had. */
  async put(state: MemberState): Promise<void> {
    if (state === "dead") return this.#child.kill();
    if (this.#child.state === "ended") {
      const config = this.#pin(this.#config, this.#child.ready);
      this.#child = await startChild<Ready>({ ...this.#options, config });
      this.#isSpoiled = false;
      this.#watch();
    }
    if (state === "paused") this.#child.pause();
    else this.#child.resume();
  }

  /** Makes the process answer as it should not, or, with `null`, as it should again; done once it says so. */
  async spoil(fault: LiveFault | null): Promise<void> {
    if (this.#child.state !== "running" || (fault === null && !this.#isSpoiled)) return;
    this.#isSpoiled = fault !== null;
    await this.#child.ask({ fault } satisfies FaultMessage);
  }

  async stop(): Promise<void> {
    await this.#child.stop();
  }

  #watch(): void {
    this.#child.onLost(() => this.#onLost?.());
  }
}
