/** Runs one resolution from its start to its answer: deadline, policy, paths, trace. */
import type { PathName } from "../availability/outcome.ts";
import { DeadlineError, nowSeconds } from "../base/clock.ts";
import { BaseError, messageOf } from "../base/errors.ts";
import type { RecordKey } from "../protocol/record.ts";
import { failedReply, type Path, type PathReply } from "./paths/pathReply.ts";
import type { PolicyFunction, PolicyReply } from "./policy.ts";
import type { Attempt, Resolution } from "./resolution.ts";
import type { Run, Shared } from "./run.ts";

export interface RunResolutionParameters {
  readonly name: string;
  readonly records: readonly RecordKey[];
  readonly paths: ReadonlyMap<PathName, Path>;
  readonly path: PathName | "all";
  readonly policy: PolicyFunction;
  readonly allowsUnverified: boolean;
  readonly unverifiedAfterMs: number;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

export async function runResolution(
  shared: Shared,
  parameters: RunResolutionParameters,
): Promise<readonly Resolution[]> {
  const { clock } = shared;
  const startedAtMs = clock.monotonicMs();
  const controller = new AbortController();
  const onAbort = () => controller.abort(parameters.signal?.reason);
  const deadline = clock.schedule(parameters.deadlineMs, () =>
    controller.abort(new DeadlineError("The resolution", parameters.deadlineMs)),
  );
  parameters.signal?.addEventListener("abort", onAbort, { once: true });
  if (parameters.signal?.aborted) onAbort();
  const trace: Attempt[] = [];
  const run: Run = {
    ...shared,
    startedAtMs,
    deadlineAtMs: startedAtMs + parameters.deadlineMs,
    signal: controller.signal,
    trace,
  };
  try {
    const reply = await replyOf(run, parameters);
    // Whatever is still on its way has nobody left to read it; this notes it in the trace as abandoned.
    controller.abort();
    return parameters.records.map((record, index) => resolutionOf(run, parameters, reply, record, index));
  } finally {
    deadline.cancel();
    parameters.signal?.removeEventListener("abort", onAbort);
  }
}

async function replyOf(run: Run, parameters: RunResolutionParameters): Promise<PolicyReply> {
  const { name, records, paths } = parameters;
  const asked = new Map<PathName, Promise<PathReply>>();
  const ask = (pathName: PathName): Promise<PathReply> => {
    const known = asked.get(pathName);
    if (known !== undefined) return known;
    const path = paths.get(pathName);
    const reply =
      path === undefined
        ? Promise.resolve(failedReply(pathName, "unreachable", "the path is not set up"))
        : path.ask(run, name, records).catch((error: unknown) => {
            if (error instanceof BaseError) return failedReply(pathName, "unreachable", messageOf(error));
            throw error;
          });
    asked.set(pathName, reply);
    return reply;
  };
  if (parameters.path !== "all") return await ask(parameters.path);
  const usable = [...paths.values()].filter((path) => records.every((record) => path.supports(record)));
  return await parameters.policy({
    run,
    paths: usable.map((path) => path.name),
    ask,
    allowsUnverified: parameters.allowsUnverified,
    unverifiedAfterMs: parameters.unverifiedAfterMs,
  });
}

function resolutionOf(
  run: Run,
  parameters: RunResolutionParameters,
  reply: PolicyReply,
  record: RecordKey,
  index: number,
): Resolution {
  const result = reply.results?.[index];
  const isTold = result !== undefined;
  const outcome = isTold && reply.outcome === "answered" && result.value === null ? "absent" : reply.outcome;
  const now = nowSeconds(run.clock);
  const untilExpirySeconds =
    reply.status === null || reply.status.expiry === 0n
      ? Number.POSITIVE_INFINITY
      : Math.max(0, Number(reply.status.expiry) - now);
  return {
    name: parameters.name,
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
