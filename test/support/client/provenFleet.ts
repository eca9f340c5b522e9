/** A fleet that has proven answers at hand: gateways of a name's shard give its records, all others refer, as real ones do. */
import { gatewaysOfShard, shardOf } from "../../../src/directory/directory.ts";
import { createShardHintTable, type ShardHints } from "../../../src/directory/shardHints.ts";
import type { DirectorySnapshot } from "../../../src/directory/snapshot.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import { encodeAnswer } from "../../../src/protocol/json.ts";
import { createDirectory } from "./gatewayWorld.ts";
import { attest, attesterAddress, type ProvenAnswer } from "./provenWorld.ts";

/** A directory of so many gateways, each with an operator of its own, whose keys `attest` has. */
export function provenDirectory(size: number): DirectorySnapshot {
  const stock = createDirectory(size);
  const gateways = [...stock.gateways].map(
    ([id, gateway]) => [id, { ...gateway, signer: attesterAddress(id) }] as const,
  );
  return { ...stock, gateways: new Map(gateways) };
}

/** The name directly under the TLD `hold` that a name belongs to. */
export function registeredOf(name: string): string {
  return name.split(".").slice(-2).join(".");
}

/** Whether a gateway is one of the four of an answer's name. */
export function isMember(directory: DirectorySnapshot, { name, status }: ProvenAnswer, id: number): boolean {
  const shard = gatewaysOfShard(directory, shardOf(directory, namehash(registeredOf(name)), status.shardIndex));
  return shard.some((gateway) => gateway?.id === id);
}

/** What gateway `id` says, given the whole answer; outside the shard the same proof, but of the shard alone. */
export function bodyOfGateway(directory: DirectorySnapshot, answer: ProvenAnswer, id: number): string {
  const evidence = { ...answer.evidence, attestations: [attest(id, answer.block)] };
  if (isMember(directory, answer, id)) return encodeAnswer({ ...answer, evidence });
  const { name, node, block, status } = answer;
  return encodeAnswer({ kind: "referral", name, node, block, status, evidence });
}

/** Hints at the names that were proven to be registered. */
export function hintsOfAnswers(answers: Iterable<ProvenAnswer>): ShardHints {
  const table = createShardHintTable();
  for (const { name, status } of answers) {
    if (status.shardIndex !== null) table.note(namehash(registeredOf(name)), status.shardIndex);
  }
  return table.hints();
}
