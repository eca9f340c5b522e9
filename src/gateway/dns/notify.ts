/** Tells secondaries that a zone changed (RFC 1996), until they say that they heard. */
import { createSocket, type RemoteInfo, type Socket, type SocketType } from "node:dgram";
import { isIP } from "node:net";
import { type Clock, nowSeconds, type Timer } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import { OPCODE, RCODE, rcodeName, TYPE } from "../../dns/codes.ts";
import { decodeMessage } from "../../dns/decode.ts";
import { encodeMessage } from "../../dns/encode.ts";
import { createQuery, recordsOf } from "../../dns/message.ts";
import { type DomainName, lowerName } from "../../dns/name.ts";
import { signMessage, type TsigKey, verifyMessage } from "../../dns/tsig.ts";
import type { ZoneSource } from "./zoneSource.ts";

/** A secondary to be told. */
export interface Secondary {
  readonly host: string;
  readonly port: number;
  readonly key?: TsigKey;
}

export declare namespace startNotifier {
  interface Options {
    readonly source: ZoneSource;
    readonly secondaries: readonly Secondary[];
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
    /** Changes within this time are told at once, in milliseconds. */
    readonly gatherMs?: number;
    /** Tells the secondaries of every zone at the start too, as they may have missed a change. */
    readonly atStart?: boolean;
  }
}

const TRIES_MAX = 5;
const FIRST_RETRY_MS = 1000;
const DEFAULT_GATHER_MS = 100;

interface Pending {
  readonly secondary: Secondary;
  readonly apex: DomainName;
  readonly mac: Uint8Array | undefined;
  tries: number;
  timer: Timer | undefined;
}

export interface Notifier {
  close(): Promise<void>;
}

/** Watches the source and notifies every secondary of every change. */
export async function startNotifier(options: startNotifier.Options): Promise<Notifier> {
  const { source, secondaries, clock, random, log } = options;
  const sockets = {
    udp4: secondaries.some(({ host }) => !host.includes(":")) ? await openSocket("udp4", log) : undefined,
    udp6: secondaries.some(({ host }) => host.includes(":")) ? await openSocket("udp6", log) : undefined,
  };
  const pending = new Map<number, Pending>();
  const changed = new Set<DomainName>();
  let gathering: Timer | undefined;

  const forget = (id: number) => {
    pending.get(id)?.timer?.cancel();
    pending.delete(id);
  };

  const send = (secondary: Secondary, apex: DomainName, tries: number): void => {
    const zone = source.zoneOf(apex);
    if (zone?.apex !== apex || zone.isReady === false) return;
    const id = random.below(0x10000);
    forget(id);
    const plain = encodeMessage({
      ...createQuery(id, { name: apex, type: TYPE.SOA }),
      opcode: OPCODE.NOTIFY,
      isAuthoritative: true,
      answers: recordsOf(zone.soa),
    });
    const signed = secondary.key && signMessage(plain, secondary.key, { nowSeconds: nowSeconds(clock) });
    const entry: Pending = { secondary, apex, mac: signed?.mac, tries, timer: undefined };
    pending.set(id, entry);
    const socket = secondary.host.includes(":") ? sockets.udp6 : sockets.udp4;
    socket?.send(signed?.bytes ?? plain, secondary.port, secondary.host, () => {});
    entry.timer = clock.schedule(FIRST_RETRY_MS * 2 ** (tries - 1), () => {
      pending.delete(id);
      if (tries < TRIES_MAX) send(secondary, apex, tries + 1);
      else log.warn("a secondary does not answer NOTIFY", { zone: apex, host: secondary.host, port: secondary.port });
    });
  };

  const tell = () => {
    gathering = undefined;
    for (const apex of changed) {
      for (const [id, entry] of pending) if (entry.apex === apex) forget(id);
      for (const secondary of secondaries) send(secondary, apex, 1);
    }
    changed.clear();
  };
  const note = (apex: DomainName) => {
    changed.add(apex);
    gathering ??= clock.schedule(options.gatherMs ?? DEFAULT_GATHER_MS, tell);
  };

  const onMessage = (bytes: Uint8Array, from: RemoteInfo) => {
    const heard = acknowledged(bytes, pending, nowSeconds(clock));
    if (!heard || !isFrom(heard.entry.secondary, from)) return;
    const { apex } = heard.entry;
    if (heard.rcode !== RCODE.NOERROR) {
      log.warn("a secondary refuses NOTIFY", { zone: apex, host: from.address, code: rcodeName(heard.rcode) });
    }
    forget(heard.id);
  };
  for (const socket of Object.values(sockets)) socket?.on("message", onMessage);
  const stop = source.subscribe(note);
  if (options.atStart) for (const zone of source.zones()) note(zone.apex);
  return {
    async close() {
      stop();
      gathering?.cancel();
      for (const id of [...pending.keys()]) forget(id);
      const open = Object.values(sockets).filter((socket) => socket !== undefined);
      await Promise.all(open.map((socket) => new Promise<void>((resolve) => socket.close(resolve))));
    },
  };
}

async function openSocket(type: SocketType, log: Log): Promise<Socket> {
  const socket = createSocket(type);
  await new Promise<void>((resolve) => socket.bind(0, resolve));
  socket.on("error", (error) => log.warn("NOTIFY", { reason: messageOf(error) }));
  return socket;
}

/** Answers come from where the question went; of a secondary known by a host name only the port can be held against it. */
function isFrom(secondary: Secondary, from: RemoteInfo): boolean {
  return from.port === secondary.port && (isIP(secondary.host) === 0 || from.address === secondary.host);
}

/** The notification that an answer is about; an answer that does not fit, or is forged, is none. */
function acknowledged(bytes: Uint8Array, pending: ReadonlyMap<number, Pending>, seconds: number) {
  try {
    const message = decodeMessage(bytes);
    const entry = pending.get(message.id);
    const isOurs = message.isResponse && message.opcode === OPCODE.NOTIFY;
    if (!entry || !isOurs || (message.questions[0] && lowerName(message.questions[0].name) !== entry.apex))
      return undefined;
    const { key } = entry.secondary;
    if (key && message.rcode === RCODE.NOERROR) {
      const options = { nowSeconds: seconds, ...(entry.mac ? { priorMac: entry.mac } : {}) };
      if (verifyMessage(bytes, message, [key], options).kind !== "valid") return undefined;
    }
    return { id: message.id, entry, rcode: message.rcode };
  } catch {
    return undefined;
  }
}
