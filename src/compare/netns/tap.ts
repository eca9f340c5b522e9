/** Ethernet devices of this process's own (Linux TAP): what the kernel sends over one can be read, and what is written arrives. */
import { closeSync, openSync } from "node:fs";
import { createRequire } from "node:module";
import { BaseError, messageOf } from "../../base/errors.ts";

const DEVICE = "/dev/net/tun";
/** `_IOW('T', 202, int)`, and the flags of linux/if_tun.h. */
const TUNSETIFF = 0x400454ca;
const IFF_TAP = 0x0002;
const IFF_NO_PI = 0x1000;
/** Of `struct ifreq`: a name of 16 bytes, then what is asked for. */
const REQUEST_BYTES = 40;
const NAME_BYTES = 16;

export class TapError extends BaseError {
  override readonly name = "Compare.TapError";
  constructor(name: string, errno: number) {
    super("COMPARE_TAP", `The Ethernet device ${name} could not be made: error ${errno}.`);
  }
}

interface Library {
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  errno(): number;
}

function loadLibrary(): Library {
  const koffi = createRequire(import.meta.url)("koffi");
  return { ioctl: koffi.load(null).func("int ioctl(int, unsigned long, void *)"), errno: () => koffi.errno() };
}

/** Why there can be no such devices here; `undefined` where there can. */
export function tapMissing(): string | undefined {
  try {
    loadLibrary();
    closeSync(openSync(DEVICE, "r+"));
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Makes a device in this process's network namespace; it is gone once the descriptor is closed. Throws `TapError`. */
export function openTap(name: string): number {
  const { ioctl, errno } = loadLibrary();
  const fd = openSync(DEVICE, "r+");
  const request = new Uint8Array(REQUEST_BYTES);
  request.set(Buffer.from(name).subarray(0, NAME_BYTES - 1));
  new DataView(request.buffer).setUint16(NAME_BYTES, IFF_TAP | IFF_NO_PI, true);
  if (ioctl(fd, TUNSETIFF, request) < 0) {
    const code = errno();
    closeSync(fd);
    throw new TapError(name, code);
  }
  return fd;
}
