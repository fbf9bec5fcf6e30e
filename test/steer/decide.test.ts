/** What an alarm leads to, and which alarms a champion has: pure, from seeds. */

import { describe, expect, it } from "vitest";
import type { Alarm } from "../../src/judge/alarms.ts";
import { ChampionAlarms } from "../../src/steer/rollback/champion_alarms.ts";
import { alarmText, decideRollback, evidenceOf } from "../../src/steer/rollback/decide.ts";
import { type SeriesTick, seriesFrom, tickOf } from "./series.ts";

const NOON = 43_200;
const broken: Alarm = { alarm: "broken", ts_sec: NOON, since_sec: NOON - 180, excess: 1, blocks: 3 };
const HOUR_US = 3_600e6;

describe("what an alarm leads to", () => {
  const asked = { alarm: broken, newest_sec: NOON, allowed: true, last_us: undefined, now_us: 10 * HOUR_US };

  it("is the champion taken back", () => {
    expect(decideRollback(asked)).toEqual({ do: "roll_back", alarm: broken });
  });

  it("is nothing without an alarm, and after one that was not raised again for an hour", () => {
    expect(decideRollback({ ...asked, alarm: undefined })).toEqual({ do: "nothing", why: "no_alarm" });
    expect(decideRollback({ ...asked, newest_sec: NOON + 3_600 }).do).toBe("roll_back");
    expect(decideRollback({ ...asked, newest_sec: NOON + 3_721 })).toEqual({ do: "nothing", why: "over" });
  });

  it("waits where AUTO_ROLLBACK is off, and within an hour of the last time, to the microsecond", () => {
    expect(decideRollback({ ...asked, allowed: false })).toEqual({ do: "wait", why: "not_allowed" });
    expect(decideRollback({ ...asked, last_us: 9 * HOUR_US + 1 })).toEqual({
      do: "wait",
      why: "within_an_hour",
    });
    expect(decideRollback({ ...asked, last_us: 9 * HOUR_US }).do).toBe("roll_back");
  });

  it("is told in figures a person can check", () => {
    expect(alarmText(broken)).toBe("its squared error is 2.0 times that of forecasting no move, over 3 min");
    expect(evidenceOf(broken)).toEqual({
      ...{
        alarm: "broken",
        against: "zero",
        ts_sec: NOON,
        since_sec: NOON - 180,
        excess_error: 1,
        blocks: 3,
      },
    });
  });
});

describe("the alarms of a champion", () => {
  const options = {
    version: "b/1",
    horizon_s: 10,
    cadence_s: 1,
    isRidge: (version: string) => version === "r/1",
  };
  const fed = (
    alarms: ChampionAlarms,
    seconds: number,
    yhat: (tick: SeriesTick) => number,
    version = "b/1",
    from_sec = NOON,
  ): void => {
    for (const tick of seriesFrom({ from_sec }, seconds)) {
      const { mean } = tick;
      alarms.learn(
        tickOf(tick, [
          ["champion", version, yhat(tick)],
          ["fallback", "a/1", mean],
          ["shadow", "r/1", mean / 2],
        ]),
      );
    }
  };
  const flipped = ({ mean }: SeriesTick): number => -mean;

  it("say broken within minutes of a flipped sign, and nothing of a model that is right", () => {
    const well = new ChampionAlarms(options);
    fed(well, 6 * 3_600, ({ mean }) => mean);
    expect(well.alarm).toBeUndefined();
    expect(well.report().ticks).toBe(6 * 3_600);
    const ill = new ChampionAlarms(options);
    fed(ill, 1_200, flipped);
    expect(ill.alarm).toMatchObject({ alarm: "broken" });
    expect(ill.alarm!.ts_sec - NOON).toBeLessThanOrEqual(900);
  });

  it("say dead of a model without a signal, beside the last good one, and report how ridge does", () => {
    const alarms = new ChampionAlarms(options);
    fed(alarms, 5 * 3_600, () => 0);
    expect(alarms.alarm).toMatchObject({ alarm: "dead", against: "last_good" });
    const { beside_ridge } = alarms.report();
    expect(beside_ridge.mean).toBeGreaterThan(0);
    expect(beside_ridge.verdict).toBe("b");
  });

  it("begin anew where another version was champion in between", () => {
    const alarms = new ChampionAlarms(options);
    fed(alarms, 1_200, flipped);
    expect(alarms.alarm).toBeDefined();
    fed(alarms, 120, ({ mean }) => mean, "a/1", NOON + 1_200);
    expect(alarms.alarm).toBeUndefined();
    fed(alarms, 600, ({ mean }) => mean, "b/1", NOON + 1_320);
    expect(alarms.alarm).toBeUndefined();
    expect(alarms.report().ticks).toBe(600);
  });

  it("are the same however often the same ticks are read", () => {
    const once = new ChampionAlarms(options);
    fed(once, 1_200, flipped);
    const again = new ChampionAlarms(options);
    fed(again, 700, flipped);
    fed(again, 1_200, flipped);
    expect(again.report()).toEqual(once.report());
    expect(again.alarm).toEqual(once.alarm);
  });
});
