/** The tools that change Solidity sources, on a contract small enough to see all of. */
import { createRequire } from "node:module";
import { expect } from "chai";
import { network } from "hardhat";
import { encodeAbiParameters, type Hex, toFunctionSelector } from "viem";
import { coverageOf } from "../../scripts/coverage.ts";
import { instrument, loosen, PROBE_LIBRARY, tagOf } from "../../scripts/solidity/instrument.ts";
import { coinbaseOf, mutate } from "../../scripts/solidity/mutants.ts";

const TINY = `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;
contract Tiny {
    error Seven(uint256 x);
    event Asked(uint256 x);
    function f(uint256 x) external returns (uint256 y) {
        if (x == 7) revert Seven(x);
        require(x < 90 && x != 40);
        emit Asked(x);
        y = x > 3 ? x * 2 : x + 1;
        for (uint256 i = 0; i < x; ++i) y += i & 5;
        assembly ("memory-safe") {
            if gt(x, 50) { y := sub(y, 9) }
            y := add(y, shl(1, x))
        }
    }
}
`;
const INPUTS = [0, 1, 3, 4, 6, 7, 8, 39, 40, 49, 50, 51, 52, 89, 90, 91];

interface Compiled {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts: Readonly<Record<string, Readonly<Record<string, { evm: { bytecode: { object: string } } }>>>>;
}

function compile(sources: Readonly<Record<string, string>>): Hex {
  const solc = createRequire(import.meta.url)("solc") as { compile(input: string): string };
  const settings = { viaIR: true, evmVersion: "osaka", outputSelection: { "*": { "*": ["evm.bytecode.object"] } } };
  const files = Object.fromEntries(Object.entries(sources).map(([name, content]) => [name, { content }]));
  const input = JSON.stringify({ language: "Solidity", sources: files, settings });
  const output = JSON.parse(solc.compile(input)) as Compiled;
  const errors = output.errors?.filter(({ severity }) => severity === "error") ?? [];
  expect(errors.map(({ formattedMessage }) => formattedMessage)).to.deep.equal([]);
  return `0x${output.contracts["Tiny.sol"]!.Tiny!.evm.bytecode.object}`;
}

/** What the contract answers to every input, logs included, under a coinbase. */
async function outcomesOf(bytecode: Hex, coinbase: Hex = coinbaseOf(-1)): Promise<string[]> {
  const { viem } = await network.create({ network: "default", override: { coinbase } });
  const [wallet] = await viem.getWalletClients();
  const client = await viem.getPublicClient();
  const { contractAddress: to } = await client.waitForTransactionReceipt({
    hash: await wallet!.sendTransaction({ data: bytecode }),
  });
  const outcomes: string[] = [];
  for (const input of INPUTS) {
    const data = `${toFunctionSelector("f(uint256)")}${encodeAbiParameters([{ type: "uint256" }], [BigInt(input)]).slice(2)}`;
    const said = await client
      .call({ to: to!, data: data as Hex, account: wallet!.account })
      .then(({ data: result }) => result ?? "0x")
      .catch(() => "refused");
    const receipt = await wallet!
      .sendTransaction({ to: to!, data: data as Hex, gas: 500_000n })
      .then((hash) => client.waitForTransactionReceipt({ hash }))
      .catch(() => undefined);
    outcomes.push(`${said} ${receipt?.logs.length}`);
  }
  return outcomes;
}

describe("tools that change Solidity sources", () => {
  const original = () => outcomesOf(compile({ "Tiny.sol": TINY }));

  describe("mutate", () => {
    it("changes nothing while no mutant is awake, and something while one is", async function () {
      this.timeout(60_000);
      const { source, mutants } = mutate(TINY, 0, () => true);
      expect(new Set(mutants.map(({ operator }) => operator))).to.deep.equal(
        new Set(["guard", "relational", "negation", "statement", "arithmetic", "constant"]),
      );
      const expected = await original();
      const bytecode = compile({ "Tiny.sol": source });
      expect(await outcomesOf(bytecode)).to.deep.equal(expected);
      for (const mutant of mutants) {
        const outcomes = await outcomesOf(bytecode, coinbaseOf(mutant.id));
        expect(outcomes, JSON.stringify(mutant)).to.not.deep.equal(expected);
      }
    });

    it("numbers the mutants alike, whichever of them are wanted", () => {
      const all = mutate(TINY, 10, () => true).mutants;
      const { source, mutants } = mutate(TINY, 10, ({ id }) => id % 3 === 0);
      expect(mutants).to.deep.equal(all.filter(({ id }) => id % 3 === 0));
      expect(source.split("\n")).to.have.length(TINY.split("\n").length);
      expect(mutate(TINY, 10, () => false).source).to.equal(loosen(TINY));
    });
  });

  describe("instrument", () => {
    it("changes nothing but what is told, and moves no line", async function () {
      this.timeout(60_000);
      const { source } = instrument(TINY, 0);
      expect(source.split("\n")).to.have.length(TINY.split("\n").length);
      const imports = 'import {__probe, __either} from "Probes.sol";\n';
      const bytecode = compile({ "Tiny.sol": source + imports, "Probes.sol": PROBE_LIBRARY });
      expect(await outcomesOf(bytecode)).to.deep.equal(await original());
    });

    it("gives each statement a probe and each condition two, on the lines they stand on", () => {
      const { probes, assemblyLines } = instrument(TINY, 0);
      const linesOf = (kind: string) => probes.filter((probe) => probe.kind === kind).map(({ line }) => line);
      expect(linesOf("statement")).to.deep.equal([7, 7, 8, 9, 10, 11, 11, 12]);
      expect(linesOf("true")).to.deep.equal([7, 8, 8, 8, 10, 11, 13]);
      expect(linesOf("false")).to.deep.equal(linesOf("true"));
      expect(assemblyLines.map(({ line }) => line)).to.deep.equal([13, 13, 14]);
    });
  });

  describe("coverageOf", () => {
    it("counts a line when all that starts on it ran, and each way of a condition by itself", () => {
      const done = instrument(TINY, 0);
      const all = new Set(done.probes.map(({ id }) => tagOf(id)));
      expect(coverageOf("Tiny.sol", done, all)).to.deep.equal({
        file: "Tiny.sol",
        lines: [8, 8],
        branches: [14, 14],
        missed: [],
      });
      const [, refusal] = done.probes.filter(({ kind }) => kind === "statement");
      const never = done.probes.find(({ kind }) => kind === "true");
      const rest = new Set([...all].filter((tag) => tag !== tagOf(refusal!.id) && tag !== tagOf(never!.id)));
      const { lines, branches, missed } = coverageOf("Tiny.sol", done, rest);
      expect({ lines, branches, missed }).to.deep.equal({
        lines: [7, 8],
        branches: [13, 14],
        missed: ["7", "7 true"],
      });
    });
  });
});
