import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { expect } from "chai";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { createLog } from "../../../src/base/log.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { OPCODE, RCODE } from "../../../src/dns/codes.ts";
import { decodeMessage } from "../../../src/dns/decode.ts";
import { encodeMessage } from "../../../src/dns/encode.ts";
import type { Message } from "../../../src/dns/message.ts";
import { parseZoneFile } from "../../../src/dns/zoneFile.ts";
import { createMemoryZoneSource } from "../../../src/gateway/dns/memoryZone.ts";
import { startNotifier } from "../../../src/gateway/dns/notify.ts";
import { ZONE } from "./support.ts";

/** A clock whose timers go off when told to. */
function manualClock(): Clock & { fire(): void; readonly waiting: number } {
  let timers: { callback: () => void }[] = [];
  return {
    ...systemClock,
    schedule(_delayMs, callback) {
      const timer = { callback };
      timers.push(timer);
      return {
        cancel() {
          timers = timers.filter((other) => other !== timer);
        },
      };
    },
    fire() {
      const due = timers;
      timers = [];
      for (const { callback } of due) callback();
    },
    get waiting() {
      return timers.length;
    },
  };
}

async function heard(socket: Socket): Promise<{ message: Message; port: number }> {
  const [bytes, from] = (await once(socket, "message")) as [Uint8Array, { port: number }];
  return { message: decodeMessage(bytes), port: from.port };
}

describe("startNotifier", () => {
  const open = async () => {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return socket;
  };
  const [zone] = parseZoneFile(ZONE, "zone");
  const answer = (to: Socket, from: number, query: Message, change: Partial<Message> = {}) =>
    new Promise<void>((resolve) => {
      const reply = { ...query, isResponse: true, answers: [], ...change };
      to.send(encodeMessage(reply), from, "127.0.0.1", () => resolve());
    });

  it("tells of several changes once, again while nobody answers, and no more after an answer", async () => {
    const [secondary, stranger] = [await open(), await open()];
    const clock = manualClock();
    const lines: string[] = [];
    const source = createMemoryZoneSource([zone!]);
    const notifier = await startNotifier({
      source,
      secondaries: [{ host: "127.0.0.1", port: secondary.address().port }],
      clock,
      random: seededRandom(1, "notify"),
      log: createLog(systemClock, "debug", (line) => lines.push(line)),
    });
    source.set(zone!);
    source.set(zone!);
    expect(clock.waiting).to.equal(1);
    let arrives = heard(secondary);
    clock.fire();
    const first = await arrives;
    expect(first.message).to.include({ opcode: OPCODE.NOTIFY, isAuthoritative: true });
    expect(first.message.questions[0]).to.deep.equal({ name: "example.org", type: 6, class: 1 });
    // A stranger's answer, and one with another id, change nothing.
    await answer(stranger, first.port, first.message);
    await answer(secondary, first.port, first.message, { id: first.message.id ^ 1 });
    arrives = heard(secondary);
    clock.fire();
    const second = await arrives;
    expect(second.message.id).to.not.equal(first.message.id);
    await answer(secondary, second.port, second.message, { rcode: RCODE.REFUSED });
    while (clock.waiting > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(lines.join("")).to.contain("refuses NOTIFY");
    await notifier.close();
    secondary.close();
    stranger.close();
  });

  it("gives up after five tries, and says so", async () => {
    const secondary = await open();
    const clock = manualClock();
    const lines: string[] = [];
    const notifier = await startNotifier({
      source: createMemoryZoneSource([zone!]),
      secondaries: [{ host: "127.0.0.1", port: secondary.address().port }],
      clock,
      random: seededRandom(1, "notify"),
      log: createLog(systemClock, "debug", (line) => lines.push(line)),
      atStart: true,
    });
    for (let tries = 0; tries < 5; tries += 1) {
      const arrives = heard(secondary);
      clock.fire();
      await arrives;
    }
    clock.fire();
    expect(clock.waiting).to.equal(0);
    expect(lines.join("")).to.contain("does not answer NOTIFY");
    await notifier.close();
    secondary.close();
  });
});
