import { Agent, get } from "node:http";
import { connect, type Socket } from "node:net";
import { expect } from "chai";
import { systemClock } from "../../src/base/clock.ts";
import type { HttpHandler } from "../../src/gateway/http/handler.ts";
import type { HttpResponse } from "../../src/gateway/http/message.ts";
import { type HttpServer, startHttpServer } from "../../src/gateway/http/server.ts";

const echo: HttpHandler = ({ method, path, search, body, field }) => ({
  status: path === "/none" ? 204 : 200,
  fields: { "content-type": "text/plain" },
  body:
    path === "/large" ? "x".repeat(4_000_000) : `${method} ${path} ${search} ${body.length} ${field("x-tag") ?? ""}`,
});

/** The status of a GET, over the connections of one agent. */
async function statusOf(url: string, agent: Agent): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode));
    });
    request.once("error", reject);
  });
}

/** Everything a raw connection gets until the server ends it or `enough` of it has come. */
async function exchange(port: number, parts: readonly string[], enough?: (text: string) => boolean): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  const done = new Promise<string>((resolve) => {
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (enough?.(text)) resolve(text);
    });
    socket.on("close", () => resolve(text));
    socket.on("error", () => resolve(text));
  });
  await new Promise((resolve) => socket.once("connect", resolve));
  for (const part of parts) await new Promise((resolve) => socket.write(part, resolve));
  const result = await done;
  socket.destroy();
  return result;
}

const bodiesOf = (text: string) => [...text.matchAll(/\r\n\r\n([^\r]*?)(?=HTTP\/1\.1 |$)/g)].map((match) => match[1]);
const countOf = (text: string) => text.match(/HTTP\/1\.1 \d{3}/g)?.length ?? 0;

describe("HTTP server", function () {
  this.timeout(20_000);
  let server: HttpServer;
  let origin: string;

  before(async () => {
    server = await startHttpServer({
      handler: echo,
      clock: systemClock,
      host: "127.0.0.1",
      port: 0,
      bodyBytesMax: 1_000,
      connectionsPerClientMax: 20,
      requestMsMax: 300,
      idleMsMax: 600,
    });
    origin = `http://127.0.0.1:${server.port}`;
  });
  after(async () => await server.close());

  it("answers pipelined requests in their order", async () => {
    const requests = [1, 2, 3].map((n) => `GET /p${n} HTTP/1.1\r\nHost: a\r\n\r\n`).join("");
    const text = await exchange(server.port, [requests], (all) => countOf(all) === 3 && all.endsWith("/p3  0 "));
    expect(bodiesOf(text)).to.deep.equal(["GET /p1  0 ", "GET /p2  0 ", "GET /p3  0 "]);
  });

  it("answers requests that come in pieces, one byte at a time", async () => {
    const request = "POST /slow?a=b HTTP/1.1\r\nHost: a\r\nX-Tag: yes\r\nContent-Length: 3\r\n\r\nabc";
    const text = await exchange(server.port, [...request], (all) => all.endsWith("yes"));
    expect(text).to.match(/^HTTP\/1\.1 200 OK\r\n/);
    expect(bodiesOf(text)).to.deep.equal(["POST /slow a=b 3 yes"]);
  });

  it("reads chunked bodies, and goes on with plain requests after them", async () => {
    const chunked = "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    const plain = "GET /after HTTP/1.1\r\nHost: a\r\n\r\n";
    const text = await exchange(server.port, [chunked, plain], (all) => all.includes("/after"));
    expect(text).to.include("POST /c  3 ");
    expect(text).to.include("GET /after  0 ");
  });

  it("answers stock clients, HEAD and 204 included", async () => {
    const response = await fetch(`${origin}/x?y`, { method: "POST", body: "1234", headers: { "x-tag": "t" } });
    expect(await response.text()).to.equal("POST /x y 4 t");
    expect(response.headers.get("date")).to.be.a("string");
    const head = await fetch(`${origin}/x`, { method: "HEAD" });
    expect(head.headers.get("content-length")).to.equal("11");
    expect((await fetch(`${origin}/none`)).status).to.equal(204);
  });

  const smuggling: readonly [string, string][] = [
    ["two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde"],
    [
      "a length and chunks",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["a signed length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc"],
    ["no host", "GET / HTTP/1.1\r\nX: y\r\n\r\n"],
    ["a space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"],
    ["a bare line feed", "GET / HTTP/1.1\nHost: a\n\n"],
    ["no HTTP at all", "hello\r\n\r\n"],
    ["a field that is too long", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(20_000)}\r\n\r\n`],
  ];
  for (const [what, bytes] of smuggling) {
    it(`rejects ${what} and ends the connection`, async () => {
      const text = await exchange(server.port, [bytes]);
      expect(text).to.match(/^(HTTP\/1\.1 4\d\d|$)/);
      expect(countOf(text)).to.be.lessThan(2);
    });
  }

  it("rejects bodies over the limit, announced or not", async () => {
    const announced = await exchange(server.port, [
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n${"x".repeat(2_000)}`,
    ]);
    expect(announced).to.match(/^HTTP\/1\.1 413 /);
    const chunk = `7d0\r\n${"x".repeat(2_000)}\r\n`;
    const hidden = await exchange(server.port, [
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}`,
    ]);
    expect(hidden).to.match(/^HTTP\/1\.1 413 /);
  });

  it("ends connections whose request does not come to an end in time", async () => {
    const text = await exchange(server.port, ["GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "]);
    expect(text).to.match(/^(HTTP\/1\.1 4\d\d|$)/);
  });

  it("ends connections that read nothing, while others are served", async () => {
    const sockets: Socket[] = [];
    const ended = Array.from({ length: 4 }, () => {
      const socket = connect(server.port, "127.0.0.1");
      sockets.push(socket);
      socket.pause();
      socket.on("error", () => {});
      socket.write("GET /large HTTP/1.1\r\nHost: a\r\n\r\n".repeat(4));
      return new Promise((resolve) => socket.once("close", resolve));
    });
    // A connection of its own: those that earlier tests left open are about to be ended for being idle.
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let index = 0; index < 50; index += 1) expect(await statusOf(`${origin}/ok`, agent)).to.equal(200);
    agent.destroy();
    // A paused socket notices its end only when it reads again.
    await new Promise<void>((resolve) => systemClock.schedule(1_000, resolve));
    for (const socket of sockets) socket.resume();
    await Promise.all(ended);
  });

  it("refuses more connections of one client than it may have, and takes new ones when others have ended", async () => {
    let closedCount = 0;
    let markRefused = () => {};
    const refused = new Promise<void>((resolve) => {
      markRefused = resolve;
    });
    const sockets = await Promise.all(
      Array.from({ length: 30 }, async () => {
        const socket = connect(server.port, "127.0.0.1");
        let isClosed = false;
        socket.on("error", () => {});
        socket.on("close", () => {
          isClosed = true;
          closedCount += 1;
          if (closedCount === 5) markRefused();
        });
        await new Promise((resolve) => socket.once("connect", resolve));
        return { socket, isClosed: () => isClosed };
      }),
    );
    // The last ones are refused as soon as the server has looked at them, which a round trip on an early one shows.
    await new Promise<void>((resolve) => {
      sockets[0]!.socket.once("data", () => resolve());
      sockets[0]!.socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    });
    await refused;
    expect(closedCount).to.be.within(5, 29);
    await Promise.all(
      sockets.map(({ socket, isClosed }) => {
        if (isClosed()) return undefined;
        const closed = new Promise((resolve) => socket.once("close", resolve));
        socket.destroy();
        return closed;
      }),
    );
    await new Promise<void>((resolve) => systemClock.schedule(50, resolve));
    expect((await fetch(`${origin}/again`)).status).to.equal(200);
  });
});

describe("closing", () => {
  it("waits for an answer under way, and no longer than a request may take", async () => {
    const asked: ((response: HttpResponse) => void)[] = [];
    let tell = () => {};
    const handler: HttpHandler = () =>
      new Promise((resolve) => {
        asked.push(resolve);
        tell();
      });
    const open = async () => {
      const front = await startHttpServer({
        handler,
        clock: systemClock,
        host: "127.0.0.1",
        port: 0,
        requestMsMax: 200,
      });
      const isAsked = new Promise<void>((resolve) => (tell = resolve));
      const text = exchange(front.port, ["GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"]);
      await isAsked;
      return { text, closed: front.close() };
    };
    const first = await open();
    asked[0]!({ status: 200, fields: {}, body: "late" });
    expect(bodiesOf(await first.text)).to.deep.equal(["late"]);
    await first.closed;
    const second = await open();
    await second.closed;
    expect(await second.text).to.equal("");
  });
});
