/**
 * What is left out of training because it is damaged or beyond what the plan forecasts. Thresholds come from
 * training rows alone, so that no test row has a say in what the model learns.
 *
 * A filter on the label looks into the future: it is for training rows only, for the service cannot know. The
 * others are known as of t and may be applied to test rows as well; the scores are then of a service that
 * stays silent at those instants, which is why it has to be asked for.
 */

import type { Dataset, FilterName } from "./dataset.ts";

/** Undefined: off. */
export interface FilterSettings {
  /** Least share of the vectors of the last minute that are usable (0…1). */
  readonly completeness_min: number | undefined;
  /** Largest |return| over the horizon, the label (ln). Training rows only. */
  readonly return_max: number | undefined;
  /** Widest spread, of the mid price (basis points). */
  readonly spread_bp_max: number | undefined;
  /** Largest standard deviation of one-second returns (ln). */
  readonly volatility_max: number | undefined;
  /** Share of training rows below whose volume of five seconds rows are left out (0…1). */
  readonly volume_share: number | undefined;
  /** Mid prices lie within the training rows' median ÷ this and × this. */
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

interface Filter {
  readonly name: FilterName;
  /** Does not look past t. */
  readonly known_at_t: boolean;
  removes(row: number): boolean;
}

const COMPLETENESS_S = 60;

/**
 * Leaves rows out of the dataset, in its own arrays: the dataset given must not be used any more. Each row
 * counts under the first filter that takes it, in the order of `FilterSettings`; a filter that is off, or
 * whose column the set has not, has no count.
 *
 * @param cut_sec training rows are those up to here.
 */
export function filterDataset(dataset: Dataset, cut_sec: number, settings: FilterSettings): Dataset {
  const training = firstAfter(dataset.ts_sec, cut_sec);
  const filters = filtersOf(dataset, training, settings);
  const counts: Partial<Record<FilterName, number>> = {};
  for (const { name } of filters) counts[name] = 0;
  const on_test = settings.on_test ? filters.filter(({ known_at_t }) => known_at_t) : [];
  const keep = new Uint8Array(dataset.rows);
  for (let row = 0; row < dataset.rows; row++) {
    const applied = row < training ? filters : on_test;
    const taker = applied.find((filter) => filter.removes(row));
    if (taker) counts[taker.name]!++;
    else keep[row] = 1;
  }
  return compacted(dataset, keep, counts);
}

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

function filtersOf(dataset: Dataset, training: number, settings: FilterSettings): Filter[] {
  const { names, values, y, mid } = dataset;
  const filters: Filter[] = [];
  const on = (name: FilterName, known_at_t: boolean, removes: Filter["removes"]): void =>
    void filters.push({ name, known_at_t, removes });
  const column = (name: string): ((row: number) => number) | undefined => {
    const index = names.indexOf(name);
    return index < 0 ? undefined : (row) => values[row * names.length + index]!;
  };
  const { completeness_min, return_max, spread_bp_max, volatility_max, volume_share, price_factor_max } =
    settings;
  if (completeness_min !== undefined) {
    const counted = usableOfLastMinute(dataset);
    on("incomplete", true, (row) => counted[row]! < completeness_min);
  }
  if (return_max !== undefined) {
    on("large_return", false, (row) => Math.abs(y[row]!) > return_max);
  }
  const spread = column("spread");
  if (spread_bp_max !== undefined && spread) {
    on("wide_spread", true, (row) => spread(row) > (spread_bp_max / 1e4) * mid[row]!);
  }
  const volatility = column("vol_ret_10s");
  if (volatility_max !== undefined && volatility)
    on("volatile", true, (row) => volatility(row) > volatility_max);
  const [buy, sell] = [column("buy_vol_5s"), column("sell_vol_5s")];
  if (volume_share !== undefined && buy && sell) {
    const volume = (row: number): number => buy(row) + sell(row);
    const least = quantile(
      Float64Array.from({ length: training }, (_, row) => volume(row)),
      volume_share,
    );
    on("thin_volume", true, (row) => volume(row) < least);
  }
  if (price_factor_max !== undefined) {
    const median = quantile(mid.slice(0, training), 0.5);
    const [low, high] = [median / price_factor_max, median * price_factor_max];
    on("price_off", true, (row) => mid[row]! < low || mid[row]! > high);
  }
  return filters;
}

/**
 * Share of the instants of the minute up to each row that have a usable row themselves. The cadence is the set's
 * smallest step; the first minute is not held against the first rows, since nothing is known of what came before.
 */
function usableOfLastMinute({ ts_sec, rows }: Dataset): Float64Array {
  let cadence_s = COMPLETENESS_S;
  for (let row = 1; row < rows; row++) cadence_s = Math.min(cadence_s, ts_sec[row]! - ts_sec[row - 1]!);
  const share = new Float64Array(rows);
  for (let row = 0, first = 0; row < rows; row++) {
    while (ts_sec[first]! <= ts_sec[row]! - COMPLETENESS_S) first++;
    const span_s = Math.min(COMPLETENESS_S, ts_sec[row]! - ts_sec[0]! + cadence_s);
    share[row] = ((row - first + 1) * cadence_s) / span_s;
  }
  return share;
}

/** The value at that share of the sorted values, the lower of two; NaN, which removes nothing, where there is none. */
function quantile(values: Float64Array, share: number): number {
  values.sort();
  return values[Math.min(values.length - 1, Math.floor(share * values.length))] ?? Number.NaN;
}

function compacted(dataset: Dataset, keep: Uint8Array, counts: Partial<Record<FilterName, number>>): Dataset {
  const { ts_sec, values, y, last_return, mid, removed } = dataset;
  const columns = dataset.names.length;
  let rows = 0;
  for (let row = 0; row < dataset.rows; row++) {
    if (!keep[row]) continue;
    if (rows < row) {
      for (const one of [ts_sec, y, last_return, mid]) one[rows] = one[row]!;
      values.copyWithin(rows * columns, row * columns, (row + 1) * columns);
    }
    rows++;
  }
  return {
    ...dataset,
    rows,
    removed: { ...removed, ...counts },
    ts_sec: ts_sec.subarray(0, rows),
    values: values.subarray(0, rows * columns),
    y: y.subarray(0, rows),
    last_return: last_return.subarray(0, rows),
    mid: mid.subarray(0, rows),
  };
}

function firstAfter(ts_sec: Float64Array, sec: number): number {
  const row = ts_sec.findIndex((ts) => ts > sec);
  return row < 0 ? ts_sec.length : row;
}
