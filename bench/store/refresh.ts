/**
 * What do the bars cost the database: loading a day of trades and quotes, computing the day's bars, and keeping
 * them up to date each second while 2,000 events a second are being stored?
 *
 * On the embedded server and on those that TIMESCALE_URL and TIMESCALE_APACHE_URL name, each in a database of
 * its own that is dropped afterwards. The peer of the live figures is the same second without a refresher.
 *
 *   bun bench/store/refresh.ts [--hours 24] [--live-s 60]
 */

import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sleep, systemClock } from "../../src/base/clock.ts";
import { silentLogger as log } from "../../src/base/log.ts";
import { micros, priceE8, qtyE8, tradeId, updateId } from "../../src/base/units.ts";
import { Refresher } from "../../src/record/bars/refresher.ts";
import { type Database, openDatabase } from "../../src/record/database.ts";
import { Maintenance } from "../../src/record/retention/maintenance.ts";
import { connectTo } from "../../src/record/server/client.ts";
import { Writer } from "../../src/record/write/writer.ts";
import { loadSimulated } from "../peers/load.ts";
import { grouped, machine, median, printTable, quantile } from "../peers/measure.ts";

const START_US = Date.UTC(2024, 7, 8) * 1_000;
const SEC_US = 1_000_000;
const EVENTS_PER_S = 2_000;
const STEP_MS = 50;
const SYMBOL = "BTCUSDT";

interface LiveFigures {
  /** Per pass: all of it, and the part for the newest seconds (ms). */
  readonly pass_ms: readonly number[];
  readonly newest_ms: readonly number[];
  readonly lag_ms_max: number;
  /** From a row's coming to its being stored, newest batch, sampled (ms). */
  readonly flush_ms: readonly number[];
}

/** Stores trades and quotes in turn at real speed, as the live path does, continuing after `from_us`. */
async function live(
  database: Database,
  from_us: number,
  seconds: number,
  refreshed: boolean,
): Promise<LiveFigures> {
  const data_dir = mkdtempSync(join(tmpdir(), "foretick-bench-"));
  const writer = new Writer({ database: { connect: database.connect, data_dir }, clock: systemClock, log });
  const refresher = new Refresher({ database, clock: systemClock, log });
  if (refreshed) refresher.start();
  const figures = {
    pass_ms: [] as number[],
    newest_ms: [] as number[],
    flush_ms: [] as number[],
    lag_ms_max: 0,
  };
  const started = performance.now();
  let sent = 0;
  for (let passes = 0; performance.now() - started < seconds * 1_000; ) {
    await sleep(systemClock, STEP_MS);
    const due = Math.floor(((performance.now() - started) / 1_000) * EVENTS_PER_S);
    for (; sent < due; sent++) write(writer, from_us, sent);
    const { stats } = refresher;
    figures.flush_ms.push(writer.stats.flush_latency_ms);
    if (stats.passes === passes) continue;
    passes = stats.passes;
    figures.pass_ms.push(stats.pass_ms);
    figures.newest_ms.push(stats.newest_ms);
    figures.lag_ms_max = Math.max(figures.lag_ms_max, stats.lag_ms ?? 0);
  }
  await writer.close();
  await refresher.close();
  rmSync(data_dir, { recursive: true, force: true });
  return figures;
}

function write(writer: Writer, from_us: number, i: number): void {
  const ts_us = micros(from_us + Math.floor((i * SEC_US) / EVENTS_PER_S));
  const common = { symbol: SYMBOL, epoch: 0, ts_us, received_us: ts_us };
  const price_e8 = priceE8(6_100_000_000_000 + (i % 1_000) * 1_000_000);
  const id = Math.floor(from_us / 100) + i;
  if (i % 2 === 0) {
    const qty_e8 = qtyE8((1 + (i % 5_000)) * 1_000);
    writer.trade(
      { ...common, kind: "trade", trade_id: tradeId(id), price_e8, qty_e8, is_buyer_maker: i % 4 === 0 },
      false,
    );
  } else {
    const sides = {
      bid_price_e8: price_e8,
      bid_qty_e8: qtyE8(1_000),
      ask_price_e8: price_e8,
      ask_qty_e8: qtyE8(1_000),
    };
    writer.quote({ ...common, ...sides, kind: "quote", update_id: updateId(id) }, false);
  }
}

async function measure(database: Database, hours: number, live_s: number): Promise<string[][]> {
  const rows: string[][] = [];
  const report = (what: string, figure: string): void => {
    rows.push([what, figure]);
    console.log(`  ${what}: ${figure}`);
  };
  const day = { from_us: START_US, to_us: START_US + hours * 3_600 * SEC_US };
  const { trades, quotes, seconds_taken } = await loadSimulated({
    ...{ url: database.url, start_us: START_US, seconds: hours * 3_600, seed: 1 },
  });
  const loaded = trades + quotes;
  report("rows loaded", `${grouped(trades)} trades, ${grouped(quotes)} quotes`);
  report("load", `${seconds_taken.toFixed(1)} s, ${grouped(loaded / seconds_taken)} rows/s`);
  report("size of the database", await size(database));

  const refresher = new Refresher({ database, clock: systemClock, log });
  report("bars of all that", await timed(() => refresher.through(day)));
  report("again, nothing to do", await timed(() => refresher.through(day)));
  report("size with bars", await size(database));

  const from_us = day.to_us + 60 * SEC_US;
  const without = await live(database, from_us, live_s, false);
  const figures = await live(database, from_us + (live_s + 60) * SEC_US, live_s, true);
  report("a pass, p50 / p99", spread(figures.pass_ms));
  report("of it the newest seconds, p50 / p99", spread(figures.newest_ms));
  report("largest lag seen", `${Math.round(figures.lag_ms_max)} ms`);
  report("row to stored, refreshing, p50 / p99", spread(figures.flush_ms));
  report("row to stored, not refreshing, p50 / p99", spread(without.flush_ms));

  const maintenance = new Maintenance({
    ...{ database, refresher, clock: systemClock, log, raw_retention_days: 0, compress_after_days: 0 },
  });
  if (database.capability === "timescale") {
    report("conversion to columns", await timed(() => maintenance.run()));
    report("size of the database then", await size(database));
    report("bars of an hour, recomputed over columns", await timed(() => recompute(database, refresher)));
  }
  await maintenance.close();
  await refresher.close();
  return rows;
}

/** As after a late row in every second. */
async function recompute(database: Database, refresher: Refresher): Promise<void> {
  const span = { from_us: START_US, to_us: START_US + 3_600 * SEC_US };
  await database.sql`
    insert into trades (symbol, ts, trade_id, price_e8, qty_e8, is_buyer_maker)
    select ${SYMBOL}, at_us(${span.from_us}) + i * interval '1 second', 900000000000 + i, 1, 1, true
    from generate_series(0, 3599) as i`;
  await refresher.through(span);
}

async function timed(run: () => Promise<void>): Promise<string> {
  const started = performance.now();
  await run();
  return `${((performance.now() - started) / 1_000).toFixed(2)} s`;
}

const spread = (values: readonly number[]): string =>
  `${median(values).toFixed(1)} / ${quantile(values, 0.99).toFixed(1)} ms`;

async function size({ sql }: Database): Promise<string> {
  const [row] = await sql<{ bytes: string }[]>`select pg_database_size(current_database()) as bytes`;
  return `${grouped(Number(row!.bytes) / 1e6)} MB`;
}

async function inDatabase(
  url: string | undefined,
  run: (database: Database) => Promise<void>,
): Promise<void> {
  const data_dir = mkdtempSync(join(tmpdir(), "foretick-bench-"));
  const name = `foretick_bench_${randomUUID().slice(0, 8)}`;
  const administer = async (statement: string): Promise<void> => {
    const sql = connectTo(url!);
    await sql.unsafe(statement);
    await sql.end();
  };
  if (url) await administer(`create database ${name}`);
  const own = url && Object.assign(new URL(url), { pathname: `/${name}` }).href;
  const database = await openDatabase({ url: own, data_dir, log, clock: systemClock });
  try {
    await run(database);
  } finally {
    await database.close();
    if (url) await administer(`drop database ${name} with (force)`);
    rmSync(data_dir, { recursive: true, force: true });
  }
}

const { values } = parseArgs({
  options: { hours: { type: "string", default: "24" }, "live-s": { type: "string", default: "60" } },
});
console.log(machine());
const columns: { name: string; rows: string[][] }[] = [];
for (const variable of [undefined, "TIMESCALE_URL", "TIMESCALE_APACHE_URL"] as const) {
  const url = variable && process.env[variable];
  if (variable && !url) {
    console.warn(`SKIPPED: set ${variable} to a server to measure it too`);
    continue;
  }
  await inDatabase(url, async (database) => {
    console.log(`\n${database.description}`);
    const rows = await measure(database, Number(values.hours), Number(values["live-s"]));
    columns.push({ name: database.description, rows });
  });
}
console.log("");
const questions = [...new Set(columns.flatMap(({ rows }) => rows.map(([what]) => what!)))];
printTable(
  ["", ...columns.map(({ name }) => name)],
  questions.map((what) => [what, ...columns.map(({ rows }) => rows.find(([of]) => of === what)?.[1] ?? "")]),
);
