/**
 * The short way for plain requests. Nearly every request to a gateway is HTTP/1.1, whole in one read, with a body of known
 * length or none; those are read and answered here, several to a write. Whatever is not like that (chunked bodies, upgrades,
 * requests in pieces, other versions, anything odd at all) goes to Node's own server with its connection, for good.
 */
import type { Socket } from "node:net";
import type { HttpHandler } from "./handler.ts";
import type { HttpRequest, HttpResponse } from "./message.ts";

export interface PlainConnectionOptions {
  readonly handler: HttpHandler;
  readonly bodyBytesMax: number;
  /** Today's date as HTTP writes it (RFC 9110 section 5.6.7). */
  readonly date: () => string;
  /** Takes over a connection with the bytes that were not served. */
  readonly handOver: (socket: Socket, rest: Uint8Array) => void;
}

/** Longest request line and header fields served here, in bytes. */
const HEAD_BYTES_MAX = 8 * 1024;
const REQUEST_LINE = /^(GET|HEAD|POST|PUT) (\/[!-~]*) HTTP\/1\.1$/;
/** Fields that ask for more than an answer, or that would need care. */
const UNUSUAL =
  /\r\n(?:(?:transfer-encoding|upgrade|expect|trailer|te)[ \t]*:|connection:(?![ \t]*keep-alive[ \t]*\r))/i;
const LENGTH = /\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n/i;
const LENGTH_NAME = /content-length/gi;
const HOST = /\r\nhost:/gi;
/** Field lines: a token, a colon, visible characters. */
const FIELDS = /^\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*\r\n)*$/;
const END_OF_HEAD = Buffer.from("\r\n\r\n");
const NO_BODY = new Uint8Array();

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  304: "Not Modified",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

interface Parsed {
  readonly request: HttpRequest;
  readonly end: number;
}

/** The header fields of a request, from the line break after the request line on. */
interface Fields {
  readonly text: string;
  readonly isPlain: boolean;
  /** Of the body; `undefined` where the fields do not say. */
  readonly byteCount: number | undefined;
  readonly field: (name: string) => string | undefined;
}

function readFields(text: string): Fields {
  const lengths = text.match(LENGTH_NAME)?.length ?? 0;
  const length = LENGTH.exec(text);
  const isPlain =
    !UNUSUAL.test(text) && text.match(HOST)?.length === 1 && FIELDS.test(text) && lengths === (length === null ? 0 : 1);
  const known = new Map<string, string | undefined>();
  // Names are compared without case; fields of this size are searched faster than they are split.
  const lower = text.toLowerCase();
  const search = (name: string): string | undefined => {
    const at = lower.indexOf(`\r\n${name}:`);
    if (at === -1) return undefined;
    const from = at + name.length + 3;
    return text.slice(from, text.indexOf("\r\n", from)).trim();
  };
  return {
    text,
    isPlain,
    byteCount: length === null ? undefined : Number(length[1]),
    field: (name) => {
      if (!known.has(name)) known.set(name, search(name));
      return known.get(name);
    },
  };
}

/** A request without its body, and the bytes it was read from. */
interface Head extends Omit<HttpRequest, "body" | "peer"> {
  readonly bytes: Buffer;
  readonly bodyByteCount: number;
}

/** A connection as requests on it see it: its peer, and the request before, whose head clients send again and again. */
interface Memory {
  readonly peer: { readonly address: string; readonly port: number };
  fields: Fields | undefined;
  head: Head | undefined;
}

/** The head that starts at `start`; `undefined` where it is not a plain one. */
function parseHead(chunk: Buffer, start: number, memory: Memory): Head | undefined {
  const headEnd = chunk.indexOf(END_OF_HEAD, start);
  if (headEnd === -1 || headEnd - start > HEAD_BYTES_MAX) return undefined;
  const head = chunk.toString("latin1", start, headEnd + 2);
  const lineEnd = head.indexOf("\r\n");
  const line = REQUEST_LINE.exec(head.slice(0, lineEnd));
  if (line === null) return undefined;
  const text = head.slice(lineEnd);
  if (memory.fields?.text !== text) memory.fields = readFields(text);
  const { isPlain, byteCount, field } = memory.fields;
  if (!isPlain) return undefined;
  const [, method = "", target = ""] = line;
  const isBodied = method === "POST" || method === "PUT";
  if (isBodied !== (byteCount !== undefined)) return undefined;
  const mark = target.indexOf("?");
  return {
    // A copy: what was read lies in a far larger piece of memory.
    bytes: Buffer.from(chunk.subarray(start, headEnd + END_OF_HEAD.length)),
    bodyByteCount: byteCount ?? 0,
    method,
    path: mark === -1 ? target : target.slice(0, mark),
    search: mark === -1 ? "" : target.slice(mark + 1),
    field,
  };
}

/** Whether `head` stands at `start` of `chunk` once more. */
function isRepeated(head: Head, chunk: Buffer, start: number): boolean {
  const end = start + head.bytes.length;
  return end <= chunk.length && head.bytes.compare(chunk, start, end) === 0;
}

/** The request that starts at `start`; `undefined` where it is not a plain one, or not there in whole. */
function parse(chunk: Buffer, start: number, memory: Memory, bodyBytesMax: number): Parsed | undefined {
  const known = memory.head;
  const head = known !== undefined && isRepeated(known, chunk, start) ? known : parseHead(chunk, start, memory);
  if (head === undefined) return undefined;
  memory.head = head;
  const { method, path, search, field, bodyByteCount } = head;
  const bodyStart = start + head.bytes.length;
  const end = bodyStart + bodyByteCount;
  if (end > chunk.length || bodyByteCount > bodyBytesMax) return undefined;
  const body = bodyByteCount === 0 ? NO_BODY : chunk.subarray(bodyStart, end);
  return { request: { method, path, search, field, body, peer: memory.peer }, end };
}

function headOf({ status, fields, body }: HttpResponse, date: string): string {
  let head = `HTTP/1.1 ${status} ${REASONS[status] ?? "Status"}\r\n`;
  for (const name in fields) head += `${name}: ${fields[name]}\r\n`;
  const byteCount = typeof body === "string" ? Buffer.byteLength(body) : body.length;
  if (status !== 204 && status !== 304) head += `content-length: ${byteCount}\r\n`;
  return `${head}date: ${date}\r\n\r\n`;
}

function encodeWhole(response: HttpResponse, hasBody: boolean, date: string): Buffer {
  const head = headOf(response, date);
  const { body } = response;
  if (!hasBody) return Buffer.from(head, "latin1");
  const byteCount = typeof body === "string" ? Buffer.byteLength(body) : body.length;
  const out = Buffer.allocUnsafe(head.length + byteCount);
  const at = out.write(head, 0, "latin1");
  if (typeof body === "string") out.write(body, at, "utf8");
  else out.set(body, at);
  return out;
}

/** Kept responses in bytes, as of a date. */
const encoded = new WeakMap<HttpResponse, { readonly date: string; readonly bytes: Buffer }>();

/** A response in bytes. */
function encode(response: HttpResponse, method: string, date: string): Buffer {
  const hasBody = method !== "HEAD" && response.status !== 204 && response.status !== 304;
  if (response.isKept !== true || !hasBody) return encodeWhole(response, hasBody, date);
  const known = encoded.get(response);
  if (known?.date === date) return known.bytes;
  const bytes = encodeWhole(response, hasBody, date);
  encoded.set(response, { date, bytes });
  return bytes;
}

export interface PlainConnection {
  /** Ends the connection once what was asked is answered; nothing more is read. */
  finish(): void;
}

/** Serves a connection until it asks for something that is not plain. */
export function servePlain(socket: Socket, options: PlainConnectionOptions): PlainConnection {
  const { handler, bodyBytesMax, date, handOver } = options;
  let isBusy = false;
  let isFinishing = false;
  const endIfDone = () => {
    if (isFinishing && !isBusy && !socket.writableEnded) socket.end(() => socket.destroy());
  };
  const peer = { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
  const memory: Memory = { peer, fields: undefined, head: undefined };
  const leave = (rest: Uint8Array) => {
    for (const [event, listener] of Object.entries(listeners)) socket.removeListener(event, listener);
    handOver(socket, rest);
  };
  const send = (parts: Buffer[]) => {
    if (parts.length === 0 || socket.destroyed) return;
    // A reader that does not read is not read from either.
    if (!socket.write(parts.length === 1 ? parts[0]! : Buffer.concat(parts))) socket.pause();
  };
  const serve = (chunk: Buffer, from: number): void => {
    const parts: Buffer[] = [];
    for (let start = from; start < chunk.length; ) {
      const parsed = parse(chunk, start, memory, bodyBytesMax);
      if (parsed === undefined) {
        send(parts);
        leave(chunk.subarray(start));
        return;
      }
      const { request, end } = parsed;
      const response = handler(request);
      if (response instanceof Promise) {
        send(parts);
        socket.pause();
        isBusy = true;
        response.then(
          (settled) => {
            isBusy = false;
            if (socket.destroyed) return;
            socket.resume();
            send([encode(settled, request.method, date())]);
            serve(chunk, end);
            endIfDone();
          },
          () => socket.destroy(),
        );
        return;
      }
      parts.push(encode(response, request.method, date()));
      start = end;
    }
    send(parts);
  };
  const onData = (chunk: Buffer) => {
    if (!isFinishing) serve(chunk, 0);
  };
  const listeners = {
    data: onData,
    error: () => socket.destroy(),
    end: () => socket.end(),
    drain: () => socket.resume(),
  };
  for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener);
  return {
    finish() {
      isFinishing = true;
      endIfDone();
    },
  };
}
