/** Rows on their way into the staging table, and what a batch of them spans. */

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { CheckedRun } from "./checked_runs.ts";

const LINES_A_CHUNK = 2_000;

/** COPY into the staging table of the session. */
export async function stage(client: Client, runs: readonly CheckedRun[]): Promise<void> {
  function* chunks(): Iterable<Buffer> {
    for (let from = 0; from < runs.length; from += LINES_A_CHUNK) {
      yield Buffer.from(
        runs
          .slice(from, from + LINES_A_CHUNK)
          .map(lineOf)
          .join(""),
      );
    }
  }
  await pipeline(Readable.from(chunks()), client.query(copyFrom("copy staged_runs from stdin")));
}

function lineOf(run: CheckedRun): string {
  const { first_trade_id, last_trade_id, ts_us, price_e8, qty_e8, is_buyer_maker, set_aside } = run;
  return `${first_trade_id}\t${last_trade_id}\t${ts_us}\t${price_e8}\t${qty_e8}\t${is_buyer_maker ? "t" : "f"}\t${set_aside ?? "\\N"}\n`;
}

export const tradesIn = (runs: readonly CheckedRun[]): number =>
  runs.reduce((sum, { first_trade_id, last_trade_id }) => sum + last_trade_id - first_trade_id + 1, 0);

export function extentOf(runs: readonly CheckedRun[]) {
  const extent = {
    from_us: Number.POSITIVE_INFINITY,
    to_us: 0,
    first_id: Number.POSITIVE_INFINITY,
    last_id: 0,
    any_single: false,
    any_aggregate: false,
  };
  for (const { first_trade_id, last_trade_id, ts_us } of runs) {
    extent.from_us = Math.min(extent.from_us, ts_us);
    extent.to_us = Math.max(extent.to_us, ts_us);
    extent.first_id = Math.min(extent.first_id, first_trade_id);
    extent.last_id = Math.max(extent.last_id, last_trade_id);
    if (first_trade_id === last_trade_id) extent.any_single = true;
    else extent.any_aggregate = true;
  }
  return extent;
}
