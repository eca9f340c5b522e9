/** Names of the registry as DNS writes them: labels beyond ASCII in their A-label form (RFC 5890), and back. */
import { domainToASCII, domainToUnicode } from "node:url";
import { utf8Bytes } from "../../base/bytes.ts";
import type { DomainName } from "../../dns/name.ts";
import { labelsOf } from "../../naming/name.ts";

const PLAIN = /^[a-z0-9_*-]+$/;
const BYTE_ESCAPE = /\\(\d{3})/g;

/** A label that has no A-label form (some emoji) as bytes of UTF-8. */
function escaped(label: string): string {
  let text = "";
  for (const byte of utf8Bytes(label)) {
    const char = String.fromCharCode(byte);
    text += /[A-Za-z0-9_*-]/.test(char) ? char : `\\${String(byte).padStart(3, "0")}`;
  }
  return text;
}

/** A registry name as a domain name, in lower case. */
export function domainOf(name: string): DomainName {
  return labelsOf(name)
    .map((label) => (PLAIN.test(label) ? label : domainToASCII(label) || escaped(label)))
    .join(".");
}

/** The registry name that a domain name asks for; `undefined` where no registry name looks like this. */
export function nameOf(domain: DomainName): string | undefined {
  const labels: string[] = [];
  for (const label of labelsOf(domain)) {
    if (PLAIN.test(label)) {
      const text = label.startsWith("xn--") ? domainToUnicode(label) : label;
      if (text === "") return undefined;
      labels.push(text);
      continue;
    }
    const bytes = label.replace(BYTE_ESCAPE, (_, digits: string) => String.fromCharCode(Number(digits)));
    const text = Buffer.from(bytes, "latin1").toString("utf8");
    if (text.includes("\ufffd") || text.includes(".") || text === "") return undefined;
    labels.push(text);
  }
  return labels.join(".");
}
