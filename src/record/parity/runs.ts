/** The comparisons made, in table `parity_runs`: one row per symbol, set and span, kept for good. */

import type { Sql } from "postgres";
import { LIMITS } from "../../base/limits.ts";
import { type Micros, setHash, unixSec } from "../../base/units.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import { asked } from "../sql/asked.ts";
import { exactNumber } from "../sql/columns.ts";
import { microsFromText, textFromMicros } from "../sql/time_text.ts";
import type { FeatureDifference, ParityCause, ParityDifference, ParityReport } from "./report.ts";

/** `service`: the running comparison; `command`: someone asked for a range. */
export type AskedBy = "service" | "command";

export interface ParityRun extends ParityReport {
  readonly asked_by: AskedBy;
  /** Local clock. */
  readonly started_us: Micros;
}

/** Sums over a stretch of the service's runs, of one symbol and set. */
export interface ParityTotals {
  readonly symbol: string;
  readonly feature_set: string;
  readonly runs: number;
  readonly rows_compared: number;
  readonly rows_mismatched: number;
  readonly rows_missing: number;
  readonly rows_extra: number;
  readonly rows_unexplained: number;
  /** The instants compared end here. */
  readonly to_us: Micros;
}

export interface RunQuery {
  readonly symbol: string;
  /** All sets where it is left out. */
  readonly feature_set?: string | undefined;
  readonly limit: number;
}

export interface TotalsQuery extends Omit<RunQuery, "limit"> {
  readonly since_us: Micros;
}

interface RunRow {
  symbol: string;
  feature_set: string;
  set_hash: string;
  asked_by: AskedBy;
  from_ts: string;
  to_ts: string;
  started_at: string;
  took_ms: number;
  rows_compared: string;
  rows_mismatched: string;
  rows_missing: string;
  rows_extra: string;
  rows_unexplained: string;
  largest_difference: number | null;
  worst_feature: string | null;
  features: Record<string, FeatureDifference>;
  causes: Partial<Record<ParityCause, number>>;
  differences: ParityDifference[];
}

export class ParityRuns {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Only the first LIMITS.parity_differences_kept differences are kept, unexplained ones before others. */
  async add(report: ParityReport, asked_by: AskedBy, started_us: Micros): Promise<void> {
    const columns = [
      "symbol, feature_set, set_hash, asked_by, from_ts, to_ts, started_at, took_ms",
      "rows_compared, rows_mismatched, rows_missing, rows_extra, rows_unexplained",
      "largest_difference, worst_feature, features, causes, differences",
    ];
    const places = Array.from({ length: 18 }, (_, i) => `$${i + 1}`);
    // JSON goes as text: the driver would write an array of objects as a PostgreSQL array.
    for (const i of [15, 16, 17]) places[i] += "::text::jsonb";
    await this.#asked(`insert into parity_runs (${columns.join(", ")}) values (${places.join(", ")})`, [
      report.symbol,
      report.feature_set,
      report.set_hash,
      asked_by,
      textFromMicros(report.from_us),
      textFromMicros(report.to_us),
      textFromMicros(started_us),
      report.took_ms,
      report.rows_compared,
      report.rows_mismatched,
      report.rows_missing,
      report.rows_extra,
      report.rows_unexplained,
      report.largest_difference,
      report.worst_feature,
      JSON.stringify(report.features),
      JSON.stringify(report.causes),
      JSON.stringify(keptDifferences(report.differences)),
    ]);
  }

  /** The newest runs, newest first. */
  async newest({ symbol, feature_set, limit }: RunQuery): Promise<ParityRun[]> {
    const rows = await this.#asked<RunRow>(
      `select *
      from parity_runs
      where symbol = $1
        and ($2::text is null or feature_set = $2)
      order by run_id desc
      limit $3`,
      [symbol, feature_set ?? null, limit],
    );
    return rows.map(runOf);
  }

  /** Of the runs begun since `since_us` (local clock), by set. */
  async totals({ symbol, feature_set, since_us }: TotalsQuery): Promise<ParityTotals[]> {
    type Row = Omit<ParityTotals, "to_us" | "symbol" | "feature_set"> & {
      feature_set: string;
      to_ts: string;
    };
    const rows = await this.#asked<Row>(
      `select
        feature_set,
        count(*) as runs,
        sum(rows_compared) as rows_compared,
        sum(rows_mismatched) as rows_mismatched,
        sum(rows_missing) as rows_missing,
        sum(rows_extra) as rows_extra,
        sum(rows_unexplained) as rows_unexplained,
        max(to_ts) as to_ts
      from parity_runs
      where symbol = $1
        and ($2::text is null or feature_set = $2)
        and started_at >= $3
        and asked_by = 'service'
      group by feature_set
      order by feature_set`,
      [symbol, feature_set ?? null, textFromMicros(since_us)],
    );
    return rows.map((row) => ({
      symbol,
      feature_set: row.feature_set,
      runs: exactNumber(row.runs),
      rows_compared: exactNumber(row.rows_compared),
      rows_mismatched: exactNumber(row.rows_mismatched),
      rows_missing: exactNumber(row.rows_missing),
      rows_extra: exactNumber(row.rows_extra),
      rows_unexplained: exactNumber(row.rows_unexplained),
      to_us: microsFromText(row.to_ts),
    }));
  }

  /** Where the running comparison of this definition goes on; undefined before its first run. */
  async comparedThrough(symbol: string, set: FeatureSet): Promise<Micros | undefined> {
    const rows = await this.#asked<{ to_ts: string }>(
      `select to_ts
      from parity_runs
      where symbol = $1
        and feature_set = $2
        and set_hash = $3
        and asked_by = 'service'
      order by run_id desc
      limit 1`,
      [symbol, set.name, set.hash],
    );
    return rows[0] && microsFromText(rows[0].to_ts);
  }

  async #asked<Row extends object>(text: string, parameters: (string | number | null)[]): Promise<Row[]> {
    return [...(await asked(this.#sql.unsafe<Row[]>(text, parameters)))];
  }
}

/** Unexplained ones first, then by time. */
function keptDifferences(differences: readonly ParityDifference[]): ParityDifference[] {
  const rank = ({ cause }: ParityDifference): number => (cause === "unexplained" ? 0 : 1);
  return [...differences]
    .sort((a, b) => rank(a) - rank(b) || a.ts_sec - b.ts_sec)
    .slice(0, LIMITS.parity_differences_kept);
}

function runOf(row: RunRow): ParityRun {
  return {
    symbol: row.symbol,
    feature_set: row.feature_set,
    set_hash: setHash(row.set_hash),
    asked_by: row.asked_by,
    from_us: microsFromText(row.from_ts),
    to_us: microsFromText(row.to_ts),
    started_us: microsFromText(row.started_at),
    took_ms: row.took_ms,
    rows_compared: exactNumber(row.rows_compared),
    rows_mismatched: exactNumber(row.rows_mismatched),
    rows_missing: exactNumber(row.rows_missing),
    rows_extra: exactNumber(row.rows_extra),
    rows_unexplained: exactNumber(row.rows_unexplained),
    largest_difference: row.largest_difference,
    worst_feature: row.worst_feature,
    features: row.features,
    causes: row.causes,
    differences: row.differences.map((one) => ({ ...one, ts_sec: unixSec(one.ts_sec) })),
  };
}
