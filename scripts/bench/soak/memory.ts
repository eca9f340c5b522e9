/** Whether memory stays flat: garbage makes it a saw, so its floor counts. */

export interface Sample {
  readonly block: number;
  readonly heapBytes: number;
  readonly residentBytes: number;
}

export interface Growth {
  /** Floor of the last quarter over that of the second, less one. */
  readonly ratio: number;
  /** Of the line through the floors of the last three quarters' windows. */
  readonly slopeBytesPerBlock: number;
  /** Floor of the last quarter. */
  readonly levelBytes: number;
}

const WINDOWS = 12;

/** How a kind of memory grew after the first quarter, in which caches fill. */
export function growthOf(samples: readonly Sample[], kind: "heapBytes" | "residentBytes"): Growth {
  const floorOf = (part: readonly Sample[]) => Math.min(...part.map((sample) => sample[kind]));
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  const second = floorOf(samples.slice(quarter, 2 * quarter));
  const levelBytes = floorOf(samples.slice(-quarter));
  const settled = samples.slice(quarter);
  const size = Math.max(1, Math.ceil(settled.length / WINDOWS));
  const points: (readonly [block: number, bytes: number])[] = [];
  for (let at = 0; at < settled.length; at += size) {
    const part = settled.slice(at, at + size);
    points.push([part[part.length >> 1]!.block, floorOf(part)]);
  }
  return { ratio: levelBytes / second - 1, slopeBytesPerBlock: slopeOf(points), levelBytes };
}

/** The slope of the line nearest to some points, by least squares; 0 where they stand at one place. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [xMean, yMean] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const spread = points.reduce((sum, [x]) => sum + (x - xMean) ** 2, 0);
  return spread === 0 ? 0 : points.reduce((sum, [x, y]) => sum + (x - xMean) * (y - yMean), 0) / spread;
}
