/** The rows a model is trained on: of tapes, or of the database. */

import { systemClock } from "../../base/clock.ts";
import { fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { isoOf, type Micros } from "../../base/units.ts";
import type { TapeHeader } from "../../binance/capture/tape_format.ts";
import { readTapeHeader } from "../../binance/capture/tape_read.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import { tradeCounts } from "../../record/backfill/check/trade_counts.ts";
import type { ReadersBars } from "../../record/bars/bars_of_reader.ts";
import type { Database } from "../../record/database.ts";
import type { Dataset } from "../data/dataset.ts";
import { Scratch } from "../data/number_file.ts";
import { FiledRows, HeldRows, type RowStore } from "../data/row_store.ts";
import { type Choice, chooseInputs, type QuoteCoverage } from "../rows/choice.ts";
import { DatasetBuilder } from "../rows/dataset_builder.ts";
import { quoteCoverage } from "../rows/quote_coverage.ts";
import { readSqlDataset } from "../rows/sql_rows.ts";
import { storedExtent } from "../rows/stored_extent.ts";
import { readTapeRows } from "../rows/tape_rows.ts";
import type { TrainingProgress } from "../rows/training_query.ts";
import type { CourseListener } from "./listener.ts";
import type { TrainingOrder } from "./order.ts";

export interface TrainingData {
  readonly dataset: Dataset;
  readonly set: FeatureSet;
  /** Where the rows came from, for people. */
  readonly sources: string[];
}

/** A stretch of the database's history: from_us ≤ ts < to_us. */
export interface HistoryRange {
  readonly symbol: string;
  readonly from_us: Micros;
  readonly to_us: Micros;
  /** No range was asked for: all that is stored of the symbol. */
  readonly whole?: boolean;
  readonly known_before_us?: Micros | undefined;
}

/** What is to be learned; a set or a label that was not asked for is chosen by the data. */
type Asked = Pick<TrainingOrder, "set" | "label" | "horizon_s" | "scratch">;
type Listener = Pick<CourseListener, "said" | "read" | "readEnded">;

/** @throws ForetickError TAPE_INVALID; CONFIG_INVALID where the horizon does not fit the set. */
export async function readTapes(
  tapes: readonly string[],
  asked: Asked,
  listener: Listener,
): Promise<TrainingData> {
  const headers = await Promise.all(tapes.map(readTapeHeader));
  const choice = chosen(coverageOf(headers), asked, listener);
  const { set, label } = choice;
  const { horizon_s } = asked;
  const builder = new DatasetBuilder(
    { symbol: headers[0]!.symbol, set, horizon_s, label },
    new HeldRows(set.names.length),
  );
  const sources: string[] = [];
  for (const tape of tapes) {
    const started_us = systemClock.monotonicUs();
    const seen = builder.rows_seen;
    const header = await readTapeRows(tape, set, (row) => builder.push(row));
    builder.endOfRecording();
    sources.push(header.description);
    listener.said(
      "read",
      `${tape}: ${header.counts.frames.toLocaleString("en")} frames, ` +
        `${(builder.rows_seen - seen).toLocaleString("en")} vectors, in ${secondsSince(started_us)} s`,
    );
  }
  return { dataset: builder.finish(), set, sources: [...sources, choice.sentence] };
}

const coverageOf = (headers: readonly TapeHeader[]): QuoteCoverage => ({
  traded: headers.length,
  quoted: headers.filter(({ counts }) => counts.quotes > 0).length,
  unit: "tapes",
});

function chosen(coverage: QuoteCoverage, asked: Asked, listener: Listener): Choice {
  const choice = chooseInputs(coverage, asked);
  listener.said("learn", choice.sentence);
  const { cadence_s, name } = choice.set;
  if (asked.horizon_s % cadence_s === 0) return choice;
  return fail(
    "CONFIG_INVALID",
    `--horizon-s expected a multiple of ${cadence_s}, the cadence of set ${name}, was ${asked.horizon_s}`,
  );
}

/** @throws ForetickError TRAIN_DATA where nothing is stored; CONFIG_INVALID; STORE_UNREACHABLE, STORE_QUERY. */
export async function readHistory(
  { database, bars }: { database: Database; bars: ReadersBars },
  range: HistoryRange,
  asked: Asked,
  listener: Listener,
): Promise<TrainingData> {
  const started_us = systemClock.monotonicUs();
  const { symbol, known_before_us } = range;
  const { from_us, to_us } = range.whole ? await storedExtent(database, symbol) : range;
  const choice = chosen(await quoteCoverage(database, bars, { symbol, from_us, to_us }), asked, listener);
  const { set, label } = choice;
  const onProgress = (progress: TrainingProgress): void => listener.read(progress, symbol, set);
  const span = { symbol, set, from_us, to_us, horizon_s: asked.horizon_s };
  const storeFor = (rows_max: number): RowStore => storeOf(rows_max, set, asked.scratch);
  const options = { database, bars, span, label, storeFor, known_before_us, onProgress };
  const dataset = await readSqlDataset(options).finally(() => listener.readEnded());
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
  listener.said("read", `${sources.join("; ")}: ${rows} instants, in ${secondsSince(started_us)} s`);
  return { dataset, set, sources: [...sources, choice.sentence] };
}

/** In memory up to a week or two; what is longer in files, so that a year takes no more memory than a month. */
function storeOf(rows_max: number, { names }: FeatureSet, scratch: string): RowStore {
  const width = names.length;
  if (HeldRows.bytes(rows_max, width) <= LIMITS.dataset_bytes_held_max) return new HeldRows(width, rows_max);
  return new FiledRows(new Scratch(scratch, FiledRows.bytes(rows_max, width)), width);
}

const known = (known_before_us: number | undefined): string =>
  known_before_us === undefined ? "" : `, as known by ${isoOf(known_before_us)}`;
const secondsSince = (started_us: number): string =>
  ((systemClock.monotonicUs() - started_us) / 1e6).toFixed(1);
