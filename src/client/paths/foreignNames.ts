/**
 * Names whose resolver is another contract than the registry. A path finds out which contract that is, by proof; here it is
 * decided how its records are read: those of the deployment's own OffchainResolver as sets that the owner signed, those of any
 * other by having RPC providers run it.
 */
import type { Hex } from "../../base/bytes.ts";
import type { ForeignName } from "../../proof/readName.ts";
import type { BlockReference } from "../../protocol/answer.ts";
import type { RecordKey } from "../../protocol/record.ts";
import type { EvidenceLevel } from "../resolution.ts";
import type { Run } from "../run.ts";
import { askAll, failedReply, type Path, type PathReply } from "./pathReply.ts";

/** A name that a path cannot read from the registry. */
export interface ForeignQuestion {
  readonly foreign: ForeignName;
  readonly records: readonly RecordKey[];
  /** The block at which the name has that resolver and that owner. */
  readonly block: BlockReference;
  /** Why that may be believed: `proof`, or `none` where a single provider said so. */
  readonly evidence: EvidenceLevel;
  /** The path that found it out, for what else the chain has to say. */
  readonly path: Pick<Path, "name" | "ask">;
}

/** Reads the records of such a name; `undefined` where this is not the way to read them. Never throws. */
export type ReadForeign = (run: Run, question: ForeignQuestion) => Promise<PathReply | undefined>;

export interface ForeignReaders {
  /** The deployment's OffchainResolver. */
  readonly offchainResolver?: Hex;
  /** For names of that resolver. */
  readonly readSigned?: ReadForeign;
  /** For names of any resolver. */
  readonly runResolver?: ReadForeign;
}

/** A path that also answers for names with a resolver of their own. */
export function withForeignNames(path: Path, readers: ForeignReaders): Path {
  const finish = async (run: Run, records: readonly RecordKey[], reply: PathReply): Promise<PathReply> => {
    if (reply.foreign === undefined || reply.block === null) return reply;
    const { foreign, block, evidence } = reply;
    const question: ForeignQuestion = { foreign, records, block, evidence, path };
    const isSigned = foreign.resolver === readers.offchainResolver?.toLowerCase();
    const told = isSigned ? await readers.readSigned?.(run, question) : undefined;
    return told ?? (await readers.runResolver?.(run, question)) ?? reply;
  };
  return {
    ...path,
    ask: async (run, name, records) => await finish(run, records, await path.ask(run, name, records)),
    async askMany(run, queries) {
      const replies = await askAll(path, run, queries);
      return await Promise.all(replies.map((reply, index) => finish(run, queries[index]?.records ?? [], reply)));
    },
  };
}

/** What a path replies of a name that it cannot read. */
export function foreignReply(
  path: Path["name"],
  block: BlockReference,
  evidence: EvidenceLevel,
  foreign: ForeignName,
): PathReply {
  const reason = `${foreign.holder} keeps its records in ${foreign.resolver}`;
  return { ...failedReply(path, "refused", reason), block, evidence, status: foreign.status, foreign };
}
