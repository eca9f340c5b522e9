/**
 * What the comparator is held against: the least a program can do that asks as many questions as often. A process of its own that
 * asks a DNS server for each name as the comparator's sources do (four addresses and an SOA), at random instants of slots of
 * its own, and writes a line for each. It looks at no answer, knows no deadline, and compares nothing.
 *
 * Arguments: the server's port, rounds a second, rounds that warm up, rounds that count, a folder for its lines. Sends its share of a core.
 */
import { createSocket } from "node:dgram";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TYPE } from "../../src/dns/codes.ts";
import { encodeMessage } from "../../src/dns/encode.ts";
import { createQuery } from "../../src/dns/message.ts";

const [port, rateHz, warmUpRounds, rounds] = process.argv.slice(2, 6).map(Number) as [number, number, number, number];
const lines = openSync(join(process.argv[6]!, "bare.jsonl"), "a");
const TYPES = [TYPE.A, TYPE.A, TYPE.A, TYPE.A, TYPE.SOA];

function ask(round: number, type: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const query = encodeMessage(createQuery(round & 0xffff, { name: `n${round % 1_000}.example.org`, type }));
    const socket = createSocket("udp4");
    socket.on("error", reject);
    socket.on("message", (answer) => {
      socket.close();
      resolve(answer.length);
    });
    socket.connect(port, "127.0.0.1", () => socket.send(query));
  });
}

let begin = { cpu: process.cpuUsage(), ms: performance.now() };
const startMs = performance.now();
for (let round = 0; round < warmUpRounds + rounds; round += 1) {
  if (round === warmUpRounds) begin = { cpu: process.cpuUsage(), ms: performance.now() };
  const atMs = startMs + ((round + Math.random()) * 1_000) / rateHz;
  await sleep(Math.max(0, atMs - performance.now()));
  const told = await Promise.all(TYPES.map((type) => ask(round, type)));
  const at = Date.now();
  writeSync(lines, told.map((bytes) => `${JSON.stringify({ at, round, bytes })}\n`).join(""));
}
const { user, system } = process.cpuUsage(begin.cpu);
process.send?.((user + system) / 1_000 / (performance.now() - begin.ms));
closeSync(lines);
process.disconnect?.();
