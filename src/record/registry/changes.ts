/** The statements a change of the registry is made of; each runs inside the caller's transaction. */

import type { TransactionSql } from "postgres";
import { fail } from "../../base/errors.ts";
import { type ModelVersion, modelVersion } from "../../base/units.ts";
import { MANIFEST_FILE, SUMS_FILE } from "../../model/bundle/files.ts";
import { type Manifest, versionOf } from "../../model/bundle/manifest.ts";
import type { AliasPlace } from "./alias.ts";
import { refuseUnknown } from "./rows.ts";

export interface VersionFacts {
  readonly version: string;
  readonly feature_set: string;
  readonly set_hash: string;
  readonly servable: boolean;
  /** Names of the required gates it failed; null where there are none. */
  readonly failed: string | null;
}

/** false: the same was registered before. */
export async function insertVersion(
  sql: TransactionSql,
  manifest: Manifest,
  manifest_sha256: string,
): Promise<boolean> {
  const version = versionOf(manifest);
  const sha256s = Object.fromEntries(
    Object.entries(manifest.files).map(([file, { sha256 }]) => [file, sha256]),
  );
  const inserted = await sql`
    insert into model_versions (
      version, kind, feature_set, set_hash, horizon_s, servable, gates, manifest, manifest_sha256, sha256s,
      created_at
    )
    values (
      ${version}, ${manifest.kind}, ${manifest.feature_set}, ${manifest.set_hash}, ${manifest.horizon_s},
      ${manifest.servable}, ${JSON.stringify(manifest.gates)}::text::jsonb,
      ${JSON.stringify(manifest)}::text::jsonb, ${manifest_sha256},
      ${JSON.stringify({ ...sha256s, [MANIFEST_FILE]: manifest_sha256 })}::text::jsonb,
      ${manifest.created_at}::text::timestamptz
    )
    on conflict (version) do nothing
    returning 1`;
  if (inserted.length > 0) return true;
  const [before] = await sql<{ manifest_sha256: string }[]>`
    select manifest_sha256
    from model_versions
    where version = ${version}`;
  if (before?.manifest_sha256 === manifest_sha256) return false;
  return fail(
    "MODEL_CONFLICT",
    `${version} expected the bundle that is registered under that name, was another (see ${SUMS_FILE}): versions never change, so train under another --version`,
  );
}

/** One change of a symbol's aliases at a time. Returns where this one points. */
export async function lockAlias(
  sql: TransactionSql,
  { symbol, alias }: AliasPlace,
): Promise<ModelVersion | null> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`foretick model ${symbol}`}, 0))`;
  const [row] = await sql<{ version: string }[]>`
    select version
    from model_aliases
    where symbol = ${symbol} and alias = ${alias}`;
  return row ? modelVersion(row.version) : null;
}

export async function factsOf(sql: TransactionSql, version: ModelVersion): Promise<VersionFacts> {
  const [row] = await sql<VersionFacts[]>`
    select
      version,
      feature_set,
      set_hash,
      servable,
      (
        select string_agg(gate ->> 'gate', ', ')
        from jsonb_array_elements(gates) as gate
        where not (gate ->> 'passed')::boolean and (gate ->> 'required')::boolean
      ) as failed
    from model_versions
    where version = ${version}`;
  return row ?? refuseUnknown(version);
}

export function servableObjection({ version, servable, failed }: VersionFacts): string | undefined {
  if (servable) return undefined;
  return `${version} is not servable: ${failed === null ? "its manifest says so" : `it failed ${failed}`}`;
}

export async function moveAlias(
  sql: TransactionSql,
  { symbol, alias }: AliasPlace,
  version: ModelVersion,
  actor: string,
  reason: string,
): Promise<void> {
  await sql`
    insert into model_aliases (symbol, alias, version, moved_by, reason)
    values (${symbol}, ${alias}, ${version}, ${actor}, ${reason})
    on conflict (symbol, alias) do update
    set version = excluded.version, moved_at = now(), moved_by = excluded.moved_by, reason = excluded.reason`;
}

interface Promotion {
  readonly event_id: string;
  /** Null where the alias pointed nowhere before it. */
  readonly version_before: ModelVersion | null;
}

/** The last promotion that was not taken back. */
export async function lastPromotion(
  sql: TransactionSql,
  { symbol, alias }: AliasPlace,
): Promise<Promotion | undefined> {
  const [row] = await sql<{ event_id: string; version_before: string | null }[]>`
    select event_id, version_before
    from model_events e
    where symbol = ${symbol} and alias = ${alias} and action = 'promote'
      and not exists (select from model_events u where u.undoes = e.event_id)
    order by event_id desc
    limit 1`;
  if (!row) return undefined;
  const { event_id, version_before } = row;
  return { event_id, version_before: version_before === null ? null : modelVersion(version_before) };
}

/** @throws ForetickError MODEL_REFUSED where there is nothing to go back to. */
export async function promotionToUndo(
  sql: TransactionSql,
  place: AliasPlace,
): Promise<{ event_id: string; version: ModelVersion }> {
  const last = await lastPromotion(sql, place);
  if (last && last.version_before !== null) {
    return { event_id: last.event_id, version: last.version_before };
  }
  const { symbol, alias } = place;
  const said = last ? `had no ${alias} before this one` : `has no ${alias}`;
  return fail("MODEL_REFUSED", `${symbol} ${said}: nothing to go back to. See "bun run models history"`);
}

interface Event {
  readonly action: "register" | "promote" | "rollback" | "remove";
  readonly version: ModelVersion;
  readonly place?: AliasPlace;
  readonly version_before?: ModelVersion | null;
  readonly undoes?: string;
  readonly forced?: boolean;
  readonly actor: string;
  readonly reason: string;
}

export async function note(sql: TransactionSql, event: Event): Promise<void> {
  const { action, version, place, version_before, undoes, forced, actor, reason } = event;
  await sql`
    insert into model_events (actor, action, version, symbol, alias, version_before, undoes, forced, reason)
    values (
      ${actor}, ${action}, ${version}, ${place?.symbol ?? null}, ${place?.alias ?? null},
      ${version_before ?? null}, ${undoes ?? null}, ${forced ?? false}, ${reason}
    )`;
}
