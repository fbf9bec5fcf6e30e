/**
 * What the clock decides about forecasts, written down as it is decided: what was left when a second closed, and for
 * each forecast one record once it is decided. The models of the ticks are written where they have changed.
 */

import { ForetickError } from "../../base/errors.ts";
import type { UnixSec } from "../../base/units.ts";
import { EnsembleModel } from "../../model/ensemble.ts";
import type { Inference } from "../../model/model.ts";
import type { ModelSlot } from "../../model/model_slot.ts";
import type { Roster } from "../../model/roster.ts";
import type { ClosedSecond } from "../lane/output.ts";
import type { Tick, TickStamp, TickTimes } from "../score/tick_times.ts";
import type { InputLog, RosterEntry, TickRecord } from "./input_log.ts";

type Decided = { -readonly [Name in keyof TickRecord]: TickRecord[Name] };

export class CapturedTimes implements TickTimes {
  readonly #times: TickTimes;
  readonly #log: InputLog;
  readonly #onRoster: (entries: readonly RosterEntry[]) => void;
  readonly #open = new Map<string, Decided>();
  #roster = "";

  /** @param onRoster is told the models by which ticks are scored, whenever they have changed. */
  constructor(times: TickTimes, log: InputLog, onRoster: (entries: readonly RosterEntry[]) => void) {
    this.#times = times;
    this.#log = log;
    this.#onRoster = onRoster;
  }

  closed(second: ClosedSecond, roster: Roster): number {
    const entries = rosterEntries(roster);
    const text = JSON.stringify(entries);
    if (text !== this.#roster) {
      this.#roster = text;
      this.#log.roster(entries);
      this.#onRoster(entries);
    }
    const left_ms = this.#times.closed(second, roster);
    this.#log.closed(second, left_ms);
    return left_ms;
  }

  turn(tick: Tick): number | Promise<number> {
    const turn_ms = this.#times.turn(tick);
    const { ts_sec, role, version } = tick;
    // The clock answers at once.
    this.#open.set(nameOf(tick), { ts_sec, role, version, turn_ms: turn_ms as number });
    return turn_ms;
  }

  async answer(tick: Tick, answer: Promise<Inference>, left_ms: number): Promise<Inference> {
    const open = this.#open.get(nameOf(tick));
    try {
      const inference = await this.#times.answer(tick, answer, left_ms);
      if (open) Object.assign(open, { answer: "given", ...inference });
      return inference;
    } catch (error) {
      const [code, message] =
        error instanceof ForetickError ? [error.code, error.message] : ["INTERNAL", String(error)];
      if (open) Object.assign(open, { answer: code, message });
      throw error;
    }
  }

  answered(tick: Tick): number {
    const answered_ms = this.#times.answered(tick);
    const open = this.#open.get(nameOf(tick));
    if (open) open.answered_ms = answered_ms;
    return answered_ms;
  }

  stamp(tick: Tick, decided_us: number): TickStamp {
    const stamp = this.#times.stamp(tick, decided_us);
    Object.assign(this.#open.get(nameOf(tick)) ?? {}, stamp);
    return stamp;
  }

  championIsDone(champion: Promise<unknown>, ts_sec: UnixSec, share: number): Promise<unknown> {
    return this.#times.championIsDone(champion, ts_sec, share);
  }

  done(tick: Tick): void {
    const open = this.#open.get(nameOf(tick));
    if (!open) return;
    this.#open.delete(nameOf(tick));
    this.#log.tick(open);
  }
}

const nameOf = ({ ts_sec, role, version }: Tick): string => `${ts_sec} ${role} ${version}`;

export const rosterEntries = ({ champion, beside }: Roster): RosterEntry[] =>
  [champion, ...beside].map(({ role, current }: ModelSlot) => {
    const { version, feature_set, set_hash, horizon_s } = current;
    const members = current instanceof EnsembleModel ? current.shares : undefined;
    return { role, version, feature_set, set_hash, horizon_s, members };
  });
