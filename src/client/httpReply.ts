/** Reads what an HTTP endpoint said about itself: too busy, gone, or here is the body. */
import { nowSeconds } from "../base/clock.ts";
import type { Reply } from "./askSeveral.ts";
import type { Run } from "./run.ts";
import type { HttpResponse } from "./transport.ts";

/** Retry-After in milliseconds: seconds, or an HTTP date (RFC 9110 section 10.2.3); 0 where there is none. */
export function retryAfterMs(response: HttpResponse, nowInSeconds: number): number {
  const text = response.field("retry-after")?.trim();
  if (text === undefined || text === "") return 0;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? 0 : Math.max(0, at - nowInSeconds * 1000);
}

/** A rate-limited endpoint that names no time is left alone for this long. */
const BARRED_MS_DEFAULT = 1_000;

/** `undefined` where the status is a success; otherwise how the endpoint refused. */
export function refusalOf(run: Run, response: HttpResponse): Reply<never> | undefined {
  const { status } = response;
  if (status >= 200 && status < 300) return undefined;
  const asked = retryAfterMs(response, nowSeconds(run.clock));
  const barredMs = status === 429 ? asked || BARRED_MS_DEFAULT : asked;
  return { outcome: "refused", reason: `HTTP ${status}`, ...(barredMs > 0 ? { barredMs } : {}) };
}
