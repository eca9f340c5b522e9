/** EDNS options read and written (RFC 6891 and the RFCs named below). */
import { utf8Bytes } from "../base/bytes.ts";
import { EDNS_OPTION } from "./codes.ts";
import type { Edns, EdnsOption } from "./message.ts";

/** The size no path on the internet fragments (RFC 9715). */
export const UDP_SIZE_BYTES = 1232;

export function optionOf(edns: Edns | undefined, code: number): Uint8Array | undefined {
  return edns?.options.find((option) => option.code === code)?.data;
}

/** An extended error (RFC 8914): what went wrong, for people who debug. */
export function extendedError(infoCode: number, text = ""): EdnsOption {
  const bytes = utf8Bytes(text);
  return { code: EDNS_OPTION.EDE, data: Uint8Array.from([infoCode >>> 8, infoCode & 0xff, ...bytes]) };
}

/** The extended error of a message, if it has one. */
export function extendedErrorOf(edns: Edns | undefined): { infoCode: number; text: string } | undefined {
  const data = optionOf(edns, EDNS_OPTION.EDE);
  if (!data || data.length < 2) return undefined;
  return { infoCode: (data[0]! << 8) | data[1]!, text: Buffer.from(data.subarray(2)).toString("utf8") };
}

/** How long a TCP connection may idle (RFC 7828), in tenths of a second on the wire. */
export function keepalive(timeoutMs: number): EdnsOption {
  const tenths = Math.min(0xffff, Math.floor(timeoutMs / 100));
  return { code: EDNS_OPTION.KEEPALIVE, data: Uint8Array.of(tenths >>> 8, tenths & 0xff) };
}

/** Padding that brings a message of `lengthBytes` to a multiple of `blockBytes` (RFC 7830, RFC 8467). */
export function padding(lengthBytes: number, blockBytes: number): EdnsOption {
  const rest = (lengthBytes + 4) % blockBytes;
  return { code: EDNS_OPTION.PADDING, data: new Uint8Array(rest === 0 ? 0 : blockBytes - rest) };
}
