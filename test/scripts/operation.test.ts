/** The files an operator starts from: unit, container file, configuration. Checked as far as that can be done without running them. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { createProgram } from "../../src/cli/program.ts";
import { readConfig } from "../../src/gateway/config.ts";
import { SILENT } from "../support/program.ts";
import { needPrograms } from "../support/tools.ts";

const FOLDER = "scripts/deploy";
const unit = readFileSync(join(FOLDER, "holdfast-gateway.service"), "utf8");
const container = readFileSync(join(FOLDER, "Containerfile"), "utf8");

/** The options that `holdfast gateway` takes. */
const gateway = createProgram(SILENT).commands.find((command) => command.name() === "gateway")!;
const known = new Set(gateway.options.map(({ long }) => long));
const flagsIn = (text: string) => [...text.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([flag]) => flag);

/** The instructions of a container file: name and arguments, continued lines joined. */
const instructions = container
  .replace(/\\\n/g, " ")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => /^([A-Z]+) +(.*)$/.exec(line))
  .map((match) => ({ name: match?.[1] ?? "", rest: match?.[2] ?? "" }));
const restOf = (name: string) => instructions.filter((each) => each.name === name).map(({ rest }) => rest);

/** Packages that a file and all it imports need. */
function packagesFrom(entry: string): Set<string> {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const stack = [entry];
  for (let file = stack.pop(); file !== undefined; file = stack.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const text = readFileSync(file, "utf8");
    for (const [, from = ""] of text.matchAll(/^(?:import|export)\b(?! type\b)[^;]*?from "([^"]+)"/gms)) {
      if (from.startsWith(".")) stack.push(join(dirname(file), from));
      else if (!from.startsWith("node:")) packages.add(from.split("/", from.startsWith("@") ? 2 : 1).join("/"));
    }
  }
  return packages;
}

describe("systemd unit", () => {
  it("starts the gateway with options that it has", () => {
    const line = /^ExecStart=(.*)$/m.exec(unit)![1]!;
    expect(line).to.match(/ gateway /);
    expect(flagsIn(line)).to.have.length.above(1);
    for (const flag of flagsIn(line)) expect(known.has(flag), flag).to.equal(true);
  });

  it("reloads by SIGHUP, ends by SIGTERM, and waits for longer than the gateway drains", () => {
    expect(unit).to.include("ExecReload=/bin/kill -HUP $MAINPID");
    expect(unit).to.include("KillSignal=SIGTERM");
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)![1])).to.be.above(10);
  });

  it("is one that systemd takes", function () {
    const [analyze = ""] = needPrograms(this, "systemd-analyze");
    const folder = mkdtempSync(join(tmpdir(), "holdfast-unit-"));
    // Its program is where it will be installed, not here.
    const file = join(folder, "holdfast-gateway.service");
    writeFileSync(file, unit.replace("/opt/holdfast/bin/holdfast", process.execPath));
    const { status, stdout, stderr } = spawnSync(analyze, ["verify", file], { encoding: "utf8" });
    rmSync(folder, { recursive: true, force: true });
    expect(`${stdout}${stderr}`.split("\n").filter((line) => line.includes("holdfast-gateway"))).to.deep.equal([]);
    expect(status).to.equal(0);
  });
});

describe("container file", () => {
  it("consists of instructions that there are, from pinned images of the Node this needs", () => {
    const allowed = ["FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE"];
    const ends = ["STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"];
    for (const { name } of instructions) expect([...allowed, ...ends]).to.include(name);
    expect(instructions[0]!.name).to.equal("FROM");
    for (const image of restOf("FROM")) expect(image).to.match(/^docker\.io\/library\/node:24-slim( AS \w+)?$/);
  });

  it("copies what there is, and everything that the gateway imports", () => {
    const copied = restOf("COPY").filter((rest) => !rest.startsWith("--from"));
    const sources = copied.flatMap((rest) => rest.split(/\s+/).slice(0, -1));
    for (const source of sources) expect(existsSync(source), source).to.equal(true);
    const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as { dependencies: object };
    const entry = (JSON.parse(restOf("ENTRYPOINT")[0]!) as string[])[1]!;
    const needed = [...packagesFrom(entry)].filter((name) => !builtinModules.includes(name));
    expect(needed.length).to.be.above(3);
    expect(needed.filter((name) => !(name in dependencies))).to.deep.equal([]);
    expect(sources.some((source) => entry.startsWith(source))).to.equal(true);
  });

  it("runs as nobody special, with options that the gateway has, and ends by SIGTERM", () => {
    expect(restOf("USER")).to.deep.equal(["node"]);
    expect(restOf("STOPSIGNAL")).to.deep.equal(["SIGTERM"]);
    const command = [...JSON.parse(restOf("ENTRYPOINT")[0]!), ...JSON.parse(restOf("CMD")[0]!)] as string[];
    expect(command).to.include("gateway");
    for (const flag of flagsIn(command.join(" "))) expect(known.has(flag), flag).to.equal(true);
  });

  it("exposes the ports of the configuration it comes with, which is a valid one", () => {
    const config = readConfig(join(FOLDER, "gateway.yaml"), { HOLDFAST_SIGNER_KEY: `0x${"01".repeat(32)}` });
    const exposed = restOf("EXPOSE")[0]!.split(" ");
    if (config.dns === false) throw new Error("the example has no DNS front");
    const { port } = config.dns;
    expect(exposed).to.have.members([String(config.http.port), `${port}/tcp`, `${port}/udp`]);
    expect(restOf("HEALTHCHECK")[0]).to.include(`:${config.http.port}/ready`);
  });
});
