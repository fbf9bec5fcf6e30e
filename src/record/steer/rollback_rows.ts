/** Table `rollbacks`: champions that an alarm on their realised error took back. */

import type { Sql } from "postgres";
import { type Micros, type ModelVersion, modelVersion } from "../../base/units.ts";
import { asked } from "../sql/asked.ts";
import { microsFromText, textFromMicros } from "../sql/time_text.ts";

/** `begun`: what came of it is not written yet. `refused`: the registry would not; the problem says why. */
export type RollbackStatus = "begun" | "returned" | "no_fallback" | "refused";

export interface RollbackStart {
  readonly at_us: Micros;
  /** Whose outcomes raised the alarm. */
  readonly symbol: string;
  /** Whose alias is to move: the symbol, or "*". */
  readonly place: string;
  readonly alarm: "broken" | "dead";
  readonly version_before: ModelVersion;
  /** The alarm, as plain data. */
  readonly evidence: Readonly<Record<string, unknown>>;
}

export interface RollbackEnd {
  readonly status: Exclude<RollbackStatus, "begun">;
  readonly version_after: ModelVersion | null;
  readonly problem?: string | undefined;
}

export interface StoredRollback extends RollbackStart {
  readonly rollback_id: string;
  readonly status: RollbackStatus;
  readonly version_after: ModelVersion | null;
  readonly problem: string | null;
}

interface Row extends Omit<StoredRollback, "at_us" | "version_before" | "version_after"> {
  readonly at: string;
  readonly version_before: string;
  readonly version_after: string | null;
}

/** Every method rejects with STORE_UNREACHABLE or STORE_QUERY where the database does not answer. */
export class RollbackRows {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** @returns its id. */
  async begin(start: RollbackStart): Promise<string> {
    const [row] = await asked(this.#sql<{ rollback_id: string }[]>`
      insert into rollbacks (at, symbol, place, alarm, version_before, status, evidence)
      values (
        ${textFromMicros(start.at_us)}, ${start.symbol}, ${start.place}, ${start.alarm},
        ${start.version_before}, 'begun', ${JSON.stringify(start.evidence)}::text::jsonb
      )
      returning rollback_id`);
    return row!.rollback_id;
  }

  async end(rollback_id: string, { status, version_after, problem }: RollbackEnd): Promise<void> {
    await asked(this.#sql`
      update rollbacks
      set status = ${status}, version_after = ${version_after}, problem = ${problem ?? null}
      where rollback_id = ${rollback_id} and status = 'begun'`);
  }

  /**
   * When a champion of a symbol was last taken back by itself: by an alarm, or by the deployment that had promoted it. Undefined:
   * never.
   */
  async lastReturn(symbol: string): Promise<Micros | undefined> {
    const [row] = await asked(this.#sql<{ at: string | null }[]>`
      select max(at) as at
      from (
        select at
        from rollbacks
        where symbol = ${symbol} or place = '*'
        union all
        select (step ->> 'at')::timestamptz
        from deployments, jsonb_array_elements(steps) as step
        where step ->> 'step' = 'return'
          and step ->> 'symbol' in (${symbol}, '*')
          and steps @> jsonb_build_array(jsonb_build_object('step', 'promote', 'symbol', step -> 'symbol'))
      ) as returns`);
    return row?.at ? microsFromText(row.at) : undefined;
  }

  /** Of a symbol, or of every symbol whose champion has that place; newest first. */
  async newest(symbol: string, limit: number): Promise<StoredRollback[]> {
    const rows = await asked(this.#sql<Row[]>`
      select *
      from rollbacks
      where symbol = ${symbol} or place = '*'
      order by rollback_id desc
      limit ${limit}`);
    return rows.map(({ at, version_before, version_after, ...row }) => ({
      ...row,
      at_us: microsFromText(at),
      version_before: modelVersion(version_before),
      version_after: version_after === null ? null : modelVersion(version_after),
    }));
  }
}
