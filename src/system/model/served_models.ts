/**
 * Which model each symbol is served by, and changing it while the service runs. The champion of the registry
 * where there is one: the symbol's own, or that of every symbol; else the newest bundle in MODEL_DIR; else the
 * zero forecast. A new champion is brought here, held to its registered hash and its golden vectors, and only
 * then takes its place between two ticks. Whatever goes wrong on the way, the last good one keeps serving. What has
 * another role is scored beside it, in `beside.ts`.
 */

import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError, ForetickError, fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Metrics } from "../../base/metrics.ts";
import type { Seal } from "../../base/seal/seal.ts";
import type { ModelVersion } from "../../base/units.ts";
import { v1 } from "../../features/sets/v1.ts";
import type { Model } from "../../model/model.ts";
import { ModelSlot } from "../../model/model_slot.ts";
import type { Roster } from "../../model/roster.ts";
import { ZeroModel } from "../../model/zero_model.ts";
import type { BundleStore } from "../../record/registry/bundle_store.ts";
import type { RoleChoice, RoleRows } from "../../record/registry/role_rows.ts";
import type { Dependency } from "../../serve/ports.ts";
import { BesideModels } from "./beside.ts";
import { LastChampions } from "./last_champions.ts";
import { type Chosen, championOf, ModelChoice } from "./model_choice.ts";
import { modelHealth, registerModelMetrics, type Served } from "./served.ts";

/** What is asked of the registry. */
type RegistryView = Pick<RoleRows, "champions" | "beside" | "former">;

export interface ServedModelsOptions {
  readonly symbols: readonly string[];
  readonly model_dir: string;
  readonly data_dir: string;
  /** Undefined while the database is not open. */
  readonly registry: () => RegistryView | undefined;
  readonly store: Pick<BundleStore, "pull" | "description"> | undefined;
  /** Opens sealed bundles. */
  readonly seal?: Seal | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the service needs of them. */
export type ModelsInUse = Pick<ServedModels, keyof ServedModels>;

export class ServedModels {
  readonly #options: ServedModelsOptions;
  readonly #choice: ModelChoice;
  readonly #last: LastChampions;
  readonly #served = new Map<string, Served>();
  #registry_error: unknown;
  #refreshing: Promise<boolean> | undefined;

  private constructor(options: ServedModelsOptions) {
    this.#options = options;
    this.#choice = new ModelChoice({ ...options, set: v1 });
    this.#last = new LastChampions(options.data_dir, options.clock, options.log);
  }

  /** Loads what each symbol begins with: something always. */
  static async start(options: ServedModelsOptions): Promise<ServedModels> {
    const models = new ServedModels(options);
    const champions = await models.#championsAtStart();
    for (const symbol of options.symbols) {
      const champion = champions.get(symbol);
      const tried = champion ? [champion, ...(await models.#former(champion))] : [];
      models.#serve(symbol, await models.#choice.of(tried));
    }
    return models;
  }

  /** The models of a symbol, as its ticks find them. */
  rosterOf(symbol: string): Roster {
    const served =
      this.#served.get(symbol) ?? fail("SYMBOL_UNKNOWN", `expected a followed symbol, was ${symbol}`);
    return {
      champion: served.slot,
      get beside() {
        return served.beside.slots;
      },
    };
  }

  /** Why a version with a role for the symbol could not be taken into use, the error's code; undefined: nothing is known. */
  refusedOf(symbol: string, version: string): string | undefined {
    const served = this.#served.get(symbol);
    const { refused, error } = served?.problem ?? {};
    if (refused === version) return error instanceof ForetickError ? error.code : "INTERNAL";
    return served?.beside.refusedOf(version);
  }

  /**
   * The forecast of no move for a symbol, in place of a champion that is broken and that nothing can replace, until
   * another one is promoted. Does nothing where another version serves.
   */
  standDown(symbol: string, version: ModelVersion, why: string): void {
    const served = this.#served.get(symbol);
    if (served?.slot.current.version !== version) return;
    served.stood_down = version;
    served.chosen_as = "none that is sound";
    served.problem = { what: "champion", refused: version, error: new ForetickError("MODEL_REFUSED", why) };
    served.slot.swap(new ZeroModel(v1));
  }

  /**
   * Looks whether roles have moved, and follows. Never rejects: what fails is logged and shown.
   * @returns whether the registry answered.
   */
  refresh(): Promise<boolean> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Closes every model after its last tick. May be called twice. */
  async close(): Promise<void> {
    await this.#refreshing;
    const all = [...this.#served.values()].flatMap(({ slot, beside }) => [slot, beside]);
    await Promise.all(all.map((one) => one.close()));
  }

  health(): Dependency[] {
    return modelHealth(this.#served, this.#registry_error !== undefined);
  }

  register(metrics: Metrics): void {
    registerModelMetrics(metrics, this.#served);
  }

  /** Where the registry does not answer: as it was last seen. */
  async #championsAtStart(): Promise<ReadonlyMap<string, RoleChoice>> {
    const { log } = this.#options;
    try {
      const champions = await this.#champions();
      await this.#last.write(champions);
      return champions;
    } catch (error) {
      this.#registry_error = error;
      const last = await this.#last.read();
      const known = [...last].map(([symbol, { version }]) => `${symbol} ${version}`);
      log.warn(
        { error: describeError(error), known },
        "the registry of models does not answer: starting with the champions last known, else with the bundles here",
      );
      return last;
    }
  }

  #champions(): Promise<ReadonlyMap<string, RoleChoice>> {
    return this.#inTime(this.#rows().champions(this.#options.symbols));
  }

  #rows(): RegistryView {
    return this.#options.registry() ?? fail("STORE_UNREACHABLE", "the database is not open yet");
  }

  async #former(champion: RoleChoice): Promise<readonly RoleChoice[]> {
    const rows = this.#options.registry();
    if (!rows) return [];
    return this.#inTime(rows.former(champion.place, LIMITS.former_champions_max)).catch(() => []);
  }

  #inTime<T>(answer: Promise<T>): Promise<T> {
    const { clock } = this.#options;
    const what = "the answer of the registry of models";
    return withDeadline(answer, { clock, limit: "registry_ms_max", what, code: "STORE_UNREACHABLE" });
  }

  #serve(symbol: string, { model, chosen_as, problem }: Chosen): void {
    const { log } = this.#options;
    const failures = problem ? 1 : 0;
    const load = (choice: RoleChoice): Promise<Model> => this.#choice.load(choice);
    const beside = new BesideModels({ symbol, log, load });
    this.#served.set(symbol, { slot: new ModelSlot(model, log), beside, chosen_as, problem, failures });
    log.info({ symbol, version: model.version, chosen_as }, "model in use");
  }

  async #refresh(): Promise<boolean> {
    const { log, symbols } = this.#options;
    try {
      const champions = await this.#champions();
      this.#registry_error = undefined;
      await this.#last.write(champions);
      for (const symbol of symbols) {
        const champion = champions.get(symbol);
        if (champion) await this.#follow(symbol, champion);
        else await this.#mend(symbol);
      }
      const beside = await this.#inTime(this.#rows().beside(symbols));
      for (const symbol of symbols) await this.#served.get(symbol)!.beside.follow(beside.get(symbol) ?? []);
    } catch (error) {
      if (!this.#registry_error) log.warn({ error: describeError(error) }, "the registry does not answer");
      this.#registry_error = error;
    }
    return this.#registry_error === undefined;
  }

  async #follow(symbol: string, champion: RoleChoice): Promise<void> {
    const { log } = this.#options;
    const served = this.#served.get(symbol)!;
    const { slot } = served;
    const before = slot.current.version;
    if (champion.version === served.stood_down) return;
    served.stood_down = undefined;
    if (champion.version !== before) {
      try {
        slot.swap(await this.#choice.load(champion));
        log.info(
          { symbol, before, version: champion.version },
          "a new champion serves from the next tick on",
        );
      } catch (error) {
        const known = served.problem?.refused === champion.version;
        if (!known) served.failures++;
        served.problem = { what: "champion", refused: champion.version, error };
        const said = { symbol, version: champion.version, serving: before, error: describeError(error) };
        if (!known) log.error(said, "the new champion is not served; the last good model keeps serving");
        return;
      }
    }
    served.chosen_as = championOf(champion);
    served.problem = undefined;
  }

  /** A symbol without a champion whose bundle here was damaged: it may have been restored. */
  async #mend(symbol: string): Promise<void> {
    const served = this.#served.get(symbol)!;
    if (!served.problem) return;
    const chosen = await this.#choice.ofDisk();
    served.problem = chosen.problem;
    if (chosen.model.version === served.slot.current.version) {
      await chosen.model.close();
      return;
    }
    served.slot.swap(chosen.model);
    served.chosen_as = chosen.chosen_as;
    this.#options.log.info({ symbol, version: chosen.model.version }, "a restored bundle serves");
  }
}
