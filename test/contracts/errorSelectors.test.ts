/** The selectors written above the errors, held against the ABIs that the compiler made. */
import { globSync, readFileSync } from "node:fs";
import { expect } from "chai";
import { type Abi, toFunctionSelector } from "viem";
import { formatAbiItem } from "viem/utils";
import { declaredErrors, outdatedSources, withSelectors } from "../../scripts/codegen/errorSelectors.ts";
import { registryAbi } from "../../src/chain/abis/registry.ts";

type AbiError = Extract<Abi[number], { type: "error" }>;

/** Every error in the compiled ABIs: signature -> selector. */
function compiledErrors(): ReadonlyMap<string, string> {
  const artifacts = globSync("artifacts/contracts/**/*.json").map((path) => JSON.parse(readFileSync(path, "utf8")));
  const items = artifacts.flatMap(({ abi }) => abi as Abi);
  return new Map(
    items
      .filter((item): item is AbiError => item.type === "error")
      .map((error) => {
        const signature = formatAbiItem(error);
        return [signature, toFunctionSelector(`function ${signature}`)] as const;
      }),
  );
}

describe("error selectors", () => {
  it("stand above every custom error and are those of the compiled ABI", () => {
    const errors = declaredErrors();
    const sources = globSync("contracts/**/*.sol").map((path) => readFileSync(path, "utf8"));
    expect(errors.length).to.equal(sources.join("\n").match(/^\s*error /gm)?.length);
    const compiled = compiledErrors();
    for (const { path, signature, documented } of errors) {
      expect(documented, `${path} ${signature}`).to.equal(compiled.get(signature));
    }
  });

  it("miss no error of the registry's ABI that is ours", () => {
    const declared = new Set(declaredErrors().map(({ signature }) => signature));
    const ours = registryAbi.filter((item) => item.type === "error" && /^(Registry|Record)/.test(item.name));
    expect(ours.length).to.be.greaterThan(25);
    for (const error of ours) expect(declared).to.include(formatAbiItem(error));
  });

  it("are what the generator would write", () => {
    expect(outdatedSources(), "run: node scripts/codegen/errorSelectors.ts").to.deep.equal([]);
  });

  it("replace an outdated line and leave the rest of a source alone", () => {
    const types = new Map([["Id", "uint16"]]);
    const source =
      "    /// @notice Words.\n    /// @dev Error selector: 0x00000000\n    error Unknown(Id id, address caller);\n";
    const expected = source.replace("0x00000000", toFunctionSelector("function Unknown(uint16,address)"));
    expect(withSelectors(source, types)).to.equal(expected);
    expect(withSelectors(source.replace(/.*selector.*\n/, ""), types)).to.equal(expected);
  });
});
