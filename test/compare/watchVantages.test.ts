/** Whether vantage points were told the same, found where their journals are merged. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { readJournals } from "../../src/compare/watch/readJournal.ts";
import { buildWatchReport } from "../../src/compare/watch/report.ts";
import { answerHash, type JournalHeader, type Sample } from "../../src/compare/watch/sample.ts";
import { HEADER, sample } from "../support/compare/watch.ts";

const EVERY_MS = 60_000;
const START_MS = 1_700_000_000_000;
const RIGHT = answerHash("A 192.0.2.1");
const FALSE = answerHash("A 203.0.113.66");

describe("vantage points", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-vantages-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A journal of one vantage point: what `dns` and `chain` told in each round; `null` where neither told anything. */
  function journal(
    vantage: string,
    rounds: readonly (Partial<Record<string, string>> | null)[],
    settings: JournalHeader["settings"] = {},
  ): string {
    const header: JournalHeader = {
      ...HEADER,
      version: 2,
      vantage,
      run: vantage,
      settings: { everyMs: EVERY_MS, confirmRounds: 2, comparesAnswers: true, ...settings },
    };
    const samples = rounds.flatMap((told, round): Sample[] =>
      ["dns", "chain"].map((path) => ({
        ...sample({ round, path, type: "A", at: START_MS + round * EVERY_MS + (vantage.length % 7) * 1000 }),
        ...(told === null ? { outcome: "timedOut" as const } : {}),
        ...(told?.[path] === undefined ? {} : { answer: told[path] }),
        ...(told?.void === undefined ? {} : { void: told.void }),
      })),
    );
    const path = join(folder, `${vantage}.jsonl`);
    writeFileSync(path, [header, ...samples].map((entry) => `${JSON.stringify(entry)}\n`).join(""));
    return path;
  }
  const both = (answer: string) => ({ dns: answer, chain: answer });
  const times = <Value>(count: number, one: Value) => Array.from({ length: count }, () => one);

  it("raises what each of them alone could not see, and says when it is over", async () => {
    const files = [
      journal("seoul", times(10, both(RIGHT))),
      journal("frankfurt", [...times(2, both(RIGHT)), ...times(4, both(FALSE)), ...times(4, both(RIGHT))]),
    ];
    const content = await readJournals(files);
    expect(
      content.disagreements.map(({ kind, state, name, type, vantage }) => [kind, state, name, type, vantage]),
    ).to.deep.equal([
      ["vantage", "raised", "shop.hold", "A", "frankfurt, seoul"],
      ["vantage", "cleared", "shop.hold", "A", "frankfurt, seoul"],
    ]);
    const [raised, cleared] = content.disagreements;
    expect([raised, cleared].map((one) => Math.floor((one!.at - START_MS) / EVERY_MS))).to.deep.equal([3, 6]);
    expect(raised!.sides).to.deep.include({ source: "frankfurt dns", said: FALSE });
    expect(raised!.sides).to.deep.include({ source: "seoul chain", said: RIGHT });
    const { data } = buildWatchReport(content, { command: "x", objective: 0.999 });
    expect([data.holds, data.disagreements.length]).to.deep.equal([false, 2]);
  });

  it("never takes a change on its way, a silence, or a path that one of them alone can ask for a disagreement", async () => {
    const changed = answerHash("A 192.0.2.2");
    const onItsWay = [
      journal("seoul", [...times(3, both(RIGHT)), ...times(5, both(changed))]),
      journal("frankfurt", [...times(4, both(RIGHT)), ...times(4, both(changed))]),
    ];
    expect((await readJournals(onItsWay)).disagreements).to.deep.equal([]);
    const silent = [
      journal("seoul", times(9, both(RIGHT))),
      journal("frankfurt", [...times(3, both(RIGHT)), ...times(6, null)]),
    ];
    expect((await readJournals(silent)).disagreements).to.deep.equal([]);
    // Where DNS differs from the chain everywhere, every one of them has said so already.
    const split = [
      journal("seoul", times(9, { dns: FALSE, chain: RIGHT })),
      journal("frankfurt", times(9, { chain: RIGHT })),
    ];
    expect((await readJournals(split)).disagreements).to.deep.equal([]);
  });

  it("keeps out names that answer every asker differently, spoiled samples, and journals without hashes", async () => {
    const any = [
      journal("seoul", times(9, both(RIGHT)), { comparesAnswers: false }),
      journal("frankfurt", times(9, both(FALSE)), { comparesAnswers: false }),
    ];
    expect((await readJournals(any)).disagreements).to.deep.equal([]);
    const spoiled = [
      journal("seoul", times(9, both(RIGHT))),
      journal("frankfurt", times(9, { ...both(FALSE), void: "stalled" })),
    ];
    expect((await readJournals(spoiled)).disagreements).to.deep.equal([]);
    const old = [journal("seoul", times(9, both(RIGHT))), journal("frankfurt", times(9, {}))];
    expect((await readJournals(old)).disagreements).to.deep.equal([]);
  });
});
