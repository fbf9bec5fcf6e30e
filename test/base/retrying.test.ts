import { expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { ForetickError } from "../../src/base/errors.ts";
import { type RetryOptions, retrying } from "../../src/base/retrying.ts";
import { refusal, rejection } from "./rejection.ts";

/** Lets promises settle, then moves the clock, as often as it takes. */
async function drive(clock: ManualClock, promise: Promise<unknown>, step_ms = 10): Promise<void> {
  let over = false;
  const end = (): void => {
    over = true;
  };
  promise.then(end, end);
  for (let step = 0; step < 10_000 && !over; step++) {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    if (!over) clock.advance(step_ms);
  }
}

function setUp(options: Partial<RetryOptions>, run: (attempt: number) => Promise<unknown>) {
  const clock = new ManualClock(0);
  const starts_ms: number[] = [];
  const tried = (attempt: number): Promise<unknown> => {
    starts_ms.push(clock.monotonicUs() / 1_000);
    return run(attempt);
  };
  const promise = retrying(tried, { clock, what: "it", backoffMs: (failures) => 100 * failures, ...options });
  return { clock, starts_ms, promise };
}

const unreachable = () => Promise.reject(new ForetickError("REST_UNREACHABLE", "no answer"));

it("tries again after its backoff until one try succeeds", async () => {
  const { clock, starts_ms, promise } = setUp({}, (attempt) =>
    attempt < 4 ? unreachable() : Promise.resolve("there"),
  );
  await drive(clock, promise);
  expect(await promise).toBe("there");
  expect(starts_ms).toEqual([0, 100, 300, 600]);
});

it("stops after its attempts, with the last error", async () => {
  const failed: number[] = [];
  const { clock, starts_ms, promise } = setUp(
    { attempts: 3, onFailure: (_, failures) => failed.push(failures) },
    (attempt) => Promise.reject(new Error(`try ${attempt}`)),
  );
  await drive(clock, promise);
  expect((await rejection(promise)).message).toBe("try 3");
  expect(starts_ms).toEqual([0, 100, 300]);
  expect(failed).toEqual([1, 2]);
});

it("does not try again what another try cannot help", async () => {
  const { promise, starts_ms } = setUp({}, () =>
    Promise.reject(new ForetickError("BUNDLE_HASH", "not the file that was written")),
  );
  expect((await refusal(promise)).code).toBe("BUNDLE_HASH");
  expect(starts_ms).toEqual([0]);
});

it("cuts a try that hangs, and keeps all of them within the budget", async () => {
  const hung = () => new Promise<never>(() => {});
  const { clock, starts_ms, promise } = setUp({ attempt_ms: 400, budget_ms: 1_000 }, hung);
  await drive(clock, promise);
  expect((await refusal(promise)).code).toBe("DEADLINE");
  // 400 ms of the first try, 100 ms of pause, 400 ms of the second; a third would begin at 1100 ms.
  expect(starts_ms).toEqual([0, 500]);
  expect(clock.monotonicUs() / 1_000).toBeLessThanOrEqual(1_000);

  const whole = setUp({ budget_ms: 300 }, hung);
  await drive(whole.clock, whole.promise);
  expect((await refusal(whole.promise)).code).toBe("DEADLINE");
  expect(whole.clock.monotonicUs() / 1_000).toBeLessThanOrEqual(310);
});

it("ends with CANCELLED in the middle of a try or of a pause", async () => {
  for (const at_ms of [50, 250]) {
    const stop = new AbortController();
    const { clock, promise } = setUp({ signal: stop.signal, backoffMs: () => 100_000 }, (attempt) =>
      attempt === 1 && at_ms > 200 ? unreachable() : new Promise<never>(() => {}),
    );
    clock.after(at_ms, () => stop.abort());
    await drive(clock, promise);
    expect((await refusal(promise)).code).toBe("CANCELLED");
    expect(clock.monotonicUs() / 1_000).toBeLessThanOrEqual(at_ms + 10);
  }
});
