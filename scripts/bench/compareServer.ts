/** A DNS server for the benchmark of the comparator, as a process of its own: every A is 192.0.2.1, every zone at serial 1. */
import { createSocket } from "node:dgram";
import { decodeMessage } from "../../src/dns/decode.ts";
import { encodeMessage } from "../../src/dns/encode.ts";

const SOA = Uint8Array.from([
  0,
  0,
  ...[1, 7200, 900, 1209600, 300].flatMap((n) => [n >>> 24, n >>> 16, n >>> 8, n].map((byte) => byte & 255)),
]);
const socket = createSocket("udp4");
socket.on("message", (bytes, from) => {
  const query = decodeMessage(bytes);
  const [asked] = query.questions;
  if (asked === undefined) return;
  const rdata = asked.type === 6 ? SOA : Uint8Array.from([192, 0, 2, 1]);
  const answers = [{ name: asked.name, type: asked.type, class: 1, ttlSeconds: 300, rdata }];
  socket.send(
    encodeMessage({ ...query, isResponse: true, answers, authorities: [], additionals: [] }),
    from.port,
    from.address,
  );
});
socket.bind(0, "127.0.0.1", () => process.send?.(socket.address().port));
process.on("disconnect", () => process.exit(0));
