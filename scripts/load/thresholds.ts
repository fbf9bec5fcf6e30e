/** What a load is held to: k6's own expressions, so that one file serves both. */

import { fail } from "../../src/base/errors.ts";

/** By k6's names: shares as [happened, all], and values in ms. */
export interface Measured {
  readonly rates: Readonly<Record<string, readonly [happened: number, all: number]>>;
  readonly trends: Readonly<Record<string, readonly number[]>>;
}

export interface Verdict {
  readonly metric: string;
  /** e.g. "p(95)<150". */
  readonly expected: string;
  /** NaN where nothing was measured. */
  readonly was: number;
  readonly holds: boolean;
}

const EXPRESSION = /^(?:(rate)|p\((\d+(?:\.\d+)?)\))([<>])(\d+(?:\.\d+)?)$/;

/** The smallest value that `percent` of all do not exceed; NaN of none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** @throws ForetickError CONFIG_INVALID for an expression of another form, or a metric that is not measured. */
export function verdictsOf(
  thresholds: Readonly<Record<string, readonly string[]>>,
  { rates, trends }: Measured,
): Verdict[] {
  return Object.entries(thresholds).flatMap(([metric, expressions]) =>
    expressions.map((expected): Verdict => {
      const [, rate, percent, sign, text] = EXPRESSION.exec(expected) ?? [];
      const counted = rates[metric];
      const values = trends[metric];
      if (text === undefined || (rate ? counted : values) === undefined) {
        return fail(
          "CONFIG_INVALID",
          `threshold ${expected} of ${metric} expected rate or p(n) of what is measured`,
        );
      }
      const was = rate ? counted![0] / counted![1] : percentile(values!, Number(percent));
      return { metric, expected, was, holds: sign === "<" ? was < Number(text) : was > Number(text) };
    }),
  );
}
