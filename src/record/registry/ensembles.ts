/** An ensemble becomes a version of the registry: an entry that names its members, without files of its own. */

import type { TransactionSql } from "postgres";
import type { z } from "zod";
import { fail } from "../../base/errors.ts";
import { parsedBy } from "../../base/input/schema.ts";
import type { ModelVersion } from "../../base/units.ts";
import { sha256Hex } from "../../model/bundle/files.ts";
import { manifestSchema } from "../../model/bundle/manifest.ts";
import { ENSEMBLE_FORMAT, type EnsembleManifest, kinObjection, type Member } from "../../model/ensemble.ts";
import type { ensembleInputSchema } from "./inputs.ts";
import { refuseUnknown } from "./rows.ts";

type Ensemble = Omit<z.output<typeof ensembleInputSchema>, "reason">;

interface MemberRow {
  readonly version: ModelVersion;
  readonly manifest_sha256: string;
  readonly servable: boolean;
  readonly manifest: unknown;
}

/**
 * @returns false where the same was registered before.
 * @throws ForetickError MODEL_UNKNOWN for a member that is not registered; MODEL_REFUSED where members do not fit
 * together or are ensembles themselves; MODEL_CONFLICT where the name is taken.
 */
export async function insertEnsemble(
  sql: TransactionSql,
  { version, members: asked }: Ensemble,
): Promise<boolean> {
  const rows = await sql<MemberRow[]>`
    select version, manifest_sha256, servable, manifest
    from model_versions
    where version in ${sql(asked.map((one) => one.version))}`;
  const total = asked.reduce((sum, { weight }) => sum + weight, 0);
  const members: Member[] = [];
  const kin = asked.map(({ version: member, weight }) => {
    const row = rows.find((one) => one.version === member) ?? refuseUnknown(member);
    const parsed = parsedBy(manifestSchema, row.manifest);
    if (!parsed.success) {
      fail("MODEL_REFUSED", `${member} is no bundle: an ensemble's members are trained models, each once`);
    }
    members.push({ version: member, manifest_sha256: row.manifest_sha256, weight: weight / total });
    return { ...parsed.data, version: member };
  });
  const objection = kinObjection(kin);
  if (objection) fail("MODEL_REFUSED", `${version} cannot be made: ${objection}`);
  const manifest: EnsembleManifest = { format: ENSEMBLE_FORMAT, members };
  const text = JSON.stringify(manifest);
  const manifest_sha256 = sha256Hex(text);
  const [first] = kin;
  const inserted = await sql`
    insert into model_versions (
      version, kind, feature_set, set_hash, horizon_s, servable, gates, manifest, manifest_sha256, sha256s,
      created_at
    )
    values (
      ${version}, 'ensemble', ${first!.feature_set}, ${first!.set_hash}, ${first!.horizon_s},
      ${rows.every(({ servable }) => servable)}, null, ${text}::text::jsonb, ${manifest_sha256}, '{}', now()
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
    `${version} is another model already: versions never change, take another name`,
  );
}
