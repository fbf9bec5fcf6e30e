/**
 * What is left out of training because it is damaged or beyond what the plan forecasts. Thresholds come from
 * training rows alone, so that no test row influences what the model learns.
 *
 * A filter on the label looks into the future: it is for training rows only, since the service cannot compute
 * it. The others are known as of t and may be applied to test rows as well; the scores are then of a service
 * that stays silent at those instants, which is why it has to be asked for.
 */

import { beginningOf, type Dataset, type FilterName } from "./dataset.ts";
import { firstAbove, type HeldNumbers, held, type Numbers, numberAt, pieces } from "./numbers.ts";
import { orderStatistic } from "./order_statistic.ts";
import { type RowRange, rowsOf } from "./row_range.ts";

/** Undefined: off. */
export interface FilterSettings {
  /** Least share of the vectors of the last minute that are usable (0…1). */
  readonly completeness_min: number | undefined;
  /** Largest |return| over the horizon, the label (ln). Training rows only. */
  readonly return_max: number | undefined;
  /** Widest spread, of the label's price (basis points). */
  readonly spread_bp_max: number | undefined;
  /** Largest standard deviation of one-second returns (ln). */
  readonly volatility_max: number | undefined;
  /** Share of training rows below whose volume of five seconds rows are left out (0…1). */
  readonly volume_share: number | undefined;
  /** Prices are within the training rows' median ÷ this and × this. */
  readonly price_factor_max: number | undefined;
  /** Also leaves out test rows, by all but the label. */
  readonly on_test: boolean;
}

/**
 * The plan's values. Its volume filter is off: rows it takes are no damage, and every one of them ends a run of
 * consecutive vectors, of which models that look at several have too few then.
 */
export const DEFAULT_FILTERS: FilterSettings = {
  completeness_min: 0.8,
  return_max: 0.05,
  spread_bp_max: 50,
  volatility_max: 0.01,
  volume_share: undefined,
  price_factor_max: 2,
  on_test: false,
};

/** Rows in memory, as the filters look at them. */
interface Piece extends Pick<Dataset<HeldNumbers>, "ts_sec" | "values" | "y" | "price"> {
  readonly rows: number;
}

interface Filter {
  readonly name: FilterName;
  /** Does not look past t. */
  readonly known_at_t: boolean;
  /** Asked row by row, in order. */
  removes(piece: Piece, index: number): boolean;
}

const COMPLETENESS_S = 60;

/**
 * Leaves rows out of the dataset, in its own columns: the dataset given must not be used afterwards. Each row
 * counts under the first filter that takes it, in the order of `FilterSettings`; a filter that is off, or
 * whose column the set has not, has no count.
 *
 * @param cut_sec training rows are those up to here.
 */
export function filterDataset<Column extends Numbers>(
  dataset: Dataset<Column>,
  cut_sec: number,
  settings: FilterSettings,
): Dataset<Column> {
  const all = { from: 0, to: dataset.rows };
  const training = firstAbove(dataset.ts_sec, all, cut_sec);
  const filters = filtersOf(dataset, { from: 0, to: training }, settings);
  const counts: Partial<Record<FilterName, number>> = {};
  for (const { name } of filters) counts[name] = 0;
  const on_test = settings.on_test ? filters.filter(({ known_at_t }) => known_at_t) : [];
  const compaction = new Compaction(dataset);
  for (const { from, to } of pieces(all)) {
    const piece = pieceOf(dataset, { from, to });
    for (let row = from; row < to; row++) {
      const applied = row < training ? filters : on_test;
      const taker = applied.find((filter) => filter.removes(piece, row - from));
      if (!taker) continue;
      counts[taker.name]!++;
      compaction.leaveOut(row);
    }
  }
  const kept = beginningOf(dataset, compaction.finish());
  return { ...kept, removed: { ...dataset.removed, ...counts } };
}

const pieceOf = ({ ts_sec, values, y, price, names }: Dataset, { from, to }: RowRange): Piece => ({
  rows: to - from,
  ts_sec: held(ts_sec, from, to),
  values: held(values, from * names.length, to * names.length),
  y: held(y, from, to),
  price: held(price, from, to),
});

/** Filters that are on, in words, with what they are applied to. */
export function filterSentence(settings: FilterSettings): string {
  const { completeness_min, return_max, spread_bp_max, volatility_max, volume_share, price_factor_max } =
    settings;
  const percent = (share: number): string => `${Number((share * 100).toPrecision(6))} %`;
  const words = [
    completeness_min !== undefined && `${percent(completeness_min)} of the last minute usable`,
    return_max !== undefined && `|label| up to ${percent(return_max)} (training rows only)`,
    spread_bp_max !== undefined && `spread up to ${spread_bp_max} bp`,
    volatility_max !== undefined && `volatility up to ${percent(volatility_max)} a second`,
    volume_share !== undefined && `without the lowest ${percent(volume_share)} of volume`,
    price_factor_max !== undefined && `price within ${price_factor_max} times the median`,
  ].filter((word) => word !== false);
  if (words.length === 0) return "no filters";
  return `filters on ${settings.on_test ? "training and test" : "training"} rows: ${words.join(", ")}`;
}

function filtersOf(dataset: Dataset, training: RowRange, settings: FilterSettings): Filter[] {
  const { names } = dataset;
  const filters: Filter[] = [];
  const on = (name: FilterName, known_at_t: boolean, removes: Filter["removes"]): void =>
    void filters.push({ name, known_at_t, removes });
  const column = (name: string): ((piece: Piece, index: number) => number) | undefined => {
    const at = names.indexOf(name);
    return at < 0 ? undefined : ({ values }, index) => values[index * names.length + at]!;
  };
  const quantile = (value: (piece: Piece, index: number) => number, share: number): number =>
    quantileOf(dataset, training, value, share);
  const { completeness_min, return_max, spread_bp_max, volatility_max, volume_share, price_factor_max } =
    settings;
  if (completeness_min !== undefined) {
    const share = usableOfLastMinute(dataset);
    on("incomplete", true, ({ ts_sec }, index) => share(ts_sec[index]!) < completeness_min);
  }
  if (return_max !== undefined) {
    on("large_return", false, ({ y }, index) => Math.abs(y[index]!) > return_max);
  }
  const spread = column("spread");
  if (spread_bp_max !== undefined && spread) {
    on(
      "wide_spread",
      true,
      (piece, index) => spread(piece, index) > (spread_bp_max / 1e4) * piece.price[index]!,
    );
  }
  const volatility = column("vol_ret_10s");
  if (volatility_max !== undefined && volatility) {
    on("volatile", true, (piece, index) => volatility(piece, index) > volatility_max);
  }
  const [buy, sell] = [column("buy_vol_5s"), column("sell_vol_5s")];
  if (volume_share !== undefined && buy && sell) {
    const volume = (piece: Piece, index: number): number => buy(piece, index) + sell(piece, index);
    const least = quantile(volume, volume_share);
    on("thin_volume", true, (piece, index) => volume(piece, index) < least);
  }
  if (price_factor_max !== undefined) {
    const median = quantile(({ price }, index) => price[index]!, 0.5);
    const [low, high] = [median / price_factor_max, median * price_factor_max];
    on("price_off", true, ({ price }, index) => price[index]! < low || price[index]! > high);
  }
  return filters;
}

/**
 * Share of the instants of the minute up to a row that have a usable row themselves, asked for row by row. The
 * first minute is not held against the first rows, since nothing is known of what came before.
 */
function usableOfLastMinute({ ts_sec, cadence_s }: Dataset): (ts: number) => number {
  const first_sec = numberAt(ts_sec, 0);
  // The last minute's rows, in a ring.
  const recent = new Float64Array(COMPLETENESS_S + 1);
  let newest = 0;
  let oldest = 0;
  return (ts) => {
    recent[newest++ % recent.length] = ts;
    while (recent[oldest % recent.length]! <= ts - COMPLETENESS_S) oldest++;
    const span_s = Math.min(COMPLETENESS_S, ts - first_sec + cadence_s);
    return ((newest - oldest) * cadence_s) / span_s;
  };
}

/** The value at that share of the sorted values, the lower of two; NaN, which removes nothing, where there is none. */
function quantileOf(
  dataset: Dataset,
  range: RowRange,
  value: (piece: Piece, index: number) => number,
  share: number,
): number {
  const rows = rowsOf(range);
  const each = (take: (value: number) => void): void => {
    for (const part of pieces(range)) {
      const piece = pieceOf(dataset, part);
      for (let index = 0; index < piece.rows; index++) take(value(piece, index));
    }
  };
  return orderStatistic(each, Math.min(rows - 1, Math.floor(share * rows)));
}

/** Moves what stays to the front, run by run. */
class Compaction {
  readonly #dataset: Dataset;
  #rows = 0;
  /** First row of the run that stays. */
  #run_from = 0;

  constructor(dataset: Dataset) {
    this.#dataset = dataset;
  }

  /** In order. */
  leaveOut(row: number): void {
    this.#keepUntil(row);
    this.#run_from = row + 1;
  }

  /** @returns how many rows stay; they are the first ones now. */
  finish(): number {
    this.#keepUntil(this.#dataset.rows);
    return this.#rows;
  }

  #keepUntil(end: number): void {
    const [to, from] = [this.#rows, this.#run_from];
    this.#rows += Math.max(0, end - from);
    if (to === from || end <= from) return;
    const { ts_sec, values, y, y_other, last_return, price, names } = this.#dataset;
    for (const one of [ts_sec, y, y_other, last_return, price]) one.copyWithin(to, from, end);
    values.copyWithin(to * names.length, from * names.length, end * names.length);
  }
}
