/** DNS wire names (RFC 1035 section 3.1): length-prefixed labels, as ENSIP-10 hands names to resolvers. */
import { utf8Bytes, utf8Text } from "../base/bytes.ts";
import { BaseError } from "../base/errors.ts";
import { LABEL_BYTES_MAX, LabelTooLongError, labelsOf, NAME_BYTES_MAX, NameTooLongError } from "./name.ts";

export class MalformedDnsNameError extends BaseError {
  override readonly name = "Naming.MalformedDnsNameError";
  constructor(reason: string, offset: number) {
    super("NAMING_MALFORMED_DNS_NAME", `The wire name is malformed at byte ${offset}: ${reason}.`);
  }
}

/**
 * A normalised name in wire form, uncompressed, with the root's zero byte.
 *
 * @example
 * ```ts
 * encodeDnsName("a.hold"); // Uint8Array [1, 97, 4, 104, 111, 108, 100, 0]
 * ```
 */
export function encodeDnsName(name: string): Uint8Array {
  const labels = labelsOf(name).map((label) => {
    const bytes = utf8Bytes(label);
    if (bytes.length > LABEL_BYTES_MAX) throw new LabelTooLongError(label, bytes.length);
    return bytes;
  });
  const size = labels.reduce((sum, label) => sum + label.length + 1, 1);
  if (size > NAME_BYTES_MAX) throw new NameTooLongError(name, size);
  const out = new Uint8Array(size);
  let offset = 0;
  for (const label of labels) {
    out[offset] = label.length;
    out.set(label, offset + 1);
    offset += label.length + 1;
  }
  return out;
}

/** The name of an uncompressed wire name that fills `bytes`. Throws `MalformedDnsNameError`. */
export function decodeDnsName(bytes: Uint8Array): string {
  const labels: string[] = [];
  let offset = 0;
  for (;;) {
    const length = bytes[offset];
    if (length === undefined) throw new MalformedDnsNameError("it ends without the root label", offset);
    if (length === 0) break;
    if (length > LABEL_BYTES_MAX) throw new MalformedDnsNameError(`a label of ${length} bytes`, offset);
    if (offset + 1 + length >= bytes.length) throw new MalformedDnsNameError("a label runs past the end", offset);
    const label = utf8Text(bytes.subarray(offset + 1, offset + 1 + length));
    if (label === undefined) throw new MalformedDnsNameError("a label is not UTF-8", offset + 1);
    if (label.includes(".")) throw new MalformedDnsNameError("a label holds a dot", offset + 1);
    labels.push(label);
    offset += 1 + length;
  }
  if (offset + 1 !== bytes.length) throw new MalformedDnsNameError("bytes follow the root label", offset + 1);
  if (bytes.length > NAME_BYTES_MAX) throw new MalformedDnsNameError(`${bytes.length} bytes`, 0);
  return labels.join(".");
}
