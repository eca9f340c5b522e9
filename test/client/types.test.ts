/** The public types: what a program writes against them compiles, and what must not, does not. `tsc` is what runs this file. */
import { expect } from "chai";
import type { BrowserNameClientOptions } from "../../src/client/browser.ts";
import { nameActions } from "../../src/client/dropins/viem.ts";
import type {
  EvidenceLevel,
  getAddress,
  getPrimaryName,
  getRecordSet,
  getText,
  LightClient,
  NameClient,
  NameClientOptions,
  NodeNameClientOptions,
  PolicyFunction,
  Resolution,
} from "../../src/client/index.ts";

/** Whether two types are the same. */
type Same<Left, Right> =
  (<Probe>() => Probe extends Left ? 1 : 2) extends <Probe>() => Probe extends Right ? 1 : 2 ? true : false;

/** Compiles where its argument is `true`. */
function holds<Fact extends true>(): Fact {
  return true as Fact;
}

type Result<Verb extends (...args: never[]) => Promise<unknown>> = Awaited<ReturnType<Verb>>;

describe("public types", () => {
  it("keeps the answers of the verbs", () => {
    holds<Same<Result<typeof getAddress>, `0x${string}` | null>>();
    holds<Same<Result<typeof getText>, string | null>>();
    holds<Same<Result<typeof getPrimaryName>, string | null>>();
    holds<Same<NonNullable<Result<typeof getRecordSet>>["rdatas"], readonly Uint8Array[]>>();
    holds<Same<Result<NameClient["resolve"]>, Resolution>>();
    holds<Same<Result<NameClient["resolveMany"]>, readonly (readonly Resolution[])[]>>();
    holds<Same<ReturnType<NameClient["peek"]>, Resolution | undefined>>();
    expect(holds<true>()).to.equal(true);
  });

  it("keeps the words for outcomes and evidence", () => {
    holds<Same<EvidenceLevel, "proof" | "signature" | "owner" | "agreement" | "none">>();
    holds<
      Same<Resolution["outcome"], "answered" | "absent" | "stale" | "wrong" | "refused" | "timedOut" | "unreachable">
    >();
    holds<Same<Resolution["path"], "dns" | "chain" | "gateways" | null>>();
    expect(holds<true>()).to.equal(true);
  });

  it("takes options that are whole, and rejects what is misspelt, missing or of another type", () => {
    const lightClient: LightClient = { latest: () => Promise.reject(new Error()), at: async () => undefined };
    const policy: PolicyFunction = ({ ask }) => ask("gateways");
    const options: NodeNameClientOptions = {
      deployment: {
        chainId: 1,
        tld: "hold",
        contracts: { registry: "0x11", directory: "0x22" },
        codeHashes: { registry: "0x33" },
      },
      paths: { chain: { rpcUrls: ["https://rpc.example.org"] } },
      trust: { lightClient, agreement: "refused" },
      policy,
    };
    // @ts-expect-error: a transport is for whoever has no platform of its own.
    const missing: NameClientOptions = options;
    // @ts-expect-error: a browser's transport is fetch.
    const transport: BrowserNameClientOptions["transport"] = undefined;
    // @ts-expect-error: there is no such policy.
    const misspelt: NameClientOptions["policy"] = "fastest";
    // @ts-expect-error: hexadecimal begins with 0x.
    const address: NameClientOptions["deployment"]["contracts"]["registry"] = "11";
    // @ts-expect-error: a resolution is read, not written.
    const write = (resolution: Resolution) => (resolution.outcome = "answered");
    expect([missing, transport, misspelt, address, write]).to.have.length(5);
  });

  it("gives a viem client the actions with their own parameters and results", () => {
    type Actions = ReturnType<ReturnType<typeof nameActions>>;
    holds<Same<Result<Actions["getEnsAddress"]>, `0x${string}` | null>>();
    holds<Same<Result<Actions["getEnsName"]>, string | null>>();
    holds<Same<Parameters<Actions["getEnsText"]>, [{ readonly name: string; readonly key: string }]>>();
    expect(nameActions).to.be.a("function");
  });
});
