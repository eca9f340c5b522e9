/** A recursive resolver that knows the TLD as a stub zone finds a name through its shard, and outlives three of the four. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect } from "chai";
import { type Peer, PROGRAMS, startPeer } from "../../../scripts/bench/dnsPeers.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLog } from "../../../src/base/log.ts";
import { decodeMessage } from "../../../src/dns/decode.ts";
import { encodeMessage } from "../../../src/dns/encode.ts";
import type { Message } from "../../../src/dns/message.ts";
import { type DnsServer, startDnsServer } from "../../../src/gateway/dns/server.ts";
import { needPrograms } from "../../support/tools.ts";
import { EDNS, handlerOf, queryOf } from "./support.ts";

/** Delegated servers are asked on port 53 and nowhere else, so each needs an address of its own. */
const PARENT = "127.53.0.1";
const SHARD = ["127.53.1.1", "127.53.1.2", "127.53.1.3", "127.53.1.4"];
const SLOTS = [17, 201, 3, 511];

const delegation = SHARD.map((address, zone) => {
  const server = `g-${zone}-${SLOTS[zone]}.hold.`;
  return { ns: `NS ${server}`, glue: `${server} 60 A ${address}` };
});
const TLD_ZONE = `$ORIGIN hold.
$TTL 60
@ SOA g-0-0 hostmaster 1 300 60 3600 60
@ NS g-0-0
g-0-0 A ${PARENT}
${delegation.map(({ ns }) => `shop ${ns}`).join("\n")}
${delegation.map(({ glue }) => glue).join("\n")}
`;
const NAME_ZONE = `$ORIGIN shop.hold.
$TTL 60
@ SOA g-0-17.hold. hostmaster 1 300 60 3600 60
${delegation.map(({ ns }) => `@ ${ns}`).join("\n")}
@ ALIAS www
www A 192.0.2.80
*.wild TXT "any"
${Array.from({ length: 50 }, (_, index) => `n${index} A 192.0.2.${index}`).join("\n")}
`;

async function resolveThrough(port: number, name: string, type: string): Promise<Message> {
  const socket = createSocket("udp4");
  const query = encodeMessage(queryOf(name, type, { recursionDesired: true, edns: EDNS }));
  const send = () => socket.send(query, port, "127.0.0.1");
  const again = setInterval(send, 2000);
  try {
    send();
    const [reply] = (await once(socket, "message")) as [Uint8Array];
    return decodeMessage(reply);
  } finally {
    clearInterval(again);
    socket.close();
  }
}

describe("behind unbound", () => {
  const servers: DnsServer[] = [];
  let unbound: Peer | undefined;

  before(async function () {
    const start = (host: string, text: string) =>
      startDnsServer({
        handler: handlerOf(text, { amplificationMax: 10 }),
        host,
        port: 53,
        clock: systemClock,
        log: silentLog,
      });
    needPrograms(this, PROGRAMS.unbound);
    try {
      servers.push(await start(PARENT, TLD_ZONE));
      for (const host of SHARD) servers.push(await start(host, NAME_ZONE));
    } catch (error) {
      console.log(`      skipped: ${(error as Error).message.split("\n")[0]}`);
      this.skip();
    }
    unbound = await startPeer("unbound", {
      zones: [],
      extra: `server:\n    domain-insecure: "hold"\n    local-zone: "hold." nodefault\nstub-zone:\n    name: "hold."\n    stub-addr: ${PARENT}@53\n`,
    });
  });

  after(async () => {
    await unbound?.stop();
    for (const server of servers) await server.close();
  });

  it("returns answers through the delegation", async () => {
    const cases: [name: string, type: string, rcode: number, answerCount: number][] = [
      ["www.shop.hold", "A", 0, 1],
      ["shop.hold", "A", 0, 1],
      ["x.wild.shop.hold", "TXT", 0, 1],
      ["www.shop.hold", "AAAA", 0, 0],
      ["nothing.shop.hold", "A", 3, 0],
      ["shop.hold", "NS", 0, 4],
    ];
    for (const [name, type, rcode, answerCount] of cases) {
      const answer = await resolveThrough(unbound!.port, name, type);
      expect([answer.rcode, answer.answers.length], `${name} ${type}`).to.deep.equal([rcode, answerCount]);
    }
  });

  it("returns answers as the shard loses one, two, three of its four", async () => {
    for (let lost = 1; lost <= 3; lost += 1) {
      await servers[lost]!.close();
      for (let count = 0; count < 10; count += 1) {
        const answer = await resolveThrough(unbound!.port, `n${lost * 10 + count}.shop.hold`, "A");
        expect([answer.rcode, answer.answers.length], `${lost} lost`).to.deep.equal([0, 1]);
      }
    }
  });
});
