/**
 * Long answers: written in slices, one slice of one answer in a turn of the event loop, however many are under way, so that
 * a tick waits for no more than a slice. What they hold in memory is bounded in rows, and how long by a deadline.
 */

import type { Clock } from "../../base/clock.ts";
import { ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Metrics } from "../../base/metrics.ts";
import { nextTurn } from "../../base/turns.ts";
import type { Problem } from "./problem.ts";

/** Ends an answer: what it held is free. May be called twice. */
type Done = () => void;

export interface RowsOptions<Row> {
  /** JSON up to the first row, and from the last one on. */
  readonly head: string;
  readonly tail: string;
  readonly rows: readonly Row[];
  readonly json: (row: Row) => unknown;
  readonly done: Done;
}

export class LongAnswers {
  readonly #clock: Clock;
  readonly #turn: () => Promise<void>;
  #rows = 0;
  #refused = 0;
  #last: Promise<void> = Promise.resolve();

  /** @param turn what is awaited before each slice. */
  constructor(metrics: Metrics, clock: Clock, turn: () => Promise<void> = nextTurn) {
    this.#clock = clock;
    this.#turn = turn;
    metrics.observe(
      "gauge",
      "foretick_long_answer_rows",
      "Rows held for long answers that are being given.",
      () => this.#rows,
    );
    metrics.observe(
      "counter",
      "foretick_long_answers_refused_total",
      "Long answers refused because as many rows as may were held for others.",
      () => this.#refused,
    );
  }

  /** To be asked before the rows are read. @returns what ends the answer, or the problem where it has to wait. */
  begin(rows: number): Done | Problem {
    if (this.#rows + rows > LIMITS.long_answer_rows_max) {
      this.#refused++;
      const detail = `${this.#rows} rows of long answers are under way, ${LIMITS.long_answer_rows_max} may be: ask again, or for fewer.`;
      return { code: "BUSY", detail, headers: { "retry-after": "1" } };
    }
    this.#rows += rows;
    let open = true;
    return () => {
      if (open) this.#rows -= rows;
      open = false;
    };
  }

  /** Rows as JSON, as its reader takes them. One that does not take them in time is cut. */
  body<Row>({ head, tail, rows, json, done }: RowsOptions<Row>): ReadableStream<Uint8Array<ArrayBuffer>> {
    const encoder = new TextEncoder();
    let at = 0;
    let late: { cancel(): void } | undefined;
    const end = (): void => {
      late?.cancel();
      done();
    };
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start: (controller) => {
          late = this.#clock.after(LIMITS.long_answer_ms_max, () => {
            done();
            controller.error(new ForetickError("REQUEST_TIME", "the answer was not read in time"));
          });
        },
        pull: async (controller) => {
          await this.#slice();
          const slice = rows.slice(at, at + LIMITS.answer_rows_a_turn);
          const text = slice.map((row) => JSON.stringify(json(row))).join(",");
          const before = at === 0 ? head : ",";
          at += slice.length;
          const is_last = at >= rows.length;
          controller.enqueue(encoder.encode(`${before}${text}${is_last ? tail : ""}`));
          if (!is_last) return;
          end();
          controller.close();
        },
        cancel: end,
      },
      { highWaterMark: 1 },
    );
  }

  /** One after the other, each in a turn of its own. */
  #slice(): Promise<void> {
    this.#last = this.#last.then(this.#turn);
    return this.#last;
  }
}
