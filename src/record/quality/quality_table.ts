/** `quality_1m`: what the outcomes of each minute add to the figures of a model, and reading it. */

import type { Sql } from "postgres";
import { modelVersion, US_PER_SEC } from "../../base/units.ts";
import type { Label } from "../../features/label.ts";
import { type MinuteSums, SUM_NAMES } from "../../judge/minute_sums.ts";
import type { QualityMinute } from "../../judge/quality.ts";
import type { Role } from "../../model/role.ts";
import { VENUE } from "../../predict/prediction.ts";
import type { QualitySeries } from "../../predict/quality_minutes.ts";
import type { FigureSource } from "../../predict/source.ts";
import { type SumTable, timeOf } from "../bars/bars.ts";
import { askedByPage } from "../sql/asked.ts";
import { exactNumber } from "../sql/columns.ts";
import { textFromMicros } from "../sql/time_text.ts";

export const MINUTE_US = 60 * US_PER_SEC;

const KEY = ["symbol", "minute", "venue", "model_version", "role", "horizon_s", "label", "source"] as const;

export const QUALITY_1M = {
  name: "quality_1m",
  file: "quality_1m_by_source",
  source: "outcomes",
  bucket_us: MINUTE_US,
  columns: [...KEY, ...SUM_NAMES],
  key_columns: KEY.length,
} as const satisfies SumTable;

interface Row extends Record<(typeof SUM_NAMES)[number], string> {
  readonly minute: string;
  readonly model_version: string;
  readonly role: Role;
  readonly horizon_s: number;
  readonly label: Label;
  readonly source: FigureSource;
}

/**
 * The minutes of a symbol from `from_us` on, oldest first.
 * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY.
 */
export async function qualityMinutes(
  sql: Sql,
  symbol: string,
  from_us: number,
): Promise<(QualitySeries & QualityMinute)[]> {
  const text = `
    select us_of(minute) / ${MINUTE_US} as minute, model_version, role, horizon_s, label, source, ${SUM_NAMES.join(", ")}
    from quality_1m
    where venue = $1
      and symbol = $2
      and minute >= $3
    order by minute`;
  const minutes: (QualitySeries & QualityMinute)[] = [];
  const parameters = [VENUE, symbol, textFromMicros(timeOf(from_us))];
  for await (const row of askedByPage<Row>(sql, text, parameters)) {
    const { minute, model_version, role, horizon_s, label, source } = row;
    minutes.push({
      ...{ minute: exactNumber(minute), model_version: modelVersion(model_version), role, horizon_s, label },
      source,
      sums: sumsOf(row),
    });
  }
  return minutes;
}

const sumsOf = (row: Row): MinuteSums =>
  Object.fromEntries(SUM_NAMES.map((name) => [name, exactNumber(row[name])])) as unknown as MinuteSums;
