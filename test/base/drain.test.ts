import { describe, expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { type DrainPart, drain } from "../../src/base/drain.ts";
import { silentLogger as log } from "../../src/base/log.ts";

const AMPLE_MS = 10_000;
const never = (): Promise<void> => new Promise(() => {});

describe("a drain", () => {
  /** Runs it while its clock goes on in steps of 10 ms. */
  async function ended(phases: readonly (readonly DrainPart[])[], total_ms: number) {
    const clock = new ManualClock(0);
    let report: Awaited<ReturnType<typeof drain>> | undefined;
    const named = phases.map((parts, i) => ({ name: `phase ${i}`, parts }));
    void drain(named, { clock, log, total_ms }).then((result) => {
      report = result;
    });
    while (!report) {
      await new Promise((resume) => setImmediate(resume));
      if (!report) clock.advance(10);
    }
    return report;
  }

  it("begins a phase when the one before is through, and runs the parts of one at the same time", async () => {
    const order: string[] = [];
    const part = (name: string, turns: number): DrainPart => ({
      name,
      budget_ms: 1_000,
      run: async () => {
        order.push(`${name} begins`);
        for (let i = 0; i < turns; i++) await Promise.resolve();
        order.push(`${name} ends`);
      },
    });
    const report = await ended([[part("a", 20), part("b", 1)], [part("c", 1)]], AMPLE_MS);
    expect(order).toEqual(["a begins", "b begins", "b ends", "a ends", "c begins", "c ends"]);
    expect(report).toMatchObject({ left_behind: [], failures: [] });
  });

  it("leaves behind what hangs, each after its budget, and goes on with the rest", async () => {
    let reached = false;
    const last = async (): Promise<void> => {
      reached = true;
    };
    const report = await ended(
      [
        [
          { name: "feed", budget_ms: 200, run: never },
          { name: "rest", budget_ms: 300, run: never },
        ],
        [{ name: "model", budget_ms: 100, run: never }],
        [{ name: "journal", budget_ms: 100, run: last }],
      ],
      AMPLE_MS,
    );
    expect(report.left_behind).toEqual(["feed", "rest", "model"]);
    expect(report.took_ms).toBeGreaterThanOrEqual(400);
    expect(report.took_ms).toBeLessThan(500);
    expect(reached).toBe(true);
  });

  it("takes no longer than its total, however many parts hang", async () => {
    const phases = Array.from({ length: 20 }, (_, i) => [{ name: `${i}`, budget_ms: 100, run: never }]);
    const report = await ended(phases, 500);
    expect(report.left_behind).toHaveLength(20);
    expect(report.took_ms).toBeLessThan(750);
  });

  it("goes on past a part that fails, at once or later, and says which", async () => {
    const failures = [new Error("later"), new Error("at once")];
    const report = await ended(
      [
        [
          { name: "a", budget_ms: 100, run: () => Promise.reject(failures[0]) },
          {
            name: "b",
            budget_ms: 100,
            run: () => {
              throw failures[1];
            },
          },
        ],
      ],
      AMPLE_MS,
    );
    expect(report.failures).toHaveLength(2);
    expect(new Set(report.failures)).toEqual(new Set(failures));
    expect(report.left_behind).toEqual([]);
  });
});
