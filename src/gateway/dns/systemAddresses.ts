/** Finds the addresses of ALIAS targets through the machine's own recursive resolver. */
import { NODATA, NOTFOUND, promises, type RecordWithTtl } from "node:dns";
import { parseAddress4, parseAddress6 } from "../../dns/addressText.ts";
import { TYPE } from "../../dns/codes.ts";
import type { AddressResolver } from "./alias.ts";

const TIMEOUT_MS = 1500;

/**
 * An `AddressResolver` that asks `servers` (`host:port`), or the system's where none are given. "No such name" and "no such
 * record" are absence; everything else is a failure.
 */
export function createSystemAddresses(servers: readonly string[] = []): AddressResolver {
  const resolver = new promises.Resolver({ timeout: TIMEOUT_MS, tries: 2 });
  if (servers.length > 0) resolver.setServers(servers);
  return async (target, type) => {
    let found: RecordWithTtl[];
    try {
      found =
        type === TYPE.A
          ? await resolver.resolve4(target, { ttl: true })
          : await resolver.resolve6(target, { ttl: true });
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      if (code === NODATA || code === NOTFOUND) return undefined;
      throw error;
    }
    const rdatas = found
      .map(({ address }) => (type === TYPE.A ? parseAddress4(address) : parseAddress6(address)))
      .filter((rdata) => rdata !== undefined);
    if (rdatas.length === 0) return undefined;
    return { ttlSeconds: Math.min(...found.map(({ ttl }) => ttl)), rdatas };
  };
}
