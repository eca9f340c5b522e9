/**
 * Sets on their way to one other gateway. Those that come while a request to it is under way share the next one, so that the busier a
 * gateway is the less each set costs it.
 */

import { type Hex, isHex } from "../../base/bytes.ts";
import { BaseError } from "../../base/errors.ts";
import { PIECES_MAX } from "../../protocol/offchainPieces.ts";
import { SET_BYTES_MAX } from "../../protocol/publishedSet.ts";

/** Several sets in one body, a line each. */
export const SET_LINES_TYPE = "application/x-ndjson";
/** Sets in one request: they are verified in one go, some 20 ms of them, while everything else waits. */
export const SET_LINES_MAX = 64;

/** What became of one set at the other gateway. */
export interface Relayed {
  readonly isHeld: boolean;
  /** Roots of the pieces that it lacks. */
  readonly missing: readonly Hex[];
}

/** The other gateway is too far behind; it will ask for what it missed. */
export class RelayFullError extends BaseError {
  override readonly name = "Gateway.RelayFullError";
  constructor(count: number) {
    super("GATEWAY_RELAY_FULL", `${count} sets wait for this gateway already.`, { retriable: true });
  }
}

/** The answer to several sets is not one to them. */
export class MalformedRelayError extends BaseError {
  override readonly name = "Gateway.MalformedRelayError";
  constructor(reason: string) {
    super("GATEWAY_MALFORMED_RELAY", `The answer to sets that were passed on is no such answer: ${reason}.`);
  }
}

interface Waiting {
  readonly text: string;
  readonly resolve: (relayed: Relayed) => void;
  readonly reject: (error: unknown) => void;
}

/** Sets that may wait for one gateway. */
const WAITING_MAX = 20_000;
/** Requests to one gateway at once. */
const REQUESTS_MAX = 2;

/** As many from the front of a queue as one body may hold; always one. */
function take(queue: Waiting[]): readonly Waiting[] {
  let length = 0;
  let count = 0;
  for (const { text } of queue) {
    length += text.length + 1;
    if (count > 0 && (length > SET_BYTES_MAX || count === SET_LINES_MAX)) break;
    count += 1;
  }
  return queue.splice(0, count);
}

function parseResults(text: string, count: number): readonly Relayed[] {
  const { results } = JSON.parse(text) as { results?: unknown };
  if (!Array.isArray(results) || results.length !== count) throw new MalformedRelayError("not a result for each set");
  return results.map((result: { status?: unknown; missing?: unknown }) => ({
    isHeld: result?.status === 200 || result?.status === 201,
    missing: Array.isArray(result?.missing) ? result.missing.filter(isHex).slice(0, PIECES_MAX) : [],
  }));
}

/**
 * The way to one gateway.
 *
 * @param send Puts a body of lines there and resolves to the answer's text; rejects for anything but a success.
 */
export function createRelay(send: (body: string) => Promise<string>): (text: string) => Promise<Relayed> {
  const queue: Waiting[] = [];
  let requestCount = 0;
  const flush = async (): Promise<void> => {
    requestCount += 1;
    for (let batch = take(queue); batch.length > 0; batch = take(queue)) {
      try {
        const results = parseResults(await send(batch.map(({ text }) => text).join("\n")), batch.length);
        batch.forEach(({ resolve }, index) => {
          resolve(results[index]!);
        });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    requestCount -= 1;
  };
  return (text) =>
    new Promise((resolve, reject) => {
      if (queue.length >= WAITING_MAX) {
        reject(new RelayFullError(queue.length));
        return;
      }
      // A body of lines has no other line ends in it; JSON needs none.
      queue.push({ text: text.includes("\n") ? text.replaceAll(/[\r\n]+/g, " ") : text, resolve, reject });
      // Those that were written in the same commit go together.
      if (requestCount < REQUESTS_MAX && queue.length === 1) setImmediate(flush);
    });
}
