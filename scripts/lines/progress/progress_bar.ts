/**
 * How far a long command is: one line drawn again and again on a terminal, and elsewhere a line every few
 * seconds, so that a log stays readable.
 */

import type { Clock } from "../../../src/base/clock.ts";

export interface ProgressState {
  readonly title: string;
  /** 0…1 of what the title names. */
  readonly done: number;
  /** What is at hand. */
  readonly at: string;
  /** Counted from the first call on, for the rate. */
  readonly count: number;
  readonly unit: string;
}

interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const REDRAW_US = 100_000;
const LINE_US = 5_000_000;
const CELLS = 24;

export class ProgressBar {
  readonly #clock: Clock;
  readonly #output: Output;
  #shown_us = Number.NEGATIVE_INFINITY;
  #title = "";
  /** When each title was first shown, and how far it was: two may take turns. */
  readonly #begun = new Map<string, { readonly us: number; readonly done: number; last: number }>();
  #count_since: { us: number; count: number } | undefined;
  #drawn = false;

  constructor(clock: Clock, output: Output) {
    this.#clock = clock;
    this.#output = output;
  }

  show(state: ProgressState): void {
    const now_us = this.#clock.monotonicUs();
    this.#count_since ??= { us: now_us, count: state.count };
    const is_new = state.title !== this.#title;
    this.#title = state.title;
    const begun = this.#begun.get(state.title);
    // What goes back has begun with something else.
    if (!begun || state.done < begun.last) {
      this.#begun.set(state.title, { us: now_us, done: state.done, last: state.done });
    } else begun.last = state.done;
    const terminal = this.#output.isTTY === true;
    if (!is_new && now_us - this.#shown_us < (terminal ? REDRAW_US : LINE_US)) return;
    this.#shown_us = now_us;
    const line = this.#line(state, now_us);
    if (terminal) this.#output.write(`\r\x1b[2K${line.slice(0, (this.#output.columns ?? 100) - 1)}`);
    else this.#output.write(`${line}\n`);
    this.#drawn = terminal;
  }

  /** Leaves the terminal's line empty for what is printed next. */
  clear(): void {
    if (this.#drawn) this.#output.write("\r\x1b[2K");
    this.#drawn = false;
  }

  #line({ title, done, at, count, unit }: ProgressState, now_us: number): string {
    const filled = Math.round(CELLS * Math.min(1, Math.max(0, done)));
    const bar = `${"█".repeat(filled)}${"░".repeat(CELLS - filled)}`;
    const since = this.#count_since!;
    const elapsed_s = (now_us - since.us) / 1e6;
    const rate = elapsed_s > 0 ? Math.round((count - since.count) / elapsed_s) : 0;
    const percent = `${(done * 100).toFixed(1).padStart(5)} %`;
    const left = this.#left(title, done, now_us);
    return `${title.padEnd(9)}${bar} ${percent}  ${at}  ${grouped(count)} ${unit}, ${grouped(rate)}/s${left}`;
  }

  /** By how fast this stage has gone so far, with what took turns with it. */
  #left(title: string, done: number, now_us: number): string {
    const begun = this.#begun.get(title)!;
    const gone = done - begun.done;
    if (gone <= 0 || done >= 1) return "";
    const seconds = ((now_us - begun.us) / 1e6) * ((1 - done) / gone);
    return `, ${duration(seconds)} left`;
  }
}

const grouped = (value: number): string => value.toLocaleString("en");

/** "2 h 05 min", "3 min 10 s", "12 s". */
function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number): string => String(value).padStart(2, "0");
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3_600)} h ${two(Math.floor((whole % 3_600) / 60))} min`;
}
