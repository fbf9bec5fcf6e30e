/** Stored forecasts of two models with their outcomes, for the tests of experiments. */

import { seededRng } from "../../../src/base/rng.ts";
import { modelVersion } from "../../../src/base/units.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import type { Database } from "../../../src/record/database.ts";
import type { TrialTick } from "../../../src/steer/experiments/trial.ts";
import { HASH, START_SEC, SYMBOL } from "../../record/market_events.ts";

export const A = modelVersion("ridge-v1/a");
export const B = modelVersion("ridge-v1/b");

/** Registers versions by name alone: nothing here loads them. */
export async function addVersions(
  { sql }: Pick<Database, "sql">,
  ...versions: { readonly version: string; readonly horizon_s?: number; readonly label?: string }[]
): Promise<void> {
  for (const { version, horizon_s = 10, label = "mid" } of versions) {
    const manifest = JSON.stringify({ label });
    await sql`
      insert into model_versions (
        version, kind, feature_set, set_hash, horizon_s, servable, gates, manifest, manifest_sha256, sha256s, created_at
      )
      values (
        ${version}, 'ridge', 'v1', ${v1.hash}, ${horizon_s}, true, null, ${manifest}::text::jsonb, ${"0".repeat(64)},
        '{}', now()
      )`;
  }
}

/**
 * Ticks of `seconds`: labels with bursts, standing seconds and gaps; `a` knows nothing, `b` a part of the label that grows with
 * `skill`.
 */
export function ticks(seconds: number, { seed = 1, skill = 0, bursts = true } = {}): TrialTick[] {
  const rng = seededRng(seed);
  return Array.from({ length: seconds }, (_, i) => {
    const size = 1e-4 * (1 + 3 * Number(bursts && i % 700 < 60));
    const realized = rng.uniform() < 0.4 ? 0 : size * rng.normal();
    return {
      ts_sec: START_SEC + i + 1,
      yhat_a: i % 97 === 13 ? null : 1e-5 * rng.normal(),
      yhat_b: i % 89 === 7 ? null : skill * realized + 1e-5 * rng.normal(),
      realized_log_return: i % 400 > 390 ? null : realized,
    };
  });
}

/** Stores their rows; outcomes of ticks in `open` are left out. */
export async function store(
  { sql }: Pick<Database, "sql">,
  rows: readonly TrialTick[],
  open: readonly number[] = [],
): Promise<void> {
  const made = rows.flatMap((tick) =>
    [
      { ...tick, model_version: A, role: "champion", yhat: tick.yhat_a },
      { ...tick, model_version: B, role: "challenger", yhat: tick.yhat_b },
    ].filter(({ yhat }) => yhat !== null),
  );
  const columns = sql`(ts_sec bigint, model_version text, role text, yhat float8, realized_log_return float8)`;
  await sql`
    insert into predictions (
      symbol, ts, model_version, horizon_s, yhat_log_return, current_price, predicted_price, feature_set, set_hash, source,
      features_age_ms, latency_ms, warm, emitted_at, role
    )
    select
      ${SYMBOL}, at_sec(ts_sec), model_version, 10, yhat, 1, 1, 'v1', ${HASH}, 'onnx', 0, 0, true, at_sec(ts_sec), role
    from jsonb_to_recordset(${JSON.stringify(made)}::text::jsonb) as made ${columns}
    on conflict do nothing`;
  const known = JSON.stringify(made.filter(({ ts_sec }) => !open.includes(ts_sec)));
  await sql`
    insert into outcomes (symbol, ts, model_version, horizon_s, realized_log_return, joined_at)
    select ${SYMBOL}, at_sec(ts_sec), model_version, 10, realized_log_return, at_sec(ts_sec + 10)
    from jsonb_to_recordset(${known}::text::jsonb) as made ${columns}
    on conflict do nothing`;
  // As autovacuum does within its minute: without it thousands of rows are taken for one.
  await sql`analyze predictions, outcomes`;
}
