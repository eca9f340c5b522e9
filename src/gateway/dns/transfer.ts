/** Zone transfer to secondaries: AXFR (RFC 5936) and IXFR (RFC 1995), signed where the request was (RFC 8945). */
import { BlockList } from "node:net";
import { type Clock, nowSeconds } from "../../base/clock.ts";
import { BaseError } from "../../base/errors.ts";
import { CLASS_IN, OPCODE, RCODE, TYPE } from "../../dns/codes.ts";
import { decodeMessage, MalformedMessageError } from "../../dns/decode.ts";
import { encodeMessage } from "../../dns/encode.ts";
import { type Message, type ResourceRecord, recordsOf } from "../../dns/message.ts";
import { lowerName, nameToWire } from "../../dns/name.ts";
import { signMessage, type TsigKey, verifyMessage } from "../../dns/tsig.ts";
import type { Peer } from "./handler.ts";
import { serialOf } from "./memoryZone.ts";
import type { StreamHandler } from "./tcp.ts";
import type { Zone, ZoneSource } from "./zoneSource.ts";

export class MalformedAddressError extends BaseError {
  override readonly name = "Gateway.MalformedAddressError";
  constructor(text: string) {
    super("GATEWAY_MALFORMED_ADDRESS", `"${text}" is neither an address nor a network such as 192.0.2.0/24.`);
  }
}

/** Who may take zones: from these networks, and with one of these keys where any is named. */
export interface TransferPolicy {
  readonly networks: readonly string[];
  readonly keyNames: readonly string[];
}

/** Uncompressed size at which a message of a transfer is closed; small enough for every secondary. */
const MESSAGE_BYTES = 16_000;

/** Whether an address is in one of the networks. */
export function networkCheck(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const text of networks) {
    const [address = "", bits] = text.split("/");
    const family = address.includes(":") ? "ipv6" : "ipv4";
    try {
      if (bits === undefined) list.addAddress(address, family);
      else list.addSubnet(address, Number(bits), family);
    } catch {
      throw new MalformedAddressError(text);
    }
  }
  return (address) => {
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
    return list.check(plain, plain.includes(":") ? "ipv6" : "ipv4");
  };
}

/** Serial number arithmetic (RFC 1982): whether `left` comes after `right`. */
export function isSerialAfter(left: number, right: number): boolean {
  return left !== right && (left - right) >> 31 === 0;
}

export declare namespace createTransfers {
  interface Options {
    readonly source: ZoneSource;
    readonly clock: Clock;
    readonly keys: readonly TsigKey[];
    readonly policy: TransferPolicy;
  }
}

/** A stream handler for `listenTcp` that answers AXFR and IXFR queries and leaves all others alone. */
export function createTransfers(options: createTransfers.Options): StreamHandler {
  const isAllowedAddress = networkCheck(options.policy.networks);
  return (query, peer) => {
    const message = transferQuery(query);
    return message && transfer(query, message, peer, options, isAllowedAddress);
  };
}

function transferQuery(query: Uint8Array): Message | undefined {
  if (query.length < 17 || (query[2]! & 0xf8) !== OPCODE.QUERY << 3) return undefined;
  let message: Message;
  try {
    message = decodeMessage(query);
  } catch (error) {
    if (error instanceof MalformedMessageError) return undefined;
    throw error;
  }
  const type = message.questions.length === 1 ? message.questions[0]!.type : 0;
  return type === TYPE.AXFR || type === TYPE.IXFR ? message : undefined;
}

function* transfer(
  query: Uint8Array,
  message: Message,
  peer: Peer,
  options: createTransfers.Options,
  isAllowedAddress: (address: string) => boolean,
): Generator<Uint8Array> {
  const { clock, keys, policy, source } = options;
  const question = message.questions[0]!;
  const check = message.tsig && verifyMessage(query, message, keys, { nowSeconds: nowSeconds(clock) });
  const head = { ...message, isResponse: true, isAuthoritative: true, authorities: [], additionals: [], answers: [] };
  const { edns: _edns, tsig: _tsig, ...bare } = head;
  if (check && check.kind !== "valid") {
    const bytes = encodeMessage({ ...bare, rcode: check.kind === "malformed" ? RCODE.FORMERR : RCODE.NOTAUTH });
    if (check.kind === "malformed") yield bytes;
    else
      yield signMessage(bytes, check.key, { nowSeconds: nowSeconds(clock), priorMac: check.mac, error: check.error })
        .bytes;
    return;
  }
  const sign = signer(clock, check?.key, check?.mac);
  const zone = question.class === CLASS_IN ? source.zoneOf(lowerName(question.name)) : undefined;
  const hasKey = policy.keyNames.length === 0 || (check !== undefined && policy.keyNames.includes(check.key.name));
  const rcode =
    zone?.apex !== lowerName(question.name)
      ? RCODE.NOTAUTH
      : !hasKey || !isAllowedAddress(peer.address) || !zone.records
        ? RCODE.REFUSED
        : zone.isReady === false || zone.isWhole === false
          ? RCODE.SERVFAIL
          : RCODE.NOERROR;
  if (!zone || rcode !== RCODE.NOERROR) {
    yield sign(encodeMessage({ ...bare, isAuthoritative: false, rcode }));
    return;
  }
  const records = question.type === TYPE.IXFR ? incremental(zone, message) : whole(zone);
  let index = 0;
  for (const answers of packed(records)) {
    yield sign(encodeMessage({ ...bare, questions: index === 0 ? bare.questions : [], answers }));
    index += 1;
  }
}

/** Signs the messages of one stream, each over the one before. */
function signer(clock: Clock, key: TsigKey | undefined, requestMac: Uint8Array | undefined) {
  let priorMac = requestMac;
  let isLater = false;
  return (bytes: Uint8Array): Uint8Array => {
    if (!key || !priorMac) return bytes;
    const signed = signMessage(bytes, key, { nowSeconds: nowSeconds(clock), priorMac, isLater });
    priorMac = signed.mac;
    isLater = true;
    return signed.bytes;
  };
}

function* whole(zone: Zone): Generator<ResourceRecord> {
  // Its serial may move while it is being sent; the last record has to be the first again.
  const soa = recordsOf(zone.soa);
  yield* soa;
  yield* zone.records?.() ?? [];
  yield* soa;
}

/** The steps from the asker's serial; the SOA alone where it is up to date; the whole zone where the steps are not kept. */
function* incremental(zone: Zone, message: Message): Generator<ResourceRecord> {
  const [soa] = recordsOf(zone.soa);
  const theirs = message.authorities.find((record) => record.type === TYPE.SOA && record.rdata.length >= 22);
  const serial = theirs && serialOf(theirs.rdata);
  if (serial !== undefined && !isSerialAfter(serialOf(soa!.rdata), serial)) {
    yield soa!;
    return;
  }
  const changes = serial === undefined ? undefined : zone.changesSince?.(serial);
  if (!changes) {
    yield* whole(zone);
    return;
  }
  yield soa!;
  for (const change of changes) {
    yield change.fromSoa;
    yield* change.removed;
    yield change.toSoa;
    yield* change.added;
  }
  yield soa!;
}

/** Records in runs that fit a message. */
function* packed(records: Iterable<ResourceRecord>): Generator<ResourceRecord[]> {
  let run: ResourceRecord[] = [];
  let size = 0;
  for (const record of records) {
    const bytes = nameToWire(record.name).length + 10 + record.rdata.length;
    if (run.length > 0 && size + bytes > MESSAGE_BYTES) {
      yield run;
      run = [];
      size = 0;
    }
    run.push(record);
    size += bytes;
  }
  yield run;
}
