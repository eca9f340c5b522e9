/**
 * Puts a wire of ours between a host's port and the switch, where the kernel has no netem to slow a link or lose what goes over it:
 * the port moves to a small switch of its own, and the wire joins that one to the other.
 */
import type { Clock } from "../../base/clock.ts";
import { type Child, startChild } from "../local/child.ts";
import type { Reaper } from "../local/reaper.ts";
import { ip } from "./commands.ts";
import type { LinkShape } from "./hosts.ts";
import type { WireConfig, WireMessage } from "./wireProcess.ts";

const START_DEADLINE_MS = 20_000;

export interface WireOptions {
  /** The switch's namespace, its bridge, and the number of the host's port there. */
  readonly namespace: string;
  readonly bridge: string;
  readonly port: number;
  readonly clock: Clock;
  readonly reaper: Reaper;
}

export class Wire {
  readonly #options: WireOptions;
  readonly #child: Child<object>;

  private constructor(options: WireOptions, child: Child<object>) {
    this.#options = options;
    this.#child = child;
  }

  static async insert(options: WireOptions, shape: LinkShape): Promise<Wire> {
    const { namespace, bridge, port, clock, reaper } = options;
    const config: WireConfig = { near: `near${port}`, far: `far${port}`, shape };
    const child = await startChild<object>({
      what: `wire of port ${port}`,
      entry: new URL("./wireProcess.ts", import.meta.url),
      config,
      on: (command) => ["ip", "netns", "exec", namespace, ...command],
      deadlineMs: START_DEADLINE_MS,
      clock,
      reaper,
    });
    try {
      await ip(namespace, [
        `link add segment${port} type bridge`,
        `link set segment${port} up`,
        `link set ${config.near} master segment${port} up`,
        `link set ${config.far} master ${bridge} up`,
        `link set p${port} master segment${port}`,
      ]);
    } catch (error) {
      await child.kill();
      throw error;
    }
    return new Wire(options, child);
  }

  async setShape(shape: LinkShape): Promise<void> {
    await this.#child.ask({ shape } satisfies WireMessage);
  }

  /** Joins the port to the switch again, as it was. */
  async remove(): Promise<void> {
    const { namespace, bridge, port } = this.#options;
    await this.end();
    await ip(namespace, [`link set p${port} master ${bridge}`, `link del segment${port}`]);
  }

  /** Ends the process, and with it both devices; for when the switch goes too. */
  async end(): Promise<void> {
    await this.#child.kill();
  }
}
