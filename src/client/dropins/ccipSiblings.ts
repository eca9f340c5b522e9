/**
 * Lookups that are one question in several parts: a batch (ENSIP-21) asks each gateway of a shard the same, in a request of its
 * own. They are put together again, so that they are hedged against one another, and the first response that counts ends
 * the wait for the others.
 */
import type { Hex } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { type CcipReader, type CcipReadParameters, CcipUnavailableError } from "./ccipRead.ts";

interface Waiting {
  readonly urls: readonly string[];
  readonly resolve: (response: Hex) => void;
  readonly reject: (error: unknown) => void;
}

/** A reader of one response that joins the lookups of the same instant which have the same sender and data. */
export function joinSiblings(read: CcipReader, clock: Clock): (parameters: CcipReadParameters) => Promise<Hex> {
  const groups = new Map<string, Waiting[]>();

  const run = async (parameters: CcipReadParameters, key: string) => {
    const waiting = groups.get(key) ?? [];
    groups.delete(key);
    try {
      // A caller's signal ends its own wait only where nobody else waits with it.
      const { signal: _, ...common } = parameters;
      const alone = waiting.length === 1 ? parameters : common;
      const { url, response } = await read({ ...alone, urls: waiting.flatMap((each) => each.urls) });
      for (const each of waiting) {
        if (each.urls.includes(url)) each.resolve(response);
        else each.reject(new CcipUnavailableError("another gateway of the batch has answered", []));
      }
    } catch (error) {
      for (const each of waiting) each.reject(error);
    }
  };

  return (parameters) =>
    new Promise<Hex>((resolve, reject) => {
      const key = `${parameters.sender}/${parameters.data}`.toLowerCase();
      const waiting = { urls: parameters.urls, resolve, reject };
      const group = groups.get(key);
      if (group !== undefined) {
        group.push(waiting);
        return;
      }
      groups.set(key, [waiting]);
      clock.schedule(0, () => void run(parameters, key));
    });
}
