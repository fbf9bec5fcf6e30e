/**
 * Puts one batch into the database, on a connection of its own. A batch with a bad row is halved until the
 * row is alone, so that its neighbours are not held up; a statement that hangs is cut off.
 */

import type { Sql } from "postgres";
import type { Clock } from "../../../base/clock.ts";
import { ForetickError } from "../../../base/errors.ts";
import type { Cell } from "../../sql/array_literal.ts";
import { isRowFault, storeError } from "../../sql/store_errors.ts";
import type { WriteBatch } from "../queue/batch.ts";

/** How much longer than the server's own statement timeout we wait for its answer: it may be gone. */
const CUT_OFF_FACTOR = 1.25;

export interface RefusedRow {
  readonly row: Readonly<Record<string, Cell>>;
  readonly error: string;
}

/** Whether an insert failed for a reason that all tables share: no answer, or another service has taken over. */
export const concernsAllTables = ({ code, details }: ForetickError): boolean =>
  code === "STORE_UNREACHABLE" || code === "STORE_FENCED" || details.connection === "cut";

export interface Inserted {
  /** Rows that were not there before. */
  readonly rows: number;
  readonly rejected: readonly RefusedRow[];
}

export interface BatchInserterOptions {
  /** Opens a client of one connection. */
  readonly connect: () => Sql;
  readonly timeout_ms: number;
  readonly clock: Clock;
  /** The fences of the leases held (record/lease); null: without leases. */
  readonly fences?: (() => string | null) | undefined;
}

export class BatchInserter {
  readonly #options: BatchInserterOptions;
  #sql: Sql | undefined;

  constructor(options: BatchInserterOptions) {
    this.#options = options;
  }

  /**
   * @throws ForetickError STORE_UNREACHABLE, STORE_WRITE_TIMEOUT or STORE_WRITE_FAILED: the batch may be in
   *   the database in part, and is to be written again whole.
   */
  async insert(batch: WriteBatch): Promise<Inserted> {
    const rejected: RefusedRow[] = [];
    try {
      return { rows: await this.#insertRange(batch, 0, batch.rows, rejected), rejected };
    } catch (error) {
      throw storeError(error);
    }
  }

  async close(): Promise<void> {
    const sql = this.#sql;
    this.#sql = undefined;
    await sql?.end({ timeout: 0.2 });
  }

  async #insertRange(batch: WriteBatch, from: number, to: number, rejected: RefusedRow[]): Promise<number> {
    try {
      return await this.#send(batch.table.insert, [
        ...batch.parameters(from, to),
        this.#options.fences?.() ?? null,
      ]);
    } catch (error) {
      if (!isRowFault(error)) throw error;
      if (to - from === 1) {
        rejected.push({ row: batch.record(from), error: storeError(error).message });
        return 0;
      }
    }
    const middle = (from + to) >>> 1;
    const left = await this.#insertRange(batch, from, middle, rejected);
    return left + (await this.#insertRange(batch, middle, to, rejected));
  }

  async #send(statement: string, parameters: (string | null)[]): Promise<number> {
    this.#sql ??= this.#options.connect();
    const sql = this.#sql;
    const wait_ms = Math.round(this.#options.timeout_ms * CUT_OFF_FACTOR);
    let cut = false;
    const deadline = this.#options.clock.after(wait_ms, () => {
      cut = true;
      this.#sql = undefined;
      void sql.end({ timeout: 0 });
    });
    try {
      const result = await sql.unsafe(statement, parameters, { prepare: true });
      return result.count;
    } catch (error) {
      if (!cut) throw error;
      throw new ForetickError(
        "STORE_WRITE_TIMEOUT",
        `database expected to answer within ${wait_ms} ms, did not`,
        { cause: error, details: { connection: "cut" } },
      );
    } finally {
      deadline.cancel();
    }
  }
}
