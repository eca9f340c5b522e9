import { connect } from "node:net";
import { expect } from "chai";
import { systemClock } from "../../src/base/clock.ts";
import type { ShardedName } from "../../src/compare/drill/blast.ts";
import { PortInUseError } from "../../src/compare/local/child.ts";
import { ENGLISH } from "../../src/compare/report/english.ts";
import { KOREAN } from "../../src/compare/report/korean.ts";
import type { DisagreementEntry, Sample } from "../../src/compare/watch/sample.ts";
import { brokenParts, FAULT_KINDS } from "../../src/dashboard/faults.ts";
import { liveReport } from "../../src/dashboard/report.ts";
import {
  type Dashboard,
  type DashboardOptions,
  type ProcessState,
  startDashboard,
} from "../../src/dashboard/server.ts";
import { shardsView } from "../../src/dashboard/shards.ts";
import { createViewModel } from "../../src/dashboard/view.ts";
import { FalseClock } from "../../src/simulation/falseClock.ts";
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

/** Five minutes in which DNS and the chain fail together for one of them, with a lie that was seen. */
function brokenModel(at: number) {
  const model = createViewModel();
  model.noteBroken(at - 120_000, [
    { kind: "DNS server", ids: ["dns-a"], how: "stopped" },
    { kind: "RPC provider", ids: ["rpc-a"], how: "servfail" },
  ]);
  model.noteBroken(at - 60_000, []);
  for (let round = 0; round < 280; round += 1) {
    const begun = at - 280_000 + round * 1000;
    const isDown = begun >= at - 120_000 && begun < at - 60_000;
    for (const path of ["dns", "chain", "gateways", "combined"]) {
      const fails = isDown && (path === "dns" || path === "chain");
      model.note(sample({ at: begun, round, path, outcome: fails ? "timedOut" : "answered" }));
    }
  }
  model.noteDisagreement(disagreementAt(at));
  return model;
}

function disagreementAt(at: number): DisagreementEntry {
  const sides = [
    { source: "dns", said: "A 192.0.2.66" },
    { source: "chain", said: "nothing" },
  ];
  return { at, round: 1, name: "shop.hold", kind: "answer", state: "raised", sides };
}

describe("liveReport", () => {
  const at = 1_700_000_000_000;
  const textOf = (html: string) => html.replaceAll(/<[^>]*>/g, "\n");

  it("returns the report's own tables: intervals, outages, joint failures, disagreements", () => {
    const text = textOf(liveReport(brokenModel(at).window(at), ENGLISH).html);
    for (const { title, label } of [ENGLISH]) {
      for (const word of [
        title.cells,
        title.episodes,
        title.repair,
        title.gains,
        title.joint,
        title.robust,
        label.interval,
      ]) {
        expect(text).to.include(word);
      }
    }
    expect(text).to.match(/\d\d:\d\d:\d\d DNS server dns-a stopped.*; RPC provider rpc-a servfail/);
    expect(text).to.include("shop.hold").and.include("dns: A 192.0.2.66");
    expect(text.match(/All of dns, chain, gateways|dns, chain/)).to.not.equal(null);
  });

  it("never leaves an English clause in Korean, disagreements included", () => {
    const text = textOf(liveReport(brokenModel(at).window(at), KOREAN).html);
    expect(text).to.include("발생").and.include("DNS 서버 dns-a 정지");
    expect(text.match(/.*\b[A-Za-z]*[a-z]{2,} +[a-z]{2,}.*/)?.[0]).to.equal(undefined);
  });

  it("returns when something was broken, and forgets it when the window has passed", () => {
    const model = brokenModel(at);
    expect(model.view(at).faults).to.deep.equal([{ from: (at - 120_000) / 1000, to: (at - 60_000) / 1000 }]);
    expect(model.view(at + 600_000).faults).to.deep.equal([]);
    for (let click = 0; click < 1000; click += 1) {
      model.noteBroken(at + click, [{ kind: "gateway", ids: [String(click)], how: "stopped" }]);
    }
    expect(model.window(at + 1000).stretches.length).to.be.at.most(60);
  });

  it("tells processes that are stopped by that, and those that run by the fault that holds", () => {
    const members = [
      { what: "gateway 1", state: "paused" as const },
      { what: "gateway 2", state: "paused" as const },
      { what: "DNS server dns-a", state: "running" as const },
      { what: "RPC provider rpc-a", state: "running" as const },
    ];
    const held = new Map<string, FaultKind>([
      ["DNS server dns-a", "wrong"],
      ["gateway 1", "slow"],
    ]);
    expect(brokenParts(members, held)).to.deep.equal([
      { kind: "gateway", ids: ["1", "2"], how: "stopped" },
      { kind: "DNS server", ids: ["dns-a"], how: "wrong" },
    ]);
  });
});

/** Of four gateways each: one name's are broken with gateway 1, the other's are not. */
const SHARDED: ShardedName[] = [
  { name: "shop.hold", slots: [0, 0, 0, 0], gatewayIds: [5, 6, 7, 8] },
  { name: "poor.hold", slots: [1, 1, 1, 1], gatewayIds: [1, 2, 3, 8] },
];

/** A dashboard of nothing. */
const EMPTY: DashboardOptions = {
  port: 0,
  clock: systemClock,
  view: () => ({ times: [], latenciesMs: [], paths: [], faults: [], voided: 0 }),
  members: () => [],
  faultKinds: [],
  spoil: async () => {},
  put: async () => {},
  shards: () => ({ says: "", svg: "", hurt: [], predicted: [] }),
  report: () => ({ since: "", html: "" }),
  resolve: async () => ({}),
};

describe("startDashboard", () => {
  let dashboard: Dashboard;
  afterEach(() => dashboard.close());

  it("keeps running when a control breaks off", async () => {
    dashboard = await startDashboard(EMPTY);
    const { port } = new URL(dashboard.url);
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", note);
    await new Promise<void>((resolve) => {
      const head = `POST /resolve HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n`;
      const socket = connect(Number(port), "127.0.0.1", () => socket.write(head));
      // The server says that it goes on to read: now it waits for a body that never comes whole.
      socket.once("data", () => socket.write('{"name":', () => socket.resetAndDestroy()));
      socket.once("close", () => resolve());
    });
    for (let turn = 0; turn < 3; turn += 1) expect((await fetch(`${dashboard.url}shards`)).status).to.equal(200);
    process.removeListener("unhandledRejection", note);
    expect(unhandled).to.deep.equal([]);
  });

  it("rejects a port in use, naming it and the option", async () => {
    dashboard = await startDashboard(EMPTY);
    const port = Number(new URL(dashboard.url).port);
    const failure = await startDashboard({ ...EMPTY, port }).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(PortInUseError);
    expect(String((failure as PortInUseError).message))
      .to.include(String(port))
      .and.include("--dashboard-port");
  });

  it("never keeps views for a page that does not read", async () => {
    const clock = new FalseClock(0);
    let told = 0;
    // A megabyte each: some of them fit into the sockets' own buffers, and no more.
    const filler = "x".repeat(1_000_000);
    const view = () => {
      told += 1;
      return { times: [told], latenciesMs: [], paths: [], faults: [], voided: 0, filler };
    };
    dashboard = await startDashboard({ ...EMPTY, clock, view });
    const { port } = new URL(dashboard.url);
    const head = `GET /events HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`;
    const socket = connect(Number(port), "127.0.0.1", () => socket.write(head));
    await new Promise<void>((resolve) => socket.once("readable", () => resolve()));
    await clock.runUntil(60_500);
    expect(told).to.be.above(50);
    const before = told;
    let heard = 0;
    let beats = Promise.resolve();
    await new Promise<void>((resolve) => {
      let tail = "";
      socket.on("data", (part: Buffer) => {
        const text = tail + part.toString("latin1");
        const numbers = [...text.matchAll(/"times":\[(\d+)\]/g)].map(([, number]) => Number(number));
        heard += numbers.filter((number) => number <= before).length;
        tail = text.slice(-Math.min(20, text.length - Math.max(0, text.lastIndexOf('],"lat'))));
        if (numbers.some((number) => number > before)) resolve();
        else beats = beats.then(() => clock.runUntil(clock.monotonicMs() + 1_000));
      });
    });
    await beats;
    socket.destroy();
    expect(heard).to.be.below(30);
  });
});

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
    model.noteBroken(at - 20_000, [{ kind: "gateway", ids: ["1"], how: "stopped" }]);
    model.noteBroken(at - 10_000, []);
    model.noteDisagreement(disagreementAt(at));
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
      report: (language) => liveReport(model.window(systemClock.nowMs()), language === "ko" ? KOREAN : ENGLISH),
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
      await page.getByRole("heading", { name: ENGLISH.title.cells }).waitFor();
      expect(await page.locator("#report").textContent())
        .to.include(ENGLISH.label.interval)
        .and.include(ENGLISH.title.robust)
        .and.include("gateway 1 stopped (SIGSTOP)")
        .and.include("dns: A 192.0.2.66");
      const isShaded = `(() => {
        const canvas = document.querySelector("#availability canvas");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        for (let at = 0; at < data.length; at += 4) if (data[at] === 0xf5 && data[at + 1] === 0xd9 && data[at + 2] === 0xa8) return true;
        return false;
      })()`;
      await page.waitForFunction(isShaded);
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
      await page.getByRole("heading", { name: KOREAN.title.disagreements }).waitFor();
      const told = (await page.locator("main").textContent())!;
      expect(told).to.not.match(/Availability|processes|Who is|Nobody|says|raised|nothing/);
      expect(told).to.include("발생").and.include("chain: 없음");
      expect(await axeFindings(page)).to.deep.equal([]);
      await page.emulateMedia({ media: "print" });
      expect(await page.getByRole("button").count()).to.equal(0);
      expect(await page.getByRole("combobox").count()).to.equal(0);
      await page.close();
    });
  });
});
