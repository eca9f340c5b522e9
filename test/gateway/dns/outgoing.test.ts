import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect } from "chai";
import { openNativeSocket } from "../../../src/gateway/dns/nativeSocket.ts";
import { type NativeMemory, Outgoing } from "../../../src/gateway/dns/outgoing.ts";

const EINTR = 4;
const EIO = 5;
const EAGAIN = 11;
const EINVAL = 22;
const SLOT_BYTES = 1232;

/** One message as the kernel would read it from its header. */
interface Sent {
  readonly port: number;
  readonly texts: readonly string[];
  /** Bytes of a segment; `undefined` for a datagram by itself. */
  readonly segmentBytes: number | undefined;
}

type Verdict = (message: Sent) => number;

/** A socket in JavaScript: memory at made-up addresses, and a `sendmmsg` that reads it as the kernel does. */
class FakeSender {
  readonly canSegment: boolean;
  readonly sent: Sent[] = [];
  verdict: Verdict = () => 0;
  calls = 0;
  readonly #blocks: NativeMemory[] = [];

  constructor(canSegment = true) {
    this.canSegment = canSegment;
  }

  alloc(bytes: number): NativeMemory {
    // Above 32 bits, and so that adding up carries from the low half to the high one.
    const block = { address: 0x7f00_ffff_f000n + (BigInt(this.#blocks.length) << 32n), memory: new ArrayBuffer(bytes) };
    this.#blocks.push(block);
    return block;
  }

  #at(pointer: bigint, bytes: number): DataView {
    const block = this.#blocks.find(
      ({ address, memory }) => pointer >= address && pointer + BigInt(bytes) <= address + BigInt(memory.byteLength),
    );
    if (block === undefined) throw new Error(`nothing lies at ${pointer}`);
    return new DataView(block.memory, Number(pointer - block.address), bytes);
  }

  #read(header: DataView): Sent {
    const address = this.#at(header.getBigUint64(0, true), header.getUint32(8, true));
    const count = Number(header.getBigUint64(24, true));
    const vectors = this.#at(header.getBigUint64(16, true), count * 16);
    const texts = Array.from({ length: count }, (_, index) => {
      const bytes = Number(vectors.getBigUint64(index * 16 + 8, true));
      const { buffer, byteOffset } = this.#at(vectors.getBigUint64(index * 16, true), bytes);
      return Buffer.from(buffer, byteOffset, bytes).toString();
    });
    const controlBytes = Number(header.getBigUint64(40, true));
    const control = controlBytes === 0 ? undefined : this.#at(header.getBigUint64(32, true), controlBytes);
    if (control) {
      expect([Number(control.getBigUint64(0, true)), control.getInt32(8, true), control.getInt32(12, true)]).to.eql([
        18, 17, 103,
      ]);
    }
    return { port: address.getUint16(2), texts, segmentBytes: control?.getUint16(16, true) };
  }

  sendmmsg(headers: Uint8Array, count: number): number {
    this.calls += 1;
    for (let index = 0; index < count; index += 1) {
      const message = this.#read(new DataView(headers.buffer, headers.byteOffset + index * 64, 64));
      const error = this.verdict(message);
      if (error !== 0) return index > 0 ? index : -error;
      this.sent.push(message);
    }
    return count;
  }
}

/** The socket address of 127.0.0.1 and a port. */
function addressOf(port: number): Uint8Array {
  const address = Uint8Array.of(2, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
  new DataView(address.buffer).setUint16(2, port);
  return address;
}

function outgoingOf(sender: FakeSender, datagrams: readonly (readonly [text: string, port: number])[]): Outgoing {
  const outgoing = new Outgoing(sender, 256, SLOT_BYTES);
  for (const [text, port] of datagrams) outgoing.push(Buffer.from(text), addressOf(port));
  return outgoing;
}

const MIXED = [
  ["one", 1],
  ["two", 2],
  ["six", 1],
  ["seven", 1],
  ["ten", 1],
  ["four", 2],
] as const;

describe("outgoing datagrams", () => {
  it("go down together where they have one length and one address", () => {
    const sender = new FakeSender();
    outgoingOf(sender, MIXED).flush();
    expect(sender.calls).to.equal(1);
    expect(sender.sent).to.eql([
      { port: 1, texts: ["one", "six", "ten"], segmentBytes: 3 },
      { port: 2, texts: ["two"], segmentBytes: undefined },
      { port: 1, texts: ["seven"], segmentBytes: undefined },
      { port: 2, texts: ["four"], segmentBytes: undefined },
    ]);
  });

  it("go by themselves where the kernel cannot cut them apart", () => {
    const sender = new FakeSender(false);
    outgoingOf(sender, MIXED).flush();
    expect(sender.sent.map(({ texts }) => texts)).to.eql(MIXED.map(([text]) => [text]));
  });

  it("are 64 and below 65,000 bytes to a message", () => {
    const sender = new FakeSender();
    outgoingOf(
      sender,
      Array.from({ length: 200 }, (_, index) => [String(1000 + index), 1] as const),
    ).flush();
    expect(sender.sent.map(({ texts }) => texts.length)).to.eql([64, 64, 64, 8]);
    const long = new FakeSender();
    outgoingOf(
      long,
      Array.from({ length: 100 }, () => ["x".repeat(SLOT_BYTES), 1] as const),
    ).flush();
    expect(long.sent.map(({ texts }) => texts.length)).to.eql([52, 48]);
  });

  it("start afresh after a flush", () => {
    const sender = new FakeSender();
    const outgoing = outgoingOf(sender, MIXED);
    outgoing.flush();
    outgoing.push(Buffer.from("new"), addressOf(1));
    outgoing.flush();
    outgoing.flush();
    expect(sender.sent.at(-1)).to.eql({ port: 1, texts: ["new"], segmentBytes: undefined });
    expect(sender.calls).to.equal(2);
  });

  it("are sent singly, then and later, by a device that cannot segment", () => {
    const sender = new FakeSender();
    sender.verdict = ({ segmentBytes }) => (segmentBytes === undefined ? 0 : EIO);
    const outgoing = outgoingOf(sender, MIXED);
    outgoing.flush();
    expect(sender.sent.flatMap(({ texts }) => texts)).to.have.members(MIXED.map(([text]) => text));
    expect(outgoing.canSegment).to.equal(false);
  });

  it("do not take others along when they cannot be sent, nor turn segmenting off", () => {
    const sender = new FakeSender();
    // What a forged query from port 0 asks for.
    sender.verdict = ({ port }) => (port === 1 ? EINVAL : 0);
    const outgoing = outgoingOf(sender, MIXED);
    outgoing.flush();
    expect(sender.sent.flatMap(({ texts }) => texts)).to.eql(["two", "four"]);
    expect(outgoing.canSegment).to.equal(true);
  });

  it("are lost from where the send buffer is full, and not by an interruption", () => {
    const sender = new FakeSender();
    sender.verdict = ({ port }) => (port === 1 ? EAGAIN : 0);
    const outgoing = outgoingOf(sender, [
      ["a", 2],
      ["b", 1],
      ["c", 3],
    ]);
    outgoing.flush();
    expect(sender.sent.flatMap(({ texts }) => texts)).to.eql(["a"]);
    let interruptions = 1;
    sender.verdict = () => (interruptions-- > 0 ? EINTR : 0);
    outgoing.push(Buffer.from("d"), addressOf(4));
    outgoing.flush();
    expect(sender.sent.at(-1)?.texts).to.eql(["d"]);
  });

  it("arrive whole and apart over a real socket", async function () {
    const native = openNativeSocket({
      address: Uint8Array.of(127, 0, 0, 1),
      port: 0,
      reusePort: false,
      bufferBytes: 1 << 20,
    });
    if (native === undefined) {
      console.log("      skipped: there are no native sockets here");
      this.skip();
    }
    const receivers = [createSocket("udp4"), createSocket("udp4")];
    const got: string[][] = receivers.map(() => []);
    const wanted: string[][] = receivers.map(() => []);
    const outgoing = native.createOutgoing(64, SLOT_BYTES);
    try {
      const all = receivers.map(async (socket, index) => {
        socket.bind(0, "127.0.0.1");
        await once(socket, "listening");
        return await new Promise<void>((resolve) => {
          socket.on("message", (bytes) => {
            got[index]!.push(bytes.toString());
            if (got[index]!.length === 32) resolve();
          });
          for (let count = 0; count < 32; count += 1) {
            const text = `${index}/${count}${"+".repeat((count % 3) * 100)}`;
            wanted[index]!.push(text);
            outgoing.push(Buffer.from(text), addressOf(socket.address().port));
          }
          if (wanted.every(({ length }) => length === 32)) outgoing.flush();
        });
      });
      await Promise.all(all);
      for (const [index, texts] of got.entries()) expect(texts).to.have.members(wanted[index]!);
    } finally {
      for (const socket of receivers) socket.close();
      native.close();
    }
  });
});
