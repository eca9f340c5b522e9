/**
 * How a name's four gateways come to hold the same sets: whoever takes one passes it to the other three at once, and everyone asks
 * the others now and then for what it missed. Nothing is taken from a peer that would not be taken from a stranger.
 */

import { fromHex } from "../../base/bytes.ts";
import { type Clock, type Timer, withDeadline } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { gatewaysOfShard, shardOf } from "../../directory/directory.ts";
import { registeredNameOf } from "../../naming/name.ts";
import { namehash } from "../../naming/namehash.ts";
import { nameSlot, parseNameWord } from "../../proof/layout.ts";
import type { Replica } from "../../replica/replica.ts";
import type { Fetch } from "../../replica/source/rpc.ts";
import { ProblemError } from "../http/message.ts";
import type { SetStore } from "./setStore.ts";
import type { Sets } from "./sets.ts";

export interface ReplicationOptions {
  readonly sets: Sets;
  readonly store: SetStore;
  readonly replica: Replica;
  readonly gatewayId: number;
  readonly tld: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly fetch: Fetch;
  /** Time between rounds of repair, in milliseconds. */
  readonly repairMs?: number;
}

export interface Replication {
  /** Passes a set to the name's other gateways; resolves to how many of them hold it, at the latest after a deadline. */
  relay(name: string, text: string): Promise<number>;
  /** Asks every other gateway once for newer sets of names served here. */
  repair(): Promise<void>;
  start(): void;
  stop(): void;
}

const RELAY_DEADLINE_MS = 2_000;
const PAGE = 1_000;
const PAGES_MAX = 1_000;
/** A published set of the greatest size, and some room. */
const BODY_BYTES_MAX = 1024 * 1024;

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  for await (const chunk of response.body ?? []) {
    byteCount += chunk.length;
    if (byteCount > BODY_BYTES_MAX) throw new ProblemError(413, "too-large", "A peer sent too much.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Endpoints of the other gateways of a name's shard. */
function peersOf({ replica, tld, gatewayId }: ReplicationOptions, name: string): readonly string[] {
  const registered = registeredNameOf(name, tld);
  if (registered === undefined) return [];
  const node = namehash(registered);
  const parsed = parseNameWord(replica.read(fromHex(nameSlot(node))));
  const gateways = gatewaysOfShard(replica.directory, shardOf(replica.directory, node, parsed.index));
  return gateways.flatMap((gateway) =>
    gateway === undefined || gateway.id === gatewayId || !gateway.active ? [] : [gateway.httpUrl],
  );
}

async function call(
  { clock, fetch }: ReplicationOptions,
  url: string,
  init: RequestInit,
): Promise<{ readonly status: number; readonly text: string }> {
  return await withDeadline(clock, RELAY_DEADLINE_MS, "The peer", async (signal) => {
    const response = await fetch(url, { ...init, signal, redirect: "error" });
    return { status: response.status, text: await readText(response) };
  });
}

/** Takes from one peer what is newer than what is held. */
async function pullFrom(options: ReplicationOptions, url: string, isStopped: () => boolean): Promise<void> {
  const { sets, store } = options;
  let after = "";
  for (let page = 0; page < PAGES_MAX && !isStopped(); page += 1) {
    const { status, text } = await call(options, `${url}/v1/sets?after=${encodeURIComponent(after)}`, {});
    if (status !== 200) return;
    const { sets: listed } = JSON.parse(text) as { sets: { name: string; sequence: string }[] };
    for (const { name, sequence } of listed) {
      const held = store.get(name);
      if (held !== undefined && held.sequence >= BigInt(sequence)) continue;
      const found = await call(options, `${url}/v1/sets/${encodeURIComponent(name)}`, {});
      if (found.status !== 200) continue;
      try {
        sets.accept(found.text);
      } catch (error) {
        // Names of other shards are listed too.
        if (!(error instanceof ProblemError)) throw error;
      }
    }
    if (listed.length < PAGE) return;
    after = listed.at(-1)!.name;
  }
}

export function createReplication(options: ReplicationOptions): Replication {
  const { replica, gatewayId, clock, log, repairMs = 30_000 } = options;
  let timer: Timer | undefined;
  let isStopped = false;
  const replication: Replication = {
    async relay(name, text) {
      const headers = { "content-type": "application/json", "x-holdfast-relayed": "1" };
      const held = await Promise.all(
        peersOf(options, name).map(async (url) => {
          try {
            const { status } = await call(options, `${url}/v1/sets`, { method: "PUT", headers, body: text });
            return status === 200 || status === 201 ? 1 : 0;
          } catch (error) {
            log.warn("a set was not passed on", { name, peer: url, reason: messageOf(error) });
            return 0;
          }
        }),
      );
      return held.reduce<number>((sum, one) => sum + one, 0);
    },
    async repair() {
      for (const gateway of replica.directory.gateways.values()) {
        if (gateway.id === gatewayId || !gateway.active || isStopped) continue;
        await pullFrom(options, gateway.httpUrl, () => isStopped).catch((error: unknown) => {
          log.debug("no repair", { peer: gateway.httpUrl, reason: messageOf(error) });
        });
      }
    },
    start() {
      const turn = () => {
        replication.repair().finally(() => {
          if (!isStopped) timer = clock.schedule(repairMs, turn);
        });
      };
      timer = clock.schedule(repairMs, turn);
    },
    stop() {
      isStopped = true;
      timer?.cancel();
    },
  };
  return replication;
}
