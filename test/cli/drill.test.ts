/** What goes wrong before anything runs: said plainly, exit code 2, nothing started. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { drillCommand, fleetOf } from "../../src/cli/commands/drill.ts";
import { ZONE_DEFAULT } from "../../src/cli/localNetwork.ts";
import { loadScenario } from "../../src/simulation/scenarioFile.ts";

const MAIN = new URL("../../src/cli/main.ts", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "holdfast-test-"));

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", MAIN, "drill", "--report", join(folder, "report"), ...args],
    { encoding: "utf8" },
  );
  return { status, text: stdout + stderr };
}

function zone(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("holdfast drill", () => {
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("rejects a zone file with a syntax error by file, line, column and token", () => {
    const path = zone("bad.zone", "$TTL 60\n$ORIGIN shop.com.\n@ SOA ns hostmaster 1 2 3 4 5\nwww A 192.0.2.999\n");
    const { status, text } = run("--zone", path);
    expect(status).to.equal(2);
    expect(text).to.include(`${path}:4:7`).and.include("192.0.2.999");
  });

  it("rejects two domains that become one name, naming both and the way out", () => {
    const soa = "@ SOA ns hostmaster 1 2 3 4 5\nwww A 192.0.2.1\n";
    const path = zone("clash.zone", `$TTL 60\n$ORIGIN shop.com.\n${soa}$ORIGIN shop.kr.\n${soa}`);
    const { status, text } = run("--zone", path);
    expect(status).to.equal(2);
    expect(text).to.include("shop.com and shop.kr").and.include("--map");
  });

  it("rejects a port in use, naming it and the option", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const { status, text } = run("--chain-port", String(port));
    server.close();
    expect(status).to.equal(2);
    expect(text).to.include(`Port ${port}`).and.include("--chain-port");
  });

  it("rejects a fault that hits nobody before it starts anything", () => {
    const { status, text } = run("split-view", "--gateways", "4");
    expect(status).to.equal(2);
    expect(text).to.include("phases[1].faults[1]").and.include("hits nobody").and.not.include("Report:");
  });

  it("returns the scenario's own fleet, as far as one machine holds it", () => {
    const scenario = loadScenario("ddos-one-name");
    expect(fleetOf(scenario)).to.deep.equal({ gateways: 32, cut: false });
    expect(fleetOf(scenario, 8)).to.deep.equal({ gateways: 8, cut: false });
    const gateways = { ...scenario.topology.gateways, count: 2048 };
    expect(fleetOf({ topology: { ...scenario.topology, gateways } })).to.deep.equal({ gateways: 64, cut: true });
  });

  it("returns a command that says all that decides what a drill finds", () => {
    const ports = { chainPort: 0, rpcPort: 0, dnsPort: 0, gatewayPort: 0, gatewayDnsPort: 0 };
    const usual = { ...ports, zone: ZONE_DEFAULT, seed: "1", report: "report", lang: "en" as const };
    expect(drillCommand("dyn-2016", usual, 16)).to.equal("npm run holdfast -- drill dyn-2016 --gateways 16 --seed 1");
    const more = { zone: "my zone", map: "my.map", netns: true, seed: "it's", lang: "ko" as const };
    expect(drillCommand("my.yaml", { ...usual, ...more }, 8)).to.equal(
      "sudo npm run holdfast -- drill my.yaml --gateways 8 --seed 'it'\\''s' --zone 'my zone' --map my.map --netns --lang ko",
    );
  });

  it("rejects unknown scenarios, counts and files", () => {
    expect(run("no-such").text).to.include("no-such").and.include("seoul-drill");
    expect(run("--gateways", "3").status).to.equal(2);
    expect(run("--zone", join(folder, "missing.zone")).status).to.equal(2);
  });
});
