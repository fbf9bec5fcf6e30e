/** The statements that give a version a role beside the champion or take it away; each inside the caller's transaction. */

import type { TransactionSql } from "postgres";
import { fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { ModelVersion } from "../../base/units.ts";
import { type Alias, type AliasPlace, placeText, roleOf } from "./alias.ts";
import { lastPromotion, lockAlias, moveAlias, note } from "./changes.ts";

/** Who makes a change, and why. */
export interface Because {
  readonly actor: string;
  readonly reason: string;
}

/** The aliases of one symbol that point to a version. */
export async function aliasesOf(
  sql: TransactionSql,
  symbol: string,
  version: ModelVersion,
): Promise<Alias[]> {
  const rows = await sql<{ alias: Alias }[]>`
    select alias
    from model_aliases
    where symbol = ${symbol} and version = ${version}
    order by alias`;
  return rows.map(({ alias }) => alias);
}

/** The alias of the next shadow of a symbol. @throws ForetickError MODEL_REFUSED where there are as many as are scored. */
export async function freeShadow(sql: TransactionSql, symbol: string): Promise<Alias> {
  const rows = await sql<{ alias: Alias }[]>`
    select alias
    from model_aliases
    where symbol = ${symbol} and alias like 'shadow%'`;
  const taken = new Set(rows.map(({ alias }) => alias));
  if (taken.size >= LIMITS.shadows_max) {
    const names = [...taken].sort().join(", ");
    fail(
      "MODEL_REFUSED",
      `${symbol} has ${taken.size} shadows (${names}), as many as are scored: take one away with "bun run models role <version> none"`,
    );
  }
  let number = 1;
  while (taken.has(`shadow:${number}`)) number++;
  return `shadow:${number}`;
}

/** Takes an alias away from the version it points to, if any, and writes it down. */
export async function removeAlias(
  sql: TransactionSql,
  place: AliasPlace,
  because: Because,
): Promise<ModelVersion | null> {
  const version = await lockAlias(sql, place);
  if (version === null) return null;
  await sql`
    delete from model_aliases
    where symbol = ${place.symbol} and alias = ${place.alias}`;
  await note(sql, { action: "remove", version, place, version_before: version, ...because });
  return version;
}

/** Takes the symbol's own alias `challenger` away from a version that has it, unless it is being deployed. */
export async function dropChallenger(
  sql: TransactionSql,
  symbol: string,
  version: ModelVersion,
  because: Because,
): Promise<void> {
  const place: AliasPlace = { symbol, alias: "challenger" };
  if ((await lockAlias(sql, place)) !== version) return;
  const deploying = await sql`
    select
    from deployments
    where version = ${version} and status = 'running'`;
  if (deploying.count === 0) await removeAlias(sql, place, because);
}

/**
 * After a champion has moved: it gives up what it was beside the champion, and the fallback is the version that a
 * rollback would return to; none where it would return to nothing.
 */
export async function followChampion(
  sql: TransactionSql,
  place: AliasPlace,
  champion: ModelVersion,
  actor: string,
): Promise<void> {
  if (place.alias !== "champion") return;
  const { symbol } = place;
  const because = { actor, reason: `${champion} is the ${placeText(place)} now` };
  for (const alias of await aliasesOf(sql, symbol, champion)) {
    if (alias !== "champion") await removeAlias(sql, { symbol, alias }, because);
  }
  const fallback: AliasPlace = { symbol, alias: "fallback" };
  const next = (await lastPromotion(sql, place))?.version_before ?? null;
  if (next === null || next === champion) {
    await removeAlias(sql, fallback, because);
    return;
  }
  const version_before = await lockAlias(sql, fallback);
  if (version_before === next) return;
  for (const alias of await aliasesOf(sql, symbol, next)) {
    if (["challenger", "shadow"].includes(roleOf(alias))) await removeAlias(sql, { symbol, alias }, because);
  }
  await moveAlias(sql, fallback, next, because.actor, because.reason);
  await note(sql, { action: "promote", version: next, place: fallback, version_before, ...because });
}
