/**
 * How a name's four gateways come to hold the same sets: whoever takes one passes it to the other three at once, and everyone asks
 * the others now and then, and whenever slots move, for what it missed. Nothing is taken from a peer that would not be taken from
 * a stranger.
 */

import { fromHex, type Hex } from "../../base/bytes.ts";
import { type Clock, type Timer, withDeadline } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { gatewaysOfShard, shardOf } from "../../directory/directory.ts";
import { registeredNameOf } from "../../naming/name.ts";
import { namehash } from "../../naming/namehash.ts";
import { nameSlot, parseNameWord } from "../../proof/layout.ts";
import { PIECE_BYTES_MAX } from "../../protocol/offchainPieces.ts";
import { SET_BYTES_MAX } from "../../protocol/publishedSet.ts";
import type { Replica } from "../../replica/replica.ts";
import type { Fetch } from "../../replica/source/rpc.ts";
import { ProblemError } from "../http/message.ts";
import { createRelay, MalformedRelayError, type Relayed, SET_LINES_TYPE } from "./relay.ts";
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
  /** Whether this gateway serves a name directly under the TLD. */
  readonly serves: (registeredName: string) => boolean;
  /** Time between rounds of repair, in milliseconds. */
  readonly repairMs?: number;
}

export interface Replication {
  /**
   * Passes a set to the name's other gateways; resolves to how many of them hold it: when all have answered, or some time after the
   * first that does, at the latest after a deadline. Whoever is slow has it a little later.
   */
  relay(name: string, text: string): Promise<number>;
  /** Passes a piece to the name's other gateways. */
  relayPiece(name: string, root: Hex, bytes: Uint8Array): Promise<void>;
  /** Asks every other gateway once for newer sets of names served here. */
  repair(): Promise<void>;
  start(): void;
  stop(): void;
}

/** Marks what a gateway passes on, so that it is not passed on again. */
export const RELAYED_FIELD = "x-holdfast-relayed";

const EXCHANGE_MS = 2_000;
/** How long the others are waited for once one holds a set. */
const PATIENCE_MS = 150;
/** Gateways to which a way is remembered. */
const RELAYS_MAX = 1_000;
const PAGE = 1_000;
const PAGES_MAX = 1_000;
/** The greatest thing a peer sends: a page of 1,000 names, a set, a piece. */
const BODY_BYTES_MAX = Math.max(SET_BYTES_MAX, PIECE_BYTES_MAX, 1024 * 1024);

async function readBytes(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  for await (const chunk of response.body ?? []) {
    byteCount += chunk.length;
    if (byteCount > BODY_BYTES_MAX) throw new ProblemError(413, "too-large", "A peer sent too much.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Endpoints of the other gateways of a name's shard. */
function peersOf({ replica, tld, gatewayId }: ReplicationOptions, name: string): readonly string[] {
  const registered = registeredNameOf(name, tld);
  if (registered === undefined) return [];
  const node = namehash(registered);
  const parsed = parseNameWord(replica.read(fromHex(nameSlot(node))));
  const gateways = gatewaysOfShard(replica.directory, shardOf(replica.directory, node, parsed.index));
  const urls = gateways.flatMap((gateway) =>
    gateway === undefined || gateway.id === gatewayId || !gateway.active ? [] : [gateway.httpUrl],
  );
  return [...new Set(urls)];
}

interface Told {
  readonly status: number;
  readonly bytes: Uint8Array;
}

async function call({ clock, fetch }: ReplicationOptions, url: string, init: RequestInit): Promise<Told> {
  return await withDeadline(clock, EXCHANGE_MS, "The peer", async (signal) => {
    const response = await fetch(url, { ...init, signal, redirect: "error" });
    return { status: response.status, bytes: await readBytes(response) };
  });
}

const textOf = ({ bytes }: Told) => Buffer.from(bytes).toString("utf8");
const setUrl = (origin: string, name: string) => `${origin}/v1/sets/${encodeURIComponent(name)}`;

function putPiece(options: ReplicationOptions, origin: string, name: string, root: Hex, bytes: Uint8Array) {
  const headers = { "content-type": "application/octet-stream", [RELAYED_FIELD]: "1" };
  const body = bytes as Uint8Array<ArrayBuffer>;
  return call(options, `${setUrl(origin, name)}/pieces/${root}`, { method: "PUT", headers, body });
}

/** Ways to other gateways, kept open while they are in use. */
function createRelays(options: ReplicationOptions): (origin: string) => (text: string) => Promise<Relayed> {
  const known = new Map<string, (text: string) => Promise<Relayed>>();
  const headers = { "content-type": SET_LINES_TYPE, [RELAYED_FIELD]: "1" };
  const send = async (origin: string, body: string): Promise<string> => {
    const told = await call(options, `${origin}/v1/sets`, { method: "PUT", headers, body });
    if (told.status !== 200) throw new MalformedRelayError(`HTTP ${told.status}`);
    return textOf(told);
  };
  return (origin) => {
    const relay = known.get(origin) ?? createRelay((body) => send(origin, body));
    if (known.size >= RELAYS_MAX) known.clear();
    known.set(origin, relay);
    return relay;
  };
}

/** Brings a set to one peer, with whatever pieces it lacks. Resolves to whether the peer holds it now. */
async function relayTo(
  options: ReplicationOptions,
  origin: string,
  relay: (text: string) => Promise<Relayed>,
  name: string,
  text: string,
): Promise<boolean> {
  const { isHeld, missing } = await relay(text);
  if (isHeld) return true;
  const present = missing.flatMap((root) => {
    const bytes = options.store.piece(name, root);
    return bytes === undefined ? [] : [{ root, bytes }];
  });
  // A head that still waits for its pieces here is passed on alone; they follow as they come.
  if (missing.length === 0 || present.length < missing.length) return false;
  for (const { root, bytes } of present) await putPiece(options, origin, name, root, bytes);
  return (await relay(text)).isHeld;
}

/** Takes a set from a peer, and the pieces that it lacks here. */
async function pullSet(options: ReplicationOptions, origin: string, name: string): Promise<void> {
  const { sets } = options;
  const found = await call(options, setUrl(origin, name), {});
  if (found.status !== 200) return;
  const text = textOf(found);
  const { missing } = await sets.accept(text);
  for (const root of missing) {
    const piece = await call(options, `${setUrl(origin, name)}/pieces/${root}`, {});
    if (piece.status === 200) await sets.acceptPiece(name, root, piece.bytes);
  }
  if (missing.length > 0) await sets.accept(text);
}

/** Takes from one peer what is newer than what is held. */
async function pullFrom(options: ReplicationOptions, origin: string, isStopped: () => boolean): Promise<void> {
  const { store, serves, tld } = options;
  let after = "";
  for (let page = 0; page < PAGES_MAX && !isStopped(); page += 1) {
    const told = await call(options, `${origin}/v1/sets?after=${encodeURIComponent(after)}`, {});
    if (told.status !== 200) return;
    const { sets: listed } = JSON.parse(textOf(told)) as { sets: { name: string; sequence: string }[] };
    for (const { name, sequence } of listed) {
      const registered = registeredNameOf(name, tld);
      // A peer holds names of other shards too.
      if (registered === undefined || !serves(registered)) continue;
      const held = store.get(name);
      if (held !== undefined && held.sequence >= BigInt(sequence)) continue;
      await pullSet(options, origin, name).catch((error: unknown) => {
        options.log.debug("a set was not taken over", { name, peer: origin, reason: messageOf(error) });
      });
    }
    if (listed.length < PAGE) return;
    after = listed.at(-1)!.name;
  }
}

/** At how many of a name's other gateways some work succeeded, as far as they said so in time. */
function atPeers(
  options: ReplicationOptions,
  name: string,
  work: (origin: string) => Promise<boolean>,
): Promise<number> {
  const { clock, log } = options;
  const peers = peersOf(options, name);
  if (peers.length === 0) return Promise.resolve(0);
  return new Promise((resolve) => {
    let [doneCount, answeredCount] = [0, 0];
    let patience: Timer | undefined;
    const settle = () => {
      patience?.cancel();
      resolve(doneCount);
    };
    const note = (isDone: boolean) => {
      answeredCount += 1;
      if (isDone) doneCount += 1;
      if (answeredCount === peers.length) settle();
      else if (isDone) patience ??= clock.schedule(PATIENCE_MS, settle);
    };
    for (const origin of peers) {
      work(origin).then(note, (error: unknown) => {
        log.warn("a set was not passed on", { name, peer: origin, reason: messageOf(error) });
        note(false);
      });
    }
  });
}

export function createReplication(options: ReplicationOptions): Replication {
  const { replica, gatewayId, clock, log, repairMs = 30_000 } = options;
  let timer: Timer | undefined;
  let isStopped = false;
  let unwatch = () => {};
  const relays = createRelays(options);
  const each = (name: string, work: (origin: string) => Promise<boolean>) => atPeers(options, name, work);
  const turn = () => {
    timer?.cancel();
    timer = undefined;
    replication.repair().finally(() => {
      if (!isStopped) timer = clock.schedule(repairMs, turn);
    });
  };
  /** Slots that move here bring names whose sets are still elsewhere. */
  const watchDirectory = () => {
    let { version } = replica.directory;
    return replica.onChange(() => {
      if (replica.directory.version === version) return;
      version = replica.directory.version;
      if (timer !== undefined) turn();
    });
  };
  const replication: Replication = {
    relay: (name, text) => each(name, (origin) => relayTo(options, origin, relays(origin), name, text)),
    async relayPiece(name, root, bytes) {
      await each(name, async (origin) => (await putPiece(options, origin, name, root, bytes)).status < 300);
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
      // What was missed while away is asked for at once.
      timer = clock.schedule(0, turn);
      unwatch = watchDirectory();
    },
    stop() {
      isStopped = true;
      unwatch();
      timer?.cancel();
    },
  };
  return replication;
}
