/** `POST /v1/answer`: a query's JSON in, an answer's out. Answers are kept until the copy moves, since signing costs the most. */
import { decodeQuery, encodeAnswer, QUERY_BYTES_MAX } from "../../protocol/json.ts";
import type { Gateway } from "../gateway.ts";
import { createResponseCache, type ResponseCache } from "./cache.ts";
import type { Route } from "./handler.ts";
import { type HttpResponse, ProblemError } from "./message.ts";

export interface AnswerRouteOptions {
  readonly gateway: Gateway;
  /** Of answers by the query's text, and of nothing else. */
  readonly cache?: ResponseCache;
}

export function answerRoute(options: AnswerRouteOptions): Route {
  const { gateway, cache = createResponseCache() } = options;
  return {
    method: "POST",
    path: "/v1/answer",
    handle: ({ body, field }) => {
      const type = field("content-type") ?? "application/json";
      if (!type.startsWith("application/json")) {
        throw new ProblemError(415, "unsupported-media-type", "Send application/json.");
      }
      if (body.length > QUERY_BYTES_MAX) throw new ProblemError(413, "too-large", `At most ${QUERY_BYTES_MAX} bytes.`);
      const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
      return cache.get(text, () => respond(gateway, text));
    },
  };
}

function respond(gateway: Gateway, text: string): HttpResponse {
  const answer = gateway.answer(decodeQuery(text));
  const body = Buffer.from(encodeAnswer(answer));
  return { status: 200, fields: { "content-type": "application/json", "cache-control": "no-store" }, body };
}
