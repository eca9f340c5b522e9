import { expect } from "chai";
import { runHoldfast } from "../support/program.ts";

const holdfast = (...args: string[]) => runHoldfast(args);

describe("holdfast simulate", function () {
  this.timeout(30_000);

  it("prints the verdict last and exits with 0", async () => {
    const { out, code } = await holdfast("simulate", "dns-hijack", "--seed", "5", "--probes", "300");
    expect(code).to.equal(0);
    expect(out).to.match(/^dns-hijack: .*\nseed 5, 100 names, 16 gateways, \d+ probes/);
    expect(out).to.match(/All 5 claims hold\.\nSimulated: no figure here was measured on a network\.\n$/);
  });

  it("says that the canary failed, as it must", async () => {
    const { out, code } = await holdfast("simulate", "canary", "--probes", "300");
    expect(code).to.equal(0);
    expect(out).to.contain("3 claims fail, as they must.");
  });

  it("prints JSON that is the same for the same seed", async () => {
    const args = ["simulate", "zone-outage", "--json", "--probes", "300", "--names", "5000", "--gateways", "64"];
    const { out } = await holdfast(...args);
    expect(JSON.parse(out)).to.deep.include({ scenario: "zone-outage", seed: "1", names: 5000, gateways: 64 });
    expect((await holdfast(...args)).out).to.equal(out);
  });

  it("lists the scenarios", async () => {
    const { out } = await holdfast("simulate", "--list", "--json");
    expect((JSON.parse(out) as { id: string }[]).map(({ id }) => id)).to.include.members(["dyn-2016", "canary"]);
  });

  it("rejects sizes out of range and unknown scenarios", async () => {
    const failure = async (...args: string[]) => {
      try {
        await holdfast("simulate", ...args);
      } catch (error) {
        return (error as { code: string }).code;
      }
      return undefined;
    };
    expect(await failure("canary", "--gateways", "3")).to.equal("CLI_USAGE");
    expect(await failure("canary", "--names", "many")).to.equal("CLI_USAGE");
    expect(await failure("atlantis")).to.equal("SIMULATION_UNKNOWN_SCENARIO");
    expect(await failure()).to.equal("CLI_USAGE");
  });
});
