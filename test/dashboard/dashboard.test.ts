import { expect } from "chai";
import { systemClock } from "../../src/base/clock.ts";
import type { ShardedName } from "../../src/compare/drill/blast.ts";
import { ENGLISH } from "../../src/compare/report/english.ts";
import { KOREAN } from "../../src/compare/report/korean.ts";
import type { Sample } from "../../src/compare/watch/sample.ts";
import { FAULT_KINDS } from "../../src/dashboard/faults.ts";
import { type Dashboard, type ProcessState, startDashboard } from "../../src/dashboard/server.ts";
import { shardsView } from "../../src/dashboard/shards.ts";
import { createViewModel } from "../../src/dashboard/view.ts";
import type { FaultKind } from "../../src/simulation/fault.ts";
import { axeFindings, type Browser, startChromium } from "../support/chromium.ts";

const sample = (more: Partial<Sample> = {}): Sample => ({
  at: 1_700_000_000_000,
  round: 0,
  name: "shop.hold",
  path: "combined",
  outcome: "answered",
  latencyMs: 5,
  ...more,
});

describe("createViewModel", () => {
  it("returns five minutes of bins, with nothing where nothing was probed, void probes aside", () => {
    const model = createViewModel();
    const at = 1_700_000_000_000;
    model.note(sample({ at: at - 400_000 }));
    model.note(sample({ at: at - 2_000, outcome: "timedOut", latencyMs: 2_000 }));
    for (const latencyMs of [3, 5, 9]) model.note(sample({ at, latencyMs }));
    model.note(sample({ at, outcome: "timedOut", void: "stalled" }));
    const { paths, times, voided } = model.view(at);
    expect(times.length).to.equal(150);
    expect([paths[0]!.probes, paths[0]!.right, voided]).to.deep.equal([4, 3, 1]);
    expect(paths[0]!.availability.slice(-3)).to.deep.equal([null, 0, 1]);
    expect(paths[0]!.medianMs.slice(-3)).to.deep.equal([null, null, 5]);
    expect([paths[0]!.within[0], paths[0]!.within.at(-1), paths[0]!.p99Ms]).to.deep.equal([0, 0.75, null]);
    expect(model.names(at)).to.deep.equal([]);
  });
});

/** Of four gateways each: one name's are broken with gateway 1, the other's are not. */
const SHARDED: ShardedName[] = [
  { name: "shop.hold", slots: [0, 0, 0, 0], gatewayIds: [5, 6, 7, 8] },
  { name: "poor.hold", slots: [1, 1, 1, 1], gatewayIds: [1, 2, 3, 8] },
];

describe("dashboard", () => {
  let dashboard: Dashboard;
  let states: Map<string, ProcessState>;
  let faults: Map<string, FaultKind | null>;
  beforeEach(async () => {
    const model = createViewModel();
    states = new Map<string, ProcessState>([
      ["gateway 1", "running"],
      ["dns-a", "running"],
    ]);
    faults = new Map();
    const at = systemClock.nowMs();
    for (let index = 0; index < 20; index += 1) {
      for (const path of ["dns", "combined"])
        model.note(sample({ at: at - index * 2_000, path, latencyMs: 5 + index }));
    }
    // Hurt without being expected: that is what the map is for.
    model.note(sample({ at, path: "gateways", outcome: "timedOut", latencyMs: 2_000 }));
    dashboard = await startDashboard({
      port: 0,
      clock: systemClock,
      view: () => model.view(systemClock.nowMs()),
      members: () => [...states].map(([what, state]) => ({ what, state, fault: faults.get(what) ?? null })),
      faultKinds: FAULT_KINDS,
      spoil: async (what, fault) => void faults.set(what, fault),
      shards: (language) => {
        const broken = new Set(states.get("gateway 1") === "running" ? [] : [1, 2, 3]);
        return shardsView(SHARDED, broken, model.names(systemClock.nowMs()), language === "ko" ? KOREAN : ENGLISH);
      },
      put: async (what, state) => void states.set(what, state),
      resolve: async (name) => ({
        outcome: "answered",
        lines: [`A 192.0.2.1 for ${name}`],
        path: "gateways",
        evidence: "proof",
        durationMs: 12,
        trace: [
          {
            path: "gateways",
            endpoint: "<b>http://192.0.2.9</b>",
            startedAtMs: 0,
            durationMs: 12,
            outcome: "answered",
            hedge: true,
          },
        ],
      }),
    });
  });
  afterEach(() => dashboard.close());

  it("rejects other origins, other hosts, and anything but JSON for controls", async () => {
    const post = (headers: Record<string, string>, body: unknown = { what: "dns-a", state: "dead" }) =>
      fetch(`${dashboard.url}fault`, { method: "POST", headers, body: JSON.stringify(body) }).then(
        ({ status }) => status,
      );
    const json = { "content-type": "application/json" };
    expect(await post({ ...json, origin: "https://example.org" })).to.equal(403);
    expect(await post({ "content-type": "text/plain" })).to.equal(415);
    expect(await post(json, { what: "nobody", state: "dead" })).to.equal(400);
    expect(await post(json, { what: "dns-a", state: "x" })).to.equal(400);
    expect(states.get("dns-a")).to.equal("running");
    expect(await post(json)).to.equal(200);
    expect(states.get("dns-a")).to.equal("dead");
  });

  it("makes a fault of every kind hold, and rejects kinds that there are not; to mend is to lift it", async () => {
    const post = async (body: object) => {
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${dashboard.url}fault`, { method: "POST", headers, body: JSON.stringify(body) });
      return response.status;
    };
    for (const fault of FAULT_KINDS) {
      expect(await post({ what: "dns-a", fault })).to.equal(200);
      expect(faults.get("dns-a")).to.equal(fault);
    }
    expect(await post({ what: "dns-a", fault: "flood" })).to.equal(400);
    expect(await post({ what: "nobody", fault: "wrong" })).to.equal(400);
    expect(await post({ what: "dns-a", state: "running" })).to.equal(200);
    expect(faults.get("dns-a")).to.equal(null);
  });

  describe("in Chromium", () => {
    let browser: Browser | undefined;
    before(async function () {
      this.timeout(60_000);
      browser = await startChromium(this);
    });
    after(() => browser?.close());

    it("draws charts and figures, breaks a process by keyboard, resolves with a trace, and is accessible", async function () {
      this.timeout(60_000);
      const page = await browser!.context.newPage();
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(String(error)));
      page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
      await page.goto(dashboard.url);
      await page.waitForSelector("#availability canvas");
      expect(await page.locator("canvas").count()).to.equal(3);
      expect(await page.locator("#figures tbody tr").count()).to.equal(3);
      expect(await page.locator("#verdict").textContent()).to.include("combined answered right 100 %");
      await page.getByRole("button", { name: "Stop gateway 1" }).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("cell", { name: "stopped", exact: true }).waitFor();
      expect(states.get("gateway 1")).to.equal("paused");
      await page.getByRole("combobox", { name: "Fault of dns-a" }).focus();
      await page.keyboard.press("ArrowDown");
      await page.getByRole("cell", { name: "running, SERVFAIL or 503" }).waitFor();
      expect(faults.get("dns-a")).to.equal("servfail");
      await page.getByRole("textbox", { name: "Name" }).fill("shop.hold");
      await page.keyboard.press("Enter");
      await page.locator("#trace tbody tr").waitFor();
      expect(await page.locator("#told").textContent()).to.include("A 192.0.2.1 for shop.hold");
      expect(await page.locator("#trace b").count()).to.equal(0);
      expect(await axeFindings(page)).to.deep.equal([]);
      expect(errors).to.deep.equal([]);
      await page.close();
    });

    it("shows who is hurt against who is expected to be, in Korean too, and fits paper", async function () {
      this.timeout(60_000);
      const page = await browser!.context.newPage();
      await page.goto(dashboard.url);
      await page.getByRole("button", { name: "Kill gateway 1" }).click();
      await page.locator("#shards svg").waitFor();
      await page.getByText("gateway 1 ✕").waitFor();
      expect(await page.locator("#predicted").textContent()).to.equal("poor.hold");
      expect(await page.locator("#hurt").textContent()).to.equal("shop.hold");
      await page.getByRole("button", { name: "한국어" }).click();
      await page.getByText("게이트웨이 1 ✕").waitFor();
      expect(await page.locator("html").getAttribute("lang")).to.equal("ko");
      expect(await page.locator("main").textContent()).to.not.match(/Availability|processes|Who is|Nobody/);
      expect(await axeFindings(page)).to.deep.equal([]);
      await page.emulateMedia({ media: "print" });
      expect(await page.getByRole("button").count()).to.equal(0);
      expect(await page.getByRole("combobox").count()).to.equal(0);
      await page.close();
    });
  });
});
