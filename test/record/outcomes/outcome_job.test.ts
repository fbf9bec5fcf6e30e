/** What the live path did not join is joined from the store: by the label's rule, once, and never across a break. */

import { afterEach, beforeEach, expect, it } from "vitest";
import { ManualClock, systemClock } from "../../../src/base/clock.ts";
import { ForetickError } from "../../../src/base/errors.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { micros, priceE8, tradeId, unixSec, updateId } from "../../../src/base/units.ts";
import { lnr } from "../../../src/features/algebra/lnr.ts";
import type { Outcome } from "../../../src/predict/prediction.ts";
import type { Database } from "../../../src/record/database.ts";
import { OutcomeJob } from "../../../src/record/outcomes/outcome_job.ts";
import { Writer } from "../../../src/record/write/writer.ts";
import { START_SEC, SYMBOL, tradeAt } from "../market_events.ts";
import { onEveryServer } from "../server/servers.ts";
import { breakIn, DAY_S, forecastAt, joinedAt, label, quoteIn, sumAt, US } from "./forecasts.ts";

onEveryServer("outcomes from the store", (server) => {
  let database: Database;
  let writer: Writer;
  let told: Outcome[] = [];
  let job: OutcomeJob;

  beforeEach(async () => {
    database ??= await server.openDatabase();
    writer = new Writer({ database, log, clock: systemClock });
    // What the writer before it left in the journal would come back after the tables are emptied.
    await writer.drained(0);
    await database.sql`truncate trades, quotes, disconnects, predictions, outcomes`;
    told = [];
    job = jobOn(writer);
  });
  afterEach(async () => {
    await job.close();
    await writer.close();
  });

  function jobOn(flushed: { flush(): Promise<void> }): OutcomeJob {
    return new OutcomeJob({
      ...{ database, symbols: [SYMBOL], clock: systemClock, log, writer: flushed },
      onOutcome: (outcome) => {
        told.push(outcome);
        writer.outcome(outcome);
      },
    });
  }

  const stored = async (): Promise<Map<string, number | null>> => {
    await writer.flush();
    const rows = await database.sql<{ sec: number; horizon_s: number; realized_log_return: number | null }[]>`
      select (us_of(ts) / 1000000 - ${START_SEC})::int as sec, horizon_s, realized_log_return
      from outcomes
      where venue = 'binance'
      order by ts, horizon_s`;
    return new Map(rows.map((row) => [`${row.sec} ${row.horizon_s}`, row.realized_log_return]));
  };

  it("are the labels of both horizons, null across every break in the quotes and nowhere else", async () => {
    // Quotes fall silent at 60 (noticed at once), and at 200 (dated back); trades break at 120, which is no matter.
    const silent = [61, 62, 63, 200, 201, 202, 203];
    for (let sec = 0; sec < 400; sec++) {
      if (!silent.includes(sec)) writer.quote(quoteIn(sec), false);
      // None of these is believed, or was there in time: the last quote is still the one before.
      writer.quote(quoteIn(sec, { update_id: updateId(900_000_000 + sec), bid_price_e8: priceE8(1) }), true);
      writer.quote(quoteIn(sec, { update_id: updateId(800_000_000 + sec) }), false, "id_ahead");
    }
    writer.disconnect(breakIn(60));
    writer.disconnect(breakIn(120, { stream: "trade" }));
    writer.disconnect(breakIn(199, { stream: "quote", noticed_us: micros((START_SEC + 203) * US) }));
    const made = Array.from({ length: 299 }, (_, i) => i + 1).filter((sec) => sec < 62 || sec > 64);
    for (const sec of made) {
      for (const horizon_s of [10, 60]) {
        // Between 200 and 204 the live path took the last quote for the present.
        const forecast = forecastAt(sec, horizon_s);
        writer.prediction(sec > 200 && sec <= 204 ? { ...forecast, mid_sum_e8: sumAt(199) } : forecast);
      }
    }
    await job.run();
    const expected = made.flatMap((sec) =>
      [10, 60].map((horizon_s) => [`${sec} ${horizon_s}`, label(sec, horizon_s, silent, [60, 199])] as const),
    );
    expect(await stored()).toEqual(new Map(expected));
    expect(told).toHaveLength(2 * made.length);
    expect(expected.filter(([, value]) => value === null).length).toBeGreaterThan(100);

    // Again: nothing is written, nothing is told.
    const before = await database.sql`select max(joined_at) as at from outcomes`;
    await job.run();
    expect(told).toHaveLength(2 * made.length);
    expect([...(await database.sql`select max(joined_at) as at from outcomes`)]).toEqual([...before]);
    expect(job.stats).toMatchObject({ joined: 2 * made.length, taken_back: 0, failures: 0 });
  });

  it("of a model on the last price are by the trades, whatever breaks in the quotes, and by the mid where that is known", async () => {
    const price = (sec: number): number => 6_000_000_000_000 + 700_000 * ((sec * 7) % 11);
    for (let sec = 0; sec < 200; sec++) {
      if (sec < 60 || sec > 69) writer.quote(quoteIn(sec), false);
      const trade = { ...tradeAt(sec), ts_us: micros((START_SEC + sec) * US + 300_000) };
      writer.trade({ ...trade, trade_id: tradeId(1_000 + sec), price_e8: priceE8(price(sec)) }, false);
    }
    writer.disconnect(breakIn(59, { stream: "quote" }));
    writer.disconnect(breakIn(130, { stream: "trade" }));
    writer.disconnect(breakIn(150, { stream: "trade" }), micros((START_SEC + 151) * US));
    const made = Array.from({ length: 150 }, (_, i) => i + 1);
    for (const sec of made) {
      const mid_sum_e8 = sec > 59 && sec < 71 ? null : sumAt(sec - 1);
      writer.prediction({ ...forecastAt(sec), label: "last", close_e8: price(sec - 1), mid_sum_e8 });
    }
    await job.run();
    const rows = await database.sql`
      select us_of(ts) / 1000000 - ${START_SEC} as sec, label, realized_log_return, realized_mid_log_return, realized_last_log_return
      from prediction_outcomes
      order by ts`;
    expect(rows).toHaveLength(made.length);
    for (const row of rows) {
      const sec = Number(row.sec);
      // The next trade comes after 131, whose own price is therefore not known.
      const across = (at: number): boolean => at + 1 >= sec && at < sec + 9.5;
      // The fetched trades of 150 leave no hole.
      const last = across(130) ? null : lnr(price(sec + 9), price(sec - 1));
      const mid = sec > 49 && sec < 71 ? null : lnr(sumAt(sec + 9), sumAt(sec - 1));
      expect([sec, row.realized_last_log_return, row.realized_mid_log_return]).toEqual([sec, last, mid]);
      expect([row.label, row.realized_log_return]).toEqual(["last", last]);
    }
    expect(rows.filter((row) => row.realized_log_return === null)).toHaveLength(11);
  });

  it("wait until the market is past the horizon, and leave what the live path joined as it is", async () => {
    for (let sec = 0; sec < 100; sec++) writer.quote(quoteIn(sec), false);
    for (const sec of [20, 50, 59, 60, 70]) writer.prediction(forecastAt(sec));
    const live = joinedAt(20, 0.125);
    writer.outcome(live);
    await job.run();
    expect([...(await stored()).keys()]).toEqual(["20 10", "50 10", "59 10"]);
    expect((await stored()).get("20 10")).toBe(0.125);
    for (let sec = 100; sec < 130; sec++) writer.quote(quoteIn(sec), false);
    await job.run();
    expect([...(await stored()).keys()]).toEqual(["20 10", "50 10", "59 10", "60 10", "70 10"]);
  });

  it("are taken back where a break is found after they were stored, whichever came first, and stay so", async () => {
    for (let sec = 0; sec < 200; sec++) if (sec < 100 || sec > 109) writer.quote(quoteIn(sec), false);
    const seconds = [80, 89, 90, 95, 101, 110, 111];
    for (const sec of seconds) {
      writer.prediction(forecastAt(sec));
      writer.outcome(joinedAt(sec, 1e-5));
    }
    await job.run();
    expect(told).toEqual([]);
    writer.disconnect(breakIn(99, { stream: "quote" }));
    await job.run();
    const expected = seconds.map((sec) => [`${sec} 10`, [80, 89, 111].includes(sec) ? 1e-5 : null] as const);
    expect(await stored()).toEqual(new Map(expected));
    expect(told.map(({ ts_sec }) => ts_sec - START_SEC)).toEqual([90, 95, 101, 110]);
    expect(told.every(({ realized_price }) => realized_price === null)).toBe(true);
    // The live path's value written again, from a journal for instance, does not bring it back; nor within one batch.
    writer.outcome(joinedAt(90, 1e-5));
    writer.outcome(joinedAt(89, null));
    writer.outcome(joinedAt(89, 1e-5));
    const after = await stored();
    expect([after.get("90 10"), after.get("89 10")]).toEqual([null, null]);
  });

  it("are left as they are where retention has deleted the quotes that would tell where a break ended", async () => {
    for (let sec = 0; sec < 300; sec++) if (sec < 100 || sec > 104) writer.quote(quoteIn(sec), false);
    writer.disconnect(breakIn(99, { stream: "quote" }));
    for (const sec of [80, 99, 104, 106, 150]) {
      writer.prediction(forecastAt(sec));
      writer.outcome(joinedAt(sec, 1e-5));
    }
    await writer.flush();
    await database.sql`delete from quotes where ts < at_sec(${START_SEC + 200})`;
    await database.sql`
      insert into raw_drops (symbol, source, from_ts, to_ts)
      values ('BTCUSDT', 'quotes', at_sec(${START_SEC}), at_sec(${START_SEC + 200}))`;
    await job.run();
    await database.sql`truncate raw_drops`;
    expect(told).toEqual([]);
    expect([...(await stored()).values()]).toEqual([1e-5, 1e-5, 1e-5, 1e-5, 1e-5]);
  });

  it("reach back over an outage of weeks to the oldest prediction", async () => {
    const starts = [-40 * DAY_S, -3 * DAY_S, -2 * DAY_S + 30, -7_200];
    for (const start of starts) {
      for (let sec = start; sec < start + 40; sec++) writer.quote(quoteIn(sec), false);
      for (const sec of [start + 5, start + 12]) writer.prediction(forecastAt(sec));
      writer.disconnect(breakIn(start + 39));
    }
    for (let sec = 0; sec < 60; sec++) writer.quote(quoteIn(sec), false);
    await job.run();
    const expected = starts.flatMap((start) =>
      [start + 5, start + 12].map((sec) => [`${sec} 10`, label(sec, 10, [], [])] as const),
    );
    expect(await stored()).toEqual(new Map(expected));
    expect(
      await database.sql.unsafe(await Bun.file("sql/checks/predictions_without_outcome.sql").text()),
    ).toHaveLength(0);
  });

  it("are null where nothing is stored before the prediction, and where retention has taken the quotes", async () => {
    for (let sec = 50; sec < 120; sec++) writer.quote(quoteIn(sec), false);
    for (const sec of [30, 50, 51]) writer.prediction(forecastAt(sec));
    await job.run();
    expect(await stored()).toEqual(
      new Map([
        ["30 10", null],
        ["50 10", null],
        ["51 10", label(51, 10, [], [])],
      ]),
    );
  });

  it("are joined by the next round where one failed, and the failure is shown", async () => {
    for (let sec = 0; sec < 60; sec++) writer.quote(quoteIn(sec), false);
    writer.prediction(forecastAt(5));
    const away = { flush: () => Promise.reject(new ForetickError("STORE_UNREACHABLE", "no database")) };
    const failing = jobOn(away);
    await failing.run();
    expect(failing.stats).toMatchObject({
      joined: 0,
      failures: 1,
      last_error: { code: "STORE_UNREACHABLE" },
    });
    away.flush = () => writer.flush() as Promise<never>;
    await failing.run();
    expect(failing.stats).toMatchObject({ joined: 1, failures: 1, last_error: undefined });
    await failing.close();
    expect(told[0]).toMatchObject({ ts_sec: unixSec(START_SEC + 5), role: "champion", horizon_s: 10 });
  });

  it("are tried again within a second or two where the database was away, and in their turn after any other failure", async () => {
    const clock = new ManualClock(micros(START_SEC * US));
    const settled = (): Promise<void> => new Promise((done) => setTimeout(done, 20));
    let rounds = 0;
    let error = new ForetickError("STORE_UNREACHABLE", "no database");
    const flush = (): Promise<void> => {
      rounds++;
      return Promise.reject(error);
    };
    const failing = new OutcomeJob({
      ...{ database, symbols: [SYMBOL], clock, log, writer: { flush }, onOutcome: () => {} },
    });
    failing.start();
    clock.advance(LIMITS.outcome_join_every_ms);
    await settled();
    expect(rounds).toBe(1);
    clock.advance(2_000);
    await settled();
    expect(rounds).toBe(2);
    error = new ForetickError("STORE_QUERY", "no such column");
    clock.advance(2_000);
    await settled();
    expect(rounds).toBe(3);
    clock.advance(LIMITS.outcome_join_every_ms - 1);
    await settled();
    expect(rounds).toBe(3);
    clock.advance(1);
    await settled();
    expect(rounds).toBe(4);
    await failing.close();
  });
});
