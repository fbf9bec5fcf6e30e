/**
 * A source moved in time, so that a recording of last year can be played as if it were now. Ids, prices and
 * the order stay; every time moves by the same whole number of seconds, so each event keeps its place within
 * its second and no one-second bar changes.
 */

import { US_PER_SEC } from "../../base/units.ts";
import type { MarketSource, SourceMessage } from "../../binance/capture/market_source.ts";
import { moved } from "./moved.ts";

/** The source moved so that it starts in the second before `start_us` (µs), less than a second early. */
export function shiftedTo(source: MarketSource, start_us: number): MarketSource {
  const delta_us = Math.floor((start_us - source.start_us) / US_PER_SEC) * US_PER_SEC;
  return {
    symbol: source.symbol,
    description: source.description,
    start_us: source.start_us + delta_us,
    snapshot: source.snapshot,
    messages: () => shifted(source.messages(), delta_us),
  };
}

function shifted(messages: Iterator<SourceMessage>, delta_us: number): Iterator<SourceMessage> {
  return {
    next: () => {
      const step = messages.next();
      if (step.done) return step;
      const { at_us, message } = step.value;
      return { done: false, value: { at_us: at_us + delta_us, message: moved(message, delta_us) } };
    },
    return: () => messages.return?.() ?? { done: true, value: undefined },
  };
}
