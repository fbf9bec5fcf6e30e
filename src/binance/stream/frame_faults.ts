/**
 * Frames that came and could not be used, made visible: the decoder's own sentence in the log, at most once a minute
 * and code, counts by code for metrics, and the newest of them for health and the page. A feed whose frames are all
 * refused is connected and useless; nothing else would show it.
 */

import type { Clock } from "../../base/clock.ts";
import type { ErrorCode } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { type Micros, US_PER_SEC } from "../../base/units.ts";

/** An error code of the decoder, or why a frame that can be read is of no use here. */
export type FrameFault = ErrorCode | "unknown_template" | "unsubscribed";

export interface FrameFaultStatus {
  /** Frames dropped since the start, by fault. */
  readonly by_code: Readonly<Partial<Record<FrameFault, number>>>;
  /** The newest one; undefined where there was none in the last minute. */
  readonly now: { readonly code: FrameFault; readonly sentence: string; readonly at_us: Micros } | undefined;
}

const LOG_EVERY_US = 60 * US_PER_SEC;
/** How long a fault counts as present. */
const PRESENT_US = 60 * US_PER_SEC;

interface Logged {
  at_us: number;
  unsaid: number;
}

export class FrameFaults {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #counts = new Map<FrameFault, number>();
  readonly #logged = new Map<FrameFault, Logged>();
  #newest: (NonNullable<FrameFaultStatus["now"]> & { readonly monotonic_us: number }) | undefined;

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = clock;
    this.#log = log;
  }

  get status(): FrameFaultStatus {
    const newest = this.#newest;
    const present = newest && this.#clock.monotonicUs() - newest.monotonic_us < PRESENT_US;
    return {
      by_code: Object.fromEntries(this.#counts),
      now: present ? { code: newest.code, sentence: newest.sentence, at_us: newest.at_us } : undefined,
    };
  }

  note(code: FrameFault, sentence: string): void {
    const monotonic_us = this.#clock.monotonicUs();
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
    this.#newest = { code, sentence, at_us: this.#clock.now(), monotonic_us };
    const logged = this.#logged.get(code);
    if (logged && monotonic_us - logged.at_us < LOG_EVERY_US) {
      logged.unsaid++;
      return;
    }
    const before = logged?.unsaid ?? 0;
    this.#log.warn({ code, dropped: before + 1 }, `frame dropped: ${sentence}`);
    this.#logged.set(code, { at_us: monotonic_us, unsaid: 0 });
  }
}
