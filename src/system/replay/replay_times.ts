/**
 * The times of a replay: what the clock decided in the run that was captured, given back where it is asked for. A
 * forecast waits at its turn until the capture's record of it comes, so that all happens in the captured order.
 */

import { ERROR_TABLE, type ErrorCode, ForetickError } from "../../base/errors.ts";
import { nextTurn } from "../../base/turns.ts";
import type { Micros } from "../../base/units.ts";
import type { Inference } from "../../model/model.ts";
import type { Roster } from "../../model/roster.ts";
import type { TickRecord } from "../../predict/capture/input_log.ts";
import type { ClosedSecond } from "../../predict/lane/output.ts";
import type { Tick, TickStamp, TickTimes } from "../../predict/score/tick_times.ts";

export interface ReplayTimesOptions {
  /** A second has closed; returns what was left of its tick (ms). */
  readonly onClosed: (second: ClosedSecond) => number;
  /** An answer beside the captured one; returns the one to go on with. */
  readonly onAnswer: (tick: Tick, answer: Inference, captured: TickRecord) => Inference;
}

interface Waiting {
  readonly tick: Tick;
  readonly go: (left_ms: number) => void;
}

/** A tick that is not captured, or no longer wanted. */
const TOO_LATE_MS = -1;
/** Turns of the event loop in which a forecast that is under way comes to its turn. */
const TURNS = 4;

export class ReplayTimes implements TickTimes {
  readonly #options: ReplayTimesOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #played = new Map<string, { readonly record: TickRecord; readonly done: () => void }>();

  constructor(options: ReplayTimesOptions) {
    this.#options = options;
  }

  closed(second: ClosedSecond, _: Roster): number {
    return this.#options.onClosed(second);
  }

  turn(tick: Tick): Promise<number> {
    return new Promise((go) => this.#waiting.set(nameOf(tick), { tick, go }));
  }

  async answer(tick: Tick, answer: Promise<Inference>): Promise<Inference> {
    const record = this.#played.get(nameOf(tick))?.record;
    if (record?.answer === "given") return this.#options.onAnswer(tick, await answer, record);
    // What it answers here, the run did not wait for.
    await answer.catch(() => undefined);
    const code = record?.answer ?? "DEADLINE";
    throw code in ERROR_TABLE
      ? new ForetickError(code as ErrorCode, record?.message ?? "no answer was waited for")
      : new Error(record?.message ?? code);
  }

  answered(tick: Tick): number {
    return this.#played.get(nameOf(tick))?.record.answered_ms ?? TOO_LATE_MS;
  }

  stamp(tick: Tick): TickStamp {
    const { latency_ms = 0, emitted_at_us = 0 } = this.#played.get(nameOf(tick))?.record ?? {};
    return { latency_ms, emitted_at_us: emitted_at_us as Micros };
  }

  championIsDone(): Promise<unknown> {
    return Promise.resolve();
  }

  done(tick: Tick): void {
    this.#played.get(nameOf(tick))?.done();
  }

  /** Lets a forecast have its turn; false where none is waiting for it. Resolves when it is given out or skipped. */
  async play(record: TickRecord): Promise<boolean> {
    const name = nameOf(record);
    this.#dropBefore(record);
    for (let turn = 0; turn < TURNS && !this.#waiting.has(name); turn++) await nextTurn();
    const waiting = this.#waiting.get(name);
    if (!waiting) return false;
    this.#waiting.delete(name);
    const done = new Promise<void>((resolve) => {
      this.#played.set(name, { record, done: resolve });
      waiting.go(record.turn_ms ?? TOO_LATE_MS);
    });
    await done;
    // What follows it without waiting for anything has followed.
    await nextTurn();
    this.#played.delete(name);
    return true;
  }

  /** One that the run did not come to: it would be in the way of the next. */
  #dropBefore(record: TickRecord): void {
    for (const [name, { tick, go }] of this.#waiting) {
      if (tick.role !== record.role || tick.ts_sec >= record.ts_sec) continue;
      this.#waiting.delete(name);
      go(TOO_LATE_MS);
    }
  }
}

const nameOf = ({ ts_sec, role, version }: Pick<TickRecord, "ts_sec" | "role" | "version">): string =>
  `${ts_sec} ${role} ${version}`;
