/** Tells somebody's endpoint of a disagreement: one POST of JSON, with a deadline. */
import { type Clock, withDeadline } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { DisagreementEntry } from "./sample.ts";

export interface WebhookOptions {
  readonly url: string;
  readonly deadlineMs: number;
  readonly vantage: string;
  readonly clock: Clock;
}

/** Why it could not be delivered; `undefined` where it was. */
export async function postAlert(options: WebhookOptions, entry: DisagreementEntry): Promise<string | undefined> {
  const body = JSON.stringify({ event: "disagreement", vantage: options.vantage, ...entry });
  try {
    return await withDeadline(options.clock, options.deadlineMs, "The webhook", async (signal) => {
      const headers = { "content-type": "application/json" };
      const response = await fetch(options.url, { method: "POST", headers, body, signal, redirect: "error" });
      await response.body?.cancel();
      return response.ok ? undefined : `HTTP ${response.status}`;
    });
  } catch (error) {
    return messageOf(error);
  }
}
