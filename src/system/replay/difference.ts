/** The first thing in which a replay differs from what it is held against, and its sentence. */

import type { FeatureVector } from "../../features/vector.ts";
import type { CapturedSecond } from "../../predict/capture/closed_second.ts";
import type { ClosedSecond } from "../../predict/lane/output.ts";
import type { Prediction } from "../../predict/prediction.ts";

export interface Difference {
  readonly ts_sec: number;
  /** e.g. "v1.spread", "forecast of ridge-v1/a as champion: yhat_log_return". */
  readonly of: string;
  readonly expected: unknown;
  readonly replayed: unknown;
}

/** In hexadecimal and decimal. */
export function differenceText({ ts_sec, of, expected, replayed }: Difference): string {
  const second = new Date(ts_sec * 1_000).toISOString().replace(".000Z", "Z");
  return `second ${ts_sec} (${second}), ${of}: expected ${shown(expected)}, replayed ${shown(replayed)}`;
}

function shown(value: unknown): string {
  if (typeof value !== "number") return value === undefined ? "nothing" : JSON.stringify(value);
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const hex = view.getBigUint64(0).toString(16).padStart(16, "0");
  return `${Object.is(value, -0) ? "-0" : value} (0x${hex})`;
}

/** Numbers are the same where their bits are; what is not known is the same as NaN. */
const same = (one: unknown, other: unknown): boolean => Object.is(one, other);

export function secondDifference(captured: CapturedSecond, second: ClosedSecond): Difference | undefined {
  const { ts_sec } = captured;
  if (ts_sec !== second.ts_sec) {
    return {
      ts_sec: Math.min(ts_sec, second.ts_sec),
      of: "closed",
      expected: ts_sec,
      replayed: second.ts_sec,
    };
  }
  for (const name of ["mid_sum_e8", "close_e8", "newest_event_us"] as const) {
    const replayed = second[name] ?? Number.NaN;
    if (!same(captured[name], replayed)) return { ts_sec, of: name, expected: captured[name], replayed };
  }
  const [expected, replayed] = [captured.vectors.length, second.vectors.length];
  if (expected !== replayed) return { ts_sec, of: "vectors", expected, replayed };
  for (const [at, vector] of second.vectors.entries()) {
    const found = vectorDifference(captured.vectors[at]!, vector);
    if (found) return found;
  }
  return undefined;
}

export function vectorDifference(
  expected: Pick<FeatureVector, "warm" | "values">,
  { ts_sec, feature_set, names, warm, values }: FeatureVector,
): Difference | undefined {
  for (const [column, value] of values.entries()) {
    if (same(expected.values[column], value)) continue;
    const of = `${feature_set}.${names[column]}`;
    return { ts_sec, of, expected: expected.values[column], replayed: value };
  }
  if (expected.warm === warm) return undefined;
  return { ts_sec, of: `${feature_set}: warm`, expected: expected.warm, replayed: warm };
}

/** @param names what is compared; default all. */
export function predictionDifference(
  expected: Prediction,
  replayed: Prediction,
  names: readonly string[] = [...new Set([...Object.keys(expected), ...Object.keys(replayed)])],
): Difference | undefined {
  for (const name of names) {
    const [one, other] = [expected[name as keyof Prediction], replayed[name as keyof Prediction]];
    if (same(one, other)) continue;
    const { ts_sec, model_version, role } = expected;
    return { ts_sec, of: `forecast of ${model_version} as ${role}: ${name}`, expected: one, replayed: other };
  }
  return undefined;
}
