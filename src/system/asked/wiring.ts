/** The forecasts that callers ask for, over the parts of a running service. */

import type { Clock } from "../../base/clock.ts";
import type { Config } from "../../base/config.ts";
import type { Logger } from "../../base/log.ts";
import { E8, US_PER_MS } from "../../base/units.ts";
import type { Label } from "../../features/label.ts";
import { RegistryRows } from "../../record/registry/rows.ts";
import type { Store } from "../store/store.ts";
import type { SymbolWorker } from "../symbol/symbol_worker.ts";
import { AskedModels } from "./asked_models.ts";
import { type AskedSymbol, Asks } from "./asks.ts";

export interface AskedParts {
  readonly config: Config;
  readonly workers: ReadonlyMap<string, SymbolWorker>;
  readonly store: Pick<Store, "required">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How old a price may be to be given beside a forecast (µs). */
const PRICE_AGE_US = 5_000 * US_PER_MS;

export function asksOver({ config, workers, store, clock, log }: AskedParts): {
  readonly asks: Asks;
  readonly close: () => Promise<void>;
} {
  const models = new AskedModels({ model_dir: config.model_dir, seal: config.bundle_key, clock, log });
  const symbolOf = (symbol: string): AskedSymbol | undefined => {
    const worker = workers.get(symbol);
    if (!worker) return undefined;
    return {
      champion: worker.roster.champion.current,
      calibrations: worker.calibrations,
      priceOf: (label) => priceOf(worker, label, clock),
    };
  };
  const busy_ms = config.close_grace_ms + config.deadline_ms;
  return {
    asks: new Asks({
      ...{ models, symbolOf },
      membersOf: (version) => new RegistryRows(store.required().sql).members(version),
      ...{ settings: config, busy_ms, clock },
    }),
    close: () => models.close(),
  };
}

function priceOf({ state }: SymbolWorker, label: Label, clock: Clock): number | null {
  const { last_trade, last_quote } = state;
  const newest = label === "mid" ? last_quote : last_trade;
  if (!newest || clock.now() - newest.received_us > PRICE_AGE_US) return null;
  if (label === "last") return last_trade!.price_e8 / E8;
  return (last_quote!.bid_price_e8 + last_quote!.ask_price_e8) / 2 / E8;
}
