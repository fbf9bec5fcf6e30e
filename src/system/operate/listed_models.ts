/** The registered models as `/models` lists them: with the figures of their test stretch. */

import type { Sql } from "postgres";
import { RegistryRows } from "../../record/registry/rows.ts";
import { textsLiteral } from "../../record/sql/array_literal.ts";
import { asked } from "../../record/sql/asked.ts";
import type { ListedModel } from "../../serve/ports_operate.ts";

type Facts = Pick<ListedModel, "symbol" | "metrics"> & { readonly version: string };

/** Newest trained first. @throws ForetickError STORE_UNREACHABLE, STORE_QUERY. */
export async function listedModels(
  sql: Sql,
  namesOf: (set: string) => readonly string[],
): Promise<ListedModel[]> {
  const models = await new RegistryRows(sql).list();
  const versions = models.map(({ version }) => version);
  // The model's own score is the first.
  const rows = await asked(sql<Facts[]>`
    select
      version,
      manifest #>> '{data,symbol}' as symbol,
      case
        when manifest #> '{scores,0}' is not null then jsonb_build_object(
          'r2', manifest #> '{scores,0,r2}',
          'mae', manifest #> '{scores,0,mae}',
          'rmse', manifest #> '{scores,0,rmse}',
          'hit_rate', manifest #> '{scores,0,hit_rate}'
        )
      end as metrics
    from model_versions
    where version = any(${textsLiteral(versions, 0, versions.length)}::text[])`);
  const facts = new Map(rows.map((row) => [row.version, row]));
  return models.map((model) => {
    const { symbol = null, metrics = null } = facts.get(model.version) ?? {};
    return { ...model, symbol, metrics, feature_names: namesOf(model.feature_set) };
  });
}
