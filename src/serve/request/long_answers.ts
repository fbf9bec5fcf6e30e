/**
 * Long answers: written in slices, one slice of one answer in a turn of the event loop, however many are under way, so that
 * a tick waits for no more than a slice. What they hold in memory is bounded in rows, and how long by a deadline.
 */

import type { Context } from "hono";
import type { Clock } from "../../base/clock.ts";
import { ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Metrics } from "../../base/metrics.ts";
import { nextTurn } from "../../base/turns.ts";
import { takesGzip } from "./gzip.ts";
import type { Problem, RequestScope, Untyped } from "./problem.ts";

/** Ends an answer: what it held is free. May be called twice. */
type Done = () => void;

export interface RowsOptions<Row> {
  /** What is said beside the rows. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The field of the rows: the last one. */
  readonly field: string;
  readonly rows: readonly Row[];
  readonly json: (row: Row) => unknown;
  /** Rows written in one turn; default as many as may be of the smallest. */
  readonly rows_a_turn?: number;
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

  /** A JSON object whose last field is the rows, smaller for who takes gzip. */
  answer<Row>(c: Context<RequestScope>, options: RowsOptions<Row>): Untyped {
    const headers = { "content-type": "application/json" };
    if (c.req.method === "HEAD") {
      options.done();
      return c.body(null, 200, headers) as Untyped;
    }
    const stream = this.#stream(options);
    if (!takesGzip(c.req.raw.headers)) return c.body(stream, 200, headers) as Untyped;
    const packed = { ...headers, "content-encoding": "gzip", vary: "accept-encoding" };
    return c.body(stream.pipeThrough(new CompressionStream("gzip")), 200, packed) as Untyped;
  }

  /** As its reader takes them. One that does not take them in time is cut. */
  #stream<Row>(options: RowsOptions<Row>): ReadableStream<Uint8Array<ArrayBuffer>> {
    const { body, field, rows, json, rows_a_turn = LIMITS.answer_rows_a_turn, done } = options;
    const head = `${JSON.stringify({ ...body, [field]: [] }).slice(0, -"]}".length)}`;
    const tail = "]}";
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
          const slice = rows.slice(at, at + rows_a_turn);
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
