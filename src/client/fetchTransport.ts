/** HTTP by the platform's `fetch`: what a browser offers. There is no UDP, no TCP and no system resolver to ask. */
import { concatBytes } from "../base/bytes.ts";
import { type ClientTransport, type HttpRequest, type HttpResponse, TransportError } from "./transport.ts";

/** Codes that fetch's cause carries in Node for a connection that was actively refused. */
const REFUSED = new Set(["ECONNREFUSED"]);
const TIMED_OUT = new Set(["ETIMEDOUT", "UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"]);

/** The code of the deepest cause that has one, such as `ECONNREFUSED`. */
export function causeCodeOf(error: unknown): string | undefined {
  let code: string | undefined;
  let current: unknown = error;
  for (let depth = 0; depth < 8 && current instanceof Error; depth += 1) {
    if ("code" in current && typeof current.code === "string") code = current.code;
    current = current.cause ?? (current instanceof AggregateError ? current.errors[0] : undefined);
  }
  return code;
}

export function transportErrorOf(error: unknown, what: string): TransportError {
  if (error instanceof TransportError) return error;
  const code = causeCodeOf(error);
  if (code !== undefined && TIMED_OUT.has(code)) return new TransportError("timedOut", `${what} timed out`, error);
  if (code !== undefined && REFUSED.has(code))
    return new TransportError("refused", `${what}: connection refused`, error);
  return new TransportError("unreachable", `${what}: ${code ?? "no connection"}`, error);
}

async function readBody(response: Response, bodyBytesMax: number, url: string): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array(0);
  const reader = response.body.getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return parts.length === 1 ? parts[0]! : concatBytes(...parts);
    size += value.length;
    if (size > bodyBytesMax) {
      await reader.cancel();
      throw new TransportError("oversized", `${url} sent more than ${bodyBytesMax} bytes`);
    }
    parts.push(value);
  }
}

/** One HTTP exchange. Redirects are not followed: an endpoint is where the directory says, and nowhere else. */
export async function fetchHttp(request: HttpRequest): Promise<HttpResponse> {
  const { method, url, fields, body, bodyBytesMax, signal } = request;
  try {
    const response = await fetch(url, {
      method,
      headers: fields,
      redirect: "manual",
      signal,
      credentials: "omit",
      cache: "no-store",
      ...(body === undefined ? {} : { body: body as string | Uint8Array<ArrayBuffer> }),
    });
    const status = response.type === "opaqueredirect" ? 302 : response.status;
    return {
      status,
      field: (name) => response.headers.get(name) ?? undefined,
      body: await readBody(response, bodyBytesMax, url),
    };
  } catch (error) {
    throw transportErrorOf(error, url);
  }
}

function unsupported(what: string): Promise<never> {
  return Promise.reject(new TransportError("unsupported", `${what} is not to be had here`));
}

export const fetchTransport: ClientTransport = {
  http: fetchHttp,
  udp: () => unsupported("UDP"),
  tcp: () => unsupported("TCP"),
  systemServers: () => [],
};
