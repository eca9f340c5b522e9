import { createRequire } from "node:module";
import hardhatEthers from "@nomicfoundation/hardhat-ethers";
import hardhatIgnitionViem from "@nomicfoundation/hardhat-ignition-viem";
import hardhatKeystore from "@nomicfoundation/hardhat-keystore";
import hardhatMocha from "@nomicfoundation/hardhat-mocha";
import hardhatNetworkHelpers from "@nomicfoundation/hardhat-network-helpers";
import hardhatVerify from "@nomicfoundation/hardhat-verify";
import hardhatViem from "@nomicfoundation/hardhat-viem";
import hardhatViemAssertions from "@nomicfoundation/hardhat-viem-assertions";
import { configVariable, defineConfig } from "hardhat/config";

// The compiler comes from npm, as JavaScript, so that a build needs nothing but the package registry.
const soljson = createRequire(import.meta.url).resolve("solc/soljson.js");

const compiler = {
  version: "0.8.37",
  path: soljson,
  settings: {
    viaIR: true,
    evmVersion: "osaka",
    optimizer: { enabled: true, runs: 200 },
    metadata: { bytecodeHash: "none" },
  },
};

// What everybody's transactions run, made for running often rather than for being small. `Genesis` carries the others.
const hot = {
  ...compiler,
  settings: { ...compiler.settings, optimizer: { enabled: true, runs: 1_000_000 } },
};
const HOT_SOURCES = [
  "contracts/registrar/FastRegistrarController.sol",
  "contracts/registrar/Genesis.sol",
  "contracts/registrar/RegistrarController.sol",
  "contracts/registry/FastNameRegistry.sol",
  "contracts/reverse/ReverseRegistrar.sol",
];
// What is run seldom, by the code of the registry that those in front leave the rest to; made to fit what a contract may have.
const small = {
  ...compiler,
  settings: { ...compiler.settings, optimizer: { enabled: true, runs: 1 } },
};
const overrides = {
  ...Object.fromEntries(HOT_SOURCES.map((path) => [path, hot])),
  "contracts/registry/NameRegistry.sol": small,
};

const fuzzRuns = Number(process.env.FC_NUM_RUNS ?? (process.env.CI ? 4096 : 256));

export default defineConfig({
  plugins: [
    hardhatEthers,
    hardhatIgnitionViem,
    hardhatKeystore,
    hardhatMocha,
    hardhatNetworkHelpers,
    hardhatVerify,
    hardhatViem,
    hardhatViemAssertions,
  ],
  solidity: {
    profiles: { default: { compilers: [compiler], overrides }, production: { compilers: [compiler], overrides } },
    npmFilesToBuild: ["@openzeppelin/contracts/access/manager/AccessManager.sol"],
  },
  // Short runs locally, long ones in CI; FC_NUM_RUNS, which every property test obeys, sets longer ones.
  test: {
    solidity: {
      fsPermissions: { readFile: ["test/protocol/recordSet.vectors.json"] },
      fuzz: { runs: fuzzRuns, seed: "0x01" },
      invariant: { runs: Math.max(8, Math.round(fuzzRuns / 256)), depth: 64 },
    },
  },
  paths: { sources: "contracts", tests: { mocha: "test", solidity: "test" }, ignition: "scripts/deploy" },
  networks: {
    sepolia: {
      type: "http",
      chainType: "l1",
      url: configVariable("SEPOLIA_RPC_URL"),
      accounts: [configVariable("SEPOLIA_PRIVATE_KEY")],
    },
  },
});
