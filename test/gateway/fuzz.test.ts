/**
 * Fuzzing of what strangers send: DNS messages, HTTP bytes, HTTP requests. A thousand inputs each, or `FUZZ_RUNS`; inputs come from
 * valid ones by mutation, all from one seed (`FUZZ_SEED`), which is printed with whatever fails.
 */
import { EventEmitter } from "node:events";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { type Random, seededRandom } from "../../src/base/random.ts";
import { EDNS_OPTION, RCODE } from "../../src/dns/codes.ts";
import { decodeMessage, MalformedMessageError } from "../../src/dns/decode.ts";
import { encodeMessage } from "../../src/dns/encode.ts";
import { createDnsHandler, type DnsHandler, type DnsReply } from "../../src/gateway/dns/handler.ts";
import { createGateway } from "../../src/gateway/gateway.ts";
import type { HttpHandler } from "../../src/gateway/http/handler.ts";
import type { HttpRequest } from "../../src/gateway/http/message.ts";
import { servePlain } from "../../src/gateway/http/plainConnection.ts";
import { createFront } from "../../src/gateway/run.ts";
import { followShardHints } from "../../src/gateway/shardHints.ts";
import { createSigner } from "../../src/gateway/signer.ts";
import { createReplicaZones } from "../../src/gateway/zone/replicaZones.ts";
import { encodeQuery } from "../../src/protocol/json.ts";
import { parseRecordKey } from "../../src/protocol/record.ts";
import type { Replica } from "../../src/replica/replica.ts";
import { ProviderPool } from "../../src/replica/source/providerPool.ts";
import { DIRECTORY, openSynthetic, REGISTRY } from "../support/gateway/synthetic.ts";
import { mutate } from "../support/mutate.ts";
import { EDNS, handlerOf, PEER, queryOf } from "./dns/support.ts";

const RUNS = Number(process.env.FUZZ_RUNS ?? 1_000);
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_122);
/** Heap that a long run may end above its first tenth: caches are bounded, and this is above their bounds. */
const HEAP_GROWTH_BYTES_MAX = 64 << 20;

/** Live bytes of the heap. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed;
}

/** Runs `check` on mutations; what fails is named by its number and its bytes. Memory must not grow with the count. */
async function fuzz(
  purpose: string,
  seeds: readonly Uint8Array[],
  check: (bytes: Buffer, random: Random) => void | Promise<void>,
): Promise<void> {
  const random = seededRandom(SEED, purpose);
  let settledBytes = 0;
  for (let run = 0; run < RUNS; run += 1) {
    if (run === Math.floor(RUNS / 10)) settledBytes = heapBytes();
    const bytes = mutate(seeds, random);
    try {
      await check(bytes, random);
    } catch (error) {
      throw new Error(`seed ${SEED}, ${purpose}, input ${run}, ${bytes.toString("hex")}: ${String(error)}`, {
        cause: error,
      });
    }
  }
  expect(heapBytes() - settledBytes, "bytes of heap that stay").to.be.below(HEAP_GROWTH_BYTES_MAX);
}

const KNOWN_CODES = new Set<number>(Object.values(RCODE));

describe(`fuzzing, ${RUNS} inputs each`, function () {
  this.timeout(Math.max(60_000, RUNS * 3));
  const cookie = { code: EDNS_OPTION.COOKIE, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
  const queries = [
    queryOf("www.example.org", "A"),
    queryOf("www.example.org", "A", { edns: EDNS }),
    queryOf("big.example.org", "TXT", { edns: { ...EDNS, options: [cookie] } }),
    queryOf("x.dn.example.org", "ANY", { edns: { ...EDNS, dnssecOk: true } }),
    queryOf("sub.example.org", "NS"),
    queryOf("name-1.hold", "SOA", { edns: EDNS }),
    queryOf("name-7.hold", "A"),
    queryOf("g-1-17.hold", "AAAA"),
  ].map((message) => encodeMessage(message));
  let replica: Replica;
  let front: HttpHandler;
  let zoneHandler: DnsHandler;

  before(async () => {
    replica = openSynthetic(":memory:", 100, systemClock, silentLog);
    await replica.step();
    const names = { replica, gatewayId: 1, registry: REGISTRY, tld: "hold", clock: systemClock };
    const domain = { chainId: 31337, directory: DIRECTORY };
    const inner = createGateway({ ...names, signer: createSigner(`0x${"07".repeat(32)}`), domain });
    const gateway = { ...inner, serves: () => true };
    const source = createReplicaZones({ ...names, gateway });
    zoneHandler = createDnsHandler({ source, clock: systemClock, random: seededRandom(1, "cookies") });
    const pool = new ProviderPool({ sources: [], clock: systemClock, log: silentLog });
    const about = {
      ...names,
      gateway,
      pool,
      chainId: 31337,
      directoryAddress: DIRECTORY,
      log: silentLog,
      shardHints: followShardHints({ ...names, log: silentLog }),
    };
    front = createFront({ ...about, isDraining: () => false }, zoneHandler);
  });
  after(async () => await replica.stop());

  describe("DNS decoder", () => {
    it("returns a message that encodes and decodes to itself, or says that it is malformed", async () => {
      const answers = await Promise.all(queries.map((bytes) => handlerOf().handle(bytes, PEER, "tcp")));
      const seeds = [...queries, ...answers.filter((bytes) => bytes !== null)];
      await fuzz("decoder", seeds, (bytes) => {
        let message: ReturnType<typeof decodeMessage>;
        try {
          message = decodeMessage(bytes);
        } catch (error) {
          if (error instanceof MalformedMessageError) return;
          throw error;
        }
        // What carries a signature is not written again by this encoder.
        if (message.tsig !== undefined) return;
        expect(decodeMessage(encodeMessage(message))).to.deep.equal(message);
      });
    });
  });

  describe("DNS front", () => {
    const out = new Uint8Array(70_000);
    const checkReply = (query: Buffer, reply: DnsReply, isUdp: boolean) => {
      if (reply === null) return;
      const answer = decodeMessage(reply);
      expect([answer.isResponse, answer.id, answer.opcode]).to.deep.equal([
        true,
        query.readUInt16BE(0),
        (query[2]! >> 3) & 15,
      ]);
      expect(KNOWN_CODES.has(answer.rcode), `code ${answer.rcode}`).to.equal(true);
      if (isUdp) expect(reply.length).to.be.at.most(Math.min(1_232, 10 * query.length));
    };
    for (const what of ["a zone file", "a replica"]) {
      it(`answers over ${what} in class, in size, and alike by the quick and the long way`, async () => {
        const handler = what === "a replica" ? zoneHandler : handlerOf(undefined, { amplificationMax: 10 });
        await fuzz(`front ${what}`, queries, async (bytes, random) => {
          const isUdp = random.below(2) === 0;
          const transport = isUdp ? "udp" : "tcp";
          const written = handler.answerInto(bytes, 0, bytes.length, transport, 0, out, 0);
          const reply = await handler.handle(bytes, PEER, transport);
          checkReply(bytes, reply, isUdp);
          if (written > 0) expect(Buffer.from(reply ?? []).equals(out.subarray(0, written))).to.equal(true);
          if (bytes.length < 12 || (bytes[2]! & 0x80) !== 0) expect(reply).to.equal(null);
        });
      });
    }
  });

  describe("HTTP front", () => {
    const body = encodeQuery({ name: "name-1.hold", records: [parseRecordKey("addr:60")], evidence: "signature" });
    const head = (line: string, ...fields: string[]) => `${[line, "Host: a", ...fields].join("\r\n")}\r\n\r\n`;
    const post = head("POST /v1/answer HTTP/1.1", "Content-Type: application/json", `Content-Length: ${body.length}`);
    const texts = [
      head("GET /health HTTP/1.1"),
      head("GET /v1/names/name-1.hold/records?record=addr:60 HTTP/1.1", "Accept: */*", "Connection: keep-alive"),
      head("HEAD /v1/directory HTTP/1.1", 'If-None-Match: "1-2"'),
      `${post}${body}`,
      `${post}${body}${head("GET /ready HTTP/1.1")}`,
      `${head("POST /c HTTP/1.1", "Transfer-Encoding: chunked")}3\r\nabc\r\n0\r\n\r\n`,
      head("GET / HTTP/1.1", "Connection: close", "Expect: 100-continue", "Upgrade: h2c"),
    ];
    const seeds = texts.map((text) => Buffer.from(text, "latin1"));

    type Seen = readonly [method: string, target: string, body: string];
    const seenIn = ({ method, path, search, body: content }: HttpRequest): Seen => [
      method,
      search === "" ? path : `${path}?${search}`,
      Buffer.from(content).toString("latin1"),
    ];

    /** Requests that the short way takes from bytes, what it writes, and what it leaves to Node's own parser. */
    const plainly = (bytes: Buffer) => {
      const seen: Seen[] = [];
      const written: Buffer[] = [];
      let rest: Uint8Array | undefined;
      const socket = Object.assign(new EventEmitter(), {
        remoteAddress: "192.0.2.1",
        remotePort: 4711,
        destroyed: false,
        write: (part: Buffer) => written.push(part) > 0,
        end() {},
        pause() {},
        resume() {},
        destroy() {},
      });
      servePlain(socket as unknown as Socket, {
        handler: (request) => {
          seen.push(seenIn(request));
          return { status: 200, fields: { "x-seen": String(seen.length) }, body: request.path };
        },
        bodyBytesMax: 64 * 1024,
        date: () => "Sun, 22 Nov 2026 00:00:00 GMT",
        handOver: (_socket, left) => {
          rest = left;
        },
      });
      socket.emit("data", bytes);
      return { seen, written: Buffer.concat(written), taken: bytes.length - (rest?.length ?? 0) };
    };

    /** The same requests as Node's own parser sees them. */
    const server = createServer({ keepAliveTimeout: 0 });
    const byNode = (bytes: Buffer, count: number): Promise<readonly Seen[] | string> =>
      new Promise((resolve) => {
        const seen: Seen[] = [];
        const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
        const settle = (result: readonly Seen[] | string) => {
          server.removeAllListeners("request").removeAllListeners("clientError");
          socket.destroy();
          resolve(result);
        };
        server.on("request", (request, response) => {
          const chunks: Buffer[] = [];
          request.on("data", (chunk: Buffer) => chunks.push(chunk));
          request.on("end", () => {
            // An empty query is none.
            const target = request.url!.replace(/^([^?]*)\?$/, "$1");
            seen.push([request.method!, target, Buffer.concat(chunks).toString("latin1")]);
            response.end();
            if (seen.length === count) settle(seen);
          });
        });
        server.on("clientError", (error) => settle(String(error)));
        server.emit("connection", socket);
        socket.push(bytes);
      });

    it("takes from bytes the requests that another parser takes from them, and answers each in form", async () => {
      await fuzz("HTTP bytes", seeds, async (bytes) => {
        const { seen, written, taken } = plainly(bytes);
        if (seen.length === 0) return;
        expect(await byNode(bytes.subarray(0, taken), seen.length)).to.deep.equal(seen);
        let at = 0;
        for (const [method, target] of seen) {
          const end = written.indexOf("\r\n\r\n", at);
          const text = written.toString("latin1", at, end);
          expect(text).to.match(/^HTTP\/1\.1 200 OK\r\n/);
          const length = Number(/\r\ncontent-length: (\d+)/.exec(text)?.[1]);
          const content = method === "HEAD" ? "" : target.split("?", 1)[0]!;
          expect(length).to.equal(target.split("?", 1)[0]!.length);
          expect(written.toString("latin1", end + 4, end + 4 + content.length)).to.equal(content);
          at = end + 4 + content.length;
        }
        expect(at).to.equal(written.length);
      });
    });

    const PATHS = [
      "/v1/answer",
      "/v1/names/",
      "/v1/shard/",
      "/dns-query",
      "/v1/directory",
      "/v1/checkpoint",
      "/metrics",
    ];
    const contents = [Buffer.from(body), ...queries, Buffer.from("{}"), Buffer.from('{"name":"\\ud800"}')];
    const tails = [
      "",
      "name-1.hold",
      "name-1.hold/records",
      "name-1.hold/proof",
      "NAME-1.hold/keys",
      "%F0%9F%98%80.hold",
    ];
    const searches = ["", "record=addr:60", "record=dns:1:www.name-1.hold", `dns=${queries[5]!.toString()}`, "after=x"];
    const types = [undefined, "application/json", "application/dns-message", "text/plain"];

    it("answers every request with a status of its own and a well-formed body, and never fails", async () => {
      const texts = [...tails, ...searches].map((text) => Buffer.from(text));
      await fuzz("HTTP requests", contents, async (content, random) => {
        const pick = <Value>(values: readonly Value[]): Value => values[random.below(values.length)]!;
        const word = (values: readonly string[]) =>
          random.below(3) === 0
            ? mutate(texts, random)
                .toString("latin1")
                .replace(/[^!-~]/g, "")
            : pick(values);
        const type = pick(types);
        const response = await front({
          method: pick(["GET", "GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE"]),
          path: `${pick(PATHS)}${word(tails)}`,
          search: word(searches),
          field: (name) => (name === "content-type" ? type : name === "if-none-match" ? '"1"' : undefined),
          body: content,
          peer: PEER,
        });
        expect(response.status).to.be.within(200, 503).and.to.not.equal(500);
        for (const value of Object.values(response.fields)) expect(value).to.match(/^[\t -~]*$/);
        const text = typeof response.body === "string" ? response.body : Buffer.from(response.body).toString("utf8");
        const media = response.fields["content-type"] ?? "";
        if (media.includes("json") && text !== "") JSON.parse(text);
        if (response.status >= 400 && text !== "") expect(media).to.match(/^(application\/problem\+json|text\/plain)/);
      });
    });
  });
});
