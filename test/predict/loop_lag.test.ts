/** How late the process's timers come, on a clock that can be kept from coming round. */

import { describe, expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { Metrics } from "../../src/base/metrics.ts";
import { timesReached } from "../../src/base/reached.ts";
import { DeadlineWatch } from "../../src/predict/deadline_watch.ts";
import { LoopLag } from "../../src/predict/loop_lag.ts";

/** A clock whose timers come late by what the process is busy with. */
class BusyClock extends ManualClock {
  busy_ms = 0;

  override after(delay_ms: number, run: () => void) {
    const busy_ms = this.busy_ms;
    this.busy_ms = 0;
    return super.after(delay_ms + busy_ms, run);
  }
}

function watched() {
  const clock = new BusyClock(1_800_000_000_000_000);
  const metrics = new Metrics();
  const lag = new LoopLag(metrics);
  new DeadlineWatch({ clock, lag, deadline: () => Number.POSITIVE_INFINITY, look: () => {} });
  return { clock, metrics, lag };
}

describe("the lag of the event loop", () => {
  it("is 0 while timers come when they are due, and the latest of them for ten seconds after one that did not", () => {
    const { clock, lag, metrics } = watched();
    clock.advance(1_000);
    expect(lag.worst_ms).toBe(0);
    clock.busy_ms = 35;
    clock.advance(1_000);
    expect(lag.worst_ms).toBe(35);
    expect(metrics.samples("foretick_event_loop_lag_worst_ms")).toEqual([{ value: 35 }]);
    clock.advance(10_000);
    expect(lag.worst_ms).toBe(35);
    clock.advance(2 * LIMITS.event_loop_stretch_s * 1_000);
    expect(lag.worst_ms).toBe(0);
  });

  it("forgets what was before a stretch in which no timer came at all", () => {
    const { clock, lag } = watched();
    clock.busy_ms = 300;
    clock.advance(1_000);
    clock.busy_ms = 60_000;
    clock.advance(61_000);
    expect(lag.worst_ms).toBe(60_000);
  });

  it("counts each timer that is later than it may be, and none that is just so late", () => {
    const { clock } = watched();
    const before = timesReached("event_loop_lag_ms_max");
    clock.busy_ms = LIMITS.event_loop_lag_ms_max;
    clock.advance(1_000);
    expect(timesReached("event_loop_lag_ms_max") - before).toBe(0);
    clock.busy_ms = LIMITS.event_loop_lag_ms_max + 1;
    clock.advance(1_000);
    expect(timesReached("event_loop_lag_ms_max") - before).toBe(1);
  });

  it("is a histogram of all timers", async () => {
    const { clock, metrics } = watched();
    clock.busy_ms = 35;
    clock.advance(100);
    const text = await metrics.text();
    expect(text).toMatch(/foretick_event_loop_lag_ms_bucket\{le="1"\} [5-9]/);
    expect(text).toMatch(/foretick_event_loop_lag_ms_sum 35/);
  });
});
