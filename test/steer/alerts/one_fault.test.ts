/** One fault is one alert and one resolve: hysteresis and grouping, on a clock moved by hand. */

import { afterEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../../src/base/limits.ts";
import { seededRng } from "../../../src/base/rng.ts";
import { ALERT_EVENT_KINDS, type OnAlertEvent } from "../../../src/record/alerts/alert_event.ts";
import type { Alerts } from "../../../src/steer/alerts/alerts.ts";
import { Condition } from "../../../src/steer/alerts/rules/condition.ts";
import { healthRule, Recorded, rulesOf, World } from "./world.ts";

const worlds: World[] = [];
const running: Alerts[] = [];
afterEach(async () => {
  for (const alerts of running.splice(0)) await alerts.close();
  for (const world of worlds.splice(0)) world.remove();
});

/** Past the time in which nobody is told, with every part well. */
async function started(rules: readonly object[], given: object = {}, world = new World()) {
  worlds.push(world);
  const channel = new Recorded();
  const alerts = world.alerts(rulesOf(rules, given), [channel]);
  running.push(alerts);
  await world.pass(alerts, LIMITS.alert_restore_ms_max / 1_000 + 1);
  const told = (): string[] =>
    channel.sent.map(({ step, rule, symbol }) => `${step} ${rule} ${symbol ?? "all"}`);
  return { world, alerts, channel, told };
}

describe("hysteresis", () => {
  it("counts what is wrong for long enough, until it is well for long enough: against a plain reading of the past, from seeds", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const rng = seededRng(seed);
      const [for_s, clear_s] = [rng.below(7), 1 + rng.below(9)];
      const condition = new Condition();
      const past: boolean[] = [];
      let expected = false;
      let is_wrong = false;
      for (let s = 0; s < 200; s++) {
        if (rng.uniform() < 0.25) is_wrong = !is_wrong;
        past.push(is_wrong);
        condition.look(is_wrong, s, for_s, clear_s);
        const all = (count: number, value: boolean): boolean =>
          past.length > count && past.slice(-count - 1).every((one) => one === value);
        if (!expected && all(for_s, true)) expected = true;
        else if (expected && all(clear_s, false)) expected = false;
        expect([seed, s, condition.holds]).toEqual([seed, s, expected]);
      }
    }
  });

  it("neither begins nor ends while nothing is known, and stays what it was between its bound and where it is well", async () => {
    const watch = { metric: "foretick_latency_ms", statistic: "last", above: 100, clear_at: 80 };
    const { world, alerts, told } = await started([healthRule("latency", { watch })]);
    const measure = async (value: number, s: number): Promise<void> => {
      world.metrics.set("foretick_latency_ms", [{ labels: { symbol: "BTCUSDT" }, value }]);
      await world.pass(alerts, s);
    };
    await measure(90, 60);
    expect(told()).toEqual([]);
    await measure(120, 10);
    await measure(90, 60);
    await measure(Number.NaN, 60);
    expect(told()).toEqual(["raised latency BTCUSDT"]);
    await measure(70, 22);
    expect(told()).toEqual(["raised latency BTCUSDT", "resolved latency BTCUSDT"]);
  });

  it("raises a percentile on its window and a counter on its growth, not on what they were long ago", async () => {
    const window = { window_s: 60, above: 5 };
    const { world, alerts, told } = await started([
      healthRule("p95", { watch: { metric: "foretick_a", statistic: "p95", ...window } }),
      healthRule("growth", {
        group: "two",
        watch: { metric: "foretick_b", statistic: "increase", ...window },
      }),
    ]);
    const pass = async (s: number, a: (i: number) => number, b: (i: number) => number): Promise<void> => {
      for (let i = 0; i < s; i++) {
        world.metrics.set("foretick_a", [{ value: a(i) }]);
        world.metrics.set("foretick_b", [{ value: b(i) }]);
        await world.pass(alerts, 1);
      }
    };
    // One slow tick in forty is no 95th percentile; a high count that stands still is no growth.
    await pass(
      120,
      (i) => (i % 40 === 20 ? 900 : 1),
      () => 5_000,
    );
    expect(told()).toEqual([]);
    await pass(
      70,
      (i) => (i % 10 === 0 ? 900 : 1),
      (i) => 5_000 + i,
    );
    expect(told()).toEqual(["raised growth all", "raised p95 all"]);
    await pass(
      100,
      () => 1,
      () => 5_069,
    );
    expect(told().slice(2).sort()).toEqual(["resolved growth all", "resolved p95 all"]);
  });

  it("waits with what has never been well since the start, and no longer than it says", async () => {
    const world = new World();
    world.set("feed", "down");
    const { alerts, told } = await started([healthRule("feed")], { start_s: 60 }, world);
    await world.pass(alerts, 45);
    expect(told()).toEqual([]);
    await world.pass(alerts, 15);
    expect(told()).toEqual(["raised feed all"]);
  });
});

describe("grouping", () => {
  const NAMES = ["feed", "stale", "gap", "book", "missed"];
  const five = NAMES.map((name, i) => healthRule(name, { severity: i < 2 ? "urgent" : "warning" }));

  it("makes one alert and one resolve of an outage that impairs five parts, in whatever order, from seeds", async () => {
    const rng = seededRng(7);
    const { world, alerts, channel } = await started(five);
    for (let outage = 0; outage < 25; outage++) {
      channel.sent.length = 0;
      const plan = NAMES.map((name) => ({ name, from: rng.below(16), to: 30 + rng.below(31) }));
      for (let s = 0; s < 95; s++) {
        for (const { name, from, to } of plan) {
          // It comes and goes meanwhile, as parts do that are tried again.
          const flaps = s > from + 8 && rng.uniform() < 0.3;
          world.set(
            name,
            s >= from && s < to && !flaps ? "degraded" : "ok",
            name === "feed" ? undefined : "BTCUSDT",
          );
        }
        await world.pass(alerts, 1);
      }
      const steps = channel.sent.map(({ step }) => step);
      // A warning that leads may become urgent by what joins it: that is said, and is the same alert.
      expect(steps.filter((step) => step !== "worse")).toEqual(["raised", "resolved"]);
      expect(steps.length).toBeLessThanOrEqual(3);
      expect(new Set(channel.sent.map(({ alert_id }) => alert_id)).size).toBe(1);
      expect(alerts.open).toEqual([]);
      expect(alerts.recent[0]!.parts.map(({ rule }) => rule).sort()).toEqual([...NAMES].sort());
    }
  });

  it("is led by the gravest, names the others, and says what to do, since when, and that it is over", async () => {
    const { world, alerts, channel, told } = await started(five);
    for (const name of ["gap", "missed", "stale"]) world.set(name, "degraded", "BTCUSDT");
    await world.pass(alerts, 8);
    expect(told()).toEqual(["raised stale BTCUSDT"]);
    expect(channel.sent[0]!.text).toBe(
      [
        "[URGENT] stale is wrong, BTCUSDT",
        "stale does not work.",
        "Since 2027-01-15 08:00:12 UTC.",
        "Part of the same fault: gap BTCUSDT, missed BTCUSDT.",
        "What to do: Look at stale.",
        `foretick on test-host, alert ${alerts.open[0]!.alert_id}`,
      ].join("\n"),
    );
    for (const name of ["gap", "missed", "stale"]) world.set(name, "ok", "BTCUSDT");
    await world.pass(alerts, 25);
    expect(told()).toEqual(["raised stale BTCUSDT", "resolved stale BTCUSDT"]);
    expect(channel.sent[1]!.subject).toBe("foretick OVER: stale is wrong, BTCUSDT");
    expect(channel.sent[1]!.text).toMatch(
      /^\[OVER\].*\nOver since 2027-01-15 08:00:\d\d UTC; it began at 2027-01-15 08:00:12 UTC and lasted 2\d s\.\nIt was: stale does not work\.\n/,
    );
  });

  it("makes one of an outage of all symbols, and hides no outage behind a symbol that has long been halted", async () => {
    const world = new World();
    world.symbols = ["BTCUSDT", "ETHUSDT"];
    const { alerts, told } = await started(five, {}, world);
    world.set("stale", "degraded", "ETHUSDT");
    await world.pass(alerts, 120);
    expect(told()).toEqual(["raised stale ETHUSDT"]);
    for (const symbol of world.symbols) world.set("gap", "degraded", symbol);
    await world.pass(alerts, 4);
    world.set("feed", "degraded");
    await world.pass(alerts, 20);
    expect(told()).toEqual(["raised stale ETHUSDT", "raised gap BTCUSDT", "worse gap BTCUSDT"]);
  });

  it("tells again where a warning becomes urgent, and of different groups apart", async () => {
    const { world, alerts, told } = await started([...five, healthRule("disk", { group: "store" })]);
    world.set("gap", "degraded", "BTCUSDT");
    world.set("disk", "degraded");
    await world.pass(alerts, 10);
    expect(told().sort()).toEqual(["raised disk all", "raised gap BTCUSDT"]);
    world.set("feed", "down");
    await world.pass(alerts, 10);
    expect(told().at(-1)).toBe("worse gap BTCUSDT");
    expect(alerts.open.find(({ rule }) => rule === "gap")).toMatchObject({ severity: "urgent" });
  });
});

describe("events of other parts", () => {
  const rollback = healthRule("realised_error", {
    watch: { event: "rollback" },
    for_s: 0,
    clear_for_s: 3_600,
  });
  const training = healthRule("training", {
    watch: { event: "training_failed" },
    for_s: 0,
    group: "training",
  });
  const SUMMARY = "the champion was returned to ridge/1 after its error doubled";

  it("are an alert at once, again the same one, and over when none has followed or when they say so", async () => {
    const { world, alerts, told } = await started([rollback, training]);
    const onEvent: OnAlertEvent = (event) => alerts.onEvent(event);
    onEvent({ kind: "rollback", symbol: "BTCUSDT", summary: SUMMARY, evidence: { error_ratio: 2.1 } });
    onEvent({ kind: "training_failed", symbol: "BTCUSDT", summary: "too few rows" });
    await world.pass(alerts, 4);
    expect(told().sort()).toEqual(["raised realised_error BTCUSDT", "raised training BTCUSDT"]);
    expect(alerts.open.find(({ rule }) => rule === "realised_error")).toMatchObject({
      summary: SUMMARY,
      parts: [{ evidence: { error_ratio: 2.1 } }],
    });
    onEvent({ kind: "rollback", symbol: "BTCUSDT", summary: SUMMARY });
    onEvent({ kind: "training_failed", symbol: "BTCUSDT", summary: "it succeeded", is_over: true });
    await world.pass(alerts, 3_590);
    expect(told().slice(2)).toEqual(["resolved training BTCUSDT"]);
    await world.pass(alerts, 20);
    expect(told().slice(3)).toEqual(["resolved realised_error BTCUSDT"]);
  });

  it("wait for a look in a bounded queue: the oldest is dropped and counted; a malformed one is refused by its field", async () => {
    const { alerts } = await started([rollback]);
    for (const kind of ALERT_EVENT_KINDS) alerts.onEvent({ kind, symbol: "BTCUSDT", summary: SUMMARY });
    for (let i = 0; i < LIMITS.alert_events_waiting_max; i++)
      alerts.onEvent({ kind: "drift", summary: `${i}` });
    expect(alerts.waiting.length).toBe(LIMITS.alert_events_waiting_max);
    expect(alerts.events_dropped).toBe(ALERT_EVENT_KINDS.length);
    expect(() => alerts.onEvent({ kind: "drift", symbol: "btc", summary: SUMMARY })).toThrow("symbol");
  });
});
