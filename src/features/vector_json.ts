/** A feature vector as JSON text, the same wherever it is given out. */

import type { FeatureVector } from "./vector.ts";

/**
 * Every value to the last bit: JSON.stringify would write −0 as 0, and the vector given out must be the vector
 * computed. NaN means null.
 */
export function vectorJsonText(vector: FeatureVector): string {
  const values: string[] = [];
  for (const value of vector.values) values.push(Number.isFinite(value) ? numberText(value) : "null");
  const head = JSON.stringify({
    symbol: vector.symbol,
    ts_sec: vector.ts_sec,
    feature_set: vector.feature_set,
    set_hash: vector.set_hash,
    warm: vector.warm,
    names: vector.names,
  });
  return `${head.slice(0, -1)},"values":[${values.join(",")}]}`;
}

/** The shortest text that reads back to the same bits. */
export const numberText = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));
