import { describe, expect, it } from "vitest";
import { purposeRng } from "../../src/base/rng.ts";
import { type Alarm, Alarms, type AlarmTick } from "../../src/judge/alarms.ts";
import { BrokenWatch } from "../../src/judge/broken.ts";
import { RecentMoves } from "../../src/judge/recent_moves.ts";
import { labelledSeconds } from "../../src/sim/label_series.ts";

const HOUR = 3600;
const DAY = 86_400;
const DEATH = 2 * HOUR;

interface Moment {
  readonly ts_sec: number;
  /** The true mean, the label's recent deviation, noise that lasts as long as signals do. */
  readonly mean: number;
  readonly sd: number;
  readonly noise: number;
}

interface Story {
  readonly seed: number;
  readonly seconds: number;
  readonly champion: (moment: Moment) => number;
  readonly last_good?: (moment: Moment) => number;
  readonly ridge?: (moment: Moment) => number;
}

function ticks({ seed, seconds, champion, last_good, ridge }: Story): AlarmTick[] {
  const moves = new RecentMoves();
  const rng = purposeRng(seed, "noise");
  let noise = rng.normal();
  return labelledSeconds({ seed, r2: 0.01 }, seconds).map(({ last, y, mean }, ts_sec) => {
    moves.observe(last);
    noise = 0.87 * noise + 0.493 * rng.normal();
    const moment = { ts_sec, mean, sd: Math.sqrt(moves.variance), noise };
    return {
      ts_sec,
      yhat_log_return: champion(moment),
      realized_log_return: y,
      variance: moves.variance,
      yhat_last_good: last_good?.(moment),
      yhat_ridge: ridge?.(moment),
    };
  });
}

const raisedBy = (alarms: Alarms, story: readonly AlarmTick[]): Alarm[] =>
  story.flatMap((tick) => alarms.learn(tick) ?? []);

const onceDead = (breaks: (moment: Moment) => number) => (moment: Moment) =>
  moment.ts_sec < DEATH ? moment.mean : breaks(moment);

describe("alarm that a model is broken", () => {
  it.each([
    ["an error twice that of zero", ({ mean, sd, noise }: Moment) => mean + sd * noise],
    ["an output that is stuck", ({ sd }: Moment) => 1.2 * sd],
    ["a scale that exploded", ({ mean }: Moment) => 1000 * mean],
  ])("is raised within five minutes, usually, of %s", (_, breaks) => {
    const delays = Array.from({ length: 11 }, (__, seed) => {
      const story = ticks({ seed, seconds: 3 * HOUR, champion: onceDead(breaks) });
      const [first] = raisedBy(new Alarms({ horizon_s: 10 }), story);
      expect(first).toMatchObject({ alarm: "broken" });
      expect(first!.ts_sec).toBeGreaterThan(DEATH);
      return first!.ts_sec - DEATH;
    });
    expect(delays.toSorted((a, b) => a - b)[5]!).toBeLessThanOrEqual(300);
  });

  it("is not raised in a day of a good model, of one that says nothing, or of one twice too sure", () => {
    for (const factor of [1, 0, 2]) {
      const story = ticks({ seed: 20, seconds: DAY, champion: ({ mean }) => factor * mean });
      expect(
        raisedBy(new Alarms({ horizon_s: 10 }), story).filter(({ alarm }) => alarm === "broken"),
      ).toEqual([]);
    }
  });

  it("adds up minutes beyond the allowance, none more than 1, and says since when", () => {
    const watch = new BrokenWatch({ block_s: 60, cadence_s: 1 });
    const raised = [-3, 0.2, 9, 0.1, 0.55, 9, 0].map((excess, minute) => {
      let alarm: unknown;
      for (let second = 0; second < 60; second++) alarm ??= watch.add(minute * 60 + second, excess);
      return alarm;
    });
    // Sums at the ends of minutes: 0, 0, 0.75, 0.6, 0.9, 1.65.
    expect(raised.slice(0, -1)).toEqual(Array(6).fill(undefined));
    expect(raised[6]).toMatchObject({ alarm: "broken", ts_sec: 360, since_sec: 120, blocks: 4 });
    expect((raised[6] as { excess: number }).excess).toBeCloseTo((9 + 0.1 + 0.55 + 9) / 4, 12);
    expect(watch.state().sum).toBeCloseTo(1.65, 12);
  });

  it("is not raised twice within an hour, and is raised again while the cause lasts", () => {
    const story = ticks({ seed: 3, seconds: 5 * HOUR, champion: onceDead(({ mean }) => 1000 * mean) });
    const times = raisedBy(new Alarms({ horizon_s: 10 }), story).map(({ ts_sec }) => ts_sec);
    expect(times.length).toBe(3);
    for (const [index, time] of times.slice(1).entries()) {
      expect(time - times[index]!).toBeGreaterThanOrEqual(HOUR);
      expect(time - times[index]!).toBeLessThanOrEqual(HOUR + 60);
    }
  });
});

describe("alarm that a model is dead", () => {
  const noiseOnly = ({ sd, noise }: Moment): number => 0.1 * sd * noise;

  it("is raised within a day of losing a signal of R² 1 %, by the last good model", () => {
    const story = ticks({ seed: 4, seconds: DAY, champion: noiseOnly, last_good: ({ mean }) => mean });
    const [first] = raisedBy(new Alarms({ horizon_s: 10 }), story);
    expect(first).toMatchObject({ alarm: "dead", against: "last_good" });
    expect((first as { look: { lower: number } }).look.lower).toBeGreaterThan(0);
  });

  it("is raised against zero where there is no last good model", () => {
    const champion = ({ sd, noise }: Moment): number => 0.2 * sd * noise;
    const [first] = raisedBy(new Alarms({ horizon_s: 10 }), ticks({ seed: 5, seconds: DAY, champion }));
    expect(first).toMatchObject({ alarm: "dead", against: "zero" });
  });

  it("begins anew each day: what the model did before it died does not hide it", () => {
    const champion = (moment: Moment): number => (moment.ts_sec < DAY ? moment.mean : noiseOnly(moment));
    const story = ticks({
      seed: 6,
      seconds: 2 * DAY,
      champion,
      last_good: ({ mean, noise, sd }) => mean + 0.02 * sd * noise,
    });
    const alarms = new Alarms({ horizon_s: 10 });
    const raised = raisedBy(alarms, story);
    expect(raised.length).toBeGreaterThan(0);
    expect(raised[0]!.ts_sec).toBeGreaterThan(DAY);
  });

  it("is not raised where the champion is the better one, or ridge alone is better", () => {
    const story = ticks({
      seed: 7,
      seconds: DAY,
      champion: ({ mean, sd, noise }) => mean + 0.02 * sd * noise,
      last_good: ({ sd, noise }) => -0.2 * sd * noise,
      ridge: ({ mean }) => 1.0001 * mean,
    });
    const alarms = new Alarms({ horizon_s: 10 });
    expect(raisedBy(alarms, story)).toEqual([]);
    expect(alarms.today().last_good).toMatchObject({ verdict: "a" });
    expect(alarms.besideRidge().n_blocks).toBe(1439);
  });

  it("reports a model that is worse than ridge", () => {
    const champion = ({ mean, sd, noise }: Moment): number => mean + 0.09 * sd * noise;
    const alarms = new Alarms({ horizon_s: 10 });
    raisedBy(alarms, ticks({ seed: 8, seconds: DAY, champion, ridge: ({ mean }) => mean }));
    expect(alarms.besideRidge().verdict).toBe("b");
  });

  it("goes on from its state as if it had never stopped", () => {
    const story = ticks({
      seed: 9,
      seconds: 5 * HOUR,
      champion: onceDead(({ mean }) => 100 * mean),
      last_good: () => 0,
    });
    const whole = new Alarms({ horizon_s: 10 });
    let parts = new Alarms({ horizon_s: 10 });
    const raised = story.flatMap((tick, index) => {
      if (index % 777 === 0)
        parts = new Alarms({ horizon_s: 10, state: JSON.parse(JSON.stringify(parts.state())) });
      return parts.learn(tick) ?? [];
    });
    expect(raised).toEqual(raisedBy(whole, story));
    expect(raised.length).toBeGreaterThan(1);
    expect(parts.state()).toEqual(whole.state());
  });
});
