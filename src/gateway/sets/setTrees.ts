/** Held sets taken apart, and the trees their records are proven from: of great sets one piece at a time. */
import type { Hex } from "../../base/bytes.ts";
import { buildPiecesTree, type PieceHead, treeOfPiece } from "../../protocol/offchainPieces.ts";
import type { RecordTree } from "../../protocol/offchainTree.ts";
import { type PublishedSet, parsePublishedSet } from "../../protocol/publishedSet.ts";
import type { SetStore, StoredSet } from "./setStore.ts";

export interface OpenSet {
  readonly published: PublishedSet;
  readonly tree: RecordTree;
}

export interface SetTrees {
  /** The set of a stored document, which was checked when it came. */
  of(stored: StoredSet): OpenSet;
  /** Keeps what was taken apart to be checked, so that the next question about the set need not do it again. */
  note(text: string, parsed: OpenSet): void;
}

/** Sets kept in memory. */
const SETS_MAX = 1_000;
/** Trees of pieces kept in memory, some 400 kB each. */
const PIECE_TREES_MAX = 64;

/** Puts an entry in, the one put in first out where there are too many. */
function keep<Value>(map: Map<string, Value>, key: string, value: Value, countMax: number): Value {
  map.delete(key);
  if (map.size >= countMax) map.delete(map.keys().next().value!);
  map.set(key, value);
  return value;
}

export function createSetTrees(store: SetStore): SetTrees {
  const sets = new Map<string, { readonly text: string; readonly open: OpenSet }>();
  const pieceTrees = new Map<Hex, RecordTree>();

  const pieceTreeOf = (name: string, pieces: readonly PieceHead[], index: number): RecordTree => {
    const { root } = pieces[index]!;
    const known = pieceTrees.get(root);
    const tree = known ?? treeOfPiece(name, pieces, index, store.piece(name, root) ?? new Uint8Array());
    return keep(pieceTrees, root, tree, PIECE_TREES_MAX);
  };

  return {
    note(text, parsed) {
      const { name, pieces } = parsed.published;
      if (pieces.length === 0) keep(sets, name, { text, open: parsed }, SETS_MAX);
    },
    of({ name, text }) {
      const known = sets.get(name);
      if (known?.text === text) return known.open;
      const { published, tree } = parsePublishedSet(text);
      const { pieces } = published;
      const isCut = pieces.length > 0;
      const open = {
        published,
        tree: isCut ? buildPiecesTree(pieces, (index) => pieceTreeOf(name, pieces, index)) : tree,
      };
      keep(sets, name, { text, open }, SETS_MAX);
      return open;
    },
  };
}
