/** The registry of models, read: versions, aliases, and every move that was made. */

import type { Sql } from "postgres";
import { z } from "zod";
import { fail } from "../../base/errors.ts";
import { parsedBy } from "../../base/input/schema.ts";
import { LIMITS } from "../../base/limits.ts";
import { type Micros, type ModelVersion, modelVersion, type SetHash, setHash } from "../../base/units.ts";
import { type Manifest, manifestSchema } from "../../model/bundle/manifest.ts";
import { type EnsembleManifest, ensembleSchema, type Member } from "../../model/ensemble.ts";
import { type GateResult, gateResultSchema } from "../../model/gates.ts";
import { asked } from "../sql/asked.ts";
import { microsFromText } from "../sql/time_text.ts";
import type { Alias, AliasPlace } from "./alias.ts";

export interface RegisteredModel {
  readonly version: ModelVersion;
  readonly kind: string;
  readonly feature_set: string;
  readonly set_hash: SetHash;
  readonly horizon_s: number;
  /** All required gates passed when it was trained. */
  readonly servable: boolean;
  readonly manifest_sha256: string;
  readonly created_us: Micros;
  readonly registered_us: Micros;
  /** Where aliases point to it now. */
  readonly aliases: readonly AliasPlace[];
}

export interface ModelDetails extends RegisteredModel {
  readonly manifest: Manifest | EnsembleManifest;
  readonly gates: readonly GateResult[];
  readonly sha256s: Readonly<Record<string, string>>;
  /** Registrations and moves of this version, newest first. */
  readonly events: readonly ModelEvent[];
}

export interface ModelEvent {
  readonly event_id: string;
  readonly at_us: Micros;
  readonly actor: string;
  readonly action: "register" | "promote" | "rollback" | "remove";
  readonly version: ModelVersion;
  /** Null for a registration. */
  readonly place: AliasPlace | null;
  /** Where the alias pointed before; null at its first move. */
  readonly version_before: ModelVersion | null;
  readonly forced: boolean;
  readonly reason: string;
}

interface VersionRow {
  version: string;
  kind: string;
  feature_set: string;
  set_hash: string;
  horizon_s: number;
  servable: boolean;
  manifest_sha256: string;
  created_at: string;
  registered_at: string;
  aliases: AliasPlace[];
}

interface EventRow {
  event_id: string;
  at: string;
  actor: string;
  action: ModelEvent["action"];
  version: string;
  symbol: string | null;
  alias: Alias | null;
  version_before: string | null;
  forced: boolean;
  reason: string;
}

const VERSION_COLUMNS = `
  v.version, v.kind, v.feature_set, v.set_hash, v.horizon_s, v.servable, v.manifest_sha256,
  v.created_at, v.registered_at,
  coalesce(
    (
      select jsonb_agg(jsonb_build_object('symbol', a.symbol, 'alias', a.alias) order by a.alias, a.symbol)
      from model_aliases a
      where a.version = v.version
    ),
    '[]'
  ) as aliases`;

const EVENT_COLUMNS = "event_id, at, actor, action, version, symbol, alias, version_before, forced, reason";

/** Every method rejects with STORE_UNREACHABLE or STORE_QUERY where the database does not answer. */
export class RegistryRows {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Newest trained first. */
  async list(limit: number = LIMITS.registry_rows_max): Promise<RegisteredModel[]> {
    const rows = await this.#asked<VersionRow>(
      `select ${VERSION_COLUMNS}
      from model_versions v
      order by v.created_at desc, v.version desc
      limit $1`,
      [String(limit)],
    );
    return rows.map(registeredOf);
  }

  /** @throws ForetickError MODEL_UNKNOWN. */
  async show(version: ModelVersion): Promise<ModelDetails> {
    const [row] = await this.#asked<VersionRow & { manifest: unknown; gates: unknown; sha256s: unknown }>(
      `select ${VERSION_COLUMNS}, v.manifest, v.gates, v.sha256s
      from model_versions v
      where v.version = $1`,
      [version],
    );
    if (!row) return refuseUnknown(version);
    const events = await this.#events("version = $1 or version_before = $1", [version]);
    return {
      ...registeredOf(row),
      manifest: stored("manifest", row.manifest, z.union([ensembleSchema, manifestSchema])),
      gates: stored("gates", row.gates ?? [], z.array(gateResultSchema)),
      sha256s: stored("sha256s", row.sha256s, z.record(z.string(), z.string())),
      events,
    };
  }

  /** What an ensemble is made of; undefined where no ensemble of that name is registered. */
  async members(version: string): Promise<readonly Member[] | undefined> {
    const [row] = await this.#asked<{ manifest: unknown }>(
      `select manifest
      from model_versions
      where version = $1 and kind = 'ensemble'`,
      [version],
    );
    return row && stored("manifest", row.manifest, ensembleSchema).members;
  }

  /** The moves of one alias, newest first. */
  history({ symbol, alias }: AliasPlace): Promise<ModelEvent[]> {
    return this.#events("symbol = $1 and alias = $2", [symbol, alias]);
  }

  async #events(where: string, parameters: string[]): Promise<ModelEvent[]> {
    const rows = await this.#asked<EventRow>(
      `select ${EVENT_COLUMNS}
      from model_events
      where ${where}
      order by event_id desc
      limit ${LIMITS.registry_rows_max}`,
      parameters,
    );
    return rows.map(eventOf);
  }

  async #asked<Row>(text: string, parameters: string[]): Promise<Row[]> {
    return (await asked(this.#sql.unsafe<(Row & object)[]>(text, parameters))) as unknown as Row[];
  }
}

export function refuseUnknown(version: string): never {
  return fail(
    "MODEL_UNKNOWN",
    `expected a registered model, was ${version}. See "bun run models list", or register its bundle with "bun run models register ${version}"`,
  );
}

function registeredOf(row: VersionRow): RegisteredModel {
  const { version, kind, feature_set, horizon_s, servable, manifest_sha256, aliases } = row;
  return {
    ...{ kind, feature_set, horizon_s, servable, manifest_sha256, aliases },
    version: modelVersion(version),
    set_hash: setHash(row.set_hash),
    created_us: microsFromText(row.created_at),
    registered_us: microsFromText(row.registered_at),
  };
}

function eventOf(row: EventRow): ModelEvent {
  const { event_id, actor, action, symbol, alias, version_before, forced, reason } = row;
  return {
    ...{ event_id, actor, action, forced, reason },
    at_us: microsFromText(row.at),
    version: modelVersion(row.version),
    version_before: version_before === null ? null : modelVersion(version_before),
    place: symbol === null || alias === null ? null : { symbol, alias },
  };
}

function stored<T>(column: string, value: unknown, schema: z.ZodType<T>): T {
  const parsed = parsedBy(schema, value);
  if (parsed.success) return parsed.data;
  return fail("STORE_VALUE", `model_versions.${column} expected as this version writes it, was not`, {
    details: { issues: parsed.error.issues },
  });
}
