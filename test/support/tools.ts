/** Programs of the distribution that some tests hold us against. */
import { programOf } from "../../scripts/bench/process.ts";

/**
 * Where programs are. Skips the test, or all tests of a suite when called in its `before`, with a line that says what is missing.
 *
 * @example const [kdig] = needPrograms(this, "kdig");
 */
export function needPrograms(context: Mocha.Context, ...names: readonly string[]): string[] {
  const missing = names.filter((name) => programOf(name) === undefined);
  if (missing.length > 0) {
    console.log(`      skipped: ${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} not installed`);
    context.skip();
  }
  return names.map((name) => programOf(name)!);
}
