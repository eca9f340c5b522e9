/** What a gateway says of itself: `/health`, `/ready`, `/v1/status`, `/v1/directory` and its hints, `/v1/checkpoint`. */
import { type DirectorySnapshot, formatSnapshot } from "../../directory/snapshot.ts";
import type { Replica } from "../../replica/replica.ts";
import type { ProviderPool } from "../../replica/source/providerPool.ts";
import { blockReferenceOf } from "../evidence.ts";
import type { Gateway } from "../gateway.ts";
import type { FollowedHints } from "../shardHints.ts";
import type { Route } from "./handler.ts";
import { type HttpResponse, jsonResponse, ProblemError } from "./message.ts";

export interface StatusRouteOptions {
  readonly gateway: Gateway;
  readonly replica: Replica;
  readonly pool: ProviderPool;
  readonly gatewayId: number;
  readonly chainId: number;
  readonly directoryAddress: `0x${string}`;
  readonly tld: string;
  readonly shardHints: FollowedHints;
  /** Whether the process is ending and takes no new work. */
  readonly isDraining: () => boolean;
}

/** The directory as this gateway's head has it. Throws `ProblemError` while the copy is empty. */
export function currentSnapshot(options: StatusRouteOptions): DirectorySnapshot {
  const { replica, chainId, directoryAddress: address, tld } = options;
  const { head } = replica;
  if (head === undefined) throw new ProblemError(503, "not-ready", "The copy is empty.");
  return { ...replica.directory, chainId, address, tld, block: blockReferenceOf(head) };
}

export function statusRoutes(options: StatusRouteOptions): readonly Route[] {
  const { gateway, replica, pool, gatewayId } = options;
  return [
    { method: "GET", path: "/health", handle: () => plainResponse(200, "alive\n") },
    {
      method: "GET",
      path: "/ready",
      handle: () => {
        if (options.isDraining()) return plainResponse(503, "draining\n");
        return replica.status === "following"
          ? plainResponse(200, "ready\n")
          : plainResponse(503, `${replica.status}\n`);
      },
    },
    {
      method: "GET",
      path: "/v1/status",
      handle: () =>
        jsonResponse({
          gatewayId,
          status: replica.status,
          head: replica.head === undefined ? null : blockReferenceOf(replica.head),
          checkpoint: replica.checkpoint === undefined ? null : blockReferenceOf(replica.checkpoint.header),
          directoryVersion: replica.directory.version,
          slotCount: replica.slotCount,
          providers: pool.reports(),
        }),
    },
    {
      method: "GET",
      path: "/v1/directory",
      handle: ({ field }) => {
        const snapshot = currentSnapshot(options);
        const etag = `"${snapshot.version}-${snapshot.block.number}"`;
        const fields = { etag, "cache-control": "public, max-age=60" };
        if (field("if-none-match") === etag) return { status: 304, fields, body: "" };
        return jsonResponse(formatSnapshot(snapshot), fields);
      },
    },
    {
      method: "GET",
      path: "/v1/directory/hints",
      handle: ({ field }) => {
        const { encoded, tag: etag } = options.shardHints.published();
        const fields = { etag, "cache-control": "public, max-age=300" };
        if (field("if-none-match") === etag) return { status: 304, fields, body: "" };
        return { status: 200, fields: { "content-type": "application/octet-stream", ...fields }, body: encoded };
      },
    },
    {
      method: "GET",
      path: "/v1/checkpoint",
      handle: () => {
        const attested = gateway.attestation();
        const checkpoint = replica.checkpoint;
        if (attested === undefined || checkpoint === undefined) {
          throw new ProblemError(503, "not-ready", "There is no checkpoint yet.");
        }
        const header = `0x${Buffer.from(checkpoint.header.rlp).toString("hex")}`;
        const { account, storageRoot } = checkpoint;
        const { block, attestation, others } = attested;
        return jsonResponse({ block, header, storageRoot, account, attestation, others });
      },
    },
  ];
}

function plainResponse(status: number, body: string): HttpResponse {
  return { status, fields: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" }, body };
}
