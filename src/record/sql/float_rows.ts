/**
 * Rows of doubles out of a query, streamed: COPY in PostgreSQL's binary format, eight bytes per value, so
 * that a million rows cost neither text nor objects and every bit arrives as the server has it.
 *
 * Through pg, whose COPY reports its errors, as the history loader's.
 */

import { to as copyTo } from "pg-copy-streams";
import { systemClock } from "../../base/clock.ts";
import { fail } from "../../base/errors.ts";
import { connectPg } from "../server/client.ts";
import { storeError } from "./store_errors.ts";

/** Signature, flags and the length of an extension, which PostgreSQL leaves empty. */
const HEADER_BYTES = 19;
const FLOAT_BYTES = 8;
const NULL = -1;

/**
 * Calls `take` for every row, in the query's order. The array is the same each time: a caller that keeps
 * values copies them.
 *
 * @param select one statement without parameters, all of whose columns are `double precision`; null comes as NaN.
 * @returns the number of rows.
 * @throws ForetickError STORE_UNREACHABLE; STORE_QUERY, also where a column is not a double.
 */
export async function readFloatRows(
  url: string,
  select: string,
  columns: number,
  take: (row: Float64Array) => void,
): Promise<number> {
  const parser = new FloatRowParser(columns, take);
  const client = await connectPg(url, { application_name: "foretick dataset", clock: systemClock }).catch(
    (error: unknown) => {
      throw storeError(error, "STORE_QUERY");
    },
  );
  try {
    const stream = client.query(copyTo(`copy (${select}) to stdout (format binary)`));
    for await (const chunk of stream) parser.push(chunk as Buffer);
    parser.end();
    return parser.rows;
  } catch (error) {
    throw storeError(error, "STORE_QUERY");
  } finally {
    await client.end().catch(() => {});
  }
}

/** Takes the stream in pieces of any length. */
export class FloatRowParser {
  readonly #row: Float64Array;
  readonly #take: (row: Float64Array) => void;
  /** The beginning of what the next piece goes on with. */
  #rest: Uint8Array = new Uint8Array(0);
  #begun = false;
  #ended = false;
  #rows = 0;

  constructor(columns: number, take: (row: Float64Array) => void) {
    this.#row = new Float64Array(columns);
    this.#take = take;
  }

  get rows(): number {
    return this.#rows;
  }

  /** @throws ForetickError STORE_QUERY where the rows are not of that many doubles. */
  push(piece: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = this.#begun ? 0 : HEADER_BYTES;
    if (at > bytes.length) at = 0;
    else {
      this.#begun = true;
      for (let end = this.#readRow(view, at); end > at; end = this.#readRow(view, at)) at = end;
    }
    this.#rest = bytes.subarray(at);
  }

  /** @throws ForetickError STORE_QUERY where the stream broke off. */
  end(): void {
    if (!this.#ended)
      fail("STORE_QUERY", `the rows expected an end, broke off after ${this.#rows}: try again`);
  }

  /** Where the row that begins at `at` ends; `at` where it is not all there yet, or the rows have ended. */
  #readRow(view: DataView, at: number): number {
    if (this.#ended || at + 2 > view.byteLength) return at;
    const fields = view.getInt16(at);
    if (fields === -1) {
      this.#ended = true;
      return at;
    }
    const row = this.#row;
    if (fields !== row.length) {
      fail(
        "STORE_QUERY",
        `a row expected ${row.length} columns, was ${fields}: the query and its reader differ`,
      );
    }
    let end = at + 2;
    for (let column = 0; column < fields; column++) {
      if (end + 4 > view.byteLength) return at;
      const length = view.getInt32(end);
      end += 4;
      if (length === NULL) {
        row[column] = Number.NaN;
        continue;
      }
      if (length !== FLOAT_BYTES) {
        fail("STORE_QUERY", `column ${column + 1} expected a double of 8 bytes, was of ${length}: cast it`);
      }
      if (end + FLOAT_BYTES > view.byteLength) return at;
      row[column] = view.getFloat64(end);
      end += FLOAT_BYTES;
    }
    this.#rows++;
    this.#take(row);
    return end;
  }
}
