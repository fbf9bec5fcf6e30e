/**
 * What came true, tick by tick: every model's forecast of one horizon and label beside the one outcome they share. What acts on
 * realised error reads it, now and again after a restart.
 */

import type { Sql } from "postgres";
import { startOf, type UnixSec, unixSec } from "../../base/units.ts";
import type { Label } from "../../features/label.ts";
import type { Role } from "../../model/role.ts";
import { VENUE } from "../../predict/prediction.ts";
import { asked, askedByPage } from "../sql/asked.ts";
import { textFromMicros } from "../sql/time_text.ts";

export interface JudgedForecast {
  readonly model_version: string;
  readonly role: Role;
  /** Log-return. */
  readonly yhat_log_return: number;
  /** From the second's close being decided to the forecast being ready. */
  readonly latency_ms: number;
}

export interface JudgedTick {
  readonly ts_sec: UnixSec;
  readonly realized_log_return: number;
  readonly forecasts: readonly JudgedForecast[];
}

/** Which ticks: of one symbol, horizon and label, from_sec ≤ ts_sec ≤ to_sec. */
export interface TickRange extends Judged {
  readonly symbol: string;
  readonly from_sec: number;
  readonly to_sec: number;
}

/** What a model forecasts. */
export interface Judged {
  readonly horizon_s: number;
  readonly label: Label;
  readonly feature_set: string;
}

interface TickRow extends JudgedForecast {
  readonly ts_sec: string;
  readonly realized_log_return: number;
}

/** Every method rejects with STORE_UNREACHABLE or STORE_QUERY where the database does not answer. */
export class JudgedTicks {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** What the last stored forecast of a model for a symbol was of; undefined where it has made none. */
  async of(symbol: string, version: string): Promise<Judged | undefined> {
    const [row] = await asked(this.#sql<Judged[]>`
      select horizon_s, label, feature_set
      from predictions
      where venue = ${VENUE} and symbol = ${symbol} and model_version = ${version}
      order by ts desc
      limit 1`);
    return row && { horizon_s: row.horizon_s, label: row.label, feature_set: row.feature_set };
  }

  /** The newest tick at which any model forecast one of these symbols. */
  async newestForecast(symbols: readonly string[]): Promise<UnixSec | undefined> {
    const [row] = await asked(this.#sql<{ ts_sec: string | null }[]>`
      select us_of(max(ts)) / 1000000 as ts_sec
      from predictions
      where venue = ${VENUE} and symbol = any(string_to_array(${symbols.join()}, ','))`);
    return row?.ts_sec ? unixSec(Number(row.ts_sec)) : undefined;
  }

  /** The newest tick of a symbol whose outcome over that horizon is stored. */
  async newest(symbol: string, horizon_s: number): Promise<UnixSec | undefined> {
    const [row] = await asked(this.#sql<{ ts_sec: string }[]>`
      select us_of(ts) / 1000000 as ts_sec
      from outcomes
      where venue = ${VENUE} and symbol = ${symbol} and horizon_s = ${horizon_s}
      order by ts desc
      limit 1`);
    return row && unixSec(Number(row.ts_sec));
  }

  /** The versions that are ridge regressions. */
  async ridges(): Promise<ReadonlySet<string>> {
    const rows = await asked(this.#sql<{ version: string }[]>`
      select version
      from model_versions
      where kind = 'ridge'`);
    return new Set(rows.map(({ version }) => version));
  }

  /** Oldest first; ticks whose outcome is not known are left out. */
  between(range: TickRange): AsyncGenerator<JudgedTick> {
    return judgedTicks(this.#sql, range);
  }
}

async function* judgedTicks(sql: Sql, range: TickRange): AsyncGenerator<JudgedTick> {
  // Each row's outcome by its whole key: a join of two tables that have just been filled may compare all with all.
  const text = `
    select
      us_of(p.ts) / 1000000 as ts_sec,
      p.model_version,
      p.role,
      p.yhat_log_return,
      p.latency_ms,
      o.realized_log_return
    from predictions p
    cross join lateral (
      select realized_log_return
      from outcomes
      where venue = p.venue
        and symbol = p.symbol
        and ts = p.ts
        and model_version = p.model_version
        and horizon_s = p.horizon_s
      offset 0
    ) o
    where p.venue = $1
      and p.symbol = $2
      and p.ts >= $3
      and p.ts <= $4
      and p.horizon_s = $5
      and p.label = $6
      and figure_source(p.source) = 'live'
      and o.realized_log_return is not null
    order by p.ts`;
  const at = (ts_sec: number): string => textFromMicros(startOf(unixSec(Math.max(0, ts_sec))));
  const parameters = [
    ...[VENUE, range.symbol, at(range.from_sec), at(range.to_sec)],
    ...[String(range.horizon_s), range.label],
  ];
  let open: { ts_sec: UnixSec; realized_log_return: number; forecasts: JudgedForecast[] } | undefined;
  for await (const { ts_sec, realized_log_return, ...forecast } of askedByPage<TickRow>(
    sql,
    text,
    parameters,
  )) {
    const second = unixSec(Number(ts_sec));
    if (open && open.ts_sec !== second) {
      yield open;
      open = undefined;
    }
    open ??= { ts_sec: second, realized_log_return, forecasts: [] };
    open.forecasts.push(forecast);
  }
  if (open) yield open;
}
