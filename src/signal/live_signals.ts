/**
 * The signals of one symbol as they are given out: one for every served forecast whose interval is known, stored, and traded
 * on paper since midnight (UTC). After a restart the day's ledgers go on from the stored signals; a day begins anew.
 */

import type { Config } from "../base/config.ts";
import { type UnixSec, unixSec } from "../base/units.ts";
import type { QuoteEvent } from "../binance/events.ts";
import { Ledger, type LedgerTick } from "../judge/signal/ledger.ts";
import { type SignalSettings, signalOf } from "../judge/signal/signal_of.ts";
import { STRATEGIES } from "../judge/signal/strategies.ts";
import type { Prediction } from "../predict/prediction.ts";
import type { SignalRow } from "../record/signals/signal_row.ts";
import type { LedgersView } from "../serve/ports.ts";

export type LiveSignalSettings = SignalSettings & Pick<Config, "signal_fee_bp">;

/** The stored signals that the ledgers lack: from midnight to the first that was given out here. */
export interface SignalsWanted {
  readonly from_sec: UnixSec;
  readonly before_sec: UnixSec;
}

interface Day extends SignalsWanted {
  ledgers: readonly Ledger[];
  /** Given out before the day's stored ones were read; undefined once they were. */
  since: LedgerTick[] | undefined;
}

const DAY_S = 86_400;

export class LiveSignals {
  readonly #settings: LiveSignalSettings;
  readonly #write: (row: SignalRow) => void;
  #latest: SignalRow | undefined;
  #day: Day | undefined;

  constructor(settings: LiveSignalSettings, write: (row: SignalRow) => void) {
    this.#settings = settings;
    this.#write = write;
  }

  get latest(): SignalRow | undefined {
    return this.#latest;
  }

  /** Undefined before the first signal. */
  get ledgers(): LedgersView | undefined {
    if (!this.#day) return undefined;
    const { from_sec: since_sec, ledgers, since } = this.#day;
    const figures = ledgers.map((ledger) => ledger.figures());
    return { since_sec, complete: since === undefined, fee_bp: this.#settings.signal_fee_bp, figures };
  }

  /** What is to be read of the store; undefined where nothing is. */
  get wanted(): SignalsWanted | undefined {
    return this.#day?.since && this.#day;
  }

  /**
   * @param quote the one that stands now; undefined where none is known.
   * @param weights_applied the model's weights had a say in its confidence.
   */
  onPrediction(
    prediction: Prediction,
    quote: Pick<QuoteEvent, "bid_price_e8" | "ask_price_e8"> | undefined,
    weights_applied = false,
  ): void {
    if (!prediction.served) return;
    const signal = signalOf(prediction, this.#settings);
    if (!signal) return;
    const { symbol, ts_sec, model_version, role, horizon_s, emitted_at_us } = prediction;
    const { bid_price_e8 = null, ask_price_e8 = null } = quote ?? {};
    const row: SignalRow = {
      ...{ symbol, ts_sec, model_version, role, horizon_s, emitted_at_us },
      ...{ ...signal, weights_applied, bid_price_e8, ask_price_e8 },
    };
    this.#latest = row;
    this.#write(row);
    const day = this.#dayOf(row.ts_sec);
    day.since?.push(row);
    for (const ledger of day.ledgers) ledger.add(row);
  }

  /** @param past stored signals, oldest first. Where it fails nothing has changed, and it can be tried again. */
  async restore({ from_sec, before_sec }: SignalsWanted, past: AsyncIterable<LedgerTick>): Promise<void> {
    const ledgers = this.#newLedgers();
    for await (const tick of past) {
      if (tick.ts_sec < from_sec || tick.ts_sec >= before_sec) continue;
      for (const ledger of ledgers) ledger.add(tick);
    }
    // From here on without a wait: nothing is given out in between.
    const day = this.#day;
    if (day?.from_sec !== from_sec || !day.since) return;
    for (const tick of day.since) for (const ledger of ledgers) ledger.add(tick);
    Object.assign(day, { ledgers, since: undefined });
  }

  #dayOf(ts_sec: UnixSec): Day {
    const from_sec = unixSec(ts_sec - (ts_sec % DAY_S));
    if (this.#day && from_sec <= this.#day.from_sec) return this.#day;
    // A day that begins while this runs lacks nothing.
    const since = this.#day ? undefined : [];
    this.#day = { from_sec, before_sec: ts_sec, ledgers: this.#newLedgers(), since };
    return this.#day;
  }

  #newLedgers(): Ledger[] {
    return STRATEGIES.map((strategy) => new Ledger(strategy, this.#settings.signal_fee_bp));
  }
}
