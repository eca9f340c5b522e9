import { readFileSync } from "node:fs";
import { expect } from "chai";
import * as sharding from "holdfast/sharding";

/** Every line `expression; // value` of the examples, with the lines before it in its block. */
function examples(markdown: string): { code: string; expected: string }[] {
  return [...markdown.matchAll(/```ts\n([\s\S]*?)```/g)].flatMap((block) => {
    const lines = block[1]!.split("\n").filter((line) => line !== "");
    return lines.flatMap((line, position) => {
      const match = /^(.*); \/\/ (.*)$/.exec(line);
      if (!match) return [];
      const before = lines.slice(0, position).filter((other) => !/; \/\/ /.test(other));
      return [{ code: `${before.join("\n")}\nreturn (${match[1]});`, expected: match[2]! }];
    });
  });
}

describe("sharding README", () => {
  const names = Object.keys(sharding);
  const values = Object.values(sharding);
  const found = examples(readFileSync(new URL("../../src/sharding/README.md", import.meta.url), "utf8"));

  it("keeps examples", () => {
    expect(found.length).to.be.above(10);
  });

  for (const { code, expected } of found) {
    it(`returns what it says: ${code.split("\n").at(-1)}`, () => {
      const run = (text: string): unknown => new Function(...names, text)(...values);
      expect(run(code)).to.deep.equal(run(`return (${expected});`));
    });
  }
});
