/**
 * Names: dot-separated labels, normalised by ENSIP-15. A `Name` has passed `normaliseName`; everything behind the
 * borders of Holdfast takes only such names.
 */
import { ens_normalize } from "@adraffy/ens-normalize";
import { utf8Bytes } from "../base/bytes.ts";
import { BaseError, messageOf } from "../base/errors.ts";

/** The longest label DNS wire format holds (RFC 1035 section 3.1), in bytes of UTF-8. */
export const LABEL_BYTES_MAX = 63;
/** The longest name DNS wire format holds (RFC 1035 section 3.1), length octets and root included. */
export const NAME_BYTES_MAX = 255;

export class UnnormalisableNameError extends BaseError {
  override readonly name = "Naming.UnnormalisableNameError";
  constructor(name: string, reason: string, position: number | undefined, cause: unknown) {
    const where = position === undefined ? [] : [`In the label that starts at character ${position + 1}.`];
    super("NAMING_UNNORMALISABLE", `"${name}" cannot be a name: ${reason}.`, { cause, metaMessages: where });
  }
}

export class EmptyLabelError extends BaseError {
  override readonly name = "Naming.EmptyLabelError";
  constructor(name: string) {
    super("NAMING_EMPTY_LABEL", `The name "${name}" has an empty label.`, { metaMessages: ["Remove the extra dot."] });
  }
}

export class LabelTooLongError extends BaseError {
  override readonly name = "Naming.LabelTooLongError";
  constructor(label: string, byteCount: number) {
    super("NAMING_LABEL_TOO_LONG", `The label "${label}" has ${byteCount} bytes; at most ${LABEL_BYTES_MAX} fit.`);
  }
}

export class NameTooLongError extends BaseError {
  override readonly name = "Naming.NameTooLongError";
  constructor(name: string, byteCount: number) {
    super("NAMING_NAME_TOO_LONG", `The name "${name}" has ${byteCount} bytes; at most ${NAME_BYTES_MAX} fit.`);
  }
}

/** Labels that are certainly in normal form: what most of them look like. */
const PLAIN_LABEL = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/**
 * The normal form of a name (ENSIP-15): the form that is hashed, registered and compared. Underscored service labels
 * (`_dmarc.shop.hold`) keep their underscore. The root is the empty string.
 *
 * Throws `EmptyLabelError`, `LabelTooLongError`, `NameTooLongError` or, naming the character, `UnnormalisableNameError`.
 *
 * @example
 * ```ts
 * normaliseName("Shop.Hold"); // "shop.hold"
 * ```
 */
export function normaliseName(name: string): string {
  const trimmed = name.endsWith(".") ? name.slice(0, -1) : name;
  if (trimmed === "") return "";
  let offset = 0;
  const labels: string[] = [];
  let isPlain = true;
  for (const label of trimmed.split(".")) {
    if (label === "") throw new EmptyLabelError(name);
    try {
      if (PLAIN_LABEL.test(label)) labels.push(label);
      else {
        labels.push(ens_normalize(label));
        isPlain = false;
      }
    } catch (error) {
      throw new UnnormalisableNameError(name, messageOf(error), offset, error);
    }
    offset += label.length + 1;
  }
  const normal = labels.join(".");
  if (isPlain) checkSize(normal, labels, ({ length }) => length);
  else checkSize(normal, labelsOf(normal), (label) => utf8Bytes(label).length);
  return normal;
}

/** The labels of a name, leftmost first; none for the root. */
export function labelsOf(name: string): string[] {
  return name === "" ? [] : name.split(".");
}

/** The name above: `shop.hold` for `www.shop.hold`, the root for a top-level label. */
export function parentOf(name: string): string {
  const dot = name.indexOf(".");
  return dot === -1 ? "" : name.slice(dot + 1);
}

/**
 * The name directly under `tld` at or above `name`: the one that carries the shard index. `undefined` where `name` is not
 * below `tld`.
 */
export function registeredNameOf(name: string, tld: string): string | undefined {
  if (!name.endsWith(`.${tld}`)) return undefined;
  const labels = labelsOf(name);
  return labels.slice(-1 - labelsOf(tld).length).join(".");
}

/** @param bytesOf How many bytes of UTF-8 a label has: of a plain one as many as characters. */
function checkSize(name: string, labels: readonly string[], bytesOf: (label: string) => number): void {
  let byteCount = 1;
  for (const label of labels) {
    const labelBytes = bytesOf(label);
    if (labelBytes > LABEL_BYTES_MAX) throw new LabelTooLongError(label, labelBytes);
    byteCount += labelBytes + 1;
  }
  if (byteCount > NAME_BYTES_MAX) throw new NameTooLongError(name, byteCount);
}
