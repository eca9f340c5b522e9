import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { expect } from "chai";
import { jointFailures } from "../../src/availability/joint.ts";
import { cellOf } from "../../src/availability/report.ts";
import { seededRandom } from "../../src/base/random.ts";
import { JournalWriteError, journalFiles, openJournal } from "../../src/compare/watch/journal.ts";
import { readJournals } from "../../src/compare/watch/readJournal.ts";
import { type JournalHeader, observationOf, type Sample } from "../../src/compare/watch/sample.ts";
import { FalseClock } from "../../src/simulation/falseClock.ts";
import { HEADER, said, sample, source, watch } from "../support/compare/watch.ts";

describe("journal", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-journal-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const open = (bytesMax = 1e6) => openJournal({ path: join(folder, "j.jsonl"), bytesMax, header: HEADER });

  it("keeps what was appended, cuts off a torn line, and goes on after the last round", async () => {
    const first = open();
    expect([first.lastRound, first.tornBytes]).to.deep.equal([-1, 0]);
    for (const round of [0, 1, 2]) first.append(sample({ round }));
    first.close();
    const path = join(folder, "j.jsonl");
    appendFileSync(path, '{"at":17000,"rou');
    const torn = await readJournals([path]);
    expect([torn.samples.length, torn.unreadable]).to.deep.equal([3, 1]);
    const second = open();
    expect([second.lastRound, second.tornBytes]).to.deep.equal([2, 16]);
    second.append(sample({ round: 3 }));
    second.close();
    const whole = await readJournals([path]);
    expect(whole.samples.map(({ round, vantage }) => [round, vantage])).to.deep.equal([
      [0, "seoul"],
      [1, "seoul"],
      [2, "seoul"],
      [3, "seoul"],
    ]);
    expect([whole.headers.length, whole.unreadable]).to.deep.equal([2, 0]);
  });

  it("keeps every file below its size but for one line, in order, and reads all of them back", async () => {
    const journal = open(1_000);
    for (let round = 0; round < 60; round += 1) journal.append(sample({ round }));
    journal.close();
    const files = journalFiles(join(folder, "j.jsonl"));
    expect(files.length).to.be.above(5);
    for (const file of files) expect(readFileSync(file).length).to.be.below(1_000 + 200);
    const { samples } = await readJournals(files);
    expect(samples.map(({ round }) => round)).to.deep.equal(Array.from({ length: 60 }, (_, round) => round));
    const resumed = open(1_000);
    resumed.close();
    expect(resumed.lastRound).to.equal(59);
  });

  it("rejects a file that is no journal, or of another version", async () => {
    const path = join(folder, "other.jsonl");
    appendFileSync(path, `${JSON.stringify(sample())}\n`);
    expect(await readJournals([path]).catch((error) => error.code)).to.equal("COMPARE_UNREADABLE_JOURNAL");
    const newer = join(folder, "newer.jsonl");
    appendFileSync(newer, `${JSON.stringify({ ...HEADER, version: 3 })}\n`);
    expect(await readJournals([newer]).catch((error) => error.code)).to.equal("COMPARE_UNREADABLE_JOURNAL");
  });

  it("rejects a file that is something else, and leaves every byte of it", () => {
    const list = "shop.hold\nblog.hold=blog.example.com";
    const path = join(folder, "names.txt");
    writeFileSync(path, list);
    const codeOf = (work: () => unknown) => {
      try {
        work();
        return "none";
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    const openIt = () => openJournal({ path, bytesMax: 1e6, header: HEADER });
    expect(codeOf(openIt)).to.equal("COMPARE_UNREADABLE_JOURNAL");
    expect(readFileSync(path, "utf8")).to.equal(list);
    writeFileSync(path, `${JSON.stringify({ ...HEADER, version: 3 })}\n`);
    expect(codeOf(openIt)).to.equal("COMPARE_UNREADABLE_JOURNAL");
  });

  it("keeps the other files readable where one holds but a torn header, and begins that one anew", async () => {
    const good = open();
    good.append(sample());
    good.close();
    const torn = join(folder, "torn.jsonl");
    writeFileSync(torn, JSON.stringify(HEADER).slice(0, 16));
    const both = await readJournals([join(folder, "j.jsonl"), torn]);
    expect([both.samples.length, both.unreadable]).to.deep.equal([1, 1]);
    const again = openJournal({ path: torn, bytesMax: 1e6, header: HEADER });
    again.append(sample());
    again.close();
    expect(again.tornBytes).to.equal(16);
    const { samples, unreadable } = await readJournals([torn]);
    expect([samples.length, unreadable]).to.deep.equal([1, 0]);
  });

  it("cuts off all of a torn line, however long", async () => {
    const path = join(folder, "j.jsonl");
    const torn = `{"detail":"${"y".repeat(200_000)}`;
    writeFileSync(path, `${JSON.stringify(HEADER)}\n${torn}`);
    const journal = open();
    journal.append(sample());
    journal.close();
    expect(journal.tornBytes).to.equal(torn.length);
    const { headers, samples, unreadable } = await readJournals([path]);
    expect([headers.length, samples.length, unreadable]).to.deep.equal([2, 1, 0]);
  });

  it("goes on after the last round over any number of starts without a sample", () => {
    const journal = open();
    for (const round of [0, 1, 2]) journal.append(sample({ round }));
    journal.close();
    appendFileSync(join(folder, "j.jsonl"), `${JSON.stringify(HEADER)}\n`.repeat(2_000));
    const next = open();
    next.close();
    expect(next.lastRound).to.equal(2);
  });

  it("rejects a second writer, and lets the next one in once the first is gone, killed or not", async function () {
    this.timeout(30_000);
    const first = open();
    expect(() => open())
      .to.throw()
      .with.property("code", "COMPARE_JOURNAL_IN_USE");
    first.close();
    open().close();
    const source = new URL("../../src/compare/watch/journal.ts", import.meta.url).href;
    const path = join(folder, "j.jsonl");
    const text = `const { openJournal } = await import(${JSON.stringify(source)});
      globalThis.journal = openJournal(${JSON.stringify({ path, bytesMax: 1e6, header: HEADER })});
      console.log("open");
      setInterval(() => {}, 1000);`;
    const args = ["--disable-warning=ExperimentalWarning", "--conditions=source", "--input-type=module", "-e", text];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const gone = once(child, "exit");
    try {
      await once(child.stdout, "data");
      expect(() => open())
        .to.throw()
        .with.property("code", "COMPARE_JOURNAL_IN_USE");
    } finally {
      child.kill("SIGKILL");
    }
    await gone;
    open().close();
  });

  it("rejects every line after one that could not be written", () => {
    const journal = open(1);
    rmSync(folder, { recursive: true });
    for (const round of [0, 1]) {
      expect(() => journal.append(sample({ round })))
        .to.throw()
        .with.property("code", "COMPARE_JOURNAL_WRITE");
    }
    journal.close();
    mkdirSync(folder);
  });

  it("ends a watch whose samples cannot be kept", async () => {
    const clock = new FalseClock(0);
    let left = 3;
    const append = () => {
      left -= 1;
      if (left < 0) throw new JournalWriteError("j.jsonl", new Error("ENOSPC: no space left on device"));
    };
    const { done } = watch(clock, [source("dns", () => said("192.0.2.1"))], {
      journal: { append, sync() {} },
      rounds: 1e6,
    });
    const failure = await clock.runUntilSettled(
      "the watch",
      done.catch((error: unknown) => error),
    );
    expect(failure).to.be.instanceOf(JournalWriteError).with.property("message").that.includes("no space left");
    expect(left).to.equal(-1);
  });
});

describe("readJournals", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-journals-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(file: string, header: JournalHeader, entries: readonly object[]): string {
    const path = join(folder, file);
    writeFileSync(path, [header, ...entries].map((entry) => `${JSON.stringify(entry)}\n`).join(""));
    return path;
  }
  const header = (run: string, more: Partial<JournalHeader> = {}): JournalHeader => ({
    ...HEADER,
    version: 2,
    run,
    ...more,
  });

  it("returns every sample once: of a file under two names, and of a copy", async () => {
    const path = write("a.jsonl", header("1"), [sample(), sample({ round: 1, at: 1_700_000_001_000 })]);
    const copy = write("copy.jsonl", header("1"), [sample(), sample({ round: 1, at: 1_700_000_001_000 })]);
    const link = join(folder, "link.jsonl");
    symlinkSync(path, link);
    const paths = [path, relative(process.cwd(), path), link, copy];
    expect((await readJournals(paths)).samples.length).to.equal(2);
  });

  for (const [what, first, second] of [
    ["version 2", header("1"), header("2")],
    ["version 1", HEADER, { ...HEADER, startedAt: "2026-01-02T00:00:00Z" }],
  ] as const) {
    it(`keeps apart the rounds of two runs that both began with 0, of ${what}`, async () => {
      const run = (outcome: Sample["outcome"], startMs: number) =>
        Array.from({ length: 100 }, (_, round) => [
          sample({ round, at: startMs + round * 1000, outcome }),
          sample({ round, at: startMs + round * 1000, path: "chain" }),
        ]).flat();
      const { samples } = await readJournals([
        write("a.jsonl", first, run("timedOut", 1_700_000_000_000)),
        write("b.jsonl", second, run("answered", 1_800_000_000_000)),
      ]);
      const observations = samples.map((one) => observationOf(one, samples[0]!.at, one.vantage));
      const [joint] = jointFailures(observations, ["dns", "chain"], seededRandom(1, "test"));
      expect([joint!.rounds, joint!.failureRatio]).to.deep.equal([200, [0.5, 0]]);
    });
  }

  /** A file of a vantage point, with samples at these times; a round and a name of their own. */
  const timed = (file: string, vantage: string, times: readonly number[]) =>
    write(
      file,
      { ...HEADER, vantage },
      times.map((at, round) => sample({ at, round, name: `n${round}.hold` })),
    );

  it("returns several files in order of time, however they are given and however long", async () => {
    const from = (startMs: number, stepMs: number) =>
      Array.from({ length: 4_000 }, (_, index) => startMs + index * stepMs);
    // The first two are one run in two files; the third is another vantage point meanwhile, a round of it out of order.
    const late = timed("b.jsonl", "seoul", from(1e12 + 4e6, 1_000));
    const early = timed("a.jsonl", "seoul", from(1e12, 1_000));
    const other = timed("c.jsonl", "oslo", [...from(1e12, 1_900), 1e12 + 4_000 * 1_900 - 3_000]);
    const { samples } = await readJournals([late, other, early]);
    expect(samples.length).to.equal(12_001);
    expect(samples.every(({ at }, index) => index === 0 || at >= samples[index - 1]!.at)).to.equal(true);
    expect(new Set(samples.slice(0, 100).map(({ vantage }) => vantage)).size).to.equal(2);
  });

  it("gives up a line without end, and goes on after it", async () => {
    const path = timed("a.jsonl", "seoul", [1e12]);
    appendFileSync(path, `${"x".repeat(3_000_000)}\n${JSON.stringify(sample({ at: 1e12 + 1, round: 7 }))}\n`);
    const { samples, unreadable } = await readJournals([path]);
    expect([samples.map(({ round }) => round), unreadable]).to.deep.equal([[0, 1], 1]);
  });

  it("returns who was deceived and who saw through a lie, of version 1 too", async () => {
    const path = write("old.jsonl", HEADER, [
      sample({ outcome: "wrong", detail: "the proof does not hold" }),
      sample({ outcome: "wrong", detail: "not what the chain says", round: 1 }),
    ]);
    const { samples } = await readJournals([path]);
    const observations = samples.map((one) => observationOf(one, 0, one.vantage));
    expect(observations.map(({ accepted }) => accepted)).to.deep.equal([false, undefined]);
    expect(cellOf("all", "dns", observations)).to.include({ wrong: 1, right: 0, probes: 2 });
  });
});
