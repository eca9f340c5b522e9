/** LOC records (RFC 1876): latitude, longitude, altitude, sizes. */
import { UnexpectedWordError, type Word } from "./words.ts";

const EQUATOR = 2 ** 31;
const ALTITUDE_BASE_CM = 10_000_000;

function formatAngle(value: number, positive: string, negative: string): string {
  const total = Math.abs(value - EQUATOR);
  const degrees = Math.floor(total / 3_600_000);
  const minutes = Math.floor((total % 3_600_000) / 60_000);
  const seconds = ((total % 60_000) / 1000).toFixed(3);
  return `${degrees} ${minutes} ${seconds} ${value >= EQUATOR ? positive : negative}`;
}

function formatSize(byte: number): string {
  return `${(((byte >>> 4) * 10 ** (byte & 15)) / 100).toFixed(2)}m`;
}

export function formatLocation(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const altitude = ((view.getUint32(12) - ALTITUDE_BASE_CM) / 100).toFixed(2);
  const sizes = [1, 2, 3].map((index) => formatSize(bytes[index]!)).join(" ");
  return `${formatAngle(view.getUint32(4), "N", "S")} ${formatAngle(view.getUint32(8), "E", "W")} ${altitude}m ${sizes}`;
}

function parseMetres(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,8}(\.\d{1,2})?m?$/.test(text)
    ? Math.round(Number(text.replace("m", "")) * 100)
    : undefined;
}

/** Centimetres as one digit and a power of ten. */
function sizeByte(centimetres: number): number {
  let exponent = 0;
  let mantissa = centimetres;
  for (; mantissa >= 10 && exponent < 9; exponent += 1) mantissa = Math.floor(mantissa / 10);
  return (mantissa << 4) | exponent;
}

/** Reads degrees, optional minutes and seconds, and the hemisphere; returns thousandths of a second from the equator. */
function parseAngle(words: Word[], hemispheres: string, limit: number, index: number): number {
  const expected = `an angle up to ${limit} degrees and one of ${[...hemispheres].join(", ")}`;
  const numbers: number[] = [];
  for (let step = 0; step < 4; step += 1) {
    const text = words.shift()?.text;
    if (text === undefined) throw new UnexpectedWordError(expected, text, index);
    if (numbers.length > 0 && text.length === 1 && hemispheres.includes(text.toUpperCase())) {
      const [degrees = 0, minutes = 0, seconds = 0] = numbers;
      const total = degrees * 3_600_000 + minutes * 60_000 + Math.round(seconds * 1000);
      if (total > limit * 3_600_000 || minutes > 59 || seconds >= 60) break;
      return hemispheres.indexOf(text.toUpperCase()) === 0 ? EQUATOR + total : EQUATOR - total;
    }
    if (numbers.length === 3 || !/^\d{1,3}(\.\d{1,3})?$/.test(text))
      throw new UnexpectedWordError(expected, text, index);
    numbers.push(Number(text));
  }
  throw new UnexpectedWordError(expected, numbers.join(" "), index);
}

/** The data of a location. Throws `UnexpectedWordError`. */
export function parseLocation(all: readonly Word[], index: number): Uint8Array {
  const words = [...all];
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, parseAngle(words, "NS", 90, index));
  view.setUint32(8, parseAngle(words, "EW", 180, index));
  const altitudeText = words.shift()?.text;
  const altitude = parseMetres(altitudeText);
  if (altitude === undefined) throw new UnexpectedWordError("an altitude in metres", altitudeText, index);
  view.setUint32(12, altitude + ALTITUDE_BASE_CM);
  for (const [at, fallback] of [100, 1_000_000, 1000].entries()) {
    const text = words.shift()?.text;
    const size = text === undefined ? fallback : parseMetres(text);
    if (size === undefined || size < 0) throw new UnexpectedWordError("a size in metres", text, index);
    bytes[at + 1] = sizeByte(size);
  }
  if (words.length > 0) throw new UnexpectedWordError("the end of the record", words[0]?.text, index);
  return bytes;
}
