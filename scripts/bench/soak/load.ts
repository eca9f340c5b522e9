/** Mixed queries to one gateway, each checked: what it must answer, what it must refer, what is not there. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { systemClock } from "../../../src/base/clock.ts";
import { messageOf } from "../../../src/base/errors.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { RCODE, TYPE } from "../../../src/dns/codes.ts";
import { decodeMessage } from "../../../src/dns/decode.ts";
import { encodeMessage } from "../../../src/dns/encode.ts";
import { createQuery, type Message } from "../../../src/dns/message.ts";
import { decodeAnswer, encodeQuery } from "../../../src/protocol/json.ts";
import { parseRecordKey } from "../../../src/protocol/record.ts";

export interface LoadOptions {
  readonly ready: { readonly httpUrl: string; readonly dnsPort: number };
  /** All of which the gateway serves. */
  readonly names: readonly string[];
  readonly workers: number;
}

export interface Load {
  readonly answerCount: number;
  /** What went wrong, and how often. */
  readonly errors: ReadonlyMap<string, number>;
  run(): Promise<void>;
  stop(): void;
}

const DEADLINE_MS = 5_000;

async function overUdp(port: number, query: Uint8Array): Promise<Message> {
  const socket = createSocket("udp4");
  const timer = systemClock.schedule(DEADLINE_MS, () => socket.emit("error", new Error("no answer over UDP")));
  try {
    socket.send(query, port, "127.0.0.1");
    const [bytes] = (await once(socket, "message")) as [Uint8Array];
    return decodeMessage(bytes);
  } finally {
    timer.cancel();
    socket.close();
  }
}

async function overTcp(port: number, query: Uint8Array): Promise<Message> {
  const socket = connect(port, "127.0.0.1");
  socket.setTimeout(DEADLINE_MS, () => socket.destroy(new Error("no answer over TCP")));
  socket.write(Buffer.concat([Uint8Array.of(query.length >> 8, query.length), query]));
  const [bytes] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return decodeMessage(bytes.subarray(2));
}

export function createLoad({ ready, names, workers }: LoadOptions): Load {
  const { httpUrl, dnsPort } = ready;
  const random = seededRandom(2, "soak load");
  const errors = new Map<string, number>();
  let answerCount = 0;
  let isStopped = false;
  const expectThat = (isRight: boolean, what: string) => {
    if (!isRight) throw new Error(what);
  };
  const pick = () => names[random.below(names.length)]!;
  const noise = () => random.below(2 ** 32).toString(36);
  const dns = (name: string, type: number = TYPE.A) => encodeMessage(createQuery(random.below(65_536), { name, type }));
  const post = async (path: string, type: string, body: string | Uint8Array<ArrayBuffer>) =>
    await fetch(`${httpUrl}${path}`, { method: "POST", headers: { "content-type": type }, body });
  const answerOf = async (evidence: "signature" | "proof") => {
    const records = [parseRecordKey("text:soak"), parseRecordKey("addr:60")];
    const response = await post("/v1/answer", "application/json", encodeQuery({ name: pick(), records, evidence }));
    const answer = decodeAnswer(await response.text());
    expectThat(answer.kind === "records" && answer.evidence.kind === evidence, `a ${evidence} that is none`);
  };

  const kinds: readonly (() => Promise<void>)[] = [
    async () => {
      const { answers } = await overUdp(dnsPort, dns(`www.${pick()}`));
      expectThat(answers.length === 1, "no address over UDP");
    },
    async () => {
      const { rcode } = await overUdp(dnsPort, dns(`${noise()}.${pick()}`));
      expectThat(rcode === RCODE.NXDOMAIN, "a random name that is there");
    },
    async () => {
      const { rcode } = await overUdp(dnsPort, dns(`${noise()}.hold`));
      expectThat(rcode === RCODE.NXDOMAIN, "a random name under the TLD that is there");
    },
    async () => {
      const { answers } = await overTcp(dnsPort, dns(`mail.${pick()}`, TYPE.TXT));
      expectThat(answers.length === 1, "no text over TCP");
    },
    async () => await answerOf("signature"),
    async () => await answerOf("proof"),
    async () => {
      const response = await post("/dns-query", "application/dns-message", Uint8Array.from(dns(`www.${pick()}`)));
      const { answers } = decodeMessage(new Uint8Array(await response.arrayBuffer()));
      expectThat(answers.length === 1, "no address over HTTPS");
    },
    async () => {
      const response = await fetch(`${httpUrl}/v1/names/${pick()}`);
      expectThat(((await response.json()) as { owner: string | null }).owner !== null, "a name without owner");
    },
    async () => {
      const response = await fetch(`${httpUrl}/v1/names/${noise()}.hold`);
      expectThat(((await response.json()) as { owner: string | null }).owner === null, "a random name with an owner");
    },
  ];

  const work = async () => {
    while (!isStopped) {
      try {
        await kinds[random.below(kinds.length)]!();
        answerCount += 1;
      } catch (error) {
        const what = messageOf(error);
        errors.set(what, (errors.get(what) ?? 0) + 1);
      }
    }
  };
  return {
    get answerCount() {
      return answerCount;
    },
    errors,
    async run() {
      await Promise.all(Array.from({ length: workers }, work));
    },
    stop() {
      isStopped = true;
    },
  };
}
