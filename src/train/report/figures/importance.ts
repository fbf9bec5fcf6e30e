/**
 * What the model reads: how much of its R² is lost when a column's minutes are put in another order. Whole
 * blocks change places, so that the column keeps its own course inside a minute, as neighbouring rows have it;
 * single rows would be shuffled into vectors that never occur.
 */

import { type Rng, seededRng } from "../../../base/rng.ts";
import { BLOCK_S_MIN } from "../../../judge/statistics/block_means.ts";
import { type Dataset, type HeldDataset, heldPartOf, rowsIn } from "../../data/dataset.ts";
import type { RowRange } from "../../data/row_range.ts";
import type { Forecaster } from "../../fit/forecaster.ts";
import type { Fitted } from "../../fit/trainable.ts";

export interface Importance {
  readonly feature: string;
  /** R² lost, the mean over the repeats; below 0 where the column did harm. */
  readonly r2_lost: number;
  /** Smallest and largest loss of a repeat. */
  readonly range: readonly [number, number];
}

const REPEATS = 3;
/** Rows used, the first of the range: enough for the order of the columns, and for a network in seconds. */
const ROWS_MAX = 20_000;
const ROWS_MAX_SEQUENCE = 5_000;

/** The rows of the range that are used. */
export function lookedAt(
  { from, to }: RowRange,
  { sequence_length }: { readonly sequence_length: number },
): RowRange {
  return { from, to: Math.min(to, from + (sequence_length > 1 ? ROWS_MAX_SEQUENCE : ROWS_MAX)) };
}

/** In falling order of what is lost; empty where the rows are too few for blocks to change places, or cannot be changed. */
export function importanceOf(
  dataset: Dataset,
  range: RowRange,
  model: Forecaster & Pick<Fitted, "sequence_length" | "own_rows_only">,
  seed: number,
): Importance[] {
  if (model.own_rows_only) return [];
  const looked = lookedAt(range, model);
  const block_rows = rowsIn(dataset, BLOCK_S_MIN);
  const blocks = Math.floor((looked.to - looked.from) / block_rows);
  if (blocks < 2) return [];
  const from = Math.max(0, looked.from - model.sequence_length + 1);
  const part = heldPartOf(dataset, { from, to: looked.to });
  const rows: RowRange = { from: part.rows - (looked.to - looked.from), to: part.rows };
  const values = part.values.slice();
  const shuffled: HeldDataset = { ...part, values };
  const whole = r2Of(part, rows, model);
  const rng = seededRng(seed);
  const losses = part.names.map((feature, column) => {
    const lost = Array.from({ length: REPEATS }, () => {
      moveBlocks(part, values, column, rows.from, { blocks, block_rows }, rng);
      return whole - r2Of(shuffled, rows, model);
    });
    restore(part, values, column, rows);
    const r2_lost = lost.reduce((sum, value) => sum + value, 0) / REPEATS;
    return { feature, r2_lost, range: [Math.min(...lost), Math.max(...lost)] as const };
  });
  return losses.sort((a, b) => b.r2_lost - a.r2_lost);
}

function moveBlocks(
  { values, names }: HeldDataset,
  into: Float64Array,
  column: number,
  from: number,
  { blocks, block_rows }: { readonly blocks: number; readonly block_rows: number },
  rng: Rng,
): void {
  const order = Uint32Array.from({ length: blocks }, (_, block) => block);
  for (let at = blocks - 1; at > 0; at--) {
    const other = rng.below(at + 1);
    const block = order[at]!;
    order[at] = order[other]!;
    order[other] = block;
  }
  const columns = names.length;
  for (const [place, block] of order.entries()) {
    for (let row = 0; row < block_rows; row++) {
      const to = (from + place * block_rows + row) * columns + column;
      into[to] = values[(from + block * block_rows + row) * columns + column]!;
    }
  }
}

function restore(
  { values, names }: HeldDataset,
  into: Float64Array,
  column: number,
  { from, to }: RowRange,
): void {
  for (let at = from * names.length + column; at < to * names.length; at += names.length)
    into[at] = values[at]!;
}

function r2Of(dataset: HeldDataset, range: RowRange, model: Forecaster): number {
  let error2 = 0;
  let square = 0;
  for (const [index, forecast] of model.forecast(dataset, range).entries()) {
    const outcome = dataset.y[range.from + index]!;
    error2 += (outcome - forecast) ** 2;
    square += outcome * outcome;
  }
  return 1 - error2 / square;
}
