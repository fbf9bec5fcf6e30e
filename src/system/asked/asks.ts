/**
 * Forecasts that callers ask for. They never disturb a tick: their models have sessions of their own, one call runs at a
 * time, few may wait, and a call of many vectors waits for the part of a second in which no tick is due.
 */

import type { Clock } from "../../base/clock.ts";
import { pause, withDeadline } from "../../base/deadline.ts";
import { ForetickError, fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { isFull } from "../../base/reached.ts";
import { nextTurn } from "../../base/turns.ts";
import { type ModelVersion, modelVersion, US_PER_MS, US_PER_SEC } from "../../base/units.ts";
import type { Label } from "../../features/label.ts";
import type { FeatureVector } from "../../features/vector.ts";
import { type SignalSettings, signalOf } from "../../judge/signal/signal_of.ts";
import type { AskedModel } from "../../model/bundle/batch_ensemble.ts";
import type { Model } from "../../model/model.ts";
import { ZERO_VERSION } from "../../model/zero_model.ts";
import type { Calibrations } from "../../predict/calibrations.ts";
import { forecastFault } from "../../predict/score/forecast_bound.ts";
import type { Ask, AskedAnswer, AskFault, AskPort, Contributions } from "../../serve/ports_ask.ts";
import { AskedCache, askKey } from "./asked_cache.ts";
import type { AskedModels, Share } from "./asked_models.ts";
import { faultOfValues, inputOf } from "./asked_values.ts";
import { contributionsOf, LatestContributions } from "./contributions.ts";

/** What is known of a symbol here. */
export interface AskedSymbol {
  readonly champion: Pick<Model, "version" | "importance" | "weighed" | "feature_set" | "drift"> & {
    /** Of an ensemble. */
    readonly shares?: readonly Share[] | undefined;
  };
  readonly calibrations: Pick<Calibrations, "now">;
  /** Now, the label's (quote units). */
  readonly priceOf: (label: Label) => number | null;
}

export interface AsksOptions {
  readonly models: Pick<AskedModels, "of" | "ensemble">;
  /**
   * The members of a registered ensemble; undefined where there is none of that name.
   * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY.
   */
  readonly membersOf: (version: string) => Promise<readonly Share[] | undefined>;
  /** Undefined where the symbol is not worked on here. */
  readonly symbolOf: (symbol: string) => AskedSymbol | undefined;
  readonly settings: SignalSettings;
  /** From a second's beginning until its forecast is out (ms). */
  readonly busy_ms: number;
  readonly clock: Clock;
}

/** One that is to go through a model. */
interface Open {
  readonly at: number;
  readonly ask: Ask;
  readonly symbol: AskedSymbol;
  readonly key: string;
}

export class Asks implements AskPort {
  readonly cache: AskedCache;
  readonly #options: AsksOptions;
  readonly #contributions = new LatestContributions();
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: AsksOptions) {
    this.#options = options;
    this.cache = new AskedCache(options.clock);
  }

  async predict(asks: readonly Ask[]): Promise<readonly (AskedAnswer | AskFault)[]> {
    const answers = new Array<AskedAnswer | AskFault>(asks.length);
    const open = new Map<string, Open[]>();
    for (const [at, ask] of asks.entries()) {
      await givenBack(at);
      const symbol = this.#options.symbolOf(ask.symbol);
      if (!symbol) {
        const detail = `${ask.symbol} is not worked on by this service now.`;
        answers[at] = { code: "NO_PREDICTION_YET", field: "symbol", detail };
        continue;
      }
      const version = ask.model_version ?? symbol.champion.version;
      const key = askKey(ask, version);
      const known = this.cache.get(key);
      if (known) answers[at] = known;
      else {
        const rows = open.get(version) ?? [];
        rows.push({ at, ask, symbol, key });
        open.set(version, rows);
      }
    }
    for (const [version, rows] of open) await this.#ofModel(version, rows, answers);
    return answers;
  }

  async contributions(vector: FeatureVector): Promise<Contributions | AskFault> {
    const champion = this.#options.symbolOf(vector.symbol)?.champion;
    if (!champion || champion.version === ZERO_VERSION) return noFeatures();
    return this.#contributions.of(vector, champion.version, async () => {
      const model = await this.#modelOf(champion.version, champion).catch(faultOf);
      if ("code" in model) return model;
      const infer = (values: Float32Array, rows: number) =>
        this.#inTurn(rows, () => model.infer(values, rows));
      const { version, manifest, names } = model;
      return contributionsOf({ ...champion, ...manifest, version, names }, vector, infer);
    });
  }

  async #ofModel(version: string, rows: readonly Open[], answers: (AskedAnswer | AskFault)[]): Promise<void> {
    if (version === ZERO_VERSION) {
      for (const { at } of rows) answers[at] = noFeatures();
      return;
    }
    const champion = rows.map(({ symbol }) => symbol.champion).find((one) => one.version === version);
    const model = await this.#modelOf(version, champion).catch((error: unknown) => faultOf(error));
    if ("code" in model) {
      for (const { at } of rows) answers[at] = model;
      return;
    }
    const sound: Open[] = [];
    for (const [index, row] of rows.entries()) {
      await givenBack(index);
      const fault = faultOfValues(model, row.ask);
      if (fault) answers[row.at] = fault;
      else sound.push(row);
    }
    if (sound.length === 0) return;
    const yhats = await this.#inTurn(sound.length, () =>
      model.infer(inputOf(model.names, sound), sound.length),
    );
    for (const [index, row] of sound.entries()) {
      await givenBack(index);
      const answer = this.#answerOf(model, row, yhats[index]!);
      answers[row.at] = answer;
      if (!("code" in answer)) this.cache.set(row.key, answer);
    }
  }

  /** An ensemble has no bundle of its own: its members are asked. The champion's are known; another's are where it is registered. */
  async #modelOf(version: string, champion?: AskedSymbol["champion"]): Promise<AskedModel> {
    const { models, membersOf } = this.#options;
    if (champion?.shares) return models.ensemble(version, champion.shares);
    try {
      return await models.of(version);
    } catch (error) {
      if (!(error instanceof ForetickError && error.code === "MODEL_UNKNOWN")) throw error;
      const members = await membersOf(version);
      if (!members) throw error;
      return models.ensemble(version, members);
    }
  }

  /** One at a time, and few that wait. */
  async #inTurn<T>(rows: number, run: () => Promise<T>): Promise<T> {
    const { clock } = this.#options;
    if (isFull("ask_waiting_max", this.#waiting))
      fail("TRY_AGAIN", `${this.#waiting} callers wait for a forecast already: ask again`);
    this.#waiting++;
    let given_up = false;
    const turn = this.#tail.then(async () => {
      if (rows > LIMITS.ask_rows_any_time) await this.#quiet();
      return given_up ? undefined : await run();
    });
    this.#tail = turn.catch(() => undefined).finally(() => this.#waiting--);
    const limit = { clock, limit: "ask_ms_max" as const, what: "the forecast that was asked for" };
    const onGivenUp = (): void => {
      given_up = true;
    };
    return (await withDeadline(turn, { ...limit, onGivenUp }))!;
  }

  /** Resolves once the tick of this second is over. */
  async #quiet(): Promise<void> {
    const { clock, busy_ms } = this.#options;
    const since_ms = (clock.now() % US_PER_SEC) / US_PER_MS;
    if (since_ms < busy_ms) await pause(clock, busy_ms - since_ms);
  }

  #answerOf(model: AskedModel, { ask, symbol }: Open, yhat: number): AskedAnswer | AskFault {
    const { clock, settings } = this.#options;
    const { horizon_s, label } = model.manifest;
    const version: ModelVersion = modelVersion(ask.model_version ?? symbol.champion.version);
    const fault = Number.isFinite(yhat) ? forecastFault(yhat, horizon_s) : `gave ${yhat}`;
    if (fault) {
      const detail = `${version} gives no sound forecast for these values: ${fault}.`;
      return { code: "REQUEST_INVALID", field: ask.values_name, detail };
    }
    const is_champion = version === symbol.champion.version;
    const weighed = is_champion ? symbol.champion.weighed : undefined;
    const weighed_share = weighed?.shareOf(model.names.map((name) => ask.values[name]!));
    const asked = { model_version: version, horizon_s, label, yhat_log_return: yhat };
    const now = symbol.calibrations.now({ ...asked, weighed_share });
    const worth = {
      lower_log_return: now?.lower ?? null,
      upper_log_return: now?.upper ?? null,
      interval_coverage: now?.coverage ?? null,
      p_up: now?.p_up ?? 0.5,
      confidence: now?.confidence ?? 0.5,
    };
    const weights =
      ask.include_weights && is_champion
        ? symbol.champion.importance?.features.map(({ name, weight }) => [name, weight] as const)
        : undefined;
    return {
      ...asked,
      ...worth,
      current_price: symbol.priceOf(label),
      uncalibrated: now
        ? null
        : `${version} has made no forecasts of ${ask.symbol} here whose outcomes are known: interval, probabilities and signal are neutral`,
      signal: (now && signalOf(worth, settings)) ?? neutral(settings),
      weights: weights && Object.fromEntries(weights),
      weights_applied: now !== undefined && weighed !== undefined,
      at_us: clock.now(),
      cache_hit: false,
    };
  }
}

/** Gives the loop back after so many of a call: a tick waits for no more of it. @param done how many are. */
async function givenBack(done: number): Promise<void> {
  if (done > 0 && done % LIMITS.asks_a_turn === 0) await nextTurn();
}

/** Nothing is known that would speak for a side. */
const neutral = ({ signal_cost_bp: cost_bp }: SignalSettings): AskedAnswer["signal"] => ({
  ...{ direction: "HOLD", confidence: 50, probabilities: { BUY: 25, HOLD: 50, SELL: 25 }, cost_bp },
  ...{ recommendation: "AVOID", position_multiplier: 0, risk_level: "LOW" },
});

const noFeatures = (): AskFault => ({
  ...{ code: "MODEL_UNKNOWN", field: "model_version" },
  detail:
    "no model is trained here: the forecast of no move serves, which looks at no feature. Train one first.",
});

/** What a caller can mend is theirs; the rest is thrown. */
function faultOf(error: unknown): AskFault {
  if (error instanceof ForetickError && error.code === "MODEL_UNKNOWN")
    return { code: error.code, field: "model_version", detail: `${error.message}.` };
  throw error;
}
