/** The list of names to watch: a name a line, or a pair with the ordinary domain that tells the same by DNS. */
import { BaseError, messageOf } from "../../base/errors.ts";
import { recordOfType } from "../../client/recordText.ts";
import { normaliseName } from "../../naming/name.ts";
import { formatRecordKey, type RecordKey } from "../../protocol/record.ts";

export interface WatchedName {
  readonly name: string;
  /** The ordinary domain that should tell the same; where it is missing, the profile's. */
  readonly domain?: string;
  readonly record: RecordKey;
  /** That there should be no such record, so that absence is right even where nobody proves it. */
  readonly isAbsent?: true;
}

export class MalformedNameListError extends BaseError {
  override readonly name = "Compare.MalformedNameListError";
  constructor(where: string, reason: string) {
    super("COMPARE_MALFORMED_NAME_LIST", `${where}: ${reason}.`, {
      metaMessages: [
        "A line is NAME, or NAME=DOMAIN, then a record type if it is not the usual one, then absent if there should be none.",
      ],
    });
  }
}

/** The word of a line whose record should not exist. */
const ABSENT = "absent";

function parseLine(line: string, where: string, tld: string, type: string): WatchedName {
  const words = line.split(/\s+/);
  const expected = words.length > 1 && words.at(-1) === ABSENT ? { isAbsent: true as const } : {};
  const [pair = "", ownType, ...rest] = "isAbsent" in expected ? words.slice(0, -1) : words;
  const [text = "", domain, ...more] = pair.split("=");
  if (rest.length > 0 || more.length > 0 || domain === "") throw new MalformedNameListError(where, `"${line}"`);
  try {
    const name = normaliseName(text);
    if (!name.endsWith(`.${tld}`)) throw new MalformedNameListError(where, `"${name}" is not below .${tld}`);
    const record = recordOfType(name, ownType ?? type);
    return { name, ...(domain === undefined ? {} : { domain: domain.replace(/\.$/, "") }), record, ...expected };
  } catch (error) {
    if (error instanceof MalformedNameListError) throw error;
    throw new MalformedNameListError(where, messageOf(error));
  }
}

/**
 * The names of a list. Empty lines and what follows `#` do not count; a name that comes twice for the same record counts once. Its
 * domain goes for every record of it: a name has one.
 *
 * @example
 * ```ts
 * parseNameList("shop.hold=shop.example.com\nblog.hold AAAA", "names.txt", "hold", "A");
 * ```
 */
export function parseNameList(text: string, source: string, tld: string, type: string): WatchedName[] {
  const out = new Map<string, WatchedName>();
  const domains = new Map<string, string>();
  text.split("\n").forEach((raw, index) => {
    const line = raw.replace(/#.*/, "").trim();
    if (line === "") return;
    const where = `${source}, line ${index + 1}`;
    const watched = parseLine(line, where, tld, type);
    const { name, domain } = watched;
    const before = domains.get(name) ?? domain;
    if (before !== domain && domain !== undefined) {
      throw new MalformedNameListError(
        where,
        `"${name}" is paired with ${before} already; a second domain needs a list of its own`,
      );
    }
    if (domain !== undefined) domains.set(name, domain);
    out.set(`${watched.name} ${formatRecordKey(watched.record)}`, watched);
  });
  return [...out.values()];
}
