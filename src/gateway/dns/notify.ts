/** Tells secondaries that a zone changed (RFC 1996), until they say that they heard. */
import { createSocket } from "node:dgram";
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
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, resolve));
  socket.on("error", (error) => log.warn("NOTIFY", { reason: messageOf(error) }));
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
    socket.send(signed?.bytes ?? plain, secondary.port, secondary.host, () => {});
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

  socket.on("message", (bytes, from) => {
    const heard = acknowledged(bytes, pending, nowSeconds(clock));
    if (!heard || heard.entry.secondary.port !== from.port) return;
    if (heard.rcode !== RCODE.NOERROR) {
      log.warn("a secondary refuses NOTIFY", {
        zone: heard.entry.apex,
        host: from.address,
        code: rcodeName(heard.rcode),
      });
    }
    forget(heard.id);
  });
  const stop = source.subscribe(note);
  if (options.atStart) for (const zone of source.zones()) note(zone.apex);
  return {
    close: () =>
      new Promise((resolve) => {
        stop();
        gathering?.cancel();
        for (const id of [...pending.keys()]) forget(id);
        socket.close(() => resolve());
      }),
  };
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
