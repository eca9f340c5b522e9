/** Sets of records as owners publish them. */
import { type Hex, toHex } from "../../../src/base/bytes.ts";
import { namehash } from "../../../src/naming/namehash.ts";
import { buildPiecesTree, cutIntoPieces, encodePieceHeads, type Piece } from "../../../src/protocol/offchainPieces.ts";
import { entryOfRecord, type SetRecord } from "../../../src/protocol/offchainRecords.ts";
import { type RecordSet, type RecordSetDomain, recordSetTypedData } from "../../../src/protocol/offchainSet.ts";
import { buildRecordTree } from "../../../src/protocol/offchainTree.ts";
import { encodePublishedSet } from "../../../src/protocol/publishedSet.ts";

/** Whoever signs: a viem account, or a wallet client of the test chain. */
export interface TestSigner {
  readonly address: Hex;
  readonly signTypedData: (typedData: never) => Promise<Hex>;
}

export type Head = Omit<RecordSet, "node" | "root">;

/** An address record. */
export function addressRecord(name: string, address: number): SetRecord {
  const bytes = new Uint8Array(20);
  new DataView(bytes.buffer).setUint32(16, address);
  return { name, record: { kind: "addr", coinType: 60n }, value: toHex(bytes) };
}

async function signed(name: string, head: Head, root: Hex, domain: RecordSetDomain, signer: TestSigner) {
  const set = { ...head, node: namehash(name), root };
  const signature = await signer.signTypedData(recordSetTypedData(domain, set) as never);
  return { ...set, signer: signer.address, signature };
}

/** The JSON text of a signed set. */
export async function publishable(
  name: string,
  head: Head,
  records: readonly SetRecord[],
  domain: RecordSetDomain,
  signer: TestSigner,
): Promise<string> {
  const { root } = buildRecordTree(records.map((record) => entryOfRecord(name, record)));
  return encodePublishedSet(name, await signed(name, head, root, domain, signer), { records });
}

/** The JSON text of a signed set in pieces, and the pieces. */
export async function publishableInPieces(
  name: string,
  head: Head,
  records: readonly SetRecord[],
  domain: RecordSetDomain,
  signer: TestSigner,
): Promise<{ readonly text: string; readonly pieces: readonly Piece[] }> {
  const pieces = cutIntoPieces(name, records);
  const { root } = buildPiecesTree(pieces, () => buildRecordTree([]));
  const set = await signed(name, head, root, domain, signer);
  return { text: encodePublishedSet(name, set, { pieces: encodePieceHeads(pieces) }), pieces };
}
