import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { expect } from "chai";
import { secureRandom } from "../../src/base/random.ts";
import { nodeTransport } from "../../src/client/nodeTransport.ts";

const QUERY = Uint8Array.of(1, 2, 3, 4);

describe("answers over UDP that are forged off the path", () => {
  it("never reach a query when they come from another port or address, and the right one does", async () => {
    const server = createSocket("udp4");
    const forger = createSocket("udp4");
    const stranger = createSocket("udp4");
    server.bind(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address();
    stranger.bind(port, "127.0.0.2");
    await once(stranger, "listening");
    server.on("message", (_query, peer: RemoteInfo) => {
      forger.send(Uint8Array.of(66), peer.port, peer.address, () =>
        stranger.send(Uint8Array.of(67), peer.port, peer.address, () =>
          server.send(Uint8Array.of(42), peer.port, peer.address),
        ),
      );
    });
    const seen: number[] = [];
    const accepts = (message: Uint8Array) => seen.push(message[0]!) > 0;
    const { signal } = new AbortController();
    const answer = await nodeTransport.udp({ host: "127.0.0.1", port }, QUERY, accepts, signal);
    expect([...answer]).to.deep.equal([42]);
    expect(seen).to.deep.equal([42]);
    for (const socket of [server, forger, stranger]) socket.close();
  });

  it("would have to guess a port that is drawn anew for each query, and an id of the machine's generator", async () => {
    const server = createSocket("udp4");
    server.bind(0, "127.0.0.1");
    await once(server, "listening");
    const ports = new Set<number>();
    server.on("message", (query, peer) => {
      ports.add(peer.port);
      server.send(query, peer.port, peer.address);
    });
    const { port } = server.address();
    const { signal } = new AbortController();
    for (let count = 0; count < 64; count += 1) {
      await nodeTransport.udp({ host: "127.0.0.1", port }, QUERY, () => true, signal);
    }
    expect(ports.size).to.be.above(48);
    const ids = new Set(Array.from({ length: 4_096 }, () => secureRandom.below(65_536)));
    // 4,096 draws of 65,536 meet about 124 times.
    expect(ids.size).to.be.above(3_800);
    server.close();
  });
});
