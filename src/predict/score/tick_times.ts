/**
 * All that decides about a forecast beside its input: how much of its time is left when its second closes, at its
 * turn and with its answer, and whether the answer comes at all. A running service reads the clock; a capture writes
 * down what was read, and a replay gives it back.
 */

import { withDeadline } from "../../base/deadline.ts";
import { type Micros, type ModelVersion, type UnixSec, US_PER_MS } from "../../base/units.ts";
import type { Inference } from "../../model/model.ts";
import type { Role } from "../../model/role.ts";
import type { Roster } from "../../model/roster.ts";
import type { ClosedSecond } from "../lane/output.ts";
import { type DueOptions, leftMs } from "./due.ts";

/** One forecast to be made. */
export interface Tick {
  readonly ts_sec: UnixSec;
  readonly role: Role;
  readonly version: ModelVersion;
}

/** When a forecast was made. */
export interface TickStamp {
  readonly latency_ms: number;
  readonly emitted_at_us: Micros;
}

export interface TickTimes {
  /** A second has closed, and is about to be scored by the models of the roster. Returns what is left (ms). */
  closed(second: ClosedSecond, roster: Roster): number;
  /** What is left when it is this tick's turn (ms). */
  turn(tick: Tick): number | Promise<number>;
  /** The answer, waited for as long as it can be used. @throws ForetickError DEADLINE. */
  answer(tick: Tick, answer: Promise<Inference>, left_ms: number): Promise<Inference>;
  /** What is left once the answer is there (ms). */
  answered(tick: Tick): number;
  /** @param decided_us when the close was decided (monotonic µs). */
  stamp(tick: Tick, decided_us: number): TickStamp;
  /** Resolves when the champion is scored, or has had its share of the time left without being so. */
  championIsDone(champion: Promise<unknown>, ts_sec: UnixSec, share: number): Promise<unknown>;
  /** The tick has its forecast, or has none. */
  done(tick: Tick): void;
}

/** By the clock. */
export class ClockTimes implements TickTimes {
  readonly #options: DueOptions;

  constructor(options: DueOptions) {
    this.#options = options;
  }

  closed({ ts_sec }: ClosedSecond): number {
    return leftMs(this.#options, ts_sec);
  }

  turn({ ts_sec }: Tick): number {
    return leftMs(this.#options, ts_sec);
  }

  answer({ version }: Tick, answer: Promise<Inference>, left_ms: number): Promise<Inference> {
    const { clock } = this.#options;
    return withDeadline(answer, { clock, ms: Math.ceil(left_ms), what: `the answer of model ${version}` });
  }

  answered({ ts_sec }: Tick): number {
    return leftMs(this.#options, ts_sec);
  }

  stamp(_: Tick, decided_us: number): TickStamp {
    const { clock } = this.#options;
    return { latency_ms: (clock.monotonicUs() - decided_us) / US_PER_MS, emitted_at_us: clock.now() };
  }

  championIsDone(champion: Promise<unknown>, ts_sec: UnixSec, share: number): Promise<unknown> {
    const { clock } = this.#options;
    const ms = Math.max(0, Math.floor(leftMs(this.#options, ts_sec) * share));
    return withDeadline(champion, { clock, ms, what: "the champion's forecast" }).catch(() => undefined);
  }

  done(): void {}
}
