/** Markup as text, everything escaped unless it is markup itself. */

/** Text that is markup already. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Part = string | number | Markup | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export function escapeText(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}

function render(part: Part): string {
  if (part instanceof Markup) return part.text;
  if (typeof part === "object") return part.map(render).join("");
  return escapeText(String(part));
}

/**
 * Markup with values escaped.
 *
 * @example
 * ```ts
 * markup`<td>${"a < b"}</td>`.text; // "<td>a &lt; b</td>"
 * ```
 */
export function markup(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(texts.map((text, index) => text + (index < parts.length ? render(parts[index]!) : "")).join(""));
}

/** A coordinate with one decimal, so that pages stay small. */
export function at(value: number): string {
  return String(Math.round(value * 10) / 10);
}
