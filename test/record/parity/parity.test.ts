/** Live and SQL are equal to the last bit, and each row, bit or sign that is not is named, with its cause where one is known. */

import { expect, it } from "vitest";
import type { MarketEvent } from "../../../src/binance/events.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { FIRST_SEC } from "../live_market.ts";
import { onEveryServer } from "../server/servers.ts";
import { at, parityWorld } from "./parity_world.ts";

onEveryServer("parity", (server) => {
  const world = parityWorld(server);
  const { market, compared, lastVector, firstVector, tamper, valueAt } = world;

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
    const quiet = await world.database.sql<{ sec: string }[]>`
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
    await world.database
      .sql`delete from features_live where symbol = ${live.symbol} and ts = ${at(gone)}::timestamptz`;
    // The last two are not written yet.
    const last = (await lastVector(live, v1)) / 1e6 - 2;
    await world.database
      .sql`delete from features_live where symbol = ${live.symbol} and ts > ${at(last)}::timestamptz`;
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
});
