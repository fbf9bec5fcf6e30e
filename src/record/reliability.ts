/** What the forecasts of one model promised against what came, by bin, from the stored rows (SQL: `reliability_of`). */

import type { Sql } from "postgres";
import type { Micros, ModelVersion } from "../base/units.ts";
import { asked } from "./sql/asked.ts";
import { exactNumber } from "./sql/columns.ts";
import { textFromMicros } from "./sql/time_text.ts";

export interface ReliabilityQuery {
  readonly symbol: string;
  readonly model_version: ModelVersion;
  /** Forecasts with from_us ≤ ts < to_us. */
  readonly from_us: Micros;
  readonly to_us: Micros;
}

/** Forecasts of one bin. */
export interface ReliabilityBin {
  /** Lower end: a probability, or the beginning of an hour (s since 1970). */
  readonly bin: number;
  /** Forecasts in it whose outcome is known. Outcomes of neighbouring seconds overlap: far fewer are independent. */
  readonly n: number;
  /** Their mean, and the share that came true. */
  readonly promised: number;
  readonly realised: number;
}

const MEASURES = ["p_up", "confidence", "interval"] as const;

/** By measure, bins without forecasts left out. */
export type Reliability = Readonly<Record<(typeof MEASURES)[number], readonly ReliabilityBin[]>>;

interface Row extends Omit<ReliabilityBin, "n"> {
  readonly measure: (typeof MEASURES)[number];
  readonly n: string;
}

/** Rejects with STORE_UNREACHABLE or STORE_QUERY where the database does not answer. */
export async function readReliability(sql: Sql, query: ReliabilityQuery): Promise<Reliability> {
  const { symbol, model_version, from_us, to_us } = query;
  const rows = await asked(
    sql<Row[]>`
      select measure, bin, n, promised, realised
      from reliability_of(${symbol}, ${model_version}, ${textFromMicros(from_us)}, ${textFromMicros(to_us)})`,
  );
  const binsOf = (measure: Row["measure"]): ReliabilityBin[] =>
    rows
      .filter((row) => row.measure === measure)
      .map(({ bin, n, promised, realised }) => ({ bin, n: exactNumber(n), promised, realised }));
  return { p_up: binsOf("p_up"), confidence: binsOf("confidence"), interval: binsOf("interval") };
}
