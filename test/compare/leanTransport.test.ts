/** The transport of a watch: whatever the client's own promises, and connections that are kept. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { TransportError } from "../../src/client/transport.ts";
import { createLeanTransport } from "../../src/compare/watch/leanTransport.ts";

describe("createLeanTransport", () => {
  let server: Server;
  let url: string;
  let listener: RequestListener;
  let connections: number;
  beforeEach(async () => {
    connections = 0;
    server = createServer((request, response) => listener(request, response));
    server.on("connection", () => {
      connections += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/answer`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });
  const { http } = createLeanTransport();
  const post = (bodyBytesMax = 1_000, signal = new AbortController().signal) =>
    http({ method: "POST", url, fields: { "content-type": "text/plain" }, body: "question", bodyBytesMax, signal });
  const failureOf = (work: Promise<unknown>) => work.then(() => undefined).catch((error: TransportError) => error);

  it("returns status, fields and body, over one connection for exchanges that follow each other", async () => {
    listener = (request, response) => {
      request.setEncoding("utf8").on("data", (text) => {
        response.writeHead(418, { "x-asked": `${request.method} ${request.headers["content-type"]} ${text}` });
        response.write("ans");
        response.end("wer");
      });
    };
    for (let time = 0; time < 3; time += 1) {
      const { status, field, body } = await post();
      expect([status, field("x-asked"), field("x-none"), new TextDecoder().decode(body)]).to.deep.equal([
        418,
        "POST text/plain question",
        undefined,
        "answer",
      ]);
    }
    expect(connections).to.equal(1);
  });

  it("returns a redirect as it is, and follows none", async () => {
    listener = (_, response) => void response.writeHead(302, { location: "/elsewhere" }).end();
    expect((await post()).status).to.equal(302);
  });

  it("asks again over a new connection where the kept one was closed just then", async () => {
    let count = 0;
    listener = (request, response) => {
      count += 1;
      if (count === 2) request.socket.destroy();
      else response.end("answer");
    };
    for (let time = 0; time < 2; time += 1) expect((await post()).status).to.equal(200);
    expect([count, connections]).to.deep.equal([3, 2]);
  });

  it("rejects with what went wrong: too long a body, nobody there, called off", async () => {
    listener = (_, response) => void response.end("x".repeat(2_000));
    expect(await failureOf(post()))
      .to.be.instanceOf(TransportError)
      .with.property("failure", "oversized");
    const end = new AbortController();
    listener = () => end.abort();
    expect(await failureOf(post(1_000, end.signal))).to.be.instanceOf(TransportError);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(await failureOf(post()))
      .to.be.instanceOf(TransportError)
      .with.property("failure", "refused");
  });
});
