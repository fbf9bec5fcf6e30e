/**
 * Which model each symbol is served by, and changing it while the service runs. The champion of the registry
 * where there is one: the symbol's own, or that of every symbol; else the newest bundle in MODEL_DIR; else the
 * zero forecast. A new champion is brought here, held to its registered hash and its golden vectors, and only
 * then takes its place between two ticks. Whatever goes wrong on the way, the last good one keeps serving.
 */

import { describeError, ForetickError, fail } from "./base/errors.ts";
import { LIMITS } from "./base/limits.ts";
import type { Logger } from "./base/log.ts";
import type { Metrics, Sample } from "./base/metrics.ts";
import type { ModelVersion } from "./base/units.ts";
import { FEATURE_SETS } from "./features/sets.ts";
import { v1 } from "./features/v1.ts";
import { loadBundle } from "./model/bundle.ts";
import { bundleDir, bundleExists, expectManifest } from "./model/bundle_install.ts";
import type { BundleModel } from "./model/bundle_model.ts";
import type { Model } from "./model/model.ts";
import { ModelSlot } from "./model/model_slot.ts";
import { newestBundle } from "./model/newest.ts";
import { ZERO_VERSION, ZeroModel } from "./model/zero_model.ts";
import type { BundleStore } from "./record/bundle_store.ts";
import type { ChampionChoice, RegistryRows } from "./record/registry_rows.ts";
import type { Dependency } from "./serve/ports.ts";

export interface ServedModelsOptions {
  readonly symbols: readonly string[];
  readonly model_dir: string;
  readonly registry: Pick<RegistryRows, "champions" | "former">;
  readonly store: BundleStore | undefined;
  readonly log: Logger;
}

/** One symbol's model, why it is this one, and what is in the way of another. */
interface Served {
  readonly slot: ModelSlot;
  /** For people, e.g. "champion of BTCUSDT", "newest bundle". */
  chosen_as: string;
  problem: { readonly version: ModelVersion; readonly error: unknown } | undefined;
  failures: number;
}

export class ServedModels {
  readonly #options: ServedModelsOptions;
  readonly #served = new Map<string, Served>();
  #registry_error: unknown;

  private constructor(options: ServedModelsOptions) {
    this.#options = options;
  }

  /**
   * Loads what each symbol begins with.
   * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY; what `newestBundle` and `loadBundle` throw where no
   * champion is registered.
   */
  static async start(options: ServedModelsOptions): Promise<ServedModels> {
    const models = new ServedModels(options);
    try {
      const champions = await options.registry.champions(options.symbols);
      for (const symbol of options.symbols) await models.#begin(symbol, champions.get(symbol));
    } catch (error) {
      await models.close();
      throw error;
    }
    return models;
  }

  slotOf(symbol: string): ModelSlot {
    return this.#of(symbol).slot;
  }

  /** Looks whether the champions have moved, and follows. Never rejects: what fails is logged and shown. */
  async refresh(): Promise<void> {
    const { registry, symbols, log } = this.#options;
    try {
      const champions = await registry.champions(symbols);
      this.#registry_error = undefined;
      for (const [symbol, champion] of champions) await this.#follow(symbol, champion);
    } catch (error) {
      if (!this.#registry_error) log.warn({ error: describeError(error) }, "the registry does not answer");
      this.#registry_error = error;
    }
  }

  /** Closes every model after its last tick. May be called twice. */
  async close(): Promise<void> {
    await Promise.all([...this.#served.values()].map(({ slot }) => slot.close()));
  }

  health(): Dependency[] {
    const only = this.#served.size === 1;
    return [...this.#served].map(([symbol, served]) => {
      const { version, feature_set, horizon_s, sequence_length } = served.slot.current;
      const reason = this.#whyDegraded(served);
      return {
        name: only ? "model" : `model ${symbol}`,
        state: reason === null ? "ok" : "degraded",
        reason,
        facts: {
          ...{ version, feature_set, horizon_s, sequence_length },
          chosen_as: served.chosen_as,
          swaps: served.slot.swaps,
          refused: served.problem?.version ?? null,
        },
      };
    });
  }

  register(metrics: Metrics): void {
    const perSymbol = (read: (served: Served) => number) => (): Sample[] =>
      [...this.#served].map(([symbol, served]) => ({ labels: { symbol }, value: read(served) }));
    metrics.observe("gauge", "foretick_model", "The model in use", () =>
      [...this.#served].map(([symbol, { slot }]) => ({
        labels: { symbol, model_version: slot.current.version },
        value: 1,
      })),
    );
    metrics.observe(
      "counter",
      "foretick_model_swaps_total",
      "Times another model took over while the service ran",
      perSymbol(({ slot }) => slot.swaps),
    );
    metrics.observe(
      "counter",
      "foretick_model_swaps_failed_total",
      "Times a new champion was not good enough to take over",
      perSymbol(({ failures }) => failures),
    );
  }

  async #begin(symbol: string, champion: ChampionChoice | undefined): Promise<void> {
    const { registry, log } = this.#options;
    if (!champion) return this.#beginWithout(symbol, undefined);
    const former = await registry.former(champion.place, LIMITS.former_champions_max);
    let problem: Served["problem"];
    for (const choice of [champion, ...former]) {
      try {
        const model = await this.#load(choice);
        const chosen_as = choice === champion ? championOf(choice) : `former ${championOf(choice)}`;
        return this.#serve(symbol, model, chosen_as, problem);
      } catch (error) {
        log.error(
          { symbol, version: choice.version, error: describeError(error) },
          "a champion is not served",
        );
        problem ??= { version: choice.version, error };
      }
    }
    return this.#beginWithout(symbol, problem);
  }

  async #beginWithout(symbol: string, problem: Served["problem"]): Promise<void> {
    const { model_dir, log } = this.#options;
    const { dir, passed_over } = await newestBundle(model_dir, v1);
    for (const { dir: other, reason } of passed_over)
      log.info({ dir: other, reason }, "a bundle is not used");
    if (dir !== undefined) return this.#serve(symbol, await loadBundle(dir), "newest bundle", problem);
    log.warn(
      `no model for feature set ${v1.name} in ${model_dir}: serving the zero forecast. Train one with "bun scripts/train.ts"`,
    );
    return this.#serve(symbol, new ZeroModel(v1), "no bundle", problem);
  }

  #serve(symbol: string, model: Model, chosen_as: string, problem: Served["problem"]): void {
    const { log } = this.#options;
    const failures = problem ? 1 : 0;
    this.#served.set(symbol, { slot: new ModelSlot(model, log), chosen_as, problem, failures });
    log.info({ symbol, version: model.version, chosen_as }, "model in use");
  }

  async #follow(symbol: string, champion: ChampionChoice): Promise<void> {
    const { log } = this.#options;
    const served = this.#of(symbol);
    const { slot } = served;
    const before = slot.current.version;
    if (champion.version !== before) {
      try {
        slot.swap(await this.#load(champion));
        log.info(
          { symbol, before, version: champion.version },
          "a new champion serves from the next tick on",
        );
      } catch (error) {
        served.failures++;
        const known = served.problem?.version === champion.version;
        served.problem = { version: champion.version, error };
        const said = { symbol, version: champion.version, serving: before, error: describeError(error) };
        if (!known) log.error(said, "the new champion is not served; the last good model keeps serving");
        return;
      }
    }
    served.chosen_as = championOf(champion);
    served.problem = undefined;
  }

  /** The bundle as it was registered, brought here if need be, every check passed. */
  async #load({ version, manifest_sha256 }: ChampionChoice): Promise<BundleModel> {
    const { model_dir, store } = this.#options;
    const dir = bundleDir(model_dir, version);
    if (!(await bundleExists(dir))) {
      if (!store) {
        fail(
          "BUNDLE_INVALID",
          `${dir} expected the bundle of ${version}, there is none: copy it there, or set S3_* to the store that has it`,
        );
      }
      await store.pull(model_dir, { version, manifest_sha256 });
    }
    await expectManifest(dir, manifest_sha256);
    const model = await loadBundle(dir);
    const known = FEATURE_SETS.find(({ name }) => name === model.feature_set);
    if (known?.hash === model.set_hash) return model;
    await model.close();
    return fail(
      "FEATURE_SET_MISMATCH",
      `${version} was trained on another definition of ${model.feature_set} than this build computes: train it again`,
    );
  }

  #whyDegraded({ slot, problem }: Served): string | null {
    if (problem) {
      const code = problem.error instanceof ForetickError ? problem.error.code : "INTERNAL";
      return `champion ${problem.version} could not be taken into use (${code}): ${slot.current.version} keeps serving`;
    }
    if (this.#registry_error)
      return "the registry of models does not answer: a new champion would not be seen";
    return slot.current.version === ZERO_VERSION ? "no trained model: the zero forecast is served" : null;
  }

  #of(symbol: string): Served {
    return this.#served.get(symbol) ?? fail("SYMBOL_UNKNOWN", `expected a followed symbol, was ${symbol}`);
  }
}

const championOf = ({ place }: ChampionChoice): string =>
  place.symbol === "*" ? "champion of every symbol" : `champion of ${place.symbol}`;
