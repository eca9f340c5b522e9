/** What every way of listening takes and gives. */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { DnsHandler } from "./handler.ts";

export interface ListenOptions {
  readonly handler: DnsHandler;
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Lets several processes share the port (SO_REUSEPORT). */
  readonly reusePort?: boolean;
}

export interface Listener {
  readonly port: number;
  /** Takes no more queries and resolves when those under way are answered, or after a deadline. */
  close(): Promise<void>;
}
