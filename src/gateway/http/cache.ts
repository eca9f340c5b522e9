/** Whole responses by request, until the data behind them moves. Bounded by count and by bytes; errors are never kept. */
import type { HttpResponse } from "./message.ts";

export interface ResponseCache {
  find(key: string): HttpResponse | undefined;
  /** Keeps a response; returns it as it is kept. */
  keep(key: string, response: HttpResponse): HttpResponse;
  /** The one that is kept, or else the one that `make` makes, which is then kept. */
  get(key: string, make: () => HttpResponse): HttpResponse;
  clear(): void;
}

export declare namespace createResponseCache {
  interface Options {
    readonly entriesMax?: number;
    readonly bytesMax?: number;
  }
}

export function createResponseCache(options: createResponseCache.Options = {}): ResponseCache {
  const { entriesMax = 10_000, bytesMax = 16 * 1024 * 1024 } = options;
  const entries = new Map<string, HttpResponse>();
  let byteCount = 0;
  const clear = () => {
    entries.clear();
    byteCount = 0;
  };
  const keep: ResponseCache["keep"] = (key, made) => {
    const response: HttpResponse = { ...made, isKept: true };
    const cost = 2 * key.length + response.body.length;
    // Emptying the whole is simpler than a queue, and as the copy moves every few seconds it hardly ever happens.
    if (entries.size >= entriesMax || byteCount + cost > bytesMax) clear();
    if (cost <= bytesMax) {
      entries.set(key, response);
      byteCount += cost;
    }
    return response;
  };
  return {
    find: (key) => entries.get(key),
    keep,
    get: (key, make) => entries.get(key) ?? keep(key, make()),
    clear,
  };
}
