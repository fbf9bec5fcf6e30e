import { afterAll, beforeAll, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { type Micros, micros, startOf } from "../../../src/base/units.ts";
import type { MarketEvent, TradeEvent } from "../../../src/binance/events.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import type { FeatureSet } from "../../../src/features/sets/feature_set.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import type { Database } from "../../../src/record/database.ts";
import { SERVICE_STARTED } from "../../../src/record/market_rows.ts";
import { compareSpan } from "../../../src/record/parity/parity.ts";
import type { ParityReport } from "../../../src/record/parity/report.ts";
import { installFeatureFunctions } from "../../../src/record/sql/feature_functions.ts";
import { textFromMicros } from "../../../src/record/sql/time_text.ts";
import { rejection } from "../../base/rejection.ts";
import { met } from "../../met.ts";
import { FIRST_SEC, LiveMarket } from "../live_market.ts";
import { onEveryServer } from "../server/servers.ts";

const at = (sec: number): string => textFromMicros(startOf(sec));

onEveryServer("parity", (server) => {
  let database: Database;
  let bars: Refresher;
  const open: LiveMarket[] = [];

  beforeAll(async () => {
    database = await server.openDatabase();
    await installFeatureFunctions(database.sql, FEATURE_SETS, silentLogger);
    bars = new Refresher({ database, clock: systemClock, log: silentLogger });
  });
  afterAll(async () => {
    for (const market of open) await market.close();
    await bars?.close();
  });

  /** A market of its own symbol, so that tests share a database and nothing in it. */
  function market(seed: number, seconds: number, sets: readonly FeatureSet[] = [v1]): LiveMarket {
    const made = new LiveMarket(database, { symbol: `S${seed}USDT`, seconds, seed, sets });
    open.push(made);
    return made;
  }

  async function compared(
    live: LiveMarket,
    { set = v1, from = FIRST_SEC, to = 0 }: { set?: FeatureSet; from?: number; to?: number } = {},
  ): Promise<ParityReport> {
    await live.writer.flush();
    const to_us = to > 0 ? startOf(to) : micros((await lastVector(live, set)) + 1);
    const span = { symbol: live.symbol, set, from_us: startOf(from), to_us };
    return compareSpan({ sql: database.sql, bars, span, monotonicUs: systemClock.monotonicUs });
  }

  async function lastVector(live: LiveMarket, set: FeatureSet): Promise<number> {
    const [row] = await database.sql<{ last: string }[]>`
      select us_of(max(ts)) as last
      from features_live
      where symbol = ${live.symbol} and feature_set = ${set.name}`;
    return Number(row!.last);
  }

  async function firstVector(live: LiveMarket): Promise<number> {
    await live.writer.flush();
    const [row] = await database.sql<{ first: string }[]>`
      select us_of(min(ts)) as first from features_live where symbol = ${live.symbol}`;
    return Number(row!.first) / 1e6;
  }

  /** Writes `text`, a float8 or NULL, over a stored value. */
  async function tamper(live: LiveMarket, sec: number, feature: string, text: string): Promise<void> {
    const column = v1.names.indexOf(feature) + 1;
    await database.sql.unsafe(
      `update features_live set values[${column}] = ${text}::float8 where symbol = $1 and ts = $2 and feature_set = 'v1'`,
      [live.symbol, at(sec)],
    );
  }

  async function valueAt(live: LiveMarket, sec: number, feature: string): Promise<number> {
    const column = v1.names.indexOf(feature) + 1;
    const [row] = await database.sql.unsafe<{ value: number }[]>(
      `select values[${column}] as value from features_live where symbol = $1 and ts = $2 and feature_set = 'v1'`,
      [live.symbol, at(sec)],
    );
    return row!.value;
  }

  const nextFloat = (value: number): number => {
    const bits = new BigInt64Array(new Float64Array([value]).buffer);
    return new Float64Array(new BigInt64Array([bits[0]! + 1n]).buffer)[0]!;
  };

  it("finds every value of every set equal to the last bit where nothing went wrong", async () => {
    const live = market(6, 700, FEATURE_SETS);
    await live.through(FIRST_SEC + 700);
    const from = await firstVector(live);
    for (const set of FEATURE_SETS) {
      const report = await compared(live, { set, from });
      expect(report.differences).toEqual([]);
      expect(report).toMatchObject({
        rows_mismatched: 0,
        rows_missing: 0,
        rows_extra: 0,
        causes: {},
        features: {},
      });
      expect(report.rows_compared).toBeGreaterThan(690 / set.cadence_s);
      expect(report).toMatchObject({ largest_difference: null, worst_feature: null, rows_unexplained: 0 });
    }
  });

  it("leaves nothing unexplained, and no value different, by events that come late", async () => {
    const live = market(7, 200, FEATURE_SETS);
    let delayed = 0;
    const late = (event: MarketEvent): number => {
      // Quotes alone: a trade that is overtaken leaves a hole in the ids, which is a break.
      if (event.kind !== "quote" || event.update_id % 5 !== 0) return 0;
      delayed++;
      return 3_000_000;
    };
    await live.through(FIRST_SEC + 200, late);
    expect(delayed).toBeGreaterThan(50);
    expect(live.worker.lane.counters.quotes_late).toBeGreaterThan(20);
    for (const set of FEATURE_SETS) {
      const report = await compared(live, { set, from: await firstVector(live) });
      // A trade held back while the quotes' delays pass for a step of the clock is fetched: told as a gap.
      expect(report.differences.filter(({ cause }) => cause !== "gap")).toEqual([]);
      expect(report.largest_difference).toBe(null);
    }
  });

  it("names every trade that was fetched after its second as the cause, and nothing else", async () => {
    const live = market(8, 300, FEATURE_SETS);
    const held = (event: MarketEvent): number =>
      event.kind === "trade" && event.trade_id % 50 === 0 ? 3_000_000 : 0;
    await live.through(FIRST_SEC + 300, held);
    expect(live.worker.lane.counters.disconnects).toBeGreaterThan(3);
    for (const set of FEATURE_SETS) {
      const report = await compared(live, { set, from: await firstVector(live) });
      expect(report.causes).toEqual(report.rows_mismatched > 0 ? { gap: report.rows_mismatched } : {});
    }
  });

  it("finds one bit flipped in one value: that row, that feature, unexplained", async () => {
    const live = market(9, 120);
    await live.through(FIRST_SEC + 120);
    await live.writer.flush();
    const sec = FIRST_SEC + 60;
    const value = await valueAt(live, sec, "time_since_last_trade_ms");
    await tamper(live, sec, "time_since_last_trade_ms", `'${nextFloat(value)}'`);
    const report = await compared(live, { from: await firstVector(live) });
    expect(report).toMatchObject({ rows_mismatched: 1, rows_unexplained: 1, causes: { unexplained: 1 } });
    expect(report.worst_feature).toBe("time_since_last_trade_ms");
    expect(report.largest_difference).toBe(nextFloat(value) - value);
    expect(report.differences).toMatchObject([
      { ts_sec: sec, kind: "mismatched", features: ["time_since_last_trade_ms"], cause: "unexplained" },
    ]);
    expect(report.differences[0]!.detail).toContain("the live engine gives SQL's values");
  });

  it("distinguishes −0 from 0, and null from a number", async () => {
    const live = market(10, 120);
    await live.through(FIRST_SEC + 120);
    const from = await firstVector(live);
    const quiet = await database.sql<{ sec: string }[]>`
      select extract(epoch from ts)::bigint as sec
      from features_live
      where symbol = ${live.symbol} and values[5] = 0 and values[1] = 0
      order by ts`;
    const [zero, other] = [Number(quiet[0]!.sec), Number(quiet[1]!.sec)];
    await tamper(live, zero, "ret_1s", "'-0'");
    await tamper(live, other, "n_trades_1s", "null");
    const report = await compared(live, { from });
    expect(report.differences).toMatchObject([
      { ts_sec: zero, features: ["ret_1s"], cause: "unexplained" },
      { ts_sec: other, features: ["n_trades_1s"], cause: "unexplained" },
    ]);
    expect(report.features).toEqual({
      ret_1s: { rows: 1, largest: 0 },
      n_trades_1s: { rows: 1, largest: null },
    });
  });

  it("finds a deleted row missing, without a cause, and one past the last vector not written", async () => {
    const live = market(11, 120);
    await live.through(FIRST_SEC + 120);
    const from = await firstVector(live);
    await live.writer.flush();
    const gone = FIRST_SEC + 70;
    await database.sql`delete from features_live where symbol = ${live.symbol} and ts = ${at(gone)}::timestamptz`;
    // The last two are not written yet.
    const last = (await lastVector(live, v1)) / 1e6 - 2;
    await database.sql`delete from features_live where symbol = ${live.symbol} and ts > ${at(last)}::timestamptz`;
    const report = await compared(live, { from, to: last + 2 });
    expect(report).toMatchObject({ rows_missing: 2, rows_mismatched: 0, rows_unexplained: 1 });
    expect(report.differences).toMatchObject([
      { ts_sec: gone, kind: "missing", cause: "unexplained" },
      { ts_sec: last + 1, kind: "missing", cause: "not_written" },
    ]);
  });

  it("explains what a killed connection left out by the trades fetched later, and tampering with it by nothing", async () => {
    const live = market(12, 400, FEATURE_SETS);
    await live.through(FIRST_SEC + 300);
    live.disconnect("killed");
    await live.through(FIRST_SEC + 312, () => undefined);
    await live.through(FIRST_SEC + 400);
    expect(live.worker.lane.ledger.missing()).toEqual([]);
    const from = await firstVector(live);
    for (const set of FEATURE_SETS) {
      const report = await compared(live, { set, from });
      expect(report.rows_mismatched).toBeGreaterThan(4 / set.cadence_s);
      expect(report.causes).toEqual({ gap: report.rows_mismatched });
      for (const { ts_sec } of report.differences) {
        expect(ts_sec).toBeGreaterThan(FIRST_SEC + 299);
        expect(ts_sec).toBeLessThan(FIRST_SEC + 316);
      }
    }
    const sec = FIRST_SEC + 306;
    await tamper(live, sec, "vwap_5s_dev", "'0.25'");
    const report = await compared(live, { from });
    expect(report.causes.unexplained).toBe(1);
    const [found] = report.differences.filter(({ cause }) => cause === "unexplained");
    expect(found).toMatchObject({ ts_sec: sec });
    expect(found!.features).toContain("vwap_5s_dev");
  });

  it("explains the rows of a restart by the process that began, and compares across it", async () => {
    const live = market(13, 420, FEATURE_SETS);
    await live.through(FIRST_SEC + 330);
    await live.restart(25);
    await live.through(FIRST_SEC + 420);
    const from = await firstVector(live);
    for (const set of FEATURE_SETS) {
      const report = await compared(live, { set, from });
      expect(report.rows_missing).toBeGreaterThan(20 / set.cadence_s);
      expect(report.causes.restart).toBe(report.rows_missing);
      expect(report.rows_unexplained).toBe(0);
    }
  });

  it("explains rows before the first vector by the service not having begun", async () => {
    const live = market(14, 60);
    await live.through(FIRST_SEC + 60);
    const from = await firstVector(live);
    const report = await compared(live, { from: from - 5 });
    expect(report).toMatchObject({ rows_missing: 5, causes: { restart: 5 } });
  });

  it("explains a quote that was current until a start was marked before it", async () => {
    const live = market(15, 60);
    await live.through(FIRST_SEC + 60);
    const from = await firstVector(live);
    await live.writer.flush();
    const last_us = await lastVector(live, v1);
    // After the quote and before the vector that has it: a start that was marked too early.
    await database.sql`
      insert into disconnects (symbol, ts, reason, received_at, filled_at)
      values (${live.symbol}, at_us(${last_us - 1}::bigint), ${SERVICE_STARTED}, at_us(${last_us + 9_000_000}::bigint), now())`;
    const report = await compared(live, { from });
    expect(report).toMatchObject({ rows_mismatched: 1, causes: { restart: 1 } });
    expect(report.differences[0]!.features).toEqual(["spread", "mid_dev", "book_imbalance"]);
  });

  it("explains a vector that counts an event stored as late", async () => {
    const live = market(16, 120);
    await live.through(FIRST_SEC + 120);
    await live.writer.flush();
    const from = await firstVector(live);
    await database.sql`
      update trades set late = true
      where symbol = ${live.symbol}
        and trade_id = (select min(trade_id) from trades where symbol = ${live.symbol} and ts > ${at(FIRST_SEC + 80)}::timestamptz)`;
    const report = await compared(live, { from });
    expect(report.rows_mismatched).toBeGreaterThan(4);
    expect(report.causes).toEqual({ late_event: report.rows_mismatched });
  });

  it("explains a process that began cold by what it had received", async () => {
    const live = market(17, 200);
    await live.through(FIRST_SEC + 100);
    live.rest_answers = false;
    await live.restart(2);
    await live.through(FIRST_SEC + 104);
    live.rest_answers = true;
    await live.through(FIRST_SEC + 200);
    const report = await compared(live, { from: await firstVector(live) });
    expect(report.causes.warm_up).toBeGreaterThan(0);
    expect(report.rows_unexplained).toBe(0);
  });

  /** A process whose first look-back is late, after a first event that is a quote: REST tells trades before the stream does. */
  async function lateLookBack(live: LiveMarket, silent_until: number): Promise<void> {
    await live.through(FIRST_SEC + 600, () => undefined);
    const { promise, resolve } = Promise.withResolvers<void>();
    live.rest_history = promise;
    let quoted = false;
    await live.through(silent_until, ({ kind }) => {
      quoted ||= kind === "quote";
      return kind === "quote" || (quoted && silent_until === FIRST_SEC + 601) ? 0 : undefined;
    });
    await live.through(FIRST_SEC + 640);
    expect(live.worker.lane.holding).toBe(false);
    live.rest_history = undefined;
    resolve();
    // What it wants again is fetched from the next event on.
    for (let sec = FIRST_SEC + 641; sec < FIRST_SEC + 690 && live.worker.warm_up.pending; sec++) {
      await live.through(sec);
      await new Promise((done) => setTimeout(done, 20));
    }
    await live.through(FIRST_SEC + 700);
  }

  it("explains vectors of before a first look-back that came late: what REST had told by then was not theirs", async () => {
    const live = market(20, 900);
    await lateLookBack(live, FIRST_SEC + 601);
    const report = await compared(live, { from: FIRST_SEC + 605 });
    expect(report.causes).toEqual({ warm_up: report.rows_mismatched });
    expect(report.rows_mismatched).toBeGreaterThan(20);
    expect(live.worker.state.vector!.warm).toBe(true);
  });

  it("knows what did not come before the stream's first trade as missing, where REST lacks it as well", async () => {
    const live = market(21, 900);
    live.rest_lacks = ({ ts_us }) => ts_us >= startOf(FIRST_SEC + 601) && ts_us < startOf(FIRST_SEC + 603);
    await lateLookBack(live, FIRST_SEC + 603);
    expect(live.worker.state.vector!.warm).toBe(false);
    const report = await compared(live, { from: FIRST_SEC + 605 });
    expect(report.rows_unexplained).toBe(0);
  });

  it("explains vectors between a load of older trades and the moment the lane takes them over, and tampering by nothing", async () => {
    const live = market(19, 900, FEATURE_SETS);
    // The process begins late: its look-back reaches back as far as the model's set asks.
    await live.through(FIRST_SEC + 700, () => undefined);
    await live.through(FIRST_SEC + 780);
    const from = await firstVector(live);
    const [oldest] = await database.sql<{ id: string }[]>`
      select min(trade_id) as id from trades where symbol = ${live.symbol}`;
    const older = live.events.filter(
      (event): event is TradeEvent => event.kind === "trade" && event.trade_id < Number(oldest!.id),
    );
    expect(older.length).toBeGreaterThan(100);
    for (const trade of older) live.writer.trade({ ...trade, received_us: live.clock.now() }, false);
    const loaded_sec = FIRST_SEC + 780;
    await live.through(FIRST_SEC + 820);
    live.worker.warm_up.wantAgain("older trades were loaded");
    await live.through(FIRST_SEC + 822);
    await met("the lane on what was loaded", () => live.worker.lane.counters.swaps === 1);
    await live.through(FIRST_SEC + 860);
    await live.writer.flush();
    const taken = await database.sql<{ sec: number }[]>`
      select us_of(taken_at)::float8 / 1e6 as sec from look_backs where symbol = ${live.symbol} order by taken_at`;
    expect(taken).toHaveLength(2);

    let between = 0;
    for (const set of FEATURE_SETS) {
      const report = await compared(live, { set, from });
      expect(report.differences.filter(({ cause }) => cause !== "gap")).toEqual([]);
      for (const { ts_sec } of report.differences) expect(ts_sec).toBeLessThan(taken[1]!.sec);
      between += report.differences.filter(({ ts_sec }) => ts_sec > loaded_sec).length;
    }
    expect(between).toBeGreaterThan(30);

    const sec = loaded_sec + 20;
    await database.sql`
      update features_live set values[1] = 0.25
      where symbol = ${live.symbol} and feature_set = 'indicators' and ts = ${at(sec)}::timestamptz`;
    const set = FEATURE_SETS.find(({ name }) => name === "indicators")!;
    const report = await compared(live, { set, from });
    expect(report.causes.unexplained).toBe(1);
    expect(report.differences.find(({ cause }) => cause === "unexplained")!.ts_sec).toBe(sec);
  });

  it("explains a row of another definition, and refuses a function of another definition", async () => {
    const live = market(18, 60);
    await live.through(FIRST_SEC + 60);
    await live.writer.flush();
    const from = await firstVector(live);
    const sec = FIRST_SEC + 40;
    await database.sql`
      update features_live set set_hash = ${"ab".repeat(32)}
      where symbol = ${live.symbol} and ts = ${at(sec)}::timestamptz`;
    const report = await compared(live, { from });
    expect(report.differences).toMatchObject([{ ts_sec: sec, kind: "missing", cause: "set_changed" }]);
    const other = { ...v1, hash: "cd".repeat(32) as FeatureSet["hash"] };
    const span = {
      symbol: live.symbol,
      set: other,
      from_us: startOf(from),
      to_us: startOf(from + 9) as Micros,
    };
    const refused = compareSpan({ sql: database.sql, bars, span, monotonicUs: systemClock.monotonicUs });
    expect(await rejection(refused)).toMatchObject({ code: "FEATURE_SET_MISMATCH" });
  });
});
