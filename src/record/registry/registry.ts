/**
 * Changes of the registry of models. Each has the same form: who asks and what is asked are checked; then one
 * transaction that makes the change and writes down who made it and why. A version never changes once it is
 * registered; an alias moves, and every move can be taken back.
 */

import { resolve } from "node:path";
import type { Sql, TransactionSql } from "postgres";
import { fail } from "../../base/errors.ts";
import type { Seal } from "../../base/seal/seal.ts";
import type { ModelVersion, SetHash } from "../../base/units.ts";
import { loadBundle } from "../../model/bundle/bundle.ts";
import { manifestSha256 } from "../../model/bundle/files.ts";
import { bundleDir, copyOf, expectManifest, installBundle } from "../../model/bundle/install.ts";
import { type Manifest, versionOf } from "../../model/bundle/manifest.ts";
import { asked } from "../sql/asked.ts";
import { inTransaction } from "../sql/transaction.ts";
import { type Alias, type AliasPlace, placeText, roleOf } from "./alias.ts";
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
} from "./changes.ts";
import { insertEnsemble } from "./ensembles.ts";
import {
  type EnsembleInput,
  ensembleInputSchema,
  type PromoteInput,
  parsed,
  promoteSchema,
  type RegisterInput,
  type RoleInput,
  type RollbackInput,
  registerSchema,
  roleSchema,
  rollbackSchema,
  type Scope,
  scopeSchema,
} from "./inputs.ts";
import { aliasesOf, followChampion, freeShadow, removeAlias } from "./role_changes.ts";

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
  /** Opens sealed bundles, and seals those that are copied below MODEL_DIR. */
  readonly seal?: Seal | undefined;
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

/** An alias that is to point to a version. */
interface Wish {
  readonly version: ModelVersion;
  readonly place: AliasPlace;
  readonly actor: string;
  readonly reason: string;
  readonly force: boolean;
}

export class Registry {
  readonly #options: RegistryOptions;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /** The same, where every change is a part of that transaction. */
  within(sql: Sql): Registry {
    return new Registry({ ...this.#options, sql });
  }

  /**
   * Registers the bundle in a folder, after loading it as the service would. One that is elsewhere is copied
   * below MODEL_DIR, and where there is a bundle store it is written there first: what is registered can be had.
   * @throws ForetickError MODEL_CONFLICT where the name is taken by another bundle; whatever `loadBundle` and
   * `BundleStore.push` throw; STORE_UNREACHABLE, STORE_QUERY.
   */
  async register(scope: Scope, input: RegisterInput): Promise<Registered> {
    const { actor } = parsed("scope", scopeSchema, scope);
    const { dir, reason } = parsed("register", registerSchema, input);
    const { seal } = this.#options;
    const model = await loadBundle(dir, seal);
    await model.close();
    const { manifest } = model;
    const version = versionOf(manifest);
    const manifest_sha256 = await manifestSha256(dir, seal);
    const place = { model_dir: this.#options.model_dir, version, manifest_sha256 };
    const installed = bundleDir(place.model_dir, version);
    if (resolve(installed) !== resolve(dir)) await installBundle({ ...place, seal, fill: copyOf(dir, seal) });
    await expectManifest(installed, manifest_sha256, seal);
    await this.#options.store?.push(installed, { version, manifest_sha256 });
    const is_new = await this.#transaction(async (sql) => {
      const inserted = await insertVersion(sql, manifest, manifest_sha256);
      if (inserted) await note(sql, { action: "register", version, actor, reason });
      return inserted;
    });
    return { version, is_new, manifest };
  }

  /**
   * Registers an ensemble of registered versions, which can then have any role.
   * @returns false where the same was registered before.
   * @throws ForetickError as `insertEnsemble`.
   */
  async ensemble(scope: Scope, input: EnsembleInput): Promise<boolean> {
    const { actor } = parsed("scope", scopeSchema, scope);
    const { reason, ...ensemble } = parsed("ensemble", ensembleInputSchema, input);
    return await this.#transaction(async (sql) => {
      const inserted = await insertEnsemble(sql, ensemble);
      if (inserted) await note(sql, { action: "register", version: ensemble.version, actor, reason });
      return inserted;
    });
  }

  /**
   * Points an alias at a registered version. A service that listens serves a new champion from its next tick on.
   * @throws ForetickError MODEL_UNKNOWN; MODEL_REFUSED where the version is not servable or was trained on
   * another definition of its set than this build has, unless it is forced with a reason.
   */
  async promote(scope: Scope, input: PromoteInput): Promise<Moved> {
    const { actor } = parsed("scope", scopeSchema, scope);
    const { version, symbol, alias, reason, force } = parsed("promote", promoteSchema, input);
    const wish = { version, place: { symbol, alias }, actor, reason, force };
    return await this.#transaction((sql) => this.#point(sql, wish));
  }

  /**
   * What a version is beside the champion: challenger, one of the shadows, or nothing. It has one role at a time.
   * @returns where its alias is; undefined where it has none any more.
   * @throws ForetickError MODEL_UNKNOWN; MODEL_REFUSED for the champion and the fallback, past the last free
   * shadow, and as `promote`.
   */
  async role(scope: Scope, input: RoleInput): Promise<Moved | undefined> {
    const { actor } = parsed("scope", scopeSchema, scope);
    const { version, role, symbol, reason, force } = parsed("role", roleSchema, input);
    return await this.#transaction(async (sql) => {
      await lockAlias(sql, { symbol, alias: "champion" });
      const held = await aliasesOf(sql, symbol, version);
      const serving = held.find((alias) => alias === "champion" || alias === "fallback");
      if (serving) {
        fail(
          "MODEL_REFUSED",
          `${version} is the ${serving} of ${symbol}, scored at every tick already: promote another version first`,
        );
      }
      const kept = held.find((alias) => roleOf(alias) === role);
      for (const alias of held) {
        if (alias !== kept) await removeAlias(sql, { symbol, alias }, { actor, reason });
      }
      if (role === "none") {
        await factsOf(sql, version);
        return undefined;
      }
      const alias: Alias = kept ?? (role === "shadow" ? await freeShadow(sql, symbol) : role);
      return await this.#point(sql, { version, place: { symbol, alias }, actor, reason, force });
    });
  }

  /**
   * Takes back the last promotion that was not taken back yet: the alias points where it pointed before it. Twice
   * in a row goes back two.
   * @throws ForetickError MODEL_REFUSED where there is nothing to go back to, this build cannot serve it, or the alias
   * does not point to `from`.
   */
  async rollback(scope: Scope, input: RollbackInput): Promise<Moved> {
    const { actor } = parsed("scope", scopeSchema, scope);
    const { symbol, alias, reason, from } = parsed("rollback", rollbackSchema, input);
    const place = { symbol, alias };
    return await this.#transaction(async (sql) => {
      const version_before = await lockAlias(sql, place);
      if (from !== undefined && version_before !== from) {
        fail(
          "MODEL_REFUSED",
          `${placeText(place)} expected ${from}, was ${version_before ?? "none"}: it has moved`,
        );
      }
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
      await followChampion(sql, place, version, actor);
      return { place, version, version_before, moved: true };
    });
  }

  async #point(sql: TransactionSql, { version, place, actor, reason, force }: Wish): Promise<Moved> {
    if (force && reason === "") {
      fail("MODEL_REFUSED", '--force expected a reason, which is recorded: add --reason "why"');
    }
    const version_before = await lockAlias(sql, place);
    const facts = await factsOf(sql, version);
    const objection = this.#setObjection(facts) ?? servableObjection(facts);
    if (objection && !force) {
      fail(
        "MODEL_REFUSED",
        `${objection}. To ${place.alias === "champion" ? "serve" : "use"} it nevertheless: --force --reason "why"`,
      );
    }
    if (version_before === version) return { place, version, version_before, moved: false };
    await moveAlias(sql, place, version, actor, reason);
    const forced = objection !== undefined;
    await note(sql, { action: "promote", version, place, version_before, forced, actor, reason });
    await followChampion(sql, place, version, actor);
    return { place, version, version_before, moved: true };
  }

  #setObjection({ version, feature_set, set_hash }: VersionFacts): string | undefined {
    const known = this.#options.sets.find(({ name }) => name === feature_set);
    if (!known) return `${version} takes the set ${feature_set}, which this build does not compute`;
    if (known.hash === set_hash) return undefined;
    return `${version} was trained on another definition of ${feature_set} (${set_hash.slice(0, 12)}…) than this build computes (${known.hash.slice(0, 12)}…)`;
  }

  async #transaction<T>(run: (sql: TransactionSql) => Promise<T>): Promise<T> {
    return (await asked(inTransaction(this.#options.sql, run))) as T;
  }
}
