/** One fault that was worth telling a person, as it is kept: what, since when, whether it is over, who was told. */

import type { Micros } from "../../base/units.ts";

export const SEVERITIES = ["warning", "urgent"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What a channel is told of an alert, in this order. `worse`: a warning has become urgent. */
export const ALERT_STEPS = ["raised", "worse", "resolved"] as const;
export type AlertStep = (typeof ALERT_STEPS)[number];

/** A rule that found something wrong, of one symbol or of all (null). */
export interface AlertPart {
  readonly rule: string;
  readonly symbol: string | null;
  /** As measured when it was found. */
  readonly summary: string;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly started_us: Micros;
  /** When it was last found wrong. */
  readonly seen_us: Micros;
  /** Null while it is wrong. */
  readonly over_us: Micros | null;
}

/** When each step was told; `given_up` where the channel did not take it in time. */
export type Notified = Readonly<
  Record<string, Readonly<Partial<Record<AlertStep, { readonly at_us: Micros; readonly given_up?: true }>>>>
>;

export interface Alert {
  readonly alert_id: string;
  /** The rule that leads: the gravest of those that found the fault, the first of them in the file. */
  readonly rule: string;
  /** The one symbol it concerns; null: all of the service. */
  readonly symbol: string | null;
  readonly severity: Severity;
  readonly summary: string;
  readonly started_us: Micros;
  /** Null while it is open. */
  readonly resolved_us: Micros | null;
  /** When it became urgent after it had been told as a warning; null where it did not. */
  readonly worse_us: Micros | null;
  /** All that belongs to the same fault. */
  readonly parts: readonly AlertPart[];
  readonly notified: Notified;
  /** Symbols the service led. */
  readonly symbols: readonly string[];
  /** Which service raised it, for people. */
  readonly service: string;
  readonly changed_us: Micros;
}

/** A rule ("*": all) of which nobody is told for a while. */
export interface Silence {
  readonly rule: string;
  readonly until_us: Micros;
  readonly silenced_by: string;
}
