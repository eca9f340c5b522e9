/** An HTTP server's ways of not answering a POST as it should. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Clock, delay } from "../../../src/base/clock.ts";

/** What any server may do, whatever it serves. */
export type HttpFault = "hangs" | "drips" | "junk" | "empty" | HttpStatusFault;

export interface HttpStatusFault {
  readonly status: number;
  readonly retryAfter?: string;
}

export interface FaultyHttpOptions {
  readonly clock: Clock;
  /** Added to each exchange. */
  readonly latencyMs: number;
  /** An `HttpFault`; with any other text it answers. */
  readonly fault: string | HttpStatusFault;
  /** The JSON that answers a body, where the server answers. */
  readonly answer: (body: string) => Promise<string>;
}

/** A byte of white space a second, and never an end. */
function drip(clock: Clock, response: ServerResponse): void {
  if (response.destroyed) return;
  response.write(" ");
  clock.schedule(1_000, () => drip(clock, response));
}

/** Answers one request, or does what the fault says. */
export async function respond(
  { clock, latencyMs, fault, answer }: FaultyHttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let body = "";
  for await (const part of request) body += part;
  if (fault === "hangs") return;
  await delay(clock, latencyMs);
  if (typeof fault === "object") {
    response.writeHead(fault.status, fault.retryAfter === undefined ? {} : { "retry-after": fault.retryAfter });
    return void response.end(JSON.stringify({ message: "no" }));
  }
  response.writeHead(200, { "content-type": "application/json" });
  if (fault === "drips") return drip(clock, response);
  if (fault === "junk") return void response.end("<html>welcome</html>");
  if (fault === "empty") return void response.end();
  response.end(await answer(body));
}
