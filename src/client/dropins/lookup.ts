/**
 * `lookup`, as `net.connect`, `http.Agent`, undici and everything built on them take it: an ordinary Node program survives its
 * DNS provider by one option. Names below the TLD go through the name client; others too when their mapping to a name is
 * given, and otherwise to the system.
 */
import { type LookupAddress, type LookupOptions, lookup as systemLookup } from "node:dns";
import { isIP } from "node:net";
import { BaseError } from "../../base/errors.ts";
import type { NameClient } from "../nameClient.ts";
import { getHostAddresses, UnavailableError } from "../verbs.ts";

export type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

export type LookupFunction = (hostname: string, options: LookupOptions, callback: LookupCallback) => void;

export interface LookupDropInOptions {
  /** The name that stands for an ordinary host name; by default a name below the TLD stands for itself. */
  readonly nameOf?: (hostname: string) => string | undefined;
  /** Whoever answers for host names that are not ours; `dns.lookup` by default. */
  readonly fallback?: LookupFunction;
}

/** An error as `dns.lookup` would give it: `ENOTFOUND` for what is not there, `EAI_AGAIN` for what cannot be told now. */
function lookupError(code: "ENOTFOUND" | "EAI_AGAIN", hostname: string, cause?: unknown): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(`getaddrinfo ${code} ${hostname}`, { cause });
  return Object.assign(error, { code, syscall: "getaddrinfo", hostname });
}

function familyOf(options: LookupOptions): 0 | 4 | 6 {
  if (options.family === 4 || options.family === "IPv4") return 4;
  return options.family === 6 || options.family === "IPv6" ? 6 : 0;
}

/** Both families at once; one that fails does not take the other with it (as RFC 8305 wants of dual stack). */
async function addressesOf(client: NameClient, name: string, family: 0 | 4 | 6): Promise<LookupAddress[]> {
  const families = family === 0 ? ([4, 6] as const) : ([family] as const);
  const told = await Promise.allSettled(families.map((each) => getHostAddresses(client, name, each)));
  const found = told.flatMap((result, index) =>
    result.status === "fulfilled" ? result.value.map((address) => ({ address, family: families[index] ?? 4 })) : [],
  );
  if (found.length > 0) return found;
  const failed = told.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return [];
}

/**
 * A `lookup` function over a name client.
 *
 * @example
 * ```ts
 * import { Agent } from "node:http";
 * const agent = new Agent({ lookup: createLookup(client) } as AgentOptions);
 * http.get("http://www.shop.hold/", { agent }, …);
 * ```
 */
export function createLookup(client: NameClient, options: LookupDropInOptions = {}): LookupFunction {
  const suffix = `.${client.tld}`;
  const nameOf =
    options.nameOf ??
    ((hostname: string) => {
      const name = hostname.replace(/\.$/, "").toLowerCase();
      return name.endsWith(suffix) ? name : undefined;
    });
  const fallback = options.fallback ?? (systemLookup as unknown as LookupFunction);

  return (hostname, lookupOptions, callback) => {
    const name = isIP(hostname) === 0 ? nameOf(hostname) : undefined;
    if (name === undefined) {
      fallback(hostname, lookupOptions, callback);
      return;
    }
    addressesOf(client, name, familyOf(lookupOptions)).then(
      (found) => {
        const [first] = found;
        if (first === undefined) callback(lookupError("ENOTFOUND", hostname), lookupOptions.all ? [] : "");
        else if (lookupOptions.all) callback(null, found);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => {
        // What is unavailable may be there in a moment; what failed verification is nothing to connect to.
        const isTransient = error instanceof UnavailableError || !(error instanceof BaseError);
        callback(lookupError(isTransient ? "EAI_AGAIN" : "ENOTFOUND", hostname, error), lookupOptions.all ? [] : "");
      },
    );
  };
}
