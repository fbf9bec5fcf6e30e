/**
 * What does training on a year take? Set trades on the last price, ridge and mlp with gates and report cards, on 30, 90
 * and 365 days: rows per second, memory at most, and the line through them.
 *
 * `bun bench/training_year.ts [--days 30,90,365] [--scratch <folder>]`; each length in a process of its own, whose
 * highest resident memory is what counts: rows, models, scores and reports are all made there. The rows are not of the
 * simulated market but of a shorter way to the same place: two trades a second, drawn with a signal in their taker
 * sides, through the live engine. The files take 6 GB a year, twice that nowhere; the page cache is not the process's.
 */

import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "../src/base/clock.ts";
import { seededRng } from "../src/base/rng.ts";
import { E8, micros, priceE8, qtyE8, startOf, tradeId, unixSec } from "../src/base/units.ts";
import { FeatureEngine } from "../src/features/live/engine.ts";
import { trades } from "../src/features/sets/trades.ts";
import { readGates } from "../src/model/gates.ts";
import { DEFAULT_FILTERS, filterDataset } from "../src/train/data/filters.ts";
import { Scratch } from "../src/train/data/number_file.ts";
import { FiledRows } from "../src/train/data/row_store.ts";
import { cutOf } from "../src/train/data/split.ts";
import { finishModel } from "../src/train/finish.ts";
import { trainableOf } from "../src/train/fit/trainables.ts";
import { DatasetBuilder } from "../src/train/rows/dataset_builder.ts";
import { train } from "../src/train/run.ts";
import { grouped, inFreshProcess, machine, printAim, printTable } from "./peers/measure.ts";

const SYMBOL = "BTCUSDT";
const DAY_S = 86_400;
const START_SEC = 1_700_006_400;
const MEMORY_MB_MAX = 2_000;
const TRAIN_SHARE = 0.7;
/** Of the taker sides' signal: how long it lasts, and how far a second of it moves the price. */
const PERSISTENCE = 0.87;
const DRIFT = 1.5e-5;
const NOISE = 1e-4;

interface Result {
  readonly days: number;
  readonly rows: number;
  readonly rows_s: number;
  readonly train_s: number;
  readonly report_s: number;
  /** At most so far: once the rows are made, once models are fitted and scored, at the end. */
  readonly memory_rows_mb: number;
  readonly memory_train_mb: number;
  readonly memory_mb: number;
  readonly file_gb: number;
  readonly scores: readonly string[];
}

/** Two trades a second whose sides lean to where the price is going. */
function datasetOf(days: number, scratch: Scratch) {
  const rng = seededRng(9);
  const engine = new FeatureEngine({ symbol: SYMBOL, sets: [trades], data_from_sec: START_SEC });
  const store = new FiledRows(scratch, trades.names.length);
  const builder = new DatasetBuilder({ symbol: SYMBOL, set: trades, horizon_s: 10, label: "last" }, store);
  let signal = 0;
  let price = 61_000;
  let id = 1;
  for (let second = START_SEC; second < START_SEC + days * DAY_S; second++) {
    signal = PERSISTENCE * signal + Math.sqrt(1 - PERSISTENCE ** 2) * rng.normal();
    for (const at of [300_000, 700_000]) {
      const ts_us = micros(startOf(unixSec(second)) + at);
      engine.onTrade({
        ...{ kind: "trade", symbol: SYMBOL, epoch: 0, ts_us, received_us: ts_us, trade_id: tradeId(id++) },
        price_e8: priceE8(Math.round(price * 100) * (E8 / 100)),
        qty_e8: qtyE8(1_000 * (1 + rng.below(50_000))),
        is_buyer_maker: signal + rng.normal() < 0,
      });
    }
    const vector = engine.closeSecond(unixSec(second))[0];
    const close_e8 = engine.close_e8 ?? null;
    builder.push({ ts_sec: second + 1, vector, mid_sum_e8: null, close_e8 });
    // Drawn back to where it began: a year's walk would leave the filter on prices.
    const back = (Math.log(61_000) - Math.log(price)) / DAY_S;
    price *= Math.exp(DRIFT * signal + NOISE * rng.normal() + back);
  }
  return builder.finish();
}

async function measure(days: number, folder: string): Promise<Result> {
  const bytes = FiledRows.bytes(days * DAY_S, trades.names.length);
  const scratch = new Scratch(folder, bytes);
  const began_us = systemClock.monotonicUs();
  const all = datasetOf(days, scratch);
  const read_us = systemClock.monotonicUs();
  const memory_rows_mb = memoryAtMost();
  const cut_sec = cutOf(all.ts_sec, { from: 0, to: all.rows }, TRAIN_SHARE);
  const dataset = filterDataset(all, cut_sec, DEFAULT_FILTERS);
  const options = { seed: 1, train_share: TRAIN_SHARE, cut_sec };
  const models = [await trainableOf("ridge"), await trainableOf("mlp")];
  const run = await train(dataset, trades, models, options);
  const fitted_us = systemClock.monotonicUs();
  const memory_train_mb = memoryAtMost();
  const gates = await readGates(join(import.meta.dir, "..", "models", "gates.json"));
  const scores: string[] = [];
  for (const model of run.fitted) {
    const about = { ...options, name: model.kind, version: "bench", created_at_us: micros(0), sources: [] };
    const { report } = await finishModel(dataset, trades, run, model, gates, about);
    const { r2, ic_spearman, rows } = report.scores[0]!;
    scores.push(
      `${model.name}: R² ${r2.toFixed(4)}, rank IC ${ic_spearman?.toFixed(3)} of ${grouped(rows)} test rows`,
    );
  }
  const ended_us = systemClock.monotonicUs();
  scratch.close();
  return {
    days,
    rows: dataset.rows,
    rows_s: (read_us - began_us) / 1e6,
    train_s: (fitted_us - read_us) / 1e6,
    report_s: (ended_us - fitted_us) / 1e6,
    memory_rows_mb,
    memory_train_mb,
    memory_mb: memoryAtMost(),
    file_gb: bytes / 1e9,
    scores,
  };
}

const memoryAtMost = (): number => (process.resourceUsage().maxRSS * 1024) / 1e6;

/** Least squares, y = a + b·x. */
function lineOf(points: readonly (readonly [x: number, y: number])[]): { a: number; b: number } {
  const mean = (of: (point: readonly [number, number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean((point) => point[0]), mean((point) => point[1])];
  const b = mean((point) => (point[0] - x) * (point[1] - y)) / mean((point) => (point[0] - x) ** 2);
  return { a: y - b * x, b };
}

function report(days: readonly number[], folder: string): void {
  console.log(
    `training on set trades (${trades.names.length} columns), label last: ridge and mlp, report cards`,
  );
  console.log(`${machine()}\n`);
  const results = days.map((count) =>
    inFreshProcess<Result>(import.meta.path, ["child", String(count), folder]),
  );
  const seconds = ({ train_s, report_s }: Result): number => train_s + report_s;
  const rows = results.map((result) => [
    String(result.days),
    grouped(result.rows),
    result.rows_s.toFixed(0),
    result.train_s.toFixed(0),
    result.report_s.toFixed(0),
    grouped(result.rows / seconds(result)),
    grouped(result.memory_rows_mb),
    grouped(result.memory_train_mb),
    grouped(result.memory_mb),
    result.file_gb.toFixed(1),
  ]);
  printTable(
    [
      "days",
      "rows",
      "rows made, s",
      "train, s",
      "report, s",
      "rows/s trained",
      "MB, rows made",
      "MB, trained",
      "MB at most",
      "files, GB",
    ],
    rows,
  );
  for (const { days: count, scores } of results) console.log(`${count} days: ${scores.join("; ")}`);
  if (results.length > 1) {
    const time = lineOf(results.map((result) => [result.days, seconds(result)]));
    const memory = lineOf(results.map((result) => [result.days, result.memory_mb]));
    console.log(`\ntraining and report: ${time.a.toFixed(1)} s + ${time.b.toFixed(2)} s a day`);
    console.log(`memory: ${memory.a.toFixed(0)} MB + ${memory.b.toFixed(2)} MB a day`);
  }
  const most = Math.max(...results.map(({ memory_mb }) => memory_mb));
  printAim(`at most ${grouped(MEMORY_MB_MAX)} MB`, most <= MEMORY_MB_MAX);
}

const [mode, count, folder] = process.argv.slice(2);
if (mode === "child") console.log(JSON.stringify(await measure(Number(count), folder!)));
else {
  const { values } = parseArgs({
    options: { days: { type: "string", default: "30,90,365" }, scratch: { type: "string" } },
  });
  report(values.days.split(",").map(Number), values.scratch ?? join(tmpdir(), "foretick-training-year"));
}
