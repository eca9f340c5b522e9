/** What the package offers to programs: a name that comes or goes is a change that its users see, so it is written down here. */
import { readFileSync } from "node:fs";
import { expect } from "chai";
import * as browser from "../../src/client/browser.ts";
import * as index from "../../src/client/index.ts";

/** By file, the names of each kind. */
const SURFACE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "client/index.ts": {
    class:
      "CcipUnavailableError MalformedProfileError NoSetError PublishError TransportError UnauthorizedSignerError UnavailableError UnknownRecordTypeError UnregisteredNameError UnsupportedAccountError VerificationFailedError",
    function:
      "answersOfSetFile createCcipReader createLookup createNameClient createNodeNameClient domainMapper exportSet formatValue getAddress getContenthash getHostAddresses getPrimaryName getRecordSet getRecords getRegistration getText lightClientOf loadCache optionsOfProfile parseSetFile parseSnapshot publish publishSet rankSignedRecords readProfile recordOfType refreshDirectory requireValue resolvePrimaryName sameSetKey saveCache setFileLines signSet signerOfEthers typeOfRecord verifySignedRecords",
    number: "DEADLINE_MS_DEFAULT",
    object: "TEXT_KEYS_DEFAULT fetchTransport nodeTransport",
  },
  "client/browser.ts": {
    class: "CcipUnavailableError UnavailableError UnsupportedAccountError VerificationFailedError",
    function:
      "createBrowserNameClient createCcipReader getAddress getContenthash getHostAddresses getPrimaryName getRecordSet getRecords getRegistration getText lightClientOf parseSnapshot refreshDirectory requireValue resolvePrimaryName",
    object: "TEXT_KEYS_DEFAULT fetchTransport",
  },
  "client/dropins/lookup.ts": {
    function: "createLookup",
  },
  "client/dropins/viem.ts": {
    function: "ccipReadOption nameActions",
  },
  "client/dropins/ethers.ts": {
    function: "withHoldfast",
  },
};

function kindOf(value: unknown): string {
  const isClass = typeof value === "function" && Function.prototype.toString.call(value).startsWith("class");
  return isClass ? "class" : typeof value;
}

describe("public surface", () => {
  for (const [file, wanted] of Object.entries(SURFACE)) {
    it(`keeps what ${file} exports, name by name`, async () => {
      const exported: Record<string, unknown> = await import(`../../src/${file}`);
      const names: Record<string, string[]> = {};
      for (const name of Object.keys(exported).sort()) {
        const kind = kindOf(exported[name]);
        names[kind] = [...(names[kind] ?? []), name];
      }
      const told = Object.fromEntries(Object.entries(names).map(([kind, list]) => [kind, list.join(" ")]));
      expect(told).to.deep.equal(wanted);
    });
  }

  it("keeps every entry point of the package in this list", () => {
    const { exports } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    const sources = Object.values(exports as Record<string, { source: string }>).map(({ source }) => source.slice(6));
    const client = sources.filter((source) => source.startsWith("client/"));
    expect(client.sort()).to.deep.equal(Object.keys(SURFACE).sort());
  });

  it("keeps one copy of what browsers and Node share", () => {
    for (const [name, value] of Object.entries(browser)) {
      if (name !== "createBrowserNameClient") expect((index as Record<string, unknown>)[name], name).to.equal(value);
    }
  });
});
