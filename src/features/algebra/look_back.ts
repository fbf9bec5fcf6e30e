/**
 * How far back an expression looks, derived from its form. A vector is warm when all of it is inside
 * uninterrupted data (docs/features-warmth.md).
 */

import { type Expr, operands } from "./expr.ts";

export interface LookBack {
  /** Bars read: the vector at t reads the seconds [t − window_s, t). */
  readonly window_s: number;
  /** Blocks read: as of t − lag_s, the previous complete block of block_s seconds. */
  readonly blocks: readonly { readonly block_s: number; readonly lag_s: number }[];
}

/**
 * Carried columns (the last price, the last quote) count as the one second before t: what they carry may be
 * older, and where there is nothing to carry they are null.
 */
export function lookBackOf(expr: Expr): LookBack {
  switch (expr.kind) {
    case "block_quantile":
      return { window_s: 1, blocks: [{ block_s: expr.block_s, lag_s: 0 }] };
    case "lag":
      return later(lookBackOf(expr.of), expr.by_s);
    case "window":
      return later(lookBackOf(expr.of), (expr.count - 1) * expr.step_s);
    default: {
      const parts = operands(expr);
      return parts.length === 0 ? { window_s: 1, blocks: [] } : mergeLookBacks(parts.map(lookBackOf));
    }
  }
}

const later = (inner: LookBack, by_s: number): LookBack => ({
  window_s: inner.window_s + by_s,
  blocks: inner.blocks.map(({ block_s, lag_s }) => ({ block_s, lag_s: lag_s + by_s })),
});

/** What covers all of them; of the blocks of one length, the deepest lag. */
export function mergeLookBacks(parts: readonly LookBack[]): LookBack {
  const lags = new Map<number, number>();
  for (const { block_s, lag_s } of parts.flatMap((part) => part.blocks)) {
    lags.set(block_s, Math.max(lag_s, lags.get(block_s) ?? 0));
  }
  return {
    window_s: Math.max(0, ...parts.map((part) => part.window_s)),
    blocks: [...lags].sort(([a], [b]) => a - b).map(([block_s, lag_s]) => ({ block_s, lag_s })),
  };
}

/** The instant from which data must be uninterrupted for the vector at `t_sec` to be warm. */
export function lookBackStart(look_back: LookBack, t_sec: number): number {
  let start = t_sec - look_back.window_s;
  for (const { block_s, lag_s } of look_back.blocks) {
    start = Math.min(start, Math.floor((t_sec - lag_s) / block_s) * block_s - block_s);
  }
  return start;
}

/** The longest a vector can take to become warm (s): how much history a start should fetch. */
export function warmUpMaxSeconds(look_back: LookBack): number {
  return Math.max(look_back.window_s, ...look_back.blocks.map(({ block_s, lag_s }) => 2 * block_s + lag_s));
}
