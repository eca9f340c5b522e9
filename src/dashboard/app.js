/** The dashboard's page: draws what the server sends, and sends what is clicked. */
const byId = (id) => document.getElementById(id);
const DASHES = [[2, 3], [7, 3], [9, 3, 2, 3], [], [1, 4], [12, 4]];
const DASH_WORDS = ["dotted", "dashed", "dash-dot", "solid", "sparse dots", "long dashes"];
const STATE_WORDS = { running: "running", paused: "stopped", dead: "killed" };
const ACTIONS = [["paused", "Stop"], ["dead", "Kill"], ["running", "Mend"]];
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const charts = new Map();
let shownPaths = "";

function rowOf(cells) {
  const row = document.createElement("tr");
  for (const cell of cells) {
    const td = document.createElement("td");
    td.append(cell);
    row.append(td);
  }
  return row;
}

function chartOf(id, paths, scale) {
  const series = paths.map(({ path }, index) => ({
    label: path,
    stroke: colour(`--c${index % 6}`),
    width: 2,
    dash: DASHES[index % 6],
    spanGaps: true,
  }));
  const axis = { stroke: colour("--fg"), grid: { stroke: colour("--line") } };
  const options = { width: Math.max(300, byId(id).clientWidth), height: 220, series: [{}, ...series], axes: [axis, axis], scales: { y: scale } };
  byId(id).replaceChildren();
  return new uPlot(options, [[]].concat(paths.map(() => [])), byId(id));
}

function draw(view) {
  const key = view.paths.map(({ path }) => path).join() + matchMedia("(prefers-color-scheme: dark)").matches;
  if (key !== shownPaths && view.paths.length > 0) {
    shownPaths = key;
    charts.set("availability", chartOf("availability", view.paths, { range: [0, 1.05] }));
    charts.set("latency", chartOf("latency", view.paths, {}));
  }
  charts.get("availability")?.setData([view.times, ...view.paths.map((one) => one.availability)]);
  charts.get("latency")?.setData([view.times, ...view.paths.map((one) => one.medianMs)]);
  const percent = (one) => (one.probes === 0 ? "–" : `${Math.floor((one.right / one.probes) * 10000) / 100} %`);
  byId("figures").tBodies[0].replaceChildren(
    ...view.paths.map((one, index) => {
      const latest = one.medianMs.findLast((value) => value !== null);
      return rowOf([one.path, DASH_WORDS[index % 6], String(one.probes), String(one.right), String(one.wrong), percent(one), latest === undefined ? "∞" : `${latest.toFixed(1)} ms`]);
    }),
  );
  const broken = view.members.filter(({ state }) => state !== "running").length;
  const best = view.paths.find(({ path }) => path === "combined");
  const verdict = best ? `${broken} of ${view.members.length} processes broken; combined answered right ${percent(best)} of the last five minutes.` : "Waiting for the first probes.";
  if (byId("verdict").textContent !== verdict) byId("verdict").textContent = verdict;
  if (view.disagreements.length > 0) {
    byId("disagreements").replaceChildren(
      ...view.disagreements.map((text) => Object.assign(document.createElement("li"), { textContent: text })),
    );
  }
  drawMembers(view.members);
}

async function post(path, body) {
  const response = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  return await response.json();
}

function drawMembers(members) {
  const body = byId("members").tBodies[0];
  for (const { what, state } of members) {
    let row = [...body.rows].find((one) => one.dataset.what === what);
    if (row === undefined) {
      const buttons = document.createElement("span");
      for (const [target, word] of ACTIONS) {
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: word });
        button.setAttribute("aria-label", `${word} ${what}`);
        button.addEventListener("click", async () => {
          const told = await post("/fault", { what, state: target });
          if (told.members) drawMembers(told.members);
        });
        buttons.append(button, " ");
      }
      row = rowOf([what, "", buttons]);
      row.dataset.what = what;
      body.append(row);
    }
    row.cells[1].textContent = STATE_WORDS[state];
  }
}

byId("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  const told = await post("/resolve", Object.fromEntries(new FormData(event.target)));
  byId("told").textContent = told.error ?? `${told.outcome}: ${told.lines.join("; ") || "no value"} (path ${told.path}, evidence ${told.evidence}, ${told.durationMs.toFixed(0)} ms)`;
  const trace = told.trace ?? [];
  const span = Math.max(1, ...trace.map((one) => one.startedAtMs + one.durationMs));
  byId("trace").hidden = trace.length === 0;
  byId("trace").tBodies[0].replaceChildren(
    ...trace.map((one) => {
      const bar = Object.assign(document.createElement("span"), { className: "bar" });
      bar.style.marginLeft = `${(one.startedAtMs / span) * 100}%`;
      bar.style.width = `${(one.durationMs / span) * 100}%`;
      return rowOf([one.path, one.endpoint, `${one.startedAtMs.toFixed(0)} ms`, `${one.durationMs.toFixed(0)} ms`, `${one.outcome}${one.hedge ? " (hedge)" : ""}`, bar]);
    }),
  );
});

new EventSource("/events").addEventListener("message", (event) => draw(JSON.parse(event.data)));
