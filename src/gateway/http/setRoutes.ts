/** Off-chain names over HTTP: `PUT /v1/sets` to publish, `GET /v1/sets` to list and copy, `/ccip` for resolvers (ERC-3668). */
import { type Hex, isHex } from "../../base/bytes.ts";
import {
  answerRequest,
  CCIP_PATH,
  MalformedQuestionError,
  type RequestRefusal,
} from "../../protocol/offchainMessages.ts";
import type { Replication } from "../sets/replication.ts";
import type { SetStore } from "../sets/setStore.ts";
import type { Sets } from "../sets/sets.ts";
import type { Route } from "./handler.ts";
import { type HttpResponse, jsonResponse, ProblemError, problemResponse } from "./message.ts";

export interface SetRouteOptions {
  readonly sets: Sets;
  readonly store: SetStore;
  readonly replication: Replication;
  /** This gateway's HTTP endpoint as the directory lists it now. */
  readonly origin: () => string;
}

const LIST_MAX = 1_000;
/** Copies on disk after which a set counts as stored. */
const COPIES_MIN = 2;

const textOf = (body: Uint8Array) => Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");

async function publish(options: SetRouteOptions, body: Uint8Array, isRelayed: boolean): Promise<HttpResponse> {
  const text = textOf(body);
  const { name, sequence, isNew } = options.sets.accept(text);
  const copyCount = 1 + (isRelayed ? 0 : await options.replication.relay(name, text));
  // Alone with it: taken, but not yet safe from the loss of this gateway; repair will spread it.
  const status = isRelayed || copyCount >= COPIES_MIN ? (isNew ? 201 : 200) : 202;
  return { ...jsonResponse({ name, sequence, copyCount }), status };
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
  if (typeof result !== "string") return problemResponse(result.status, "not-found", result.message);
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
      path: "/v1/sets",
      handle: ({ body, field }) => publish(options, body, field("x-holdfast-relayed") !== undefined),
    },
    {
      method: "GET",
      path: "/v1/sets",
      handle: ({ search }) =>
        jsonResponse({ sets: store.list(new URLSearchParams(search).get("after") ?? "", LIST_MAX) }),
    },
    {
      method: "GET",
      path: "/v1/sets/",
      handle: ({ path }) => {
        const held = store.get(decodeURIComponent(path.slice("/v1/sets/".length)));
        if (held === undefined) throw new ProblemError(404, "not-found", "No set of this name is held here.");
        return {
          status: 200,
          fields: { "content-type": "application/json", "cache-control": "no-store" },
          body: held.text,
        };
      },
    },
    { method: "POST", path: CCIP_PATH, handle: ({ body }) => lookUp(options, bodyOf(body).data) },
    {
      method: "GET",
      path: `${CCIP_PATH}/`,
      // ERC-3668's GET form: /ccip/{sender}/{data}.json
      handle: ({ path }) => lookUp(options, path.split("/")[3]?.replace(/\.json$/, "")),
    },
  ];
}
