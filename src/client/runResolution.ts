/** Runs one resolution from its start to its answer: deadline, policy, paths, trace. */
import type { PathName } from "../availability/outcome.ts";
import { nowSeconds } from "../base/clock.ts";
import { BaseError, messageOf } from "../base/errors.ts";
import type { RecordKey } from "../protocol/record.ts";
import { askAll, failedReply, type NameQuery, type Path, type PathReply } from "./paths/pathReply.ts";
import type { PolicyFunction, PolicyReply } from "./policy.ts";
import type { Resolution } from "./resolution.ts";
import { type Run, type Shared, withRun } from "./run.ts";

export interface RunResolutionParameters {
  readonly queries: readonly NameQuery[];
  readonly paths: ReadonlyMap<PathName, Path>;
  readonly path: PathName | "all";
  readonly policy: PolicyFunction;
  readonly allowsUnverified: boolean;
  readonly unverifiedAfterMs: number;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

/** The records of each query, in order. Never rejects for what goes wrong on the way. */
export async function runResolution(
  shared: Shared,
  parameters: RunResolutionParameters,
): Promise<readonly (readonly Resolution[])[]> {
  const { queries, deadlineMs, signal } = parameters;
  const limits = { what: "The resolution", deadlineMs, ...(signal === undefined ? {} : { signal }) };
  const { run, result: replies } = await withRun(shared, limits, (current) => {
    const askPath = createAsker(current, parameters);
    return Promise.all(queries.map((query) => replyOf(current, parameters, query, askPath)));
  });
  return queries.map(({ name, records }, at) =>
    records.map((record, index) => resolutionOf(run, name, replies[at]!, record, index)),
  );
}

type AskPath = (path: Path, query: NameQuery) => Promise<PathReply>;

/** How long a path's queries of several names are gathered before they go out together, in milliseconds. */
const GATHER_MS = 2;

/** Asks paths; queries for several names that come at about the same time share their round trips. */
function createAsker(run: Run, { queries }: RunResolutionParameters): AskPath {
  const gathered = new Map<Path, NameQuery[]>();
  const flights = new Map<Path, Promise<readonly PathReply[]>>();
  const depart = async (path: Path): Promise<readonly PathReply[]> => {
    await new Promise<void>((resolve) => void run.clock.schedule(GATHER_MS, resolve));
    const leaving = gathered.get(path) ?? [];
    gathered.delete(path);
    flights.delete(path);
    return await askAll(path, run, leaving);
  };
  return async (path, query) => {
    try {
      if (queries.length === 1) return await path.ask(run, query.name, query.records);
      const others = gathered.get(path) ?? [];
      gathered.set(path, others);
      others.push(query);
      const seat = others.length - 1;
      const flight = flights.get(path) ?? depart(path);
      flights.set(path, flight);
      return (await flight)[seat]!;
    } catch (error) {
      if (error instanceof BaseError) return failedReply(path.name, "unreachable", messageOf(error));
      throw error;
    }
  };
}

async function replyOf(
  run: Run,
  parameters: RunResolutionParameters,
  query: NameQuery,
  askPath: AskPath,
): Promise<PolicyReply> {
  const { paths } = parameters;
  const canTell = (path: Path) => query.records.every((record) => path.supports(record, query.name));
  const asked = new Map<PathName, Promise<PathReply>>();
  const ask = (pathName: PathName): Promise<PathReply> => {
    const known = asked.get(pathName);
    if (known !== undefined) return known;
    const path = paths.get(pathName);
    const reply =
      path === undefined
        ? Promise.resolve(failedReply(pathName, "unreachable", "the path is not set up"))
        : canTell(path)
          ? askPath(path, query)
          : Promise.resolve(failedReply(pathName, "unreachable", "the path does not tell this kind of record"));
    asked.set(pathName, reply);
    return reply;
  };
  if (parameters.path !== "all") return await ask(parameters.path);
  return await parameters.policy({
    run,
    paths: [...paths.values()].filter(canTell).map((path) => path.name),
    ask,
    allowsUnverified: parameters.allowsUnverified,
    unverifiedAfterMs: parameters.unverifiedAfterMs,
  });
}

function resolutionOf(run: Run, name: string, reply: PolicyReply, record: RecordKey, index: number): Resolution {
  const result = reply.results?.[index];
  const isTold = result !== undefined;
  const outcome = isTold && reply.outcome === "answered" && result.value === null ? "absent" : reply.outcome;
  const now = nowSeconds(run.clock);
  const untilExpirySeconds =
    reply.status === null || reply.status.expiry === 0n
      ? Number.POSITIVE_INFINITY
      : Math.max(0, Number(reply.status.expiry) - now);
  return {
    name,
    record,
    outcome: isTold || reply.outcome !== "answered" ? outcome : "wrong",
    value: result?.value ?? null,
    path: isTold ? reply.path : null,
    evidence: reply.evidence,
    block: reply.block,
    status: reply.status,
    ageSeconds: reply.block === null ? 0 : Math.max(0, now - Number(reply.block.timestamp)),
    ttlSeconds: isTold ? Math.min(result.ttlSeconds, untilExpirySeconds) : 0,
    cached: false,
    durationMs: run.clock.monotonicMs() - run.startedAtMs,
    trace: [...run.trace],
    ...(reply.disagreement === undefined ? {} : { disagreement: reply.disagreement }),
  };
}
