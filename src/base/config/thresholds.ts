/** Tables of thresholds as text: "80:STRONG,70:PLAIN" is STRONG from 80 on, else PLAIN from 70 on, else nothing. */

/** From this on (per cent), this. */
export interface Threshold<Value> {
  readonly from: number;
  readonly value: Value;
}

/**
 * @param parts such as "80:STRONG", each lower than the one before.
 * @param valueIn undefined where the text is none of its values.
 * @returns undefined where a part is not of that form.
 */
export function thresholdsOf<Value>(
  parts: readonly string[],
  valueIn: (text: string) => Value | undefined,
): readonly Threshold<Value>[] | undefined {
  const table: Threshold<Value>[] = [];
  for (const part of parts) {
    const [, from_text = "", text = ""] = /^(\d+(?:\.\d+)?):(\S+)$/.exec(part) ?? [];
    const value = valueIn(text);
    const from = Number(from_text);
    const before = table.at(-1)?.from ?? Number.POSITIVE_INFINITY;
    if (from_text === "" || value === undefined || from > 100 || from >= before) return undefined;
    table.push({ from, value });
  }
  return table;
}

export const oneOf =
  <const Name extends string>(...names: readonly Name[]) =>
  (text: string): Name | undefined =>
    names.find((name) => name === text);

/** Largest multiplier that is taken for meant. */
const FACTOR_MAX = 100;

export const factorOf = (text: string): number | undefined =>
  /^\d+(\.\d+)?$/.test(text) && Number(text) <= FACTOR_MAX ? Number(text) : undefined;
