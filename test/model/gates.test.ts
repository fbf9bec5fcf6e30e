import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ForetickError } from "../../src/base/errors.ts";
import {
  evaluateGates,
  GATE_METRICS,
  type Gate,
  type GateFigures,
  mayServe,
  parseGates,
  readGates,
} from "../../src/model/gates.ts";

const gate = (changes: Partial<Gate> = {}): Gate => ({
  name: "beats zero",
  metric: "r2_low",
  operator: ">",
  limit: 0,
  required: true,
  claims_skill: true,
  why: "because",
  ...changes,
});
const figures = (changes: Partial<GateFigures> = {}): GateFigures =>
  ({ ...Object.fromEntries(GATE_METRICS.map((metric) => [metric, 1])), ...changes }) as GateFigures;

describe("gates", () => {
  it("in the repository hold a model to the plan's figures and to ours, each with its reason", async () => {
    const gates = await readGates(join(import.meta.dirname, "..", "..", "models", "gates.json"));
    const metrics = gates.map(({ metric }) => metric);
    expect(metrics).toEqual(
      expect.arrayContaining([
        "r2_low",
        "hit_rate_low",
        "ic_pearson_low",
        "mae_cut_low",
        "r2_gain_over_ridge_low",
        "calibration_distance",
        "dispersion",
        "latency_p99_ms",
        "size_mb",
      ]),
    );
    expect(gates.every(({ required, why }) => required && why.length > 40)).toBe(true);
    // What claims skill asks for the near end of an interval, never for a figure that may be luck.
    for (const { metric, claims_skill } of gates) if (claims_skill) expect(metric).toMatch(/_low$/);
  });

  it("compare as they say, at the limit too", () => {
    const passes = (operator: Gate["operator"], r2_low: number): boolean =>
      evaluateGates(figures({ r2_low }), [gate({ operator, limit: 0.5 })])[0]!.passed;
    expect([passes(">", 0.5), passes(">", 0.51), passes(">=", 0.5), passes(">=", 0.49)]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect([passes("<", 0.5), passes("<", 0.49), passes("<=", 0.5), passes("<=", 0.51)]).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it("are not passed by a figure that could not be computed, whichever way they compare", () => {
    for (const missing of [null, Number.NaN]) {
      for (const operator of [">", ">=", "<", "<="] as const) {
        const [result] = evaluateGates(figures({ r2_low: missing }), [gate({ operator })]);
        expect(result).toMatchObject({ gate: "beats zero", passed: false, limit: 0 });
      }
    }
  });

  it("let a model serve only where every required one passed, and at least one was asked", () => {
    const results = (changes: Partial<Gate>, r2_low: number) =>
      evaluateGates(figures({ r2_low }), [gate(), gate({ name: "second", ...changes })]);
    expect(mayServe(results({ limit: 0.5 }, 1))).toBe(true);
    expect(mayServe(results({ limit: 0.5 }, 0.4))).toBe(false);
    expect(mayServe(results({ limit: 0.5, required: false }, 0.4))).toBe(true);
    expect(mayServe([])).toBe(false);
  });

  it("refuse a file that is not what they expect, naming the field", () => {
    const refused: [text: string, message: RegExp][] = [
      ["{", /expected JSON/],
      ["[]", /whole file/],
      [JSON.stringify([{ ...gate(), metric: "profit" }]), /0\.metric/],
      [JSON.stringify([{ ...gate(), operator: "=" }]), /0\.operator/],
      [JSON.stringify([{ ...gate(), limit: null }]), /0\.limit/],
      [JSON.stringify([{ ...gate(), extra: 1 }]), /extra/],
      [JSON.stringify([gate(), gate()]), /expected each name once, was there twice/],
    ];
    for (const [text, message] of refused) {
      let thrown: unknown;
      try {
        parseGates(text);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(ForetickError);
      expect((thrown as ForetickError).code).toBe("GATES_INVALID");
      expect((thrown as ForetickError).message).toMatch(message);
    }
  });
});
