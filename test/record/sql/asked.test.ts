import { expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { asked, askedByPage } from "../../../src/record/sql/asked.ts";
import { refusal } from "../../base/rejection.ts";

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

it("fails a question the database does not answer, instead of waiting for it", async () => {
  const clock = new ManualClock(0);
  const waiting = asked(new Promise<never>(() => {}), clock);
  clock.advance(LIMITS.answer_ms_max);
  const error = await refusal(waiting);
  expect(error.code).toBe("STORE_UNREACHABLE");
  expect(error.message).toContain("Check the database");
});

it("fails a long answer that stops coming, and does not wait for its end either", async () => {
  const clock = new ManualClock(0);
  let ends = 0;
  const pages = {
    asked: 0,
    next: (): Promise<unknown> =>
      ++pages.asked === 1
        ? Promise.resolve({ done: false, value: [{ n: 1 }, { n: 2 }] })
        : new Promise(() => {}),
    return: (): Promise<unknown> => {
      ends++;
      return new Promise(() => {});
    },
  };
  const sql = { unsafe: () => ({ cursor: () => ({ [Symbol.asyncIterator]: () => pages }) }) };
  const got: number[] = [];
  const reading = (async () => {
    for await (const row of askedByPage<{ n: number }>(sql as never, "select", [], clock)) got.push(row.n);
  })();
  await settled();
  expect(got).toEqual([1, 2]);
  clock.advance(LIMITS.answer_ms_max);
  expect((await refusal(reading)).code).toBe("STORE_UNREACHABLE");
  expect(ends).toBe(1);
});
