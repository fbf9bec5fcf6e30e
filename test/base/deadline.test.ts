import { expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { pause, whileProgressing, withDeadline } from "../../src/base/deadline.ts";
import { refusal, rejection } from "./rejection.ts";

/** A clock that also says how many timers wait. */
class CountingClock extends ManualClock {
  waiting = 0;
  override after(delay_ms: number, run: () => void) {
    this.waiting++;
    let over = false;
    const end = (): void => {
      if (!over) this.waiting--;
      over = true;
    };
    const timer = super.after(delay_ms, () => {
      end();
      run();
    });
    const cancel = (): void => {
      end();
      timer.cancel();
    };
    return { cancel };
  }
}

const clock = (): CountingClock => new CountingClock(1_000_000);

it("gives the value or the rejection of a promise that settles in time, and leaves no timer behind", async () => {
  const time = clock();
  const value = withDeadline(Promise.resolve(7), { clock: time, ms: 10, what: "an answer" });
  expect(await value).toBe(7);
  const broken = withDeadline(Promise.reject(new TypeError("no")), { clock: time, ms: 10, what: "x" });
  expect((await rejection(broken)).message).toBe("no");
  expect(time.waiting).toBe(0);
});

it("rejects at its deadline and not before, saying what was expected within how long, and what to do", async () => {
  const time = clock();
  let settled = false;
  let cut = 0;
  const late = Promise.withResolvers<number>();
  const waited = withDeadline(late.promise, {
    ...{ clock: time, ms: 250, what: "the registry's answer", code: "STORE_QUERY" },
    remedy: "Check the database.",
    onGivenUp: () => cut++,
  });
  waited.then(
    () => {
      settled = true;
    },
    () => {
      settled = true;
    },
  );
  time.advance(249);
  await Promise.resolve();
  expect(settled).toBe(false);
  expect(cut).toBe(0);
  time.advance(1);
  const error = await refusal(waited);
  expect(error.code).toBe("STORE_QUERY");
  expect(error.message).toBe(
    "the registry's answer expected within 250 ms, did not come. Check the database.",
  );
  expect(cut).toBe(1);
  // What comes later leaves no unhandled rejection and calls nothing twice.
  late.reject(new Error("too late"));
  await Promise.resolve();
  time.advance(1_000);
  expect(cut).toBe(1);
});

it("ends with CANCELLED when its signal is aborted, before or while it waits", async () => {
  const time = clock();
  const never = new Promise<never>(() => {});
  const stop = new AbortController();
  const waited = withDeadline(never, { clock: time, ms: 250, what: "x", signal: stop.signal });
  stop.abort();
  expect((await refusal(waited)).code).toBe("CANCELLED");
  const already = withDeadline(never, { clock: time, ms: 250, what: "x", signal: stop.signal });
  expect((await refusal(already)).code).toBe("CANCELLED");
  expect(time.waiting).toBe(0);
});

it("waits as long as the work goes on, and gives up once it stops", async () => {
  const time = clock();
  let done = 0;
  const never = new Promise<never>(() => {});
  const waited = whileProgressing(never, () => done, { clock: time, ms: 100, what: "the next row" });
  for (let step = 0; step < 50; step++) {
    done++;
    time.advance(100);
  }
  expect(time.waiting).toBe(1);
  time.advance(100);
  const error = await refusal(waited);
  expect(error.code).toBe("DEADLINE");
  expect(error.message).toBe("the next row expected to go on within 100 ms, stopped at 50");
  expect(time.waiting).toBe(0);
  const through = whileProgressing(Promise.resolve(3), () => 0, { clock: time, ms: 100, what: "x" });
  expect(await through).toBe(3);
  expect(time.waiting).toBe(0);
});

it("pauses for its time, or until it is stopped", async () => {
  const time = clock();
  const stop = new AbortController();
  const order: string[] = [];
  const first = pause(time, 100).then(() => order.push(`a@${time.monotonicUs()}`));
  const second = pause(time, 500, stop.signal).then(() => order.push(`b@${time.monotonicUs()}`));
  time.advance(100);
  await first;
  stop.abort();
  await second;
  await pause(time, 500, stop.signal);
  expect(order).toEqual(["a@100000", "b@100000"]);
  expect(time.waiting).toBe(0);
});
