/** Off-chain names over HTTP: `PUT /v1/sets` to publish, `GET /v1/sets` to list and copy, `/ccip` for resolvers (ERC-3668). */
import { type Hex, isHex } from "../../base/bytes.ts";
import {
  answerRequest,
  CCIP_PATH,
  MalformedQuestionError,
  type RequestRefusal,
} from "../../protocol/offchainMessages.ts";
import { SET_LINES_MAX, SET_LINES_TYPE } from "../sets/relay.ts";
import { RELAYED_FIELD, type Replication } from "../sets/replication.ts";
import type { SetStore } from "../sets/setStore.ts";
import type { Sets } from "../sets/sets.ts";
import type { Route } from "./handler.ts";
import { type HttpResponse, jsonResponse, ProblemError, problemResponse } from "./message.ts";

export interface SetRouteOptions {
  readonly sets: Pick<Sets, "accept" | "acceptPiece" | "answer">;
  readonly store: SetStore;
  readonly replication: Replication;
  /** This gateway's HTTP endpoint as the directory lists it now. */
  readonly origin: () => string;
}

const SETS_PATH = "/v1/sets";
const LIST_MAX = 1_000;
/** Copies on disk after which a set counts as stored. */
const COPIES_MIN = 2;

const textOf = (body: Uint8Array) => Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");

/** What became of a set. Throws `ProblemError`. */
async function publish(options: SetRouteOptions, text: string, isRelayed: boolean) {
  const { name, sequence, isNew, missing } = await options.sets.accept(text);
  const isHeld = missing.length === 0;
  const others = isRelayed ? 0 : await options.replication.relay(name, text);
  const copyCount = others + (isHeld ? 1 : 0);
  // Alone with it: taken, but not yet safe from the loss of this gateway; repair will spread it.
  const isStored = isHeld && (isRelayed || copyCount >= COPIES_MIN);
  const status = isStored ? (isNew ? 201 : 200) : 202;
  return { status, told: { name, sequence, copyCount, missing } };
}

async function publishOne(options: SetRouteOptions, body: Uint8Array, isRelayed: boolean): Promise<HttpResponse> {
  const { status, told } = await publish(options, textOf(body), isRelayed);
  return { ...jsonResponse(told), status };
}

/** Several sets, a line each; what became of each, in order, as if it had come alone. */
async function publishLines(options: SetRouteOptions, body: Uint8Array, isRelayed: boolean): Promise<HttpResponse> {
  const lines = textOf(body).split("\n");
  if (lines.length > SET_LINES_MAX) {
    throw new ProblemError(413, "too-large", `At most ${SET_LINES_MAX} sets go in one request.`);
  }
  const results = await Promise.all(
    lines.map(async (line) => {
      try {
        const { status, told } = await publish(options, line, isRelayed);
        return { status, ...told };
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        return { status: error.status, type: error.slug, detail: error.shortMessage };
      }
    }),
  );
  return jsonResponse({ results });
}

/** The name and the root of `/v1/sets/{name}/pieces/{root}`. */
function pieceOf(path: string): { readonly name: string; readonly root: Hex } | undefined {
  const [name = "", pieces, root, ...rest] = path.slice(SETS_PATH.length + 1).split("/");
  if (pieces !== "pieces" || rest.length > 0 || !isHex(root)) return undefined;
  return { name: decodeURIComponent(name), root: root.toLowerCase() as Hex };
}

async function publishPiece(
  options: SetRouteOptions,
  path: string,
  body: Uint8Array,
  isRelayed: boolean,
): Promise<HttpResponse> {
  const piece = pieceOf(path);
  if (piece === undefined) throw new ProblemError(404, "not-found", "Pieces are at /v1/sets/{name}/pieces/{root}.");
  const { name, root } = piece;
  await options.sets.acceptPiece(name, root, body);
  if (!isRelayed) await options.replication.relayPiece(name, root, body);
  return { ...jsonResponse({ name, root }), status: 201 };
}

function heldAt({ store }: SetRouteOptions, path: string): HttpResponse {
  const fields = { "cache-control": "no-store" };
  const piece = pieceOf(path);
  if (piece !== undefined) {
    const bytes = store.piece(piece.name, piece.root);
    if (bytes === undefined) throw new ProblemError(404, "not-found", "No such piece is held here.");
    return { status: 200, fields: { ...fields, "content-type": "application/octet-stream" }, body: bytes };
  }
  const held = store.get(decodeURIComponent(path.slice(SETS_PATH.length + 1)));
  if (held === undefined) throw new ProblemError(404, "not-found", "No set of this name is held here.");
  return { status: 200, fields: { ...fields, "content-type": "application/json" }, body: held.text };
}

async function lookUp(options: SetRouteOptions, data: unknown): Promise<HttpResponse> {
  if (!isHex(data)) throw new ProblemError(400, "malformed-request", "data is not hexadecimal.");
  let result: Hex | RequestRefusal;
  try {
    result = await answerRequest(data.toLowerCase() as Hex, options.origin(), async (question) =>
      options.sets.answer(question),
    );
  } catch (error) {
    if (error instanceof MalformedQuestionError) throw new ProblemError(400, "malformed-request", error.shortMessage);
    throw error;
  }
  if (typeof result !== "string") return problemResponse(result.status, "no-set", result.message);
  return jsonResponse({ data: result });
}

function bodyOf(body: Uint8Array): { readonly data?: unknown } {
  try {
    const value: unknown = JSON.parse(textOf(body));
    if (typeof value === "object" && value !== null) return value;
  } catch {}
  throw new ProblemError(400, "malformed-request", "The body is not a JSON object.");
}

export function setRoutes(options: SetRouteOptions): readonly Route[] {
  const { store } = options;
  return [
    {
      method: "PUT",
      path: SETS_PATH,
      handle: ({ body, field }) => {
        const isRelayed = field(RELAYED_FIELD) !== undefined;
        const isLines = field("content-type")?.startsWith(SET_LINES_TYPE) === true;
        return isLines ? publishLines(options, body, isRelayed) : publishOne(options, body, isRelayed);
      },
    },
    {
      method: "PUT",
      path: `${SETS_PATH}/`,
      handle: ({ path, body, field }) => publishPiece(options, path, body, field(RELAYED_FIELD) !== undefined),
    },
    {
      method: "GET",
      path: SETS_PATH,
      handle: ({ search }) =>
        jsonResponse({ sets: store.list(new URLSearchParams(search).get("after") ?? "", LIST_MAX) }),
    },
    { method: "GET", path: `${SETS_PATH}/`, handle: ({ path }) => heldAt(options, path) },
    { method: "POST", path: CCIP_PATH, handle: ({ body }) => lookUp(options, bodyOf(body).data) },
    {
      method: "GET",
      path: `${CCIP_PATH}/`,
      // ERC-3668's GET form: /ccip/{sender}/{data}.json
      handle: ({ path }) => lookUp(options, path.split("/")[3]?.replace(/\.json$/, "")),
    },
  ];
}
