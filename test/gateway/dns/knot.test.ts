/** Our answers against Knot's, from the same zone, for mixed queries: names that exist, do not, or nearly do. */
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Peer, PROGRAMS, startPeer, untilServed } from "../../../scripts/bench/dnsPeers.ts";
import { type Random, seededRandom } from "../../../src/base/random.ts";
import { TYPE, typeName } from "../../../src/dns/codes.ts";
import { decodeMessage } from "../../../src/dns/decode.ts";
import { encodeMessage } from "../../../src/dns/encode.ts";
import { createQuery } from "../../../src/dns/message.ts";
import { parseDomainName } from "../../../src/dns/name.ts";
import { needPrograms } from "../../support/tools.ts";
import { EDNS, handlerOf, PEER, textOf, ZONE } from "./support.ts";

const QUERY_COUNT = 10_000;
const WINDOW = 50;

/** A zone of everything: the hand-written one without ALIAS, and many names below and beside one another. */
function zoneText(random: Random): string {
  const labels = ["a", "b", "c", "*", "x-y", "_tcp", "deep", "mail"];
  const lines = ZONE.split("\n").filter((line) => !line.includes("ALIAS"));
  const taken = new Set<string>();
  for (let count = 0; count < 400; count += 1) {
    const depth = 1 + random.below(4);
    const name = `${Array.from({ length: depth }, () => labels[random.below(labels.length)]).join(".")}.z${random.below(12)}`;
    if (taken.has(name)) continue;
    taken.add(name);
    const target = `${labels[random.below(3)]}.z${random.below(12)}`;
    const kinds = [
      `A 198.51.100.${random.below(256)}`,
      `AAAA 2001:db8::${random.below(9999)}`,
      `MX 10 ${target}`,
      `SRV 0 0 443 ${target}`,
      `TXT "t${count}"`,
      `CAA 0 issue "ca${count}.example.net"`,
      `CNAME ${target}`,
      `TYPE4321 \\# 2 0${random.below(10)}ff`,
    ];
    const kind = kinds[random.below(name.startsWith("*") ? 7 : kinds.length)]!;
    lines.push(`${name} ${60 + random.below(5)} ${kind}`);
    if (!/^(CNAME|TXT)/.test(kind) && random.below(2) === 0) lines.push(`${name} 300 TXT "second"`);
    if (depth > 1 && !name.includes("*") && !kind.startsWith("CNAME") && random.below(15) === 0) {
      lines.push(`${name} 300 NS ns.${name}`, `ns.${name} 300 A 203.0.113.${random.below(256)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

const TYPES = [
  TYPE.A,
  TYPE.A,
  TYPE.AAAA,
  TYPE.MX,
  TYPE.TXT,
  TYPE.NS,
  TYPE.SOA,
  TYPE.SRV,
  TYPE.CNAME,
  TYPE.DS,
  TYPE.CAA,
  TYPE.DNAME,
  TYPE.PTR,
  TYPE.HTTPS,
  TYPE.ANY,
  4321,
  731,
];

function randomQuery(random: Random, owners: readonly string[], id: number) {
  let name = owners[random.below(owners.length)]!;
  const twist = random.below(10);
  if (twist === 0) name = `nope${random.below(5)}.${name}`;
  if (twist === 1) name = name.split(".").slice(1).join(".") || name;
  if (twist === 2) name = name.replace(/[a-z]/, (char) => (char === "a" ? "q" : char.toUpperCase()));
  if (twist === 3) name = name.replace("*", "star");
  if (twist === 4 && random.below(10) === 0) name = "www.example.net";
  const recursionDesired = random.below(2) === 0;
  const edns = random.below(2) === 0 ? { ...EDNS, dnssecOk: random.below(4) === 0 } : undefined;
  return createQuery(
    id,
    { name, type: TYPES[random.below(TYPES.length)]! },
    { recursionDesired, ...(edns ? { edns } : {}) },
  );
}

/** What both must agree on: code, flags, each section as a set; names without regard to case. */
function essence(bytes: Uint8Array): string {
  const message = decodeMessage(bytes);
  const [head, ...records] = textOf(message);
  const flags = [
    message.recursionDesired,
    message.recursionAvailable,
    message.edns?.dnssecOk,
    message.questions[0]?.name,
  ];
  return [head, ...flags, ...records.map((line) => line.toLowerCase()).sort()].join("\n");
}

describe("answers beside Knot's", function () {
  this.timeout(60_000);
  let knot: Peer;
  let folder: string;
  const random = seededRandom(process.env.FC_SEED ?? 20181121, "knot");
  const text = zoneText(random);

  before(async function () {
    needPrograms(this, PROGRAMS.knot);
    folder = mkdtempSync(join(tmpdir(), "holdfast-zone-"));
    writeFileSync(join(folder, "zone"), text);
    knot = await startPeer("knot", { zones: [{ apex: "example.org", file: join(folder, "zone") }] });
    await untilServed(knot, "example.org");
  });

  after(async () => {
    await knot?.stop();
    if (folder) rmSync(folder, { recursive: true });
  });

  it(`keeps every one of ${QUERY_COUNT} equal`, async () => {
    const handler = handlerOf(text);
    const owners = [
      ...new Set(
        text
          .split("\n")
          .map((line) => line.split(" ")[0]!)
          .filter((owner) => /^[\w*_.-]+$/.test(owner)),
      ),
    ].map((owner) => parseDomainName(owner, "example.org"));
    const queries = Array.from({ length: QUERY_COUNT }, (_, id) => encodeMessage(randomQuery(random, owners, id)));
    const theirs = await askAll(knot.port, queries);
    const differences: string[] = [];
    const kinds = new Map<string, number>();
    for (const [index, query] of queries.entries()) {
      const ours = essence((await handler.handle(query, PEER, "udp"))!);
      const other = essence(theirs[index]!);
      kinds.set(ours.split("\n")[0]!, (kinds.get(ours.split("\n")[0]!) ?? 0) + 1);
      const { name, type } = decodeMessage(query).questions[0]!;
      if (ours !== other) differences.push(`${name} ${typeName(type)}\n--- ours\n${ours}\n--- Knot's\n${other}`);
    }
    expect(differences.slice(0, 5).join("\n\n"), `${differences.length} differences`).to.equal("");
    // The mix must have been one: positive, negative, referral, refused.
    expect([...kinds.keys()]).to.include.members(["NOERROR aa", "NXDOMAIN aa", "NOERROR", "REFUSED"]);
  });
});

/** Sends all queries, a window of them at a time, and returns the answers in order. Loopback may still drop; those are asked again. */
async function askAll(port: number, queries: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const socket = createSocket("udp4");
  const answers: Uint8Array[] = [];
  let next = 0;
  let done = 0;
  return await new Promise((resolve) => {
    const again = setInterval(() => {
      for (let id = 0; id < next; id += 1) if (!answers[id]) socket.send(queries[id]!, port, "127.0.0.1");
    }, 1000);
    const send = () => {
      if (next < queries.length) socket.send(queries[next++]!, port, "127.0.0.1");
    };
    socket.on("message", (bytes) => {
      const id = (bytes[0]! << 8) | bytes[1]!;
      if (answers[id]) return;
      answers[id] = bytes;
      done += 1;
      if (done < queries.length) return send();
      clearInterval(again);
      socket.close();
      resolve(answers);
    });
    for (let count = 0; count < WINDOW; count += 1) send();
  });
}
