/**
 * What do the SQL features cost: ten seconds', a day's, thirty days', of every set, on the embedded server and
 * on the one TIMESCALE_URL names? Beside them, in the same run, the live engine over the same day's bars
 * (a trade and a quote a second), and set v1 asked of the function as a view would be: all history
 * computed, ten seconds kept.
 *
 *   bun bench/sql_features.ts [days]       (30 where not given)
 */

import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/log.ts";
import { micros, priceE8, qtyE8, tradeId, unixSec, updateId } from "../src/base/units.ts";
import { FeatureEngine } from "../src/features/live/engine.ts";
import { FEATURE_SETS } from "../src/features/sets/all.ts";
import type { FeatureSet } from "../src/features/sets/feature_set.ts";
import { v1 } from "../src/features/sets/v1.ts";
import { type Database, openDatabase } from "../src/record/database.ts";
import { connectTo } from "../src/record/server/client.ts";
import { machine, median, printAim, printTable } from "./peers/measure.ts";

const SYMBOL = "BTCUSDT";
/** 2023-11-15 00:00 UTC. */
const START_SEC = 1_700_006_400;
const DAY_S = 86_400;
const DAYS = Number(process.argv[2] ?? 30);
/** A day of history before the first day asked for. */
const HISTORY_DAYS = DAYS + 1;
const ROUNDS = 5;
const PARALLEL = 2;

/** Where rows of a relation go: a continuous aggregate's are in a hypertable of their own. */
async function targetOf({ sql, capability }: Database, name: string): Promise<string> {
  if (capability !== "timescale") return name;
  const [row] = await sql`
    select format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) as target
    from timescaledb_information.continuous_aggregates
    where view_name = ${name}`;
  return row!.target as string;
}

const SECONDS = "generate_series(0::bigint, $1 - 1) as s(i)";
/** A price that moves by whole cents, the same every time. */
const PRICE = "((6000000 + 400 * sin(i / 5000.0) + 60 * sin(i / 37.0) + i * 7919 % 13)::bigint * 1000000)";

/** Bars of every second that has a trade (four in five), quotes, book sums and blocks, made in place. */
async function loadBars(database: Database, seconds: number): Promise<void> {
  const { sql } = database;
  const sec = `at_sec(${START_SEC} + i)`;
  const insert = async (name: string, columns: string, select: string): Promise<void> => {
    const target = name === "book_1s" ? name : await targetOf(database, name);
    await sql.unsafe(`insert into ${target} (${columns}) ${select}`, [seconds]);
  };
  await insert(
    "trade_bars_1s",
    "symbol, sec, n, n_buy, n_single, open_e8, high_e8, low_e8, close_e8, first_trade_id, last_trade_id, last_trade_ts_us, buy_qty_e8, sell_qty_e8, notional_e16, qty_max_e8, received_at, epoch, n_rows, n_ids, first_epoch, first_id, last_epoch, last_id",
    `select '${SYMBOL}', ${sec}, 1 + i * 31 % 60, i * 31 % 30, 1 + i * 31 % 60, p, p + 3000000, p - 2000000, p, id, id + n - 1,
      (${START_SEC} + i) * 1000000 + 900000, 1000 + i * 104729 % 300000000, 1000 + i * 1299709 % 300000000,
      p::numeric * (2000 + i * 104729 % 300000000 + i * 1299709 % 300000000), 1000 + i * 15485863 % 90000000, ${sec} + interval '1 second',
      0, n, n, 0, id, 0, id + n - 1
    from (
      select i, p, n, (sum(n) over (order by i))::bigint - n as id
      from (select i, ${PRICE} as p, 1 + i * 31 % 60 as n from ${SECONDS} where i % 5 <> 3) as numbered
    ) as seconds`,
  );
  await insert(
    "quote_bars_1s",
    "symbol, sec, n_quotes, update_id, ts_us, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8, received_at, epoch, n_rows",
    `select '${SYMBOL}', ${sec}, 45, i * 1000, (${START_SEC} + i) * 1000000 + 950000, p - 500000, 1000 + i * 104729 % 900000000,
      p + 500000, 1000 + i * 1299709 % 900000000, ${sec} + interval '1 second', 0, 45
    from (select i, ${PRICE} as p from ${SECONDS}) as seconds`,
  );
  await insert(
    "book_1s",
    "symbol, sec, bid_qty_top5_e8, ask_qty_top5_e8, bid_qty_top20_e8, ask_qty_top20_e8, received_at",
    `select '${SYMBOL}', ${sec}, 1000 + i * 104729 % 900000000, 1000 + i * 1299709 % 900000000,
      1000 + i * 104729 % 9000000000, 1000 + i * 1299709 % 9000000000, ${sec} + interval '1 second'
    from ${SECONDS}`,
  );
  await insert(
    "trade_blocks_5m",
    "symbol, block, n, qty_p95_e8, n_rows",
    `select '${SYMBOL}', at_sec(${START_SEC} + 300 * i), 9000, 40000000 + i * 7919 % 9000000, 9000
    from generate_series(0::bigint, $1 / 300 - 1) as s(i)`,
  );
  if (database.capability === "timescale") await declareFresh(database);
  await sql.unsafe("analyze");
}

/**
 * Bars made in place are not known to be up to date. The server's notes are taken away, but for the time past the
 * last bar, as a service leaves them. Needs a superuser.
 */
async function declareFresh({ sql }: Database): Promise<void> {
  const end_us = (START_SEC + HISTORY_DAYS * DAY_S) * 1e6;
  await sql.unsafe(
    "update _timescaledb_catalog.continuous_aggs_materialization_invalidation_log set lowest_modified_value = $1",
    [end_us],
  );
}

interface Cost {
  readonly ten_ms: number;
  readonly day_ms: number;
}

const callOf = (set: FeatureSet): string =>
  `select count(*) from features_${set.name}('${SYMBOL}', at_sec($1), at_sec($2))`;

async function timed(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}

async function measureSet(database: Database, set: FeatureSet): Promise<Cost> {
  const sql = database.connect();
  const call = (from: number, to: number): Promise<unknown> => sql.unsafe(callOf(set), [from, to]);
  const last = START_SEC + HISTORY_DAYS * DAY_S;
  try {
    await call(last - 20, last - 10); // the session's one plan
    const tens: number[] = [];
    for (let i = 0; i < 20 * ROUNDS; i++) {
      const from = last - 60 - ((i * 7_919) % DAY_S);
      tens.push(await timed(() => call(from, from + 10)));
    }
    const days: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const from = START_SEC + (1 + (round % DAYS)) * DAY_S;
      days.push(await timed(() => call(from, from + DAY_S)));
    }
    return { ten_ms: median(tens), day_ms: median(days) };
  } finally {
    await sql.end();
  }
}

/** Thirty days, each day a call, as many at once as there are connections. */
async function measureMonth(database: Database, set: FeatureSet, connections: number): Promise<number> {
  const days = Array.from({ length: DAYS }, (_, index) => START_SEC + (1 + index) * DAY_S);
  return timed(() =>
    Promise.all(
      Array.from({ length: connections }, async () => {
        const sql = database.connect();
        for (let from = days.shift(); from !== undefined; from = days.shift()) {
          await sql.unsafe(callOf(set), [from, from + DAY_S]);
        }
        await sql.end();
      }),
    ),
  );
}

/** As a view would be asked: PostgreSQL pushes no range below a window, so all of the day is computed. */
async function measureView(database: Database): Promise<number> {
  const { sql } = database;
  const last = START_SEC + HISTORY_DAYS * DAY_S;
  return timed(
    () =>
      sql`
        select * from features_v1(${SYMBOL}, at_sec(${last - DAY_S}), at_sec(${last}))
        where ts >= at_sec(${last - 20}) and ts < at_sec(${last - 10})`,
  );
}

/** The peer: the live engine over a day of one trade and one quote a second. */
function measureLive(sets: readonly FeatureSet[]): number {
  const engine = new FeatureEngine({ symbol: SYMBOL, sets, data_from_sec: START_SEC });
  const started = performance.now();
  for (let i = 0; i < DAY_S; i++) {
    const ts_us = micros((START_SEC + i) * 1e6 + 900_000);
    const common = { symbol: SYMBOL, epoch: 0, ts_us, received_us: ts_us };
    const price = 6_000_000_000_000 + ((i * 7_919) % 1_300) * 1_000_000;
    const trade = {
      trade_id: tradeId(i),
      price_e8: priceE8(price),
      qty_e8: qtyE8(1_000 + (i % 997) * 1_000),
    };
    engine.onTrade({ ...common, ...trade, kind: "trade", is_buyer_maker: i % 3 === 0 });
    const bid = { bid_price_e8: priceE8(price - 500_000), bid_qty_e8: qtyE8(1_000 + i) };
    const ask = { ask_price_e8: priceE8(price + 500_000), ask_qty_e8: qtyE8(2_000 + i) };
    engine.onQuote({ ...common, ...bid, ...ask, kind: "quote", update_id: updateId(i) });
    engine.closeSecond(unixSec(START_SEC + i));
  }
  return performance.now() - started;
}

async function bench(name: string, url: string | undefined): Promise<void> {
  const data_dir = mkdtempSync(join(tmpdir(), "foretick-bench-"));
  const database = await openDatabase({ url, data_dir, log: silentLogger, clock: systemClock });
  try {
    const load_ms = await timed(() => loadBars(database, HISTORY_DAYS * DAY_S));
    console.log(
      `\n${name}: ${database.description}; ${HISTORY_DAYS} days of bars made in ${(load_ms / 1e3).toFixed(0)} s`,
    );
    const rows: string[][] = [];
    let v1_cost: Cost | undefined;
    for (const set of FEATURE_SETS) {
      const cost = await measureSet(database, set);
      if (set === v1) v1_cost = cost;
      const live_ms = median(Array.from({ length: 3 }, () => measureLive([set])));
      rows.push([
        set.name,
        `${set.columns.length}`,
        cost.ten_ms.toFixed(1),
        cost.day_ms.toFixed(0),
        live_ms.toFixed(0),
      ]);
    }
    printTable(["set", "columns", "10 s (ms)", "1 day (ms)", "live replay of a day (ms)"], rows);
    console.log(
      `v1, 10 s, all of its day computed as below a view: ${(await measureView(database)).toFixed(0)} ms`,
    );
    for (const connections of [1, PARALLEL]) {
      const ms = await measureMonth(database, v1, connections);
      const per_day = ms / DAYS;
      console.log(
        `v1, ${DAYS} days by day, ${connections} at once: ${(ms / 1e3).toFixed(1)} s, ${per_day.toFixed(0)} ms a day`,
      );
    }
    printAim("v1: ten seconds in 5 ms, a day in 3 s", v1_cost!.ten_ms <= 5 && v1_cost!.day_ms <= 3_000);
  } finally {
    await database.close();
    rmSync(data_dir, { recursive: true, force: true });
  }
}

async function onServer(url: string): Promise<void> {
  const admin = connectTo(url);
  const name = `foretick_bench_${randomUUID().replaceAll("-", "")}`;
  await admin.unsafe(`create database ${name}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  try {
    await bench("TIMESCALE_URL", own.href);
  } finally {
    await admin.unsafe(`drop database if exists ${name} with (force)`);
    await admin.end();
  }
}

console.log(`SQL features · ${machine()} · median of ${ROUNDS} days, ${20 * ROUNDS} times ten seconds`);
await bench("embedded", undefined);
const url = process.env.TIMESCALE_URL;
if (url) await onServer(url);
else console.log("\nSKIPPED on TimescaleDB: set TIMESCALE_URL to a server to run it there too");
