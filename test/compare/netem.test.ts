/** Links shaped by the kernel's netem, in a virtual machine, since kernels of small machines often come without it. */
import { expect } from "chai";
import { ELEMENTARY_DIGESTS } from "../support/elementaryDigests.ts";
import { type Accelerator, type MachineResult, machineMissing, runMachine } from "../support/machine/machine.ts";

const MODULES = ["veth", "bridge", "sch_netem"];
/** An emulated processor on a busy machine takes half of it. */
const DEADLINE_MS = 240_000;

// Emulated processors now and then trip over the moment at which V8 exchanges WebAssembly code for quicker code.
const NODE = `'${process.execPath}' --no-wasm-dynamic-tiering --disable-warning=ExperimentalWarning --conditions=source`;
const MEASURE = `${NODE} test/compare/fixtures/netemHosts.ts >/run/out/hosts.json`;
const TEST = `${NODE} node_modules/mocha/bin/mocha.js --no-parallel --reporter json --reporter-option output=/run/out/tests.json`;

/** The whole suite takes a dozen processes their time, which an emulated processor does not have. */
function commandsOn(accelerator: Accelerator): string {
  const suite = `${TEST} test/compare/netns.test.ts test/simulation/sameBytes.test.ts >/dev/null`;
  return accelerator === "kvm" ? `${MEASURE}\n${suite}` : `${MEASURE}\necho null >/run/out/tests.json`;
}

interface Pinged {
  readonly answers: number;
  readonly quickestMs: number | null;
}

interface Measured {
  readonly support: unknown;
  readonly kernel: { readonly release: string; readonly processorFlags: readonly string[] };
  readonly pings: Readonly<Record<"plain" | "lossy" | "lost" | "again", Pinged>> & {
    readonly slow: Readonly<Record<"there" | "back" | "others", Pinged>>;
  };
  readonly reached: Readonly<Record<"whole" | "apart" | "mended", readonly string[]>>;
  readonly namespacesLeft: string;
  readonly digests: readonly string[];
}

describe("network namespaces on a kernel with netem", function () {
  this.timeout(2 * DEADLINE_MS);
  let machine: MachineResult;
  let measured: Measured;

  before(async function () {
    const missing = machineMissing(MODULES);
    if (missing !== undefined) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    const files = ["hosts.json", "tests.json"];
    machine = await runMachine({ modules: MODULES, commands: commandsOn, files, deadlineMs: DEADLINE_MS });
    measured = JSON.parse(machine.files.get("hosts.json")!) as Measured;
  });

  it("has netem shape the links, and no wire of ours", () => {
    expect(measured.support).to.deep.equal({ shaping: { by: "netem" } });
  });

  it("slows one host's link, both ways of an exchange, and no other's", () => {
    const { plain, slow } = measured.pings;
    expect(plain.quickestMs).to.be.below(100);
    expect(slow.there.quickestMs).to.be.within(150, 290);
    expect(slow.back.quickestMs).to.be.within(150, 290);
    expect(slow.others.quickestMs).to.be.below(100);
    for (const { answers } of [plain, slow.there, slow.back, slow.others]) expect(answers).to.equal(4);
  });

  it("changes a link's shape, loses the share it is told, all of it, and makes it as it was", () => {
    const { lossy, lost, again } = measured.pings;
    // Of 40; each bound is passed once in a hundred thousand runs.
    expect(lossy.answers).to.be.within(7, 33);
    expect(lossy.quickestMs).to.be.within(40, 149);
    expect(lost.answers).to.equal(0);
    expect([again.answers, again.quickestMs! < 100]).to.deep.equal([4, true]);
  });

  it("parts eight hosts into halves and joins them again", () => {
    const { whole, apart, mended } = measured.reached;
    expect(whole.length).to.equal(14);
    expect(apart).to.deep.equal(["ab", "ac", "ad", "ef", "eg", "eh"]);
    expect(mended).to.deep.equal(whole);
  });

  it("never leaves a namespace behind", () => {
    expect(measured.namespacesLeft).to.equal("");
  });

  it("returns the same bits of elementary functions on a processor without fused multiply-add", () => {
    expect(measured.kernel.processorFlags).to.not.include.members(["fma"]);
    expect(measured.digests).to.deep.equal(ELEMENTARY_DIGESTS);
  });

  it("passes every test of network namespaces, and returns the simulator's same bytes", function () {
    if (machine.accelerator !== "kvm") {
      console.log("      skipped: no processor here carries a virtual machine, and an emulated one is too slow");
      this.skip();
    }
    const { stats, failures } = JSON.parse(machine.files.get("tests.json")!);
    expect(failures).to.deep.equal([]);
    expect([stats.pending, stats.passes]).to.deep.equal([0, stats.tests]);
    expect(stats.tests).to.be.at.least(9);
  });
});
