/** The dashboard's page: draws what the server sends, and sends what is clicked. */
const byId = (id) => document.getElementById(id);
const DASHES = [[2, 3], [7, 3], [9, 3, 2, 3], [], [1, 4], [12, 4]];
const ACTIONS = ["paused", "dead", "running"];
const SHARDS_MS = 2000;
const REPORT_MS = 9000;
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const charts = new Map();
let shownPaths = "";
let latest;
const asked = new URLSearchParams(location.search).get("lang") ?? navigator.language.slice(0, 2);
let language = asked === "ko" ? "ko" : "en";
const words = () => globalThis.WORDS[language];

/** Puts every fixed text of the page into the language. */
function speak() {
  document.documentElement.lang = language;
  document.title = words().title;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = words()[element.dataset.t];
  byId("verdict").textContent = words().waiting;
  byId("members").tBodies[0].replaceChildren();
  shownPaths = "";
  if (latest !== undefined) draw(latest);
  void drawShards();
  void drawReport().catch(() => {});
}

function rowOf(cells) {
  const row = document.createElement("tr");
  for (const cell of cells) {
    const td = document.createElement("td");
    td.append(cell);
    row.append(td);
  }
  return row;
}

/** Shades the times in which something was broken, behind the lines. */
function shade(plot) {
  const { ctx, bbox } = plot;
  const { min, max } = plot.scales.x;
  ctx.save();
  ctx.fillStyle = colour("--fault");
  for (const { from, to } of latest?.faults ?? []) {
    const [left, right] = [Math.max(from, min), Math.min(to, max)].map((seconds) => plot.valToPos(seconds, "x", true));
    if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height);
  }
  ctx.restore();
}

function chartOf(id, paths, { y, x = {}, xAxis = {}, hooks = {} }) {
  const series = paths.map(({ path }, index) => ({
    label: path,
    stroke: colour(`--c${index % 6}`),
    width: 2,
    dash: DASHES[index % 6],
    spanGaps: true,
  }));
  const axis = { stroke: colour("--fg"), grid: { stroke: colour("--line") } };
  const options = { width: Math.max(300, byId(id).clientWidth), height: 220, series: [{}, ...series], axes: [{ ...axis, ...xAxis }, axis], scales: { x, y }, hooks };
  byId(id).replaceChildren();
  return new uPlot(options, [[]].concat(paths.map(() => [])), byId(id));
}

function drawCharts(view) {
  const key = view.paths.map(({ path }) => path).join() + matchMedia("(prefers-color-scheme: dark)").matches;
  if (key !== shownPaths && view.paths.length > 0) {
    shownPaths = key;
    charts.set("availability", chartOf("availability", view.paths, { y: { range: [0, 1.05] }, hooks: { drawClear: [shade] } }));
    charts.set("latency", chartOf("latency", view.paths, { y: {}, hooks: { drawClear: [shade] } }));
    const milliseconds = { values: (_, splits) => splits.map((ms) => (ms === null ? "" : `${ms} ms`)) };
    charts.set("cdf", chartOf("cdf", view.paths, { y: { range: [0, 1.05] }, x: { time: false, distr: 3 }, xAxis: milliseconds }));
  }
  charts.get("availability")?.setData([view.times, ...view.paths.map((one) => one.availability)]);
  charts.get("latency")?.setData([view.times, ...view.paths.map((one) => one.medianMs)]);
  charts.get("cdf")?.setData([view.latenciesMs, ...view.paths.map((one) => one.within)]);
}

function draw(view) {
  latest = view;
  drawCharts(view);
  const percent = (one) => (one.probes === 0 ? "–" : `${Math.floor((one.right / one.probes) * 10000) / 100} %`);
  const time = (value) => (value === undefined || value === null ? "∞" : `${value.toFixed(1)} ms`);
  byId("figures").tBodies[0].replaceChildren(
    ...view.paths.map((one, index) => {
      const now = one.medianMs.findLast((value) => value !== null);
      return rowOf([one.path, words().dashes[index % 6], String(one.probes), String(one.right), String(one.wrong), percent(one), time(now), time(one.p99Ms)]);
    }),
  );
  const broken = view.members.filter(({ state, fault }) => state !== "running" || fault !== null).length;
  const best = view.paths.find(({ path }) => path === "combined");
  const verdict = best ? words().verdict(broken, view.members.length, percent(best)) : words().waiting;
  if (byId("verdict").textContent !== verdict) byId("verdict").textContent = verdict;
  drawMembers(view.members);
}

/** Who is hurt, and who is expected to be. The map is markup that the server has escaped. */
async function drawShards() {
  const { says, svg, hurt, predicted } = await (await fetch(`/shards?lang=${language}`)).json();
  byId("shards-says").textContent = says;
  byId("shards").innerHTML = svg;
  byId("hurt").textContent = hurt.join(", ") || words().nobody;
  byId("predicted").textContent = predicted.join(", ") || words().nobody;
}

/** Intervals, outages, joint failures, disagreements: the report's own tables, markup that the server has escaped. */
async function drawReport() {
  const region = byId("report");
  // Whoever reads in it by keyboard keeps the place.
  if (region.contains(document.activeElement)) return;
  const { since, html } = await (await fetch(`/report?lang=${language}`)).json();
  byId("report-since").textContent = words().since(since);
  region.innerHTML = html;
}

async function post(path, body) {
  const response = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  return await response.json();
}

function buttonsOf(what) {
  const buttons = document.createElement("span");
  for (const target of ACTIONS) {
    const word = words().actions[target];
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: word });
    button.setAttribute("aria-label", words().action(word, what));
    button.addEventListener("click", async () => {
      const told = await post("/fault", { what, state: target });
      if (told.members) drawMembers(told.members);
      await drawShards();
    });
    buttons.append(button, " ");
  }
  return buttons;
}

/** A list of faults for one process; the first entry is none. */
function faultsOf(what) {
  const list = document.createElement("select");
  list.setAttribute("aria-label", words().faultOf(what));
  for (const kind of ["", ...(latest?.faultKinds ?? [])]) {
    list.append(Object.assign(document.createElement("option"), { value: kind, textContent: words().faults[kind] ?? kind }));
  }
  list.addEventListener("change", async () => {
    const told = await post("/fault", { what, fault: list.value === "" ? null : list.value });
    if (told.members) drawMembers(told.members);
    await drawShards();
  });
  return list;
}

function drawMembers(members) {
  const body = byId("members").tBodies[0];
  for (const { what, state, fault } of members) {
    let row = [...body.rows].find((one) => one.dataset.what === what);
    if (row === undefined) {
      row = rowOf([what, "", buttonsOf(what), faultsOf(what)]);
      row.dataset.what = what;
      body.append(row);
    }
    row.cells[1].textContent = fault === null ? words().states[state] : `${words().states[state]}, ${words().faults[fault] ?? fault}`;
    const list = row.querySelector("select");
    if (document.activeElement !== list) list.value = fault ?? "";
  }
}

byId("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  const told = await post("/resolve", Object.fromEntries(new FormData(event.target)));
  byId("told").textContent = told.error ?? words().told(told, told.lines.join("; "));
  const trace = told.trace ?? [];
  const span = Math.max(1, ...trace.map((one) => one.startedAtMs + one.durationMs));
  byId("trace").hidden = trace.length === 0;
  byId("trace").tBodies[0].replaceChildren(
    ...trace.map((one) => {
      const bar = Object.assign(document.createElement("span"), { className: "bar" });
      bar.style.marginLeft = `${(one.startedAtMs / span) * 100}%`;
      bar.style.width = `${(one.durationMs / span) * 100}%`;
      return rowOf([one.path, one.endpoint, `${one.startedAtMs.toFixed(0)} ms`, `${one.durationMs.toFixed(0)} ms`, `${one.outcome}${one.hedge ? words().hedge : ""}`, bar]);
    }),
  );
});

byId("language").addEventListener("click", () => {
  language = language === "ko" ? "en" : "ko";
  speak();
});

speak();
setInterval(() => void drawShards().catch(() => {}), SHARDS_MS);
setInterval(() => void drawReport().catch(() => {}), REPORT_MS);
new EventSource("/events").addEventListener("message", (event) => draw(JSON.parse(event.data)));
