/** The HTTP front as a function: routes, and how errors become problem bodies. Transports are adapters around it. */
import { BaseError, messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { ForeignResolverError } from "../../proof/readName.ts";
import { MalformedMessageError, MessageTooLargeError } from "../../protocol/json.ts";
import { BehindError, NotReadyError } from "../gateway.ts";
import { type HttpRequest, type HttpResponse, ProblemError, problemResponse } from "./message.ts";

export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

/** One path, or all paths below one where it ends with a slash. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT";
  readonly path: string;
  readonly handle: HttpHandler;
}

/** What every response says: browsers on any origin may read it, and its type is not to be guessed. */
const COMMON_FIELDS = { "access-control-allow-origin": "*", "x-content-type-options": "nosniff" };
/** When a gateway that cannot answer now should be asked again, in seconds. */
const RETRY_AFTER_SECONDS = "1";

/** A handler over routes. Never throws. */
export function createHttpHandler(routes: readonly Route[], log: Log): HttpHandler {
  const exact = new Map<string, Map<string, HttpHandler>>();
  for (const { method, path, handle } of routes) {
    exact.set(path, (exact.get(path) ?? new Map<string, HttpHandler>()).set(method, handle));
  }
  const prefixes = [...exact].filter(([path]) => path.endsWith("/") && path !== "/");
  const fail = (error: unknown) => responseOf(error, log);

  return (request) => {
    const methods = exact.get(request.path) ?? prefixes.find(([path]) => request.path.startsWith(path))?.[1];
    if (methods === undefined) return withCommon(problemResponse(404, "not-found", "No such path."));
    const method = request.method === "HEAD" ? "GET" : request.method;
    const handle = methods.get(method);
    if (handle === undefined) {
      const allowed = [...methods.keys(), ...(methods.has("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
      if (method === "OPTIONS") return withCommon(preflightResponse(allowed));
      return withCommon(problemResponse(405, "method-not-allowed", `Allowed are ${allowed}.`, { allow: allowed }));
    }
    try {
      const response = handle(request);
      return response instanceof Promise ? response.catch(fail).then(withCommon) : withCommon(response);
    } catch (error) {
      return withCommon(fail(error));
    }
  };
}

/** Responses that come from a cache get their common fields once. */
const complete = new WeakMap<HttpResponse, HttpResponse>();

function withCommon(response: HttpResponse): HttpResponse {
  const { status, fields, body, isKept } = response;
  if (isKept !== true) return { status, fields: { ...COMMON_FIELDS, ...fields }, body };
  const known = complete.get(response);
  if (known !== undefined) return known;
  const made: HttpResponse = { status, fields: { ...COMMON_FIELDS, ...fields }, body, isKept };
  complete.set(response, made);
  return made;
}

function preflightResponse(allowed: string): HttpResponse {
  return {
    status: 204,
    fields: {
      "access-control-allow-methods": allowed,
      "access-control-allow-headers": "content-type, accept, if-none-match",
      "access-control-max-age": "86400",
    },
    body: "",
  };
}

/** An error as a problem body. What is not foreseen is logged and shown to nobody. */
function responseOf(error: unknown, log: Log): HttpResponse {
  if (error instanceof ProblemError) return problemResponse(error.status, error.slug, error.shortMessage, error.fields);
  if (error instanceof MessageTooLargeError) return problemResponse(413, "too-large", error.shortMessage);
  if (error instanceof MalformedMessageError) return problemResponse(400, "malformed-request", error.shortMessage);
  const retry = { "retry-after": RETRY_AFTER_SECONDS };
  if (error instanceof NotReadyError) return problemResponse(503, "not-ready", error.shortMessage, retry);
  if (error instanceof BehindError) return problemResponse(503, "behind", error.shortMessage, retry);
  if (error instanceof ForeignResolverError) return problemResponse(422, "foreign-resolver", error.shortMessage);
  log.error("request failed", { reason: messageOf(error), code: error instanceof BaseError ? error.code : undefined });
  return problemResponse(500, "internal", "The failure was logged.");
}
