/** Feature vectors as entries and back: a field a column, after what says of which second and definition they are. */

import { type Micros, micros, type SetHash, unixSec } from "../../../base/units.ts";
import type { FeatureVector } from "../../../features/vector.ts";
import { numberText } from "../../../features/vector_json.ts";
import { booleanOf, type Entry, numberOf, textOf, textsOf } from "./fields.ts";

/** A vector, and how old it was when it was made: an API machine does not know the exchange's clock. */
export interface AgedVector {
  readonly vector: FeatureVector;
  /** Wall clock when its second was closed. */
  readonly closed_at_us: Micros;
  /** From its instant to then, by the exchange's clock (µs). */
  readonly age_us: number;
}

const HEAD = [
  ...["symbol", "ts_sec", "feature_set", "set_hash", "warm", "cold_reason"],
  ...["closed_at_us", "age_us"],
] as const;

export function vectorEntry({ vector, closed_at_us, age_us }: AgedVector): string[] {
  const entry = [
    ...["symbol", vector.symbol, "ts_sec", String(vector.ts_sec)],
    ...["feature_set", vector.feature_set, "set_hash", vector.set_hash, "warm", String(vector.warm)],
    ...(vector.cold_reason === undefined ? [] : ["cold_reason", vector.cold_reason]),
    ...["closed_at_us", String(closed_at_us), "age_us", String(age_us)],
  ];
  for (const [at, name] of vector.names.entries()) {
    const value = vector.values[at]!;
    entry.push(name, Number.isFinite(value) ? numberText(value) : "");
  }
  return entry;
}

/** @throws ForetickError REDIS_RECORD. */
export function vectorOfEntry(entry: Entry): AgedVector {
  const texts = textsOf(entry);
  const head = (name: (typeof HEAD)[number]): string | undefined => texts.get(name);
  const names = [...texts.keys()].filter((name) => !(HEAD as readonly string[]).includes(name));
  const values = Float64Array.from(names, (name) => {
    const text = texts.get(name);
    return text === "" ? Number.NaN : numberOf(name, text);
  });
  const cold_reason = head("cold_reason");
  return {
    vector: {
      symbol: textOf("symbol", head("symbol")),
      ts_sec: unixSec(numberOf("ts_sec", head("ts_sec"))),
      feature_set: textOf("feature_set", head("feature_set")),
      set_hash: textOf("set_hash", head("set_hash")) as SetHash,
      warm: booleanOf("warm", head("warm")),
      ...(cold_reason === undefined ? {} : { cold_reason }),
      ...{ names, values },
    },
    closed_at_us: micros(numberOf("closed_at_us", head("closed_at_us"))),
    age_us: numberOf("age_us", head("age_us")),
  };
}
