import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { startOurs } from "../../../scripts/bench/dnsPeers.ts";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { silentLog } from "../../../src/base/log.ts";
import { RCODE } from "../../../src/dns/codes.ts";
import { decodeMessage } from "../../../src/dns/decode.ts";
import { encodeMessage } from "../../../src/dns/encode.ts";
import type { Message } from "../../../src/dns/message.ts";
import { listenBatch } from "../../../src/gateway/dns/batch.ts";
import { PortInUseError, startDnsServer } from "../../../src/gateway/dns/server.ts";
import { listenTcp } from "../../../src/gateway/dns/tcp.ts";
import { EDNS, handlerOf, queryOf, textOf, ZONE } from "./support.ts";
import { dial, framed, messagesOf } from "./tcpClient.ts";

const base = { host: "127.0.0.1", port: 0, clock: systemClock, log: silentLog };

/** Asks over a real UDP socket; asks again while nothing comes, as clients do. */
async function overUdp(port: number, bytes: Uint8Array): Promise<Uint8Array> {
  const socket = createSocket("udp4");
  const again = setInterval(() => socket.send(bytes, port, "127.0.0.1"), 1000);
  try {
    socket.send(bytes, port, "127.0.0.1");
    const [reply] = (await once(socket, "message")) as [Uint8Array];
    return reply;
  } finally {
    clearInterval(again);
    socket.close();
  }
}

async function overTcp(port: number, bytes: Uint8Array): Promise<Uint8Array> {
  const socket = await dial(port);
  socket.write(framed(bytes));
  for await (const reply of messagesOf(socket)) {
    socket.destroy();
    return reply;
  }
  throw new Error("closed without an answer");
}

/** Resolves once the other side has closed, gently or not. */
function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) =>
    socket
      .on("error", () => {})
      .once("close", () => resolve())
      .resume(),
  );
}

/** The probes of RFC 8906 sections 8.1 and 8.2: a message and what its answer must be. */
const SOA = queryOf("example.org", "SOA");
const flagged = (byte: number, mask: number, message: Message = SOA) => {
  const bytes = encodeMessage(message);
  bytes[byte]! |= mask;
  return bytes;
};
const withEdns = (change: object) => encodeMessage({ ...SOA, edns: { ...EDNS, ...change } });
const unknownFlags = () => {
  const bytes = withEdns({});
  bytes[bytes.length - 3]! |= 0x40;
  return bytes;
};
const PROBES: [what: string, bytes: Uint8Array, rcode: number, hasAnswer: boolean, edns: "none" | "plain"][] = [
  ["a plain query", encodeMessage(SOA), 0, true, "none"],
  ["an unknown type", encodeMessage(queryOf("example.org", "TYPE1000")), 0, false, "none"],
  ["CD", flagged(3, 0x10), 0, true, "none"],
  ["AD", flagged(3, 0x20), 0, true, "none"],
  ["the reserved bit", flagged(3, 0x40), 0, true, "none"],
  ["RD", flagged(2, 0x01), 0, true, "none"],
  ["an unknown opcode", flagged(2, 15 << 3).subarray(0, 12), RCODE.NOTIMP, false, "none"],
  ["EDNS 0", withEdns({}), 0, true, "plain"],
  ["EDNS 1", withEdns({ version: 1 }), RCODE.BADVERS, false, "plain"],
  ["an unknown option", withEdns({ options: [{ code: 100, data: new Uint8Array(0) }] }), 0, true, "plain"],
  ["unknown EDNS flags", unknownFlags(), 0, true, "plain"],
  [
    "EDNS 1 and an unknown option",
    withEdns({ version: 1, options: [{ code: 100, data: new Uint8Array(0) }] }),
    RCODE.BADVERS,
    false,
    "plain",
  ],
  ["DO", withEdns({ dnssecOk: true }), 0, true, "plain"],
  ["EDNS 1 and DO", withEdns({ version: 1, dnssecOk: true }), RCODE.BADVERS, false, "plain"],
  [
    "several known options",
    withEdns({ options: [3, 8, 9].map((code) => ({ code, data: new Uint8Array(0) })) }),
    0,
    true,
    "plain",
  ],
];

for (const useNative of [true, false]) {
  describe(`DNS server, ${useNative ? "native UDP" : "dgram"}`, () => {
    let server: Awaited<ReturnType<typeof startDnsServer>>;
    before(async () => {
      server = await startDnsServer({ ...base, handler: handlerOf(), useNative });
    });
    after(() => server.close());

    for (const [transport, send] of [
      ["UDP", overUdp],
      ["TCP", overTcp],
    ] as const) {
      for (const [what, bytes, rcode, hasAnswer, edns] of PROBES) {
        it(`returns what RFC 8906 wants to ${what} over ${transport}`, async () => {
          // Twice: built, then compiled.
          for (const reply of [await send(server.port, bytes), await send(server.port, bytes)]) {
            const message = decodeMessage(reply);
            expect(message).to.include({
              id: SOA.id,
              isResponse: true,
              rcode,
              authenticData: false,
              isTruncated: false,
            });
            expect(message.answers.length > 0).to.equal(hasAnswer);
            expect(reply[3]! & 0x40).to.equal(0);
            if (edns === "none") expect(message.edns).to.equal(undefined);
            else expect({ ...message.edns, dnssecOk: false }).to.deep.equal(EDNS);
          }
        });
      }
    }

    it("keeps answering after every kind of broken datagram", async () => {
      const socket = createSocket("udp4");
      for (let length = 0; length < 30; length += 1)
        socket.send(encodeMessage(SOA).subarray(0, length), server.port, "127.0.0.1");
      socket.send(new Uint8Array(4000).fill(0xc0), server.port, "127.0.0.1");
      expect(textOf(decodeMessage(await overUdp(server.port, encodeMessage(SOA))))[0]).to.equal("NOERROR aa");
      socket.close();
    });
  });
}

describe("DNS over TCP", () => {
  it("returns answers to a thousand queries written at once, and to queries that come byte by byte", async () => {
    const server = await startDnsServer({ ...base, handler: handlerOf() });
    const queries = Array.from({ length: 1000 }, (_, id) =>
      encodeMessage({ ...queryOf("www2.example.org", id % 2 ? "A" : "MX"), id }),
    );
    const socket = await dial(server.port);
    socket.write(framed(...queries));
    const seen = new Set<number>();
    for await (const reply of messagesOf(socket)) {
      seen.add(decodeMessage(reply).id);
      if (seen.size === 1000) break;
    }
    socket.destroy();
    const slow = await dial(server.port);
    for (const byte of framed(queries[1]!)) {
      slow.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    for await (const reply of messagesOf(slow)) {
      expect(textOf(decodeMessage(reply))[0]).to.equal("NOERROR aa");
      break;
    }
    slow.destroy();
    await server.close();
  });

  it("closes connections beyond a client's share, and idle ones", async () => {
    let nowMs = 0;
    const ticks: (() => void)[] = [];
    const clock: Clock = {
      ...systemClock,
      monotonicMs: () => nowMs,
      schedule(_delayMs, callback) {
        ticks.push(callback);
        return { cancel() {} };
      },
    };
    const listener = await listenTcp({
      ...base,
      clock,
      handler: handlerOf(),
      connectionsPerClientMax: 2,
      idleTimeoutMs: 5000,
    });
    const [first, second] = [await dial(listener.port), await dial(listener.port)];
    const third = await dial(listener.port);
    await closing(third);
    nowMs = 4000;
    // The first asks and stays; the second drips half a query and goes.
    first.write(framed(encodeMessage(SOA)));
    await once(first, "data");
    second.write(framed(encodeMessage(SOA)).subarray(0, 10));
    nowMs = 6000;
    ticks.shift()!();
    await closing(second);
    expect(first.destroyed).to.equal(false);
    nowMs = 20_000;
    const closed = closing(first);
    ticks.shift()!();
    await closed;
    await listener.close();
  });

  it("keeps little for a client that does not read, and serves the others", async () => {
    const listener = await listenTcp({ ...base, handler: handlerOf(), unreadBytesMax: 64 * 1024 });
    const greedy = await dial(listener.port);
    greedy.pause();
    const query = framed(encodeMessage(queryOf("big.example.org", "TXT")));
    const burst = Buffer.concat(Array.from({ length: 1000 }, () => query));
    // 2 KB of answer to each of 600,000 queries: 1.2 GB, were they kept.
    let takenCount = 0;
    for (let count = 0; count < 600; count += 1) greedy.write(burst, () => (takenCount += 1));
    let answered = 0;
    for (let count = 0; count < 100; count += 1) {
      const reply = await overTcp(listener.port, encodeMessage(SOA));
      if (decodeMessage(reply).answers.length === 1) answered += 1;
    }
    expect(answered).to.equal(100);
    expect(takenCount).to.be.below(600);
    greedy.destroy();
    await listener.close();
  });
});

describe("closing DNS over TCP", () => {
  it("waits for answers under way, and no longer than its deadline", async () => {
    const seen: (() => void)[] = [];
    const handler = { ...handlerOf(), answerInto: () => -1 };
    const reply = Uint8Array.of(0, 1, 0x80, 0);
    let give: (bytes: Uint8Array) => void = () => {};
    const waiting = {
      ...handler,
      handle: () => {
        for (const tell of seen.splice(0)) tell();
        return new Promise<Uint8Array>((resolve) => (give = resolve));
      },
    };
    for (const isAnswered of [true, false]) {
      const listener = await listenTcp({ ...base, handler: waiting, drainMsMax: isAnswered ? 10_000 : 50 });
      const asked = new Promise<void>((resolve) => seen.push(resolve));
      const socket = await dial(listener.port);
      const bytes: Buffer[] = [];
      socket.on("data", (chunk: Buffer) => bytes.push(chunk));
      socket.write(framed(encodeMessage(SOA)));
      await asked;
      const ended = closing(socket);
      const closed = listener.close();
      if (isAnswered) give(reply);
      await closed;
      await ended;
      expect([...Buffer.concat(bytes)]).to.deep.equal(isAnswered ? [0, 4, ...reply] : []);
    }
  });
});

describe("startDnsServer", () => {
  it("rejects a port in use, naming it", async () => {
    const server = await startDnsServer({ ...base, handler: handlerOf() });
    try {
      await startDnsServer({ ...base, port: server.port, handler: handlerOf() });
      expect.fail("started twice");
    } catch (error) {
      expect(error).to.be.instanceOf(PortInUseError);
      expect((error as PortInUseError).shortMessage).to.contain(String(server.port));
    } finally {
      await server.close();
    }
  });

  it("keeps native sockets and dgram from one port unless it is shared", () => {
    const first = listenBatch({ ...base, handler: handlerOf() });
    // Not on Linux, or without koffi: nothing to hold against.
    if (!first) return;
    expect(() => listenBatch({ ...base, port: first.port, handler: handlerOf() })).to.throw(/bind/);
    return first.close();
  });
});

describe("the centralized server's process", () => {
  it("returns one line of JSON when it listens, serves its zone file, and ends on SIGTERM", async () => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-zone-"));
    writeFileSync(join(folder, "zone"), ZONE);
    const process = await startOurs(["--zone", join(folder, "zone")]);
    expect(textOf(decodeMessage(await overUdp(process.port, encodeMessage(SOA))))[0]).to.equal("NOERROR aa");
    expect(textOf(decodeMessage(await overTcp(process.port, encodeMessage(SOA))))[0]).to.equal("NOERROR aa");
    await process.stop();
    rmSync(folder, { recursive: true });
  });

  it("returns answers from several processes on one port, and ends them all", async () => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-zone-"));
    writeFileSync(join(folder, "zone"), ZONE);
    const process = await startOurs(["--zone", join(folder, "zone"), "--workers", "2"]);
    for (let count = 0; count < 8; count += 1) {
      const send = count % 2 ? overUdp : overTcp;
      expect(textOf(decodeMessage(await send(process.port, encodeMessage(SOA))))[0]).to.equal("NOERROR aa");
    }
    const { port } = process;
    await process.stop();
    const again = await startDnsServer({ ...base, port, handler: handlerOf() });
    await again.close();
    rmSync(folder, { recursive: true });
  });

  it("ends with the place of a zone file's error", async () => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-zone-"));
    writeFileSync(join(folder, "zone"), `${ZONE}bad A 192.0.2.999\n`);
    try {
      await startOurs(["--zone", join(folder, "zone")]);
      expect.fail("started");
    } catch (error) {
      expect(String(error)).to.match(/zone:\d+:7: Expected an IPv4 address/);
    }
    rmSync(folder, { recursive: true });
  });
});
