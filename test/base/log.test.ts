import { expect } from "chai";
import { systemClock } from "../../src/base/clock.ts";
import { createLog, silentLog } from "../../src/base/log.ts";

function collect(level: "debug" | "info" | "warn" | "error") {
  const lines: Record<string, unknown>[] = [];
  const clock = { ...systemClock, nowMs: () => Date.UTC(2018, 10, 21, 23, 19) };
  return { lines, log: createLog(clock, level, (line) => lines.push(JSON.parse(line))) };
}

describe("base/log", () => {
  it("writes one JSON object a line, with the time of its clock", () => {
    const { lines, log } = collect("debug");
    log.info("following", { block: 12n, ready: true });
    expect(lines).to.deep.equal([
      { at: "2018-11-21T23:19:00.000Z", level: "info", message: "following", block: "12", ready: true },
    ]);
  });

  it("drops what is below its level", () => {
    const { lines, log } = collect("warn");
    log.debug("a");
    log.info("b");
    log.warn("c");
    log.error("d");
    expect(lines.map((line) => line.message)).to.deep.equal(["c", "d"]);
    silentLog.error("e");
    expect(lines).to.have.length(2);
  });

  it("never writes a secret", () => {
    const { lines, log } = collect("info");
    log.info("start", { privateKey: "0x01", apiKey: "k", tsigSecret: "s", authorization: "Bearer x", port: 1 });
    expect(JSON.stringify(lines)).to.not.match(/0x01|"k"|"s"|Bearer/);
    expect(lines[0]).to.include({ privateKey: "[redacted]", port: 1 });
  });
});
