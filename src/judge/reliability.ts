/**
 * Do promised probabilities come true? Forecasts by the bin of their p_up: what was promised in the mean, how often
 * the price went up, of how many that moved. Counts are integers and promises are in millionths, so that tables of
 * any stretches add up, in any order; SQL's bin is width_bucket(p_up, RELIABILITY_EDGES), its promise
 * floor(p_up * 1e6 + 0.5)::bigint.
 */

import { assert } from "../base/errors.ts";

/** Lower edges of all bins but the first. Most promises are near an even chance, so the bins are finest there. */
const RELIABILITY_EDGES = [0.3, 0.4, 0.45, 0.475, 0.49, 0.5, 0.51, 0.525, 0.55, 0.6, 0.7] as const;
export const RELIABILITY_BINS = RELIABILITY_EDGES.length + 1;
const MILLION = 1e6;

/** One row of the table as it is stored. */
interface ReliabilityCount {
  /** Outcomes that moved, and those that went up. */
  moved: number;
  up: number;
  /** Sum of p_up in millionths. */
  promised_e6: number;
}

/** One row of the table as it is read. */
export interface ReliabilityBin {
  /** p_up of the bin: from (inclusive) to (exclusive; 1 inclusive). */
  readonly from: number;
  readonly to: number;
  readonly moved: number;
  /** Mean promise and share that went up; null where nothing moved. */
  readonly promised: number | null;
  readonly realized: number | null;
  /** 95 % interval of `realized`, as if a tenth of overlapping labels were all there are. */
  readonly low: number | null;
  readonly high: number | null;
}

export interface ReliabilityOptions {
  readonly horizon_s: number;
  /** Default 1. */
  readonly cadence_s?: number;
}

export class Reliability {
  readonly #counts: ReliabilityCount[] = Array.from({ length: RELIABILITY_BINS }, () => ({
    moved: 0,
    up: 0,
    promised_e6: 0,
  }));

  constructor(counts?: readonly Readonly<ReliabilityCount>[]) {
    if (counts) this.merge(counts);
  }

  /** @param realized log-return; what did not move is passed over. */
  add(p_up: number, realized: number): void {
    if (realized === 0 || !Number.isFinite(realized) || !(p_up >= 0 && p_up <= 1)) return;
    const count = this.#counts[reliabilityBin(p_up)]!;
    count.moved++;
    if (realized > 0) count.up++;
    count.promised_e6 += Math.floor(p_up * MILLION + 0.5);
  }

  merge(counts: readonly Readonly<ReliabilityCount>[]): void {
    assert(
      counts.length === RELIABILITY_BINS,
      `a reliability table expected ${RELIABILITY_BINS} bins, was ${counts.length}`,
    );
    for (const [bin, { moved, up, promised_e6 }] of counts.entries()) {
      const into = this.#counts[bin]!;
      into.moved += moved;
      into.up += up;
      into.promised_e6 += promised_e6;
    }
  }

  /** Plain data: `new Reliability(counts)` goes on from it. */
  counts(): ReliabilityCount[] {
    return this.#counts.map((count) => ({ ...count }));
  }

  table({ horizon_s, cadence_s = 1 }: ReliabilityOptions): ReliabilityBin[] {
    const share = Math.min(1, cadence_s / horizon_s);
    return this.#counts.map(({ moved, up, promised_e6 }, bin) => {
      const edges = { from: RELIABILITY_EDGES[bin - 1] ?? 0, to: RELIABILITY_EDGES[bin] ?? 1 };
      if (moved === 0) return { ...edges, moved, promised: null, realized: null, low: null, high: null };
      const [low, high] = wilson(up / moved, moved * share);
      return { ...edges, moved, promised: promised_e6 / MILLION / moved, realized: up / moved, low, high };
    });
  }

  /** Mean distance of promise and outcome over the bins, weighted by their outcomes; null before any. */
  error(): number | null {
    const moved = this.#counts.reduce((sum, count) => sum + count.moved, 0);
    const apart = this.#counts.reduce(
      (sum, { up, promised_e6 }) => sum + Math.abs(promised_e6 / MILLION - up),
      0,
    );
    return moved > 0 ? apart / moved : null;
  }
}

/** The bin of a p_up. */
export function reliabilityBin(p_up: number): number {
  const above = RELIABILITY_EDGES.findIndex((edge) => p_up < edge);
  return above < 0 ? RELIABILITY_BINS - 1 : above;
}

const REACH = 1.96;

/** Wilson (1927), "Probable inference": an interval of a share that is right for few and for extreme ones. */
function wilson(share: number, count: number): [low: number, high: number] {
  const z2 = REACH * REACH;
  const middle = share + z2 / (2 * count);
  const reach = REACH * Math.sqrt((share * (1 - share) + z2 / (4 * count)) / count);
  return [(middle - reach) / (1 + z2 / count), (middle + reach) / (1 + z2 / count)];
}
