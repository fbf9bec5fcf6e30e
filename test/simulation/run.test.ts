/** Runs with faults, by fixed seeds; many more are `bun run simulate --seeds 1..300`. */

import { describe, expect, it } from "vitest";
import { FULL } from "../full.ts";
import type { Fault } from "./faults.ts";
import { runSeed, scheduleOf } from "./run.ts";
import { shrunk, toldOf } from "./shrink.ts";

const SEEDS = FULL ? 300 : 25;

describe("the whole service with faults from a seed", () => {
  it("keeps every promise, and is well again after the last of them", async () => {
    const failed: string[] = [];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { problems, schedule } = await runSeed({ seed });
      if (problems.length > 0) failed.push(`seed ${seed}: ${problems[0]} (${toldOf(schedule)})`);
    }
    expect(failed).toEqual([]);
  });

  it.each<[what: string, seed: number, fault: Fault]>([
    [
      "trades of one message bore each other's false ids out: ten of them were there twice",
      1011,
      { kind: "bogus_ids", at_s: 18.607, for_s: 0, stream: "trade", count: 1, by: 9_000_000_000_000 },
    ],
    [
      "a jump of a run's first live trade was a break only from its own time: twelve warm vectors were wrong",
      2008,
      { kind: "drop", at_s: 19.1609, for_s: 0, stream: "trade", count: 6 },
    ],
  ])("does no longer what it was found to do: %s", async (_, seed, fault) => {
    const away: Fault = { kind: "power_cut", at_s: 14.1766, for_s: 5.5875 };
    const { problems } = await runSeed({ seed, schedule: seed === 2008 ? [away, fault] : [fault] });
    expect(problems).toEqual([]);
  });

  it("goes the same way each time, process deaths and all", async () => {
    const schedule: readonly Fault[] = [
      { kind: "store_hung", at_s: 9, for_s: 6 },
      { kind: "power_cut", at_s: 11.2345, for_s: 2 },
      { kind: "mutate", at_s: 17, for_s: 0, stream: "trade", count: 3 },
    ];
    const run = () => runSeed({ seed: 3, schedule, well_after_s: 12 });
    expect((await run()).digest).toBe((await run()).digest);
  });
});

describe("a schedule that fails", () => {
  it("is cut down to the fault it takes, as short as it may be", async () => {
    const schedule: readonly Fault[] = [
      ...scheduleOf(1),
      { kind: "store_hung", at_s: 12, for_s: 16 },
      ...scheduleOf(2),
    ];
    const hung = (one: readonly Fault[]): boolean =>
      one.some(({ kind, for_s }) => kind === "store_hung" && for_s > 3);
    const few = await shrunk(schedule, async (one) => hung(one));
    expect(few).toEqual([{ kind: "store_hung", at_s: 12, for_s: 4 }]);
  });
});
