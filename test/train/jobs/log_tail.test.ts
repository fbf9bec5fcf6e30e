/** What is kept of a training's log: its last lines, within bounds, whatever it writes, and told once they are there. */

import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { nextTurn } from "../../../src/base/turns.ts";
import type { JobLog } from "../../../src/record/training/job_log.ts";
import { LogTail } from "../../../src/train/jobs/log_tail.ts";
import { LogTelling } from "../../../src/train/jobs/log_telling.ts";

const line = (fields: object): string => `${JSON.stringify({ level: 30, time: 1.7e12, ...fields })}\n`;

describe("the last lines of a training's log", () => {
  it("are read line by line, however they are cut, and say when, how grave and what", () => {
    const tail = new LogTail();
    const text =
      line({ msg: "read", stage: "train", job_id: "7a", rows: 12 }) + line({ level: 50, msg: "no" });
    expect(tail.take(text.slice(0, 20))).toBe(false);
    expect(tail.take(text.slice(20))).toBe(true);
    expect(tail.log).toEqual({
      lines: [
        { at: "2023-11-14T22:13:20.000Z", level: "info", text: "read rows=12" },
        { at: "2023-11-14T22:13:20.000Z", level: "error", text: "no" },
      ],
      left_out: 0,
    });
  });

  it("keep what is no line of the logger as it stands, without a terminal's codes, also where it ends in the middle", () => {
    const tail = new LogTail();
    tail.take('\x1b[31mpanic\x1b[0m: out of memory\n\n{"level":\n');
    tail.take("at main");
    expect(tail.end()).toBe(true);
    expect(tail.log.lines.map(({ at, text }) => [at, text])).toEqual([
      [null, "panic: out of memory"],
      [null, '{"level":'],
      [null, "at main"],
    ]);
  });

  it("are no more and no longer than they may be, and say how many are left out", () => {
    const tail = new LogTail();
    const most = LIMITS.training_log_lines_max;
    for (let n = 0; n < most + 7; n++) tail.take(`${n}\n`);
    tail.take("x".repeat(2 * LIMITS.training_log_open_chars_max));
    tail.take(`${"y".repeat(100_000)}\n`);
    const { lines, left_out } = tail.log;
    expect([lines.length, left_out, lines[0]!.text]).toEqual([most, 8, "8"]);
    expect(lines.at(-1)!.text).toBe("x".repeat(LIMITS.training_log_chars_max));
  });

  it("are written soon after they came, once for many, again where that failed, and the rest at the end", async () => {
    const clock = new ManualClock(0);
    const told: string[] = [];
    let fails = true;
    const tell = async ({ lines }: JobLog): Promise<void> => {
      if (fails) throw new Error("away");
      told.push(lines.map(({ text }) => text).join());
    };
    const telling = new LogTelling({ clock, tell });
    const pass = async (): Promise<void> => {
      clock.advance(LIMITS.training_log_every_ms);
      await nextTurn();
    };
    telling.onText("a\n");
    telling.onText("b\n");
    await pass();
    expect(told).toEqual([]);
    fails = false;
    await pass();
    expect(told).toEqual(["a,b"]);
    await pass();
    telling.onText("c");
    await telling.close();
    await telling.close();
    expect(told).toEqual(["a,b", "a,b,c"]);
  });
});
