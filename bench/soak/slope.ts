/** How memory grows: the median of the slopes between any two minutes, which single peaks do not move. */

import { median } from "../peers/measure.ts";
import type { MemorySample } from "./watch.ts";

/** Samples become the median of so many blocks; a collector's saw teeth are within one. */
const BLOCKS_MAX = 60;
const SAMPLES_A_BLOCK_MIN = 5;

/** MB a second (Theil and Sen's estimate); NaN where there are fewer than two blocks. */
export function slopePerS(samples: readonly MemorySample[]): number {
  const length = Math.max(SAMPLES_A_BLOCK_MIN, Math.ceil(samples.length / BLOCKS_MAX));
  const blocks: MemorySample[] = [];
  for (let from = 0; from + length <= samples.length; from += length) {
    const part = samples.slice(from, from + length);
    blocks.push({ at_s: median(part.map(({ at_s }) => at_s)), mb: median(part.map(({ mb }) => mb)) });
  }
  const slopes = blocks.flatMap((one, i) =>
    blocks.slice(i + 1).map((other) => (other.mb - one.mb) / (other.at_s - one.at_s)),
  );
  return slopes.length === 0 ? Number.NaN : median(slopes);
}
