/**
 * UDP sockets that receive and send many datagrams with one system call each (recvmmsg and sendmmsg, Linux), through the
 * `koffi` package: message headers and buffers lie in native memory that typed arrays look at. `undefined` where the
 * platform or the package is not there.
 */
import { createRequire } from "node:module";
import { endianness } from "node:os";
import { BaseError } from "../../base/errors.ts";
import { ADDRESS_BYTES, HEADER_BYTES, Outgoing, VECTOR_BYTES } from "./outgoing.ts";

export class NativeSocketError extends BaseError {
  override readonly name = "Gateway.NativeSocketError";
  constructor(call: string, errno: number, where: string) {
    super("GATEWAY_NATIVE_SOCKET", `${call} on ${where} failed with error ${errno}.`);
  }
}

// Linux's numbers, equal on x64 and arm64.
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const MSG_DONTWAIT = 0x40;
const POLLIN = 1;
const EADDRINUSE = 98;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;

type Pointer = unknown;

interface Library {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  getsockname(fd: number, address: Uint8Array, length: Uint8Array): number;
  recvmmsg(fd: number, headers: Pointer, count: number, flags: number, timeout: null): number;
  sendmmsg(fd: number, headers: Uint8Array, count: number, flags: number): number;
  close(fd: number): number;
  poll: { async(fds: Pointer, count: number, timeoutMs: number, done: (error: unknown, result: number) => void): void };
  usleep(microseconds: number): number;
  alloc(bytes: number): { pointer: Pointer; address: bigint; memory: ArrayBuffer };
  errno(): number;
}

function loadLibrary(): Library | undefined {
  const isSupported = process.platform === "linux" && ["x64", "arm64"].includes(process.arch) && endianness() === "LE";
  if (!isSupported || process.env.HOLDFAST_NO_NATIVE) return undefined;
  try {
    const koffi = createRequire(import.meta.url)("koffi");
    const libc = koffi.load(null);
    return {
      socket: libc.func("int socket(int, int, int)"),
      bind: libc.func("int bind(int, void *, uint32_t)"),
      setsockopt: libc.func("int setsockopt(int, int, int, void *, uint32_t)"),
      getsockname: libc.func("int getsockname(int, _Out_ void *, _Inout_ void *)"),
      recvmmsg: libc.func("int recvmmsg(int, void *, uint32_t, int, void *)"),
      sendmmsg: libc.func("int sendmmsg(int, void *, uint32_t, int)"),
      close: libc.func("int close(int)"),
      poll: libc.func("int poll(void *, uint64_t, int)"),
      usleep: libc.func("int usleep(uint32_t)"),
      alloc(bytes) {
        const pointer = koffi.alloc("uint8_t", bytes);
        return { pointer, address: BigInt(koffi.address(pointer)), memory: koffi.view(pointer, bytes) };
      },
      errno: () => koffi.errno(),
    };
  } catch {
    return undefined;
  }
}

let library: Library | undefined | null = null;

/** A number of received datagrams in native memory: buffers, addresses and the headers that point at them. */
export interface Batch {
  readonly bytes: Uint8Array;
  /** Socket addresses, `ADDRESS_BYTES` apart. */
  readonly addresses: Uint8Array;
  /** The same, as 32-bit words. */
  readonly addressWords: Int32Array;
  /** Headers as 32-bit words, for lengths. */
  readonly words: Int32Array;
  readonly pointer: Pointer;
}

function createBatch(lib: Library, count: number, slotBytes: number): Batch {
  const headers = lib.alloc(count * HEADER_BYTES);
  const vectors = lib.alloc(count * VECTOR_BYTES);
  const addresses = lib.alloc(count * ADDRESS_BYTES);
  const buffers = lib.alloc(count * slotBytes);
  const header = new DataView(headers.memory);
  const vector = new DataView(vectors.memory);
  new Uint8Array(headers.memory).fill(0);
  for (let index = 0; index < count; index += 1) {
    vector.setBigUint64(index * VECTOR_BYTES, buffers.address + BigInt(index * slotBytes), true);
    vector.setBigUint64(index * VECTOR_BYTES + 8, BigInt(slotBytes), true);
    header.setBigUint64(index * HEADER_BYTES, addresses.address + BigInt(index * ADDRESS_BYTES), true);
    header.setUint32(index * HEADER_BYTES + 8, ADDRESS_BYTES, true);
    header.setBigUint64(index * HEADER_BYTES + 16, vectors.address + BigInt(index * VECTOR_BYTES), true);
    header.setBigUint64(index * HEADER_BYTES + 24, 1n, true);
  }
  return {
    bytes: new Uint8Array(buffers.memory),
    addresses: new Uint8Array(addresses.memory),
    addressWords: new Int32Array(addresses.memory),
    words: new Int32Array(headers.memory),
    pointer: headers.pointer,
  };
}

/** Word of a header at which a field lies: address length, flags, bytes received or sent. */
const WORD = { addressLength: 2, flags: 12, length: 14 } as const;
const WORDS_PER_HEADER = HEADER_BYTES / 4;

export function lengthOf(batch: Batch, index: number): number {
  return batch.words[index * WORDS_PER_HEADER + WORD.length]!;
}

export function addressLengthOf(batch: Batch, index: number): number {
  return batch.words[index * WORDS_PER_HEADER + WORD.addressLength]!;
}

/** Whether a datagram was longer than its buffer. */
export function isCut(batch: Batch, index: number): boolean {
  return (batch.words[index * WORDS_PER_HEADER + WORD.flags]! & 0x20) !== 0;
}

/** Makes a receive header ready to be filled again. */
export function resetAddressLength(batch: Batch, index: number): void {
  batch.words[index * WORDS_PER_HEADER + WORD.addressLength] = ADDRESS_BYTES;
}

export interface NativeSocket {
  readonly port: number;
  createBatch(count: number, slotBytes: number): Batch;
  /** Datagrams received now, 0 for none; never waits. */
  receive(batch: Batch, count: number): number;
  /** Room for `count` datagrams to send. */
  createOutgoing(count: number, slotBytes: number): Outgoing;
  /** Calls `done` once the socket can be read or `timeoutMs` have passed. */
  poll(timeoutMs: number, done: () => void): void;
  /** Holds the thread for a moment; below a millisecond, which no timer can. */
  pause(microseconds: number): void;
  close(): void;
}

function socketAddress(bytes: Uint8Array | undefined, isV6: boolean, port: number): Uint8Array {
  const address = new Uint8Array(isV6 ? 28 : 16);
  address[0] = isV6 ? AF_INET6 : AF_INET;
  address[2] = port >>> 8;
  address[3] = port & 0xff;
  if (bytes) address.set(bytes, isV6 ? 8 : 4);
  return address;
}

function int32(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

/**
 * A bound socket, or `undefined` where there is no native support. Throws `NativeSocketError` where the port cannot be
 * had. `address` is of 4 or 16 bytes.
 */
export function openNativeSocket(options: {
  readonly address: Uint8Array;
  readonly port: number;
  readonly reusePort: boolean;
  readonly bufferBytes: number;
}): NativeSocket | undefined {
  if (library === null) library = loadLibrary();
  const lib = library;
  if (!lib) return undefined;
  const isV6 = options.address.length === 16;
  const fd = lib.socket(isV6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const where = `UDP port ${options.port}`;
  if (fd < 0) throw new NativeSocketError("socket", lib.errno(), where);
  for (const [name, value] of [
    [options.reusePort ? SO_REUSEPORT : SO_REUSEADDR, options.reusePort ? 1 : 0],
    [SO_RCVBUF, options.bufferBytes],
    [SO_SNDBUF, options.bufferBytes],
  ] as const) {
    lib.setsockopt(fd, SOL_SOCKET, name, int32(value), 4);
  }
  const address = socketAddress(options.address, isV6, options.port);
  if (lib.bind(fd, address, address.length) !== 0) {
    const errno = lib.errno();
    lib.close(fd);
    throw new NativeSocketError("bind", errno === 0 ? EADDRINUSE : errno, where);
  }
  const bound = new Uint8Array(ADDRESS_BYTES);
  lib.getsockname(fd, bound, int32(bound.length));
  const sender = {
    alloc: lib.alloc,
    // Kernels before 4.18 do not know the option, and would send what belongs to many as one datagram.
    canSegment: lib.setsockopt(fd, SOL_UDP, UDP_SEGMENT, int32(0), 4) === 0,
    sendmmsg(headers: Uint8Array, count: number) {
      const sent = lib.sendmmsg(fd, headers, count, 0);
      return sent < 0 ? -lib.errno() : sent;
    },
  };
  const pollSet = lib.alloc(8);
  new DataView(pollSet.memory).setInt32(0, fd, true);
  return {
    port: (bound[2]! << 8) | bound[3]!,
    createBatch: (count, slotBytes) => createBatch(lib, count, slotBytes),
    receive: (batch, count) => Math.max(0, lib.recvmmsg(fd, batch.pointer, count, MSG_DONTWAIT, null)),
    createOutgoing: (count, slotBytes) => new Outgoing(sender, count, slotBytes),
    poll(timeoutMs, done) {
      new DataView(pollSet.memory).setInt32(4, POLLIN, true);
      lib.poll.async(pollSet.pointer, 1, timeoutMs, () => done());
    },
    pause: (microseconds) => void lib.usleep(microseconds),
    close: () => lib.close(fd),
  };
}
