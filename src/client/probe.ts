/** One timed try along one path, or along the policy's combination of all, as the comparator makes them. */
import type { PathName } from "../availability/outcome.ts";
import type { RecordKey } from "../protocol/record.ts";
import type { Resolution } from "./resolution.ts";

export interface ProbeParameters {
  /** A name below the TLD. */
  readonly name: string;
  readonly record: RecordKey;
  /** `all` combines the three by the client's policy. */
  readonly path: PathName | "all";
  /** The client's own deadline unless given. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/** Never reads or fills the cache, never throws for what goes wrong on the way: that is the outcome. */
export type Probe = (parameters: ProbeParameters) => Promise<Resolution>;
