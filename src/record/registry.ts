/**
 * Changes of the registry of models. Each reads the same: who asks, what is asked, checked; then one transaction
 * that makes the change and writes down who made it and why. A version never changes once it is registered; an
 * alias moves, and every move can be taken back.
 */

import { resolve } from "node:path";
import type { Sql, TransactionSql } from "postgres";
import { z } from "zod";
import { fail } from "../base/errors.ts";
import { type ModelVersion, modelVersion, type SetHash } from "../base/units.ts";
import { loadBundle } from "../model/bundle.ts";
import { manifestSha256 } from "../model/bundle_files.ts";
import { bundleDir, copyOf, expectManifest, installBundle } from "../model/bundle_install.ts";
import { type Manifest, versionOf } from "../model/manifest.ts";
import type { BundleStore } from "./bundle_store.ts";
import {
  factsOf,
  insertVersion,
  lockAlias,
  moveAlias,
  note,
  promotionToUndo,
  servableObjection,
  type VersionFacts,
} from "./registry_changes.ts";
import { ALIASES, type AliasPlace } from "./registry_rows.ts";
import { storeError } from "./store_errors.ts";

/** Who changes something; goes into the record of the change. */
export interface Scope {
  /** e.g. "anna", "train". */
  readonly actor: string;
}

/** A set as this build computes it. */
export interface KnownSet {
  readonly name: string;
  readonly hash: SetHash;
}

export interface RegistryOptions {
  readonly sql: Sql;
  readonly model_dir: string;
  readonly sets: readonly KnownSet[];
  /** Where bundles are kept beside this machine's MODEL_DIR. */
  readonly store: BundleStore | undefined;
}

export interface Registered {
  readonly version: ModelVersion;
  /** false: it was registered before, the same. */
  readonly is_new: boolean;
  readonly manifest: Manifest;
}

export interface Moved {
  readonly place: AliasPlace;
  readonly version: ModelVersion;
  readonly version_before: ModelVersion | null;
  /** false: it pointed there already, and nothing was written. */
  readonly moved: boolean;
}

const scopeSchema = z.strictObject({ actor: z.string().trim().min(1).max(100) });
const symbolSchema = z.string().regex(/^(\*|[A-Z0-9]{3,20})$/, "expected a symbol such as BTCUSDT, or *");
const reasonSchema = z.string().trim().max(1_000);
const registerSchema = z.strictObject({ dir: z.string().min(1), reason: reasonSchema.default("") });
const placeSchema = { symbol: symbolSchema.default("*"), alias: z.enum(ALIASES).default("champion") };
const promoteSchema = z.strictObject({
  version: z.string().transform(modelVersion),
  ...placeSchema,
  reason: reasonSchema.default(""),
  /** Promotes what would be refused; wants a reason. */
  force: z.boolean().default(false),
});
const rollbackSchema = z.strictObject({ ...placeSchema, reason: reasonSchema.default("") });

export type RegisterInput = z.input<typeof registerSchema>;
export type PromoteInput = z.input<typeof promoteSchema>;
export type RollbackInput = z.input<typeof rollbackSchema>;

export class Registry {
  readonly #options: RegistryOptions;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /**
   * Registers the bundle in a folder, after loading it as the service would. One that lies elsewhere is copied
   * below MODEL_DIR, and where there is a bundle store it is written there first: what is registered can be had.
   * @throws ForetickError MODEL_CONFLICT where the name is taken by another bundle; whatever `loadBundle` and
   * `BundleStore.push` throw; STORE_UNREACHABLE, STORE_QUERY.
   */
  async register(scope: Scope, input: RegisterInput): Promise<Registered> {
    const { actor } = parsed("scope", scopeSchema, scope);
    const { dir, reason } = parsed("register", registerSchema, input);
    const model = await loadBundle(dir);
    await model.close();
    const { manifest } = model;
    const version = versionOf(manifest);
    const manifest_sha256 = await manifestSha256(dir);
    const place = { model_dir: this.#options.model_dir, version, manifest_sha256 };
    const installed = bundleDir(place.model_dir, version);
    if (resolve(installed) !== resolve(dir)) await installBundle({ ...place, fill: copyOf(dir) });
    await expectManifest(installed, manifest_sha256);
    await this.#options.store?.push(installed, { version, manifest_sha256 });
    const is_new = await this.#transaction(async (sql) => {
      const inserted = await insertVersion(sql, manifest, manifest_sha256);
      if (inserted) await note(sql, { action: "register", version, actor, reason });
      return inserted;
    });
    return { version, is_new, manifest };
  }

  /**
   * Points an alias at a registered version. A service that listens serves a new champion from its next tick on.
   * @throws ForetickError MODEL_UNKNOWN; MODEL_REFUSED where the version is not servable or was trained on
   * another definition of its set than this build has, unless it is forced with a reason.
   */
  async promote(scope: Scope, input: PromoteInput): Promise<Moved> {
    const { actor } = parsed("scope", scopeSchema, scope);
    const { version, symbol, alias, reason, force } = parsed("promote", promoteSchema, input);
    if (force && reason === "") {
      fail("MODEL_REFUSED", '--force expected a reason, which is recorded: add --reason "why"');
    }
    const place = { symbol, alias };
    return await this.#transaction(async (sql) => {
      const version_before = await lockAlias(sql, place);
      const facts = await factsOf(sql, version);
      const objection = this.#setObjection(facts) ?? servableObjection(facts);
      if (objection && !force) {
        fail(
          "MODEL_REFUSED",
          `${objection}. To ${alias === "champion" ? "serve" : "use"} it nevertheless: --force --reason "why"`,
        );
      }
      if (version_before === version) return { place, version, version_before, moved: false };
      await moveAlias(sql, place, version, actor, reason);
      const forced = objection !== undefined;
      await note(sql, { action: "promote", version, place, version_before, forced, actor, reason });
      return { place, version, version_before, moved: true };
    });
  }

  /**
   * Takes back the last promotion that was not taken back yet: the alias points where it pointed before it. Twice
   * in a row goes back two.
   * @throws ForetickError MODEL_REFUSED where there is nothing to go back to, or this build cannot serve it.
   */
  async rollback(scope: Scope, input: RollbackInput): Promise<Moved> {
    const { actor } = parsed("scope", scopeSchema, scope);
    const { symbol, alias, reason } = parsed("rollback", rollbackSchema, input);
    const place = { symbol, alias };
    return await this.#transaction(async (sql) => {
      const version_before = await lockAlias(sql, place);
      const { event_id, version } = await promotionToUndo(sql, place);
      const objection = this.#setObjection(await factsOf(sql, version));
      if (objection) fail("MODEL_REFUSED", `${objection}. Promote a version that fits instead`);
      await moveAlias(sql, place, version, actor, reason);
      await note(sql, {
        action: "rollback",
        version,
        place,
        version_before,
        undoes: event_id,
        actor,
        reason,
      });
      return { place, version, version_before, moved: true };
    });
  }

  #setObjection({ version, feature_set, set_hash }: VersionFacts): string | undefined {
    const known = this.#options.sets.find(({ name }) => name === feature_set);
    if (!known) return `${version} takes the set ${feature_set}, which this build does not compute`;
    if (known.hash === set_hash) return undefined;
    return `${version} was trained on another definition of ${feature_set} (${set_hash.slice(0, 12)}…) than this build computes (${known.hash.slice(0, 12)}…)`;
  }

  async #transaction<T>(run: (sql: TransactionSql) => Promise<T>): Promise<T> {
    try {
      return (await this.#options.sql.begin(run)) as T;
    } catch (error) {
      throw storeError(error, "STORE_QUERY");
    }
  }
}

function parsed<T>(what: string, schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  return fail("REQUEST_INVALID", `${what}: ${issue?.path.join(".") || "input"}: ${issue?.message}`);
}
