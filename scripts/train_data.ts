/** The rows a training is asked to learn from: of tapes, or of the database. */

import { systemClock } from "../src/base/clock.ts";
import { US_PER_MS } from "../src/base/units.ts";
import type { FeatureSet } from "../src/features/set.ts";
import { tradeCounts } from "../src/record/trade_counts.ts";
import { type Dataset, DatasetBuilder } from "../src/train/dataset.ts";
import { readSqlDataset } from "../src/train/sql_rows.ts";
import { readTapeRows } from "../src/train/tape_rows.ts";
import type { TrainingProgress } from "../src/train/training_query.ts";
import { ProgressBar } from "./progress_bar.ts";
import { type RangeSettings, withHistory } from "./range_flags.ts";

export interface TrainingData {
  readonly dataset: Dataset;
  /** Where the rows came from, for people. */
  readonly sources: string[];
}

type Say = (line: string) => void;

export async function readTapes(
  tapes: readonly string[],
  set: FeatureSet,
  horizon_s: number,
  say: Say,
): Promise<TrainingData> {
  const builder = new DatasetBuilder({ horizon_s });
  const sources: string[] = [];
  for (const tape of tapes) {
    const started_us = systemClock.monotonicUs();
    const seen = builder.rows_seen;
    const header = await readTapeRows(tape, set, (row) => builder.push(row));
    builder.endOfRecording();
    sources.push(header.description);
    say(
      `read    ${tape}: ${header.counts.frames.toLocaleString("en")} frames, ` +
        `${(builder.rows_seen - seen).toLocaleString("en")} seconds, in ${secondsSince(started_us)} s`,
    );
  }
  return { dataset: builder.finish(), sources };
}

export async function readHistory(
  range: RangeSettings,
  set: FeatureSet,
  horizon_s: number,
  say: Say,
): Promise<TrainingData> {
  const started_us = systemClock.monotonicUs();
  const { symbol, from_us, to_us, known_before_us } = range;
  return withHistory(range.database_url, async (database, bars) => {
    const bar = new ProgressBar(systemClock, process.stderr);
    const onProgress = progressOn(bar, "read", symbol, set);
    const span = { symbol, set, from_us, to_us, horizon_s };
    const dataset = await readSqlDataset({ database, bars, span, known_before_us, onProgress }).finally(() =>
      bar.clear(),
    );
    const { n, n_single } = await tradeCounts(database, { symbol, from_us, to_us });
    const sources = [
      `${symbol} ${isoOf(from_us)} … ${isoOf(to_us)} from the database${known(known_before_us)}`,
    ];
    if (n_single < n) {
      sources.push(
        `${(n - n_single).toLocaleString("en")} of its ${n.toLocaleString("en")} trades came as aggregates: features of single trades' sizes are the aggregates'`,
      );
    }
    const rows = dataset.rows_seen.toLocaleString("en");
    say(`read    ${sources.join("; ")}: ${rows} instants, in ${secondsSince(started_us)} s`);
    return { dataset, sources };
  });
}

/** A line for `ProgressBar`, from a reading of the training function. */
export const progressOn =
  (bar: ProgressBar, title: string, symbol: string, set: FeatureSet) =>
  ({ done, at_us, rows }: TrainingProgress): void =>
    bar.show({ title, done, at: `${symbol} ${set.name} ${isoOf(at_us)}`, count: rows, unit: "rows" });

const known = (known_before_us: number | undefined): string =>
  known_before_us === undefined ? "" : `, as known by ${isoOf(known_before_us)}`;
const isoOf = (time_us: number): string => new Date(time_us / US_PER_MS).toISOString();
const secondsSince = (started_us: number): string =>
  ((systemClock.monotonicUs() - started_us) / 1e6).toFixed(1);
