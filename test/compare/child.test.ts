import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { expect } from "chai";
import { delay, systemClock } from "../../src/base/clock.ts";
import { ChildFailedError, PortInUseError, startChild } from "../../src/compare/local/child.ts";
import { Reaper } from "../../src/compare/local/reaper.ts";

const entry = new URL("./fixtures/sleeper.ts", import.meta.url);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until every process is gone; what outlives half a minute is an error. */
async function gone(pids: readonly number[]): Promise<void> {
  for (let left = 3_000; pids.some(isAlive); left -= 1) {
    if (left === 0) throw new Error(`still alive: ${pids.filter(isAlive).join(", ")}`);
    await delay(systemClock, 10);
  }
}

describe("startChild", () => {
  const reaper = new Reaper();
  const start = (config: unknown) =>
    startChild<{ port: number }>({
      what: "sleeper",
      entry,
      config,
      deadlineMs: 20_000,
      clock: systemClock,
      reaper,
      portOption: "--sleeper-port",
    });
  after(() => reaper.close());

  it("returns a child that listens, pauses, resumes and ends", async () => {
    const child = await start({ port: 0 });
    const socket = connect(child.ready.port, "127.0.0.1");
    await once(socket, "connect");
    socket.destroy();
    child.pause();
    expect(child.state).to.equal("paused");
    child.resume();
    expect(child.state).to.equal("running");
    await child.stop();
    expect([child.state, isAlive(child.pid)]).to.deep.equal(["ended", false]);
  });

  it("rejects with the port and the option where the port is in use", async () => {
    const child = await start({ port: 0 });
    const error = await start({ port: child.ready.port }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(PortInUseError);
    expect((error as Error).message)
      .to.include(`Port ${child.ready.port}`)
      .and.include("--sleeper-port");
    await child.kill();
  });

  it("rejects with what the child said when it fails", async () => {
    const error = await start({ fail: "no luck" }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(ChildFailedError);
    expect((error as Error).message).to.include("no luck");
  });

  it("floods a target, and tells what it did not send in time because it was held up", async () => {
    const target = createSocket("udp4");
    await new Promise<void>((resolve) => target.bind(0, "127.0.0.1", resolve));
    const flood = await startChild<object>({
      what: "flood",
      entry: new URL("../../src/compare/local/floodProcess.ts", import.meta.url),
      config: {},
      deadlineMs: 20_000,
      clock: systemClock,
      reaper,
    });
    const aim = { kind: "dns", host: "127.0.0.1", port: target.address().port, perSecond: 400, below: "example.org" };
    await flood.ask({ targets: [aim] });
    await once(target, "message");
    flood.pause();
    await delay(systemClock, 1_500);
    flood.resume();
    const { inTimeRatio } = (await flood.ask({})) as { inTimeRatio: number };
    expect(inTimeRatio).to.be.below(0.8);
    await flood.ask({ targets: [] });
    expect(await flood.ask({})).to.deep.equal({ inTimeRatio: 1 });
    await flood.stop();
    target.close();
  });

  it("emits the loss of a child that somebody else killed", async () => {
    const child = await start({ port: 0 });
    const lost = new Promise<void>((resolve) => child.onLost(resolve));
    process.kill(child.pid, "SIGKILL");
    await lost;
    expect(child.state).to.equal("ended");
  });

  it("keeps no process when the parent is killed, not even a paused one", async () => {
    const parent = spawn(process.execPath, [new URL("./fixtures/parent.ts", import.meta.url).pathname], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const pids = JSON.parse(line.toString()) as number[];
    expect(pids.every(isAlive)).to.equal(true);
    parent.kill("SIGKILL");
    await gone(pids);
  });
});
