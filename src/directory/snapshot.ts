/**
 * Directory snapshots: the directory at one block as a JSON document, which gateways publish, replicas store and clients ship
 * with, so that nobody needs a lookup service that everybody shares.
 */
import * as z from "zod/mini";
import { fromHex, type Hex, toHex } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { RESERVED_INDEX_MIN, SLOT_COUNT, ZONE_COUNT } from "../sharding/shard.ts";
import type { Directory } from "./directory.ts";
import { formatShardHints, MalformedShardHintsError, parseShardHints, type ShardHints } from "./shardHints.ts";

const hex = (byteCount: number) =>
  z.pipe(
    z.string().check(z.regex(new RegExp(`^0x[0-9a-fA-F]{${byteCount * 2}}$`), `not ${byteCount} bytes in hexadecimal`)),
    z.transform((text) => text as Hex),
  );
const decimal = z.pipe(
  z.string().check(z.regex(/^\d{1,20}$/, "not a decimal number")),
  z.transform((digits: string) => BigInt(digits)),
);
const integer = (min: number, max: number) => z.int().check(z.minimum(min), z.maximum(max));
const text = (charactersMax: number) => z.string().check(z.maxLength(charactersMax));
const gatewayId = integer(1, 0xffff);

const snapshot = z.object({
  chainId: z.int().check(z.positive()),
  directory: hex(20),
  tld: z.string().check(z.minLength(1)),
  block: z.object({ number: decimal, hash: hex(32), timestamp: decimal }),
  version: decimal,
  gateways: z
    .array(
      z.object({
        id: gatewayId,
        operator: hex(20),
        signer: hex(20),
        zone: integer(0, ZONE_COUNT - 1),
        active: z.boolean(),
        httpUrl: text(2_048),
        dnsEndpoint: text(300),
      }),
    )
    .check(z.maxLength(0xffff)),
  /** Per zone 544 gateway ids, two bytes each. */
  tables: z.array(hex(SLOT_COUNT * 2)).check(z.length(ZONE_COUNT)),
  former: z
    .array(
      z.object({
        virtualGatewayId: integer(0, ZONE_COUNT * SLOT_COUNT - 1),
        gatewayId,
        movedAt: z.int().check(z.nonnegative()),
      }),
    )
    .check(z.maxLength(ZONE_COUNT * SLOT_COUNT)),
  isolated: z
    .array(z.object({ node: hex(32), index: integer(RESERVED_INDEX_MIN, 0xffffffff) }))
    .check(z.maxLength(100_000)),
  /** Shard hints in base64; gateways publish them by themselves, and snapshots that are shipped carry them along. */
  shardHints: z.optional(z.string()),
});

/** A directory with the chain, the contract and the block it was read at. */
export interface DirectorySnapshot extends Directory {
  readonly chainId: number;
  /** The GatewayDirectory contract. */
  readonly address: Hex;
  readonly tld: string;
  readonly block: { readonly number: bigint; readonly hash: Hex; readonly timestamp: bigint };
  /** Which index a name might have, so that a client need not be referred; no part of the directory, and nobody vouches for it. */
  readonly shardHints?: ShardHints;
}

export class MalformedSnapshotError extends BaseError {
  override readonly name = "Directory.MalformedSnapshotError";
  constructor(reason: string) {
    super("DIRECTORY_MALFORMED_SNAPSHOT", `The document is not a directory snapshot: ${reason}.`);
  }
}

/** A snapshot as a value for `JSON.stringify`. */
export function formatSnapshot(value: DirectorySnapshot): z.input<typeof snapshot> {
  const { table } = value;
  const tables: string[] = [];
  for (let zone = 0; zone < ZONE_COUNT; zone += 1) {
    const words = new DataView(new ArrayBuffer(SLOT_COUNT * 2));
    for (let slot = 0; slot < SLOT_COUNT; slot += 1) words.setUint16(slot * 2, table[zone * SLOT_COUNT + slot] ?? 0);
    tables.push(toHex(new Uint8Array(words.buffer)));
  }
  return {
    chainId: value.chainId,
    directory: value.address,
    tld: value.tld,
    block: {
      number: value.block.number.toString(),
      hash: value.block.hash,
      timestamp: value.block.timestamp.toString(),
    },
    version: value.version.toString(),
    gateways: [...value.gateways.values()],
    tables,
    former: [...value.former].map(([virtualGatewayId, former]) => ({ virtualGatewayId, ...former })),
    isolated: [...value.isolated].map(([node, index]) => ({ node, index })),
    ...(value.shardHints === undefined ? {} : { shardHints: formatShardHints(value.shardHints) }),
  };
}

/** The shard hints of a document. Throws `MalformedSnapshotError`. */
function shardHintsOf(text: string | undefined): Pick<DirectorySnapshot, "shardHints"> {
  if (text === undefined) return {};
  try {
    return { shardHints: parseShardHints(text) };
  } catch (error) {
    if (error instanceof MalformedShardHintsError) throw new MalformedSnapshotError("shardHints: no table of hints");
    throw error;
  }
}

/** The snapshot of a parsed JSON document. Throws `MalformedSnapshotError`, which names the field. */
export function parseSnapshot(value: unknown): DirectorySnapshot {
  const result = snapshot.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new MalformedSnapshotError(`${issue?.path.join(".") || "document"}: ${issue?.message}`);
  }
  const { directory: address, gateways, tables, former, isolated, shardHints, ...rest } = result.data;
  const table = new Uint16Array(ZONE_COUNT * SLOT_COUNT);
  tables.forEach((text, zone) => {
    const words = new DataView(fromHex(text).buffer);
    for (let slot = 0; slot < SLOT_COUNT; slot += 1) table[zone * SLOT_COUNT + slot] = words.getUint16(slot * 2);
  });
  return {
    ...rest,
    address,
    gateways: new Map(gateways.map((gateway) => [gateway.id, gateway])),
    table,
    former: new Map(former.map(({ virtualGatewayId, ...holder }) => [virtualGatewayId, holder])),
    isolated: new Map(isolated.map(({ node, index }) => [node, index])),
    ...shardHintsOf(shardHints),
  };
}
