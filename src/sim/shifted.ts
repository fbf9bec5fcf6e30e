/**
 * A source moved in time, so that a recording of last year can be played as if it were now. Ids, prices and
 * the order stay; every time moves by the same whole number of seconds, so each event keeps its place within
 * its second and no one-second bar changes.
 */

import { US_PER_SEC } from "../base/units.ts";
import type { Int64, SbeMessage } from "../binance/sbe/messages.ts";
import type { MarketSource, SourceMessage } from "./source.ts";

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

function moved(message: SbeMessage, delta_us: number): SbeMessage {
  const event_time_us = plus(message.event_time_us, delta_us);
  if (message.kind !== "trades") return { ...message, event_time_us };
  return { ...message, event_time_us, transact_time_us: plus(message.transact_time_us, delta_us) };
}

function plus(time_us: Int64, delta_us: number): Int64 {
  return typeof time_us === "number" ? time_us + delta_us : time_us + BigInt(delta_us);
}
