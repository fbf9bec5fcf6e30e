/** What an alarm on a champion leads to: a table, without a clock or a database of its own. */

import { LIMITS } from "../../base/limits.ts";
import { US_PER_SEC } from "../../base/units.ts";
import type { Alarm } from "../../judge/alarms.ts";

export interface RollbackSituation {
  readonly alarm: Alarm | undefined;
  /** The newest tick judged: an alarm that was not raised again for an hour is over. */
  readonly newest_sec: number;
  /** AUTO_ROLLBACK. */
  readonly allowed: boolean;
  /** When a champion of the symbol was last taken back (wall clock, µs); undefined: never. */
  readonly last_us: number | undefined;
  readonly now_us: number;
}

export type RollbackDecision =
  | { readonly do: "nothing"; readonly why: "no_alarm" | "over" }
  /** Said, not done. */
  | { readonly do: "wait"; readonly why: "not_allowed" | "within_an_hour" }
  | { readonly do: "roll_back"; readonly alarm: Alarm };

/** An alarm is raised anew after an hour at the earliest, at the end of a minute. */
const STANDS_S = LIMITS.rollback_quiet_s + 120;

export function decideRollback(situation: RollbackSituation): RollbackDecision {
  const { alarm, newest_sec, allowed, last_us, now_us } = situation;
  if (!alarm) return { do: "nothing", why: "no_alarm" };
  if (newest_sec - alarm.ts_sec > STANDS_S) return { do: "nothing", why: "over" };
  if (!allowed) return { do: "wait", why: "not_allowed" };
  const since_us = last_us === undefined ? Number.POSITIVE_INFINITY : now_us - last_us;
  if (since_us < LIMITS.rollback_quiet_s * US_PER_SEC) return { do: "wait", why: "within_an_hour" };
  return { do: "roll_back", alarm };
}

/** The alarm as data, with the figures that raised it. */
export function evidenceOf(alarm: Alarm): Readonly<Record<string, unknown>> {
  if (alarm.alarm === "broken") {
    const { ts_sec, since_sec, excess, blocks } = alarm;
    return { alarm: "broken", against: "zero", ts_sec, since_sec, excess_error: excess, blocks };
  }
  const { ts_sec, against, look } = alarm;
  const { n_blocks, mean, lower, upper } = look;
  return { alarm: "dead", against, ts_sec, blocks: n_blocks, mean, lower, upper };
}

/** For people. */
export function alarmText(alarm: Alarm): string {
  if (alarm.alarm === "broken") {
    const times = (1 + alarm.excess).toFixed(1);
    return `its squared error is ${times} times that of forecasting no move, over ${alarm.blocks} min`;
  }
  const than = alarm.against === "zero" ? "forecasting no move" : "the last good model";
  return `it errs more than ${than}, over ${alarm.look.n_blocks} min`;
}
