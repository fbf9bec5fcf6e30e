/** Every transition of a deployment: a function of its row and of ticks from a seed, on an injected clock. */

import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/base/limits.ts";
import { micros, modelVersion } from "../../src/base/units.ts";
import type { Deployment, Strategy } from "../../src/record/steer/deployment_rows.ts";
import { type CandidateLook, CandidateWatch } from "../../src/steer/deploy/candidate_watch.ts";
import { lastStepOf, nextMove, type Seen } from "../../src/steer/deploy/machine.ts";
import { planOf } from "../../src/steer/deploy/plan.ts";
import { stepOf } from "../../src/steer/deploy/steps.ts";
import { servedInstead, splitOf } from "../../src/steer/deploy/traffic.ts";
import { type SeriesTick, seriesFrom, tickOf } from "./series.ts";

const NOON = 43_200;
const [A, B] = ["ridge-v1/a", "ridge-v1/b"] as const;
const HOLD_S = 600;

/** At its first step. */
function deployment(strategy: Strategy = "canary", changes: Partial<Deployment> = {}): Deployment {
  const start = {
    ...{
      version: modelVersion(B),
      symbol: "*",
      symbols: ["BTCUSDT"],
      strategy,
      hold_s: HOLD_S,
      canary_share: 0.1,
    },
    ...{ forced: false, version_before: modelVersion(A), requested_by: "anna", reason: "" },
    ...{
      requested_us: micros(NOON * 1e6),
      deployment_id: "7",
      status: "running" as const,
      share: 0,
      ended_us: null,
    },
    ...changes,
  };
  const first = stepOf(planOf(start)[0]!, { at_us: micros(NOON * 1e6), actor: "anna", from_sec: NOON });
  return { ...start, steps: changes.steps ?? [first] };
}

const advanced = (one: Deployment, to: Parameters<typeof stepOf>[0], from_sec: number): Deployment => {
  const facts = { at_us: micros(from_sec * 1e6), actor: "deployment", from_sec };
  return { ...one, share: to.share, steps: [...one.steps, stepOf(to, facts)] };
};

/** At the first of its steps with that name. */
function at(step: string, strategy: Strategy = "canary", changes: Partial<Deployment> = {}): Deployment {
  let one = deployment(strategy, changes);
  for (const to of planOf(one).slice(1)) {
    if (lastStepOf(one).step === step) break;
    one = advanced(one, to, NOON);
  }
  return one;
}

const watch = (): CandidateWatch =>
  new CandidateWatch({ version: B, version_before: A, horizon_s: 10, cadence_s: 1, from_sec: NOON });

const GOOD: CandidateLook = {
  ...watch().look(),
  ...{ ticks: 5_000, step_ticks: 2_000, step_s: 2_000, due: 2_000, p99_ms: 5 },
};
const seen = (look: Partial<CandidateLook> = {}, changes: Partial<Seen> = {}): Seen => ({
  ...{ now_us: NOON * 1e6, champion: A, refused: undefined, p99_ms_max: 50 },
  looks: [{ symbol: "BTCUSDT", ...GOOD, ...look }],
  ...changes,
});

describe("a plan", () => {
  const shares = (one: Deployment): string[] =>
    planOf(one).map(({ step, symbol, share }) => `${step} ${symbol} ${share}`);

  it("is by strategy: shares of clients, ticks in the shadow, or symbol by symbol", () => {
    expect(shares(deployment("canary"))).toEqual([
      "load * 0",
      "serve * 0.1",
      "serve * 0.25",
      "serve * 0.5",
      "promote * 1",
      "hold * 1",
    ]);
    expect(shares(deployment("canary", { canary_share: 0.3 }))).toEqual([
      "load * 0",
      "serve * 0.3",
      "serve * 0.5",
      "promote * 1",
      "hold * 1",
    ]);
    expect(shares(deployment("blue_green"))).toEqual(["load * 0", "shadow * 0", "promote * 1", "hold * 1"]);
    expect(shares(deployment("rolling", { symbols: ["BTCUSDT", "ETHUSDT"] }))).toEqual([
      ...["load BTCUSDT 0", "shadow BTCUSDT 0", "promote BTCUSDT 1", "hold BTCUSDT 1"],
      ...["load ETHUSDT 0", "shadow ETHUSDT 0", "promote ETHUSDT 1", "hold ETHUSDT 1"],
    ]);
  });
});

describe("a step", () => {
  it("is over once its ticks are judged, and never sooner", () => {
    const serve = at("serve");
    expect(nextMove(serve, seen({ step_s: HOLD_S - 1 }))).toEqual({ do: "wait" });
    // Time alone is not enough: half of its ticks at least.
    expect(nextMove(serve, seen({ step_ticks: HOLD_S / 2 - 1 }))).toEqual({ do: "wait" });
    expect(nextMove(serve, seen({ step_s: HOLD_S, step_ticks: HOLD_S / 2 }))).toMatchObject({
      ...{ do: "advance", to: { step: "serve", share: 0.25 } },
    });
    const shadow = at("shadow", "blue_green");
    expect(nextMove(shadow, seen({ step_ticks: LIMITS.deployment_ticks_min - 1 }))).toEqual({ do: "wait" });
    expect(nextMove(shadow, seen())).toMatchObject({ do: "advance", to: { step: "promote", share: 1 } });
    expect(nextMove(at("promote"), seen())).toEqual({ do: "wait" });
    expect(nextMove(at("promote"), seen({}, { champion: B }))).toMatchObject({ to: { step: "hold" } });
    expect(nextMove(at("hold"), seen({}, { champion: B }))).toMatchObject({ do: "end", status: "done" });
  });

  it("waits for every symbol that judges it", () => {
    const looks = [
      { symbol: "BTCUSDT", ...GOOD },
      { symbol: "ETHUSDT", ...GOOD, step_ticks: 10 },
    ];
    const two = at("serve", "canary", { symbols: ["BTCUSDT", "ETHUSDT"] });
    expect(nextMove(two, seen({}, { looks }))).toEqual({ do: "wait" });
    const worse = [looks[0]!, { ...looks[1]!, collapsed: true }];
    expect(nextMove(two, seen({}, { looks: worse }))).toMatchObject({
      ...{ to: { step: "return" }, evidence: { reason: "collapsed", symbol: "ETHUSDT" } },
    });
  });

  it("of a rolling deployment is followed by the next symbol's, and ends with the last", () => {
    const symbols = ["BTCUSDT", "ETHUSDT"];
    let one = at("hold", "rolling", { symbols });
    const move = nextMove(one, seen({}, { champion: B }));
    expect(move).toMatchObject({ do: "advance", to: { step: "load", symbol: "ETHUSDT" } });
    for (const to of planOf(one).slice(4)) one = advanced(one, to, NOON);
    expect(nextMove(one, seen({}, { champion: B }))).toMatchObject({ do: "end", status: "done" });
  });

  it("is left for a return on each fault, at every step", () => {
    const beside = { ...GOOD.beside, verdict: "a" as const };
    const broken = { alarm: "broken" as const, ts_sec: NOON, since_sec: NOON - 180, excess: 1, blocks: 3 };
    const faults: [string, Partial<CandidateLook>, Partial<Seen>][] = [
      ["refused", {}, { refused: "BUNDLE_GOLDEN" }],
      ["missed_ticks", { missed_share: 0.0101 }, {}],
      ["collapsed", { collapsed: true }, {}],
      ["broken", { broken }, {}],
      ["worse", { beside }, {}],
      ["slow", { p99_ms: 50.1 }, {}],
    ];
    for (const step of ["load", "serve", "promote", "hold"]) {
      const champion = step === "hold" ? B : A;
      for (const [reason, look, changes] of faults) {
        expect(nextMove(at(step), seen(look, { champion, ...changes }))).toMatchObject({
          ...{ do: "advance", to: { step: "return", share: 0 }, evidence: { reason } },
        });
      }
      const fine = { missed_share: 0.01, p99_ms: 50 };
      expect(nextMove(at(step), seen(fine, { champion }))).not.toMatchObject({ to: { step: "return" } });
    }
  });

  it("of loading ends in a return where no forecast comes in two minutes", () => {
    const later = (seconds: number) => seen({ ticks: 0 }, { now_us: (NOON + seconds) * 1e6 });
    expect(nextMove(deployment(), later(120))).toEqual({ do: "wait" });
    expect(nextMove(deployment(), later(121))).toMatchObject({ evidence: { reason: "no_forecast" } });
  });

  it("back is over when the version is the champion no more", () => {
    const back = advanced(at("hold"), { step: "return", symbol: "*", share: 0 }, NOON);
    expect(nextMove(back, seen({}, { champion: B, looks: [] }))).toEqual({ do: "wait" });
    expect(nextMove(back, seen({}, { champion: A, looks: [] }))).toMatchObject({
      do: "end",
      status: "returned",
    });
  });

  it("ends where somebody else has moved the champion", () => {
    for (const step of ["load", "serve", "hold"]) {
      expect(nextMove(at(step), seen({}, { champion: "ridge-v1/c" }))).toMatchObject({
        ...{ do: "end", status: "stopped", evidence: { reason: "champion_moved", champion: "ridge-v1/c" } },
      });
    }
    // An alarm took it back meanwhile.
    expect(nextMove(at("hold"), seen({}, { champion: A }))).toMatchObject({ do: "end", status: "stopped" });
  });
});

describe("a canary from a seed", () => {
  /** Fed second by second; what it did, and how long it took. */
  function story(
    yhat: (tick: SeriesTick) => number | undefined,
    { latency_ms = 3, seconds = 3 * 3_600, hold_s = HOLD_S, away = (_: number): boolean => false } = {},
  ): { steps: string[]; reason: unknown; took_s: number } {
    const candidate = watch();
    let one = deployment("canary", { hold_s });
    let champion: string = A;
    for (const tick of seriesFrom({ from_sec: NOON }, seconds)) {
      if (away(tick.ts_sec - NOON)) continue;
      const forecast = yhat(tick);
      const own = forecast === undefined ? [] : [["challenger", B, forecast] as const];
      candidate.learn(tickOf(tick, [["champion", A, tick.mean], ...own], latency_ms));
      if (lastStepOf(one).step === "promote") champion = B;
      const looks = [{ symbol: "BTCUSDT", ...candidate.look() }];
      const move = nextMove(one, seen({}, { champion, looks, now_us: tick.ts_sec * 1e6 }));
      if (move.do === "wait") continue;
      const steps = one.steps.map(({ step, share }) => `${step} ${share}`);
      const took_s = tick.ts_sec - NOON;
      if (move.do === "end") return { steps, reason: move.status, took_s };
      if (move.to.step === "return") return { steps, reason: move.evidence.reason, took_s };
      one = advanced(one, move.to, tick.ts_sec + 1);
      candidate.beginStep(tick.ts_sec + 1);
    }
    return { steps: one.steps.map(({ step, share }) => `${step} ${share}`), reason: "none", took_s: seconds };
  }
  const every = (n: number, ts_sec: number): boolean => ts_sec % n === 0;

  it("that is as good goes the whole way, in four holds", () => {
    const { steps, reason, took_s } = story(({ mean }) => 0.98 * mean);
    expect(steps).toEqual(["load 0", "serve 0.1", "serve 0.25", "serve 0.5", "promote 1", "hold 1"]);
    expect(reason).toBe("done");
    expect(took_s).toBeGreaterThanOrEqual(4 * HOLD_S);
    expect(took_s).toBeLessThan(4 * HOLD_S + 60);
  });

  it("with a flipped sign comes back within minutes, before it reaches a quarter of the clients", () => {
    const { steps, reason, took_s } = story(({ mean }) => -mean);
    expect(reason).toBe("broken");
    expect(steps.at(-1)).toBe("serve 0.1");
    expect(took_s).toBeLessThan(HOLD_S);
  });

  it("with a worse forecast comes back by the paired sequence", () => {
    const { reason, took_s } = story(({ mean }) => -0.2 * mean, { hold_s: 3_600 });
    expect(reason).toBe("worse");
    expect(took_s).toBeGreaterThan(30 * 60);
  });

  it("is not blamed for the seconds after a restart in which it is loaded, and is for two minutes of them", () => {
    const away = (second: number): boolean => second >= 200 && second < 220;
    const loadedAfter = (wait_s: number) =>
      story(({ mean, ts_sec }) => (ts_sec - NOON >= 220 && ts_sec - NOON < 220 + wait_s ? undefined : mean), {
        away,
      });
    expect(loadedAfter(40).reason).toBe("done");
    expect(loadedAfter(180).reason).toBe("missed_ticks");
  });

  it("that misses ticks, is stuck, or is slow comes back, and says which", () => {
    expect(story(({ mean, ts_sec }) => (every(50, ts_sec) ? undefined : mean)).reason).toBe("missed_ticks");
    expect(story(({ mean, ts_sec }) => (every(150, ts_sec) ? undefined : mean)).reason).toBe("done");
    expect(story(() => 1e-6).reason).toBe("collapsed");
    expect(story(({ mean }) => mean, { latency_ms: 51 }).reason).toBe("slow");
  });
});

describe("the clients of a canary", () => {
  const clients = Array.from({ length: 3_000 }, (_, number) => `client-${number}`);
  const served = (share: number, symbol = "BTCUSDT"): number => {
    const split = splitOf([{ ...deployment(), share }], symbol);
    return clients.filter((client) => servedInstead(split, client) === B).length / clients.length;
  };

  it("get it by their share, whoever has no key and every other symbol gets the champion", () => {
    for (const share of [0.1, 0.25, 0.5]) expect(Math.abs(served(share) - share)).toBeLessThan(0.05);
    expect([served(0), served(1), served(0.5, "ETHUSDT")]).toEqual([0, 0, 0]);
    expect(servedInstead(splitOf([{ ...deployment(), share: 0.5 }], "BTCUSDT"), undefined)).toBeUndefined();
    expect(splitOf([{ ...deployment("rolling"), share: 0.5 }], "BTCUSDT")).toBeUndefined();
  });
});
