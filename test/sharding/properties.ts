/** Runs of each property: a small number here, more where FC_NUM_RUNS says so. fast-check prints the seed of a failure. */
import fc from "fast-check";

fc.configureGlobal({ numRuns: Number(process.env.FC_NUM_RUNS ?? 100) });
