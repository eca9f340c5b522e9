/**
 * A wire between two Ethernet devices, in a process of its own in the switch's namespace: every frame that enters at one end
 * leaves at the other, and those that come from the host later or never, as the wire's shape has it. It reads with blocking calls, so
 * that it is ended by a signal and not by being asked.
 */
import { read, writeSync } from "node:fs";
import { type Clock, systemClock } from "../../base/clock.ts";
import { type Random, secureRandom } from "../../base/random.ts";
import { runChild, tellParent } from "../local/childMain.ts";
import type { LinkShape } from "./hosts.ts";
import { openTap } from "./tap.ts";

export interface WireConfig {
  /** The device at the host's end, and the one at the switch's. */
  readonly near: string;
  readonly far: string;
  /** At first. */
  readonly shape: LinkShape;
}

/** What the parent sends, and is told when it is done: the shape from now on. */
export interface WireMessage {
  readonly shape: LinkShape;
}

/** More than any frame that a device without offloads carries. */
const FRAME_BYTES_MAX = 65_536;

/** Hands every frame that arrives at a device to `next`, until the device is gone. */
function onFrames(fd: number, next: (frame: Uint8Array) => void): void {
  const buffer = Buffer.alloc(FRAME_BYTES_MAX);
  const step = () => {
    read(fd, buffer, 0, buffer.length, null, (error, byteCount) => {
      if (error !== null) return;
      next(buffer.subarray(0, byteCount));
      step();
    });
  };
  step();
}

/** Sends a frame; one that a device will not take is lost, as on any wire. */
function send(fd: number, frame: Uint8Array): void {
  try {
    writeSync(fd, frame);
  } catch {}
}

function connect(near: number, far: number, shape: () => LinkShape, clock: Clock, random: Random): void {
  onFrames(far, (frame) => send(near, frame));
  onFrames(near, (frame) => {
    const { delayMs = 0, lossRatio = 0 } = shape();
    if (random.ratio() < lossRatio) return;
    if (delayMs === 0) return send(far, frame);
    const copy = Uint8Array.from(frame);
    clock.schedule(delayMs, () => send(far, copy));
  });
}

runChild(async ({ near, far, shape: first }: WireConfig) => {
  let shape = first;
  connect(openTap(near), openTap(far), () => shape, systemClock, secureRandom);
  return {
    ready: {},
    onMessage: (message) => {
      shape = (message as WireMessage).shape;
      tellParent({ shaped: true });
    },
    close: async () => {},
  };
});
