/** SipHash-2-4 (Aumasson and Bernstein), the keyed hash of server cookies (RFC 9018), on pairs of 32-bit words. */

/** v0..v3 as [high, low] pairs in one array: v0h v0l v1h v1l v2h v2l v3h v3l. */
function rounds(v: Int32Array, count: number): void {
  for (let round = 0; round < count; round += 1) {
    add(v, 0, 2);
    rotate(v, 2, 13);
    xor(v, 2, 0);
    swap(v, 0);
    add(v, 4, 6);
    rotate(v, 6, 16);
    xor(v, 6, 4);
    add(v, 0, 6);
    rotate(v, 6, 21);
    xor(v, 6, 0);
    add(v, 4, 2);
    rotate(v, 2, 17);
    xor(v, 2, 4);
    swap(v, 4);
  }
}

function add(v: Int32Array, to: number, from: number): void {
  const low = (v[to + 1]! >>> 0) + (v[from + 1]! >>> 0);
  v[to] = v[to]! + v[from]! + (low > 0xffffffff ? 1 : 0);
  v[to + 1] = low;
}

function xor(v: Int32Array, to: number, from: number): void {
  v[to]! ^= v[from]!;
  v[to + 1]! ^= v[from + 1]!;
}

/** Rotates left by fewer than 32 bits. */
function rotate(v: Int32Array, at: number, bits: number): void {
  const high = v[at]!;
  const low = v[at + 1]!;
  v[at] = (high << bits) | (low >>> (32 - bits));
  v[at + 1] = (low << bits) | (high >>> (32 - bits));
}

/** Rotates by 32 bits. */
function swap(v: Int32Array, at: number): void {
  const high = v[at]!;
  v[at] = v[at + 1]!;
  v[at + 1] = high;
}

/** The eight bytes of SipHash-2-4 of `data` under a key of 16 bytes, least significant first. */
export function sipHash24(key: Uint8Array, data: Uint8Array): Uint8Array {
  const keys = new DataView(key.buffer, key.byteOffset, 16);
  const [k0l, k0h, k1l, k1h] = [0, 4, 8, 12].map((at) => keys.getInt32(at, true)) as [number, number, number, number];
  const v = Int32Array.of(
    k0h ^ 0x736f6d65,
    k0l ^ 0x70736575,
    k1h ^ 0x646f7261,
    k1l ^ 0x6e646f6d,
    k0h ^ 0x6c796765,
    k0l ^ 0x6e657261,
    k1h ^ 0x74656462,
    k1l ^ 0x79746573,
  );
  const padded = new Uint8Array((Math.floor(data.length / 8) + 1) * 8);
  padded.set(data);
  padded[padded.length - 1] = data.length;
  const words = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += 8) {
    const low = words.getInt32(at, true);
    const high = words.getInt32(at + 4, true);
    v[6]! ^= high;
    v[7]! ^= low;
    rounds(v, 2);
    v[0]! ^= high;
    v[1]! ^= low;
  }
  v[5]! ^= 0xff;
  rounds(v, 4);
  const out = new DataView(new ArrayBuffer(8));
  out.setInt32(0, v[1]! ^ v[3]! ^ v[5]! ^ v[7]!, true);
  out.setInt32(4, v[0]! ^ v[2]! ^ v[4]! ^ v[6]!, true);
  return new Uint8Array(out.buffer);
}
