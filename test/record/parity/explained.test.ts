/** Differences that a start, a look-back, a late row or another definition explains, and nothing else. */

import { expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { type Micros, startOf } from "../../../src/base/units.ts";
import type { TradeEvent } from "../../../src/binance/events.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import type { FeatureSet } from "../../../src/features/sets/feature_set.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { SERVICE_STARTED } from "../../../src/record/market_rows.ts";
import { compareSpan } from "../../../src/record/parity/parity.ts";
import { rejection } from "../../base/rejection.ts";
import { met } from "../../met.ts";
import { FIRST_SEC, type LiveMarket } from "../live_market.ts";
import { onEveryServer } from "../server/servers.ts";
import { at, parityWorld } from "./parity_world.ts";

onEveryServer("parity", (server) => {
  const world = parityWorld(server);
  const { market, compared, lastVector, firstVector } = world;

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
    await world.database.sql`
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
    await world.database.sql`
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
    const [oldest] = await world.database.sql<{ id: string }[]>`
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
    const taken = await world.database.sql<{ sec: number }[]>`
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
    await world.database.sql`
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
    await world.database.sql`
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
    const refused = compareSpan({
      sql: world.database.sql,
      bars: world.bars,
      span,
      monotonicUs: systemClock.monotonicUs,
    });
    expect(await rejection(refused)).toMatchObject({ code: "FEATURE_SET_MISMATCH" });
  });
});
