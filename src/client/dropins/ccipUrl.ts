/** Gateway URLs come from contracts that anybody can write, so they are not followed wherever they point. */

/** Host names and addresses inside a machine or a private network (RFC 1918, RFC 4193, RFC 6598, RFC 6890). */
const INWARD4 =
  /^(?:0|10|127)\.|^169\.254\.|^192\.168\.|^172\.(?:1[6-9]|2\d|3[01])\.|^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./;
const INWARD6 = /^\[(?:::1?\]|f[cd]|fe[89ab]|::ffff:)/i;

function isInward(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, "");
  if (host === "localhost" || host.endsWith(".localhost") || host.endsWith(".local") || host.endsWith(".internal"))
    return true;
  return INWARD4.test(host) || INWARD6.test(host);
}

/** Whether a URL is http or https and points outward. A host name that resolves inward is not found out by this. */
export function isOutwardUrl(url: string): boolean {
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.protocol !== "https:" && parsed.protocol !== "http:")) return false;
  return parsed.username === "" && parsed.password === "" && !isInward(parsed.hostname);
}
