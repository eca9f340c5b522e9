/**
 * Datagrams on their way out, in native memory, sent with one `sendmmsg` (Linux). Those of one length to one address go down as
 * a single message that the kernel cuts up again ("generic segmentation offload", udp(7), UDP_SEGMENT): resolvers and load
 * balancers that keep their sockets get many answers in one walk through the network stack. Others are sent one by one.
 *
 * Rows of native memory, for 64-bit Linux: `struct mmsghdr` (64 bytes), `struct iovec` (16), a socket address (28), and one control
 * message with the segment size (24). The vectors of one message lie side by side.
 */

export const HEADER_BYTES = 64;
export const VECTOR_BYTES = 16;
export const ADDRESS_BYTES = 28;
const CONTROL_BYTES = 24;
const HEADER_WORDS = HEADER_BYTES / 4;
const ADDRESS_WORDS = ADDRESS_BYTES / 4;

/** Fields of a message header, as numbers of 32-bit words. Pointers take two. */
const HEADER = { name: 0, nameBytes: 2, vectors: 4, vectorCount: 6, control: 8, controlBytes: 10 } as const;

const SOL_UDP = 17;
const UDP_SEGMENT = 103;
/** `CMSG_LEN` of two bytes. */
const CONTROL_LENGTH = 18;
/** The kernel takes no more segments in one message. */
const SEGMENTS_MAX = 64;
/** Payload of one message, with room for headers below 64 KiB. */
const MESSAGE_BYTES_MAX = 65_000;

const EINTR = 4;
const EAGAIN = 11;
/** Places where a message for an address and a length may be found; more than there are datagrams. */
const PLACES = 512;
export const OUTGOING_MAX = 256;

/** Memory that native code sees too. */
export interface NativeMemory {
  readonly address: bigint;
  readonly memory: ArrayBuffer;
}

/** What `Outgoing` needs of a socket. */
export interface DatagramSender {
  alloc(bytes: number): NativeMemory;
  /** Sends `count` messages whose headers start at `headers`: how many went, or a negative error number where none did. */
  sendmmsg(headers: Uint8Array, count: number): number;
  /** Whether the kernel cuts messages into segments. */
  readonly canSegment: boolean;
}

function writePointer(words: Int32Array, at: number, pointer: bigint): void {
  words[at] = Number(BigInt.asIntN(32, pointer));
  words[at + 1] = Number(BigInt.asIntN(32, pointer >> 32n));
}

/** Addresses of `count` rows in two words each, so that no bigint is made while sending. */
function pointersOf(memory: NativeMemory, count: number, rowBytes: number): Int32Array {
  const words = new Int32Array(count * 2);
  for (let row = 0; row < count; row += 1) writePointer(words, row * 2, memory.address + BigInt(row * rowBytes));
  return words;
}

/** The datagrams of one round. */
export class Outgoing {
  readonly #sender: DatagramSender;
  readonly #slotBytes: number;
  /** Where datagrams are written, a slot each. */
  readonly bytes: Uint8Array;
  readonly #headers: Uint8Array;
  readonly #headerWords: Int32Array;
  readonly #vectorWords: Int32Array;
  readonly #addressWords: Int32Array;
  readonly #controls: Uint16Array;
  readonly #bytePointers: Int32Array;
  readonly #vectorPointers: Int32Array;
  readonly #addressPointers: Int32Array;
  readonly #controlPointers: Int32Array;
  readonly #countMax: number;
  readonly #lengths: Uint16Array;
  readonly #addressLengths: Uint8Array;
  /** The message each datagram is part of. */
  readonly #messageOf: Uint16Array;
  /** Of each message: its first datagram, how many it has, where its vectors start and how many are placed. */
  readonly #firsts: Uint16Array;
  readonly #counts: Uint16Array;
  readonly #starts: Uint16Array;
  readonly #placed: Uint16Array;
  /** Open messages by address and length, one above their number; 0 for none. */
  readonly #open = new Uint16Array(PLACES);
  #messageCount = 0;
  #canSegment: boolean;
  #count = 0;

  /** `count`, at most 256, datagrams of at most `slotBytes` each. */
  constructor(sender: DatagramSender, count: number, slotBytes: number) {
    this.#sender = sender;
    this.#slotBytes = slotBytes;
    this.#countMax = count;
    this.#canSegment = sender.canSegment;
    // One header more, for datagrams that must be sent again by themselves.
    const headers = sender.alloc((count + 1) * HEADER_BYTES);
    const vectors = sender.alloc(count * VECTOR_BYTES);
    const addresses = sender.alloc(count * ADDRESS_BYTES);
    const controls = sender.alloc(count * CONTROL_BYTES);
    const bytes = sender.alloc(count * slotBytes);
    this.bytes = new Uint8Array(bytes.memory);
    this.#headers = new Uint8Array(headers.memory).fill(0);
    this.#headerWords = new Int32Array(headers.memory);
    this.#vectorWords = new Int32Array(vectors.memory).fill(0);
    this.#addressWords = new Int32Array(addresses.memory).fill(0);
    this.#controls = new Uint16Array(controls.memory).fill(0);
    this.#bytePointers = pointersOf(bytes, count, slotBytes);
    this.#vectorPointers = pointersOf(vectors, count, VECTOR_BYTES);
    this.#addressPointers = pointersOf(addresses, count, ADDRESS_BYTES);
    this.#controlPointers = pointersOf(controls, count, CONTROL_BYTES);
    const control = new Int32Array(controls.memory);
    for (let row = 0; row < count; row += 1) {
      const at = (row * CONTROL_BYTES) / 4;
      control[at] = CONTROL_LENGTH;
      control[at + 2] = SOL_UDP;
      control[at + 3] = UDP_SEGMENT;
    }
    this.#lengths = new Uint16Array(count);
    this.#addressLengths = new Uint8Array(count);
    this.#messageOf = new Uint16Array(count);
    this.#firsts = new Uint16Array(count);
    this.#counts = new Uint16Array(count);
    this.#starts = new Uint16Array(count);
    this.#placed = new Uint16Array(count);
  }

  /** Whether datagrams still go down together; turned off by the first device that refuses. */
  get canSegment(): boolean {
    return this.#canSegment;
  }

  get isFull(): boolean {
    return this.#count === this.#countMax;
  }

  /** Where in `bytes` the next datagram goes. */
  get offset(): number {
    return this.#count * this.#slotBytes;
  }

  /** Takes the `length` bytes at `offset` as a datagram to the socket address at word `from` of `addresses`. */
  commit(length: number, addresses: Int32Array, from: number, addressLength: number): void {
    const row = this.#count;
    const to = row * ADDRESS_WORDS;
    const words = this.#addressWords;
    let hash = length;
    for (let word = 0; word * 4 < addressLength; word += 1) {
      const value = addresses[from + word]!;
      words[to + word] = value;
      hash = Math.imul(hash ^ value, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    this.#lengths[row] = length;
    this.#addressLengths[row] = addressLength;
    this.#count = row + 1;
    this.#join(row, hash & (PLACES - 1));
  }

  /** Copies a datagram in. */
  push(datagram: Uint8Array, address: Uint8Array): void {
    this.bytes.set(datagram, this.offset);
    const words = new Int32Array(ADDRESS_WORDS);
    new Uint8Array(words.buffer).set(address);
    this.commit(datagram.length, words, 0, address.length);
  }

  /** Makes a datagram part of an open message of its address and length, or the first of a new one. */
  #join(row: number, first: number): void {
    let place = first;
    if (this.#canSegment) {
      for (; this.#open[place] !== 0; place = (place + 1) & (PLACES - 1)) {
        const message = this.#open[place]! - 1;
        if (!this.#isAlike(this.#firsts[message]!, row)) continue;
        const count = this.#counts[message]! + 1;
        if (count > SEGMENTS_MAX || count * this.#lengths[row]! > MESSAGE_BYTES_MAX) break;
        this.#counts[message] = count;
        this.#messageOf[row] = message;
        return;
      }
    }
    const message = this.#messageCount;
    this.#messageCount += 1;
    this.#firsts[message] = row;
    this.#counts[message] = 1;
    this.#messageOf[row] = message;
    this.#open[place] = message + 1;
  }

  #isAlike(left: number, right: number): boolean {
    if (this.#lengths[left] !== this.#lengths[right]) return false;
    const words = this.#addressWords;
    for (let word = 0; word < ADDRESS_WORDS; word += 1) {
      if (words[left * ADDRESS_WORDS + word] !== words[right * ADDRESS_WORDS + word]) return false;
    }
    return true;
  }

  /** Sends all; what a full send buffer does not take is lost, as datagrams may be. */
  flush(): void {
    if (this.#count === 0) return;
    this.#placeVectors();
    for (let message = 0; message < this.#messageCount; message += 1) {
      this.#writeHeader(message, this.#firsts[message]!, this.#starts[message]!, this.#counts[message]!);
    }
    this.#send();
    this.#count = 0;
    this.#messageCount = 0;
    this.#open.fill(0);
  }

  #placeVectors(): void {
    let start = 0;
    for (let message = 0; message < this.#messageCount; message += 1) {
      this.#starts[message] = start;
      this.#placed[message] = start;
      start += this.#counts[message]!;
    }
    const vectors = this.#vectorWords;
    for (let row = 0; row < this.#count; row += 1) {
      const message = this.#messageOf[row]!;
      const at = this.#placed[message]! * 4;
      this.#placed[message]! += 1;
      vectors[at] = this.#bytePointers[row * 2]!;
      vectors[at + 1] = this.#bytePointers[row * 2 + 1]!;
      vectors[at + 2] = this.#lengths[row]!;
    }
  }

  /** Writes header `index`: `count` vectors from `start` on, to the address of datagram `row`. */
  #writeHeader(index: number, row: number, start: number, count: number): void {
    const words = this.#headerWords;
    const at = index * HEADER_WORDS;
    words[at + HEADER.name] = this.#addressPointers[row * 2]!;
    words[at + HEADER.name + 1] = this.#addressPointers[row * 2 + 1]!;
    words[at + HEADER.nameBytes] = this.#addressLengths[row]!;
    words[at + HEADER.vectors] = this.#vectorPointers[start * 2]!;
    words[at + HEADER.vectors + 1] = this.#vectorPointers[start * 2 + 1]!;
    words[at + HEADER.vectorCount] = count;
    const isSegmented = count > 1;
    words[at + HEADER.control] = isSegmented ? this.#controlPointers[index * 2]! : 0;
    words[at + HEADER.control + 1] = isSegmented ? this.#controlPointers[index * 2 + 1]! : 0;
    words[at + HEADER.controlBytes] = isSegmented ? CONTROL_BYTES : 0;
    if (isSegmented) this.#controls[(index * CONTROL_BYTES) / 2 + 8] = this.#lengths[row]!;
  }

  #send(): void {
    for (let message = 0; message < this.#messageCount; ) {
      const sent = this.#sender.sendmmsg(this.#headersFrom(message), this.#messageCount - message);
      if (sent > 0) message += sent;
      else if (sent === -EAGAIN) return;
      else if (sent !== -EINTR) {
        // One that cannot be sent must not take those behind it along.
        if (this.#counts[message]! > 1) this.#sendSingly(message);
        message += 1;
      }
    }
  }

  /** Sends a message's datagrams by themselves. Where that works, the way to some peer cannot segment, and none is asked to again. */
  #sendSingly(message: number): void {
    const start = this.#starts[message]!;
    const spare = this.#countMax;
    for (let offset = 0; offset < this.#counts[message]!; offset += 1) {
      this.#writeHeader(spare, this.#firsts[message]!, start + offset, 1);
      if (this.#sender.sendmmsg(this.#headersFrom(spare), 1) === 1) this.#canSegment = false;
    }
  }

  #headersFrom(index: number): Uint8Array {
    return index === 0 ? this.#headers : this.#headers.subarray(index * HEADER_BYTES);
  }
}
