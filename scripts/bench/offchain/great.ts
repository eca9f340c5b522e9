/** A great set: how long it takes to build, and what one answer out of it costs. */
import { type Hex, toHex } from "../../../src/base/bytes.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { SetStore } from "../../../src/gateway/sets/setStore.ts";
import { createSetTrees } from "../../../src/gateway/sets/setTrees.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import { callOfRecord, encodeSignedAnswer, leavesOf } from "../../../src/protocol/offchainMessages.ts";
import { buildPiecesTree, cutIntoPieces, encodePieceHeads } from "../../../src/protocol/offchainPieces.ts";
import type { SetRecord } from "../../../src/protocol/offchainRecords.ts";
import { buildRecordTree } from "../../../src/protocol/offchainTree.ts";
import { encodePublishedSet } from "../../../src/protocol/publishedSet.ts";

const NAME = "shop.hold";
const ADDR = { kind: "addr", coinType: 60n } as const;

function addressOf(index: number): Hex {
  const bytes = new Uint8Array(20);
  new DataView(bytes.buffer).setUint32(16, index);
  return toHex(bytes);
}

export interface GreatSet {
  readonly cutMs: number;
  readonly pieceCount: number;
  readonly headBytes: number;
  readonly answerBytesMax: number;
  readonly coldMs: number;
  readonly warmMs: number;
}

/** Builds a set of so many subnames, puts it on a gateway's store, and answers out of it. */
export async function measureGreatSet(recordCount: number): Promise<GreatSet> {
  const records = Array.from({ length: recordCount }, (_, index): SetRecord => {
    return { name: `u${index}.${NAME}`, record: ADDR, value: addressOf(index + 1) };
  });
  const startMs = systemClock.monotonicMs();
  const pieces = cutIntoPieces(NAME, records);
  const cutMs = systemClock.monotonicMs() - startMs;
  const signer: Hex = `0x${"11".repeat(20)}`;
  const head = {
    epoch: 0n,
    sequence: 1n,
    validFrom: 0,
    validUntil: 1,
    signer,
    signature: `0x${"22".repeat(65)}` as Hex,
  };
  const text = encodePublishedSet(NAME, head, { pieces: encodePieceHeads(pieces) });
  const store = new SetStore(":memory:");
  for (const { root, bytes } of pieces) await store.putPiece(NAME, root, bytes);
  await store.put(
    { name: NAME, sequence: 1n, text },
    pieces.map(({ root }) => root),
  );
  const trees = createSetTrees(store);
  const { root } = buildPiecesTree(pieces, () => buildRecordTree([]));
  const set = { ...head, node: namehash(NAME), root };
  let answerBytesMax = 0;
  const answer = (name: string) => {
    const question = { resolver: signer, node: set.node, name, calls: [callOfRecord(name, ADDR)] };
    const beganMs = systemClock.monotonicMs();
    const { tree } = trees.of(store.get(NAME)!);
    const bytes = (encodeSignedAnswer(set, leavesOf(question, tree)).length - 2) / 2;
    answerBytesMax = Math.max(answerBytesMax, bytes);
    return systemClock.monotonicMs() - beganMs;
  };
  const median = (list: number[]) => list.sort((left, right) => left - right)[Math.floor(list.length / 2)]!;
  answer(`u0.${NAME}`);
  const names = Array.from({ length: 40 }, (_, index) => `u${Math.floor((index * recordCount) / 40)}.${NAME}`);
  const coldMs = median(names.map(answer));
  const warmMs = median(names.map(answer));
  store.close();
  return { cutMs, pieceCount: pieces.length, headBytes: text.length, answerBytesMax, coldMs, warmMs };
}
