/**
 * History through REST, by trade ids alone: the exchange says which ids a stretch has, the database which of
 * them are missing, and those are asked for. So it goes on wherever it was stopped, and a page that came short
 * or with a hole is asked for again, since its ids are missing still.
 */

import { sleep } from "../../base/clock.ts";
import { describeError, ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { type Micros, micros, type TradeId, US_PER_SEC } from "../../base/units.ts";
import { backoffMs } from "../../binance/backoff.ts";
import type { TradeEvent } from "../../binance/events.ts";
import type { RestClient } from "../../binance/rest/client.ts";
import { type HistoryKind, runOfAggregate, runOfTrade, type TradeRun } from "../../binance/trade_run.ts";
import { AbsentTrades } from "../repair/absent_trades.ts";
import { checkedPages } from "./checked_runs.ts";
import { type BackfillJob, loadBatch, progressed } from "./job.ts";
import type { IdRange, MissingIds } from "./known_history.ts";

export type BackfillRest = Pick<RestClient, "aggTrades" | "trades" | "tradesBetween" | "klines">;

const PAGE_ROWS = 1_000;
/** In a row, after which what is missing stays missing. */
const PASSES_WITHOUT_GAIN_MAX = 2;
const FAILURES_MAX = 6;
/** Ids run against time within it (µs). */
const SLACK_US = US_PER_SEC;

/** @returns the ids of the stretch; undefined where the exchange had no trade in it. */
export async function loadRest(job: BackfillJob, rest: BackfillRest): Promise<IdRange | undefined> {
  const within = await idsOf(job, rest);
  if (!within) return undefined;
  if (job.kind === "aggTrades") {
    await closeGaps(job, within, "aggTrades", Number.POSITIVE_INFINITY, (gap) =>
      fetchAggregates(job, rest, gap),
    );
  }
  await fillGaps(job, rest, within, job.kind, Number.POSITIVE_INFINITY);
  return within;
}

/**
 * Fetches missing ids one by one, as single trades.
 *
 * @param ids_max a longer gap is left: that is no gap but missing history.
 */
export async function fillGaps(
  job: BackfillJob,
  rest: BackfillRest,
  within: IdRange,
  kind: HistoryKind,
  ids_max: number,
): Promise<void> {
  await closeGaps(job, within, kind, ids_max, async (gap) => {
    await loadPages(job, runsOf(rest.tradesBetween(job.stretch.symbol, gap.from, gap.to)), gap);
  });
}

/**
 * Loads what is wanted of pages of single trades; those around it only bear it out.
 * @param onLoaded told of the believed ones, page by page.
 */
export async function loadPages(
  job: BackfillJob,
  pages: AsyncIterable<readonly TradeRun[]>,
  wanted: IdRange,
  onLoaded?: (believed: readonly TradeRun[]) => void,
): Promise<void> {
  for await (const checked of checkedPages(pages)) {
    const runs = checked.filter(
      ({ first_trade_id, last_trade_id }) => first_trade_id <= wanted.to && last_trade_id >= wanted.from,
    );
    const last = runs.at(-1);
    if (!last) continue;
    job.tally.rows_read += runs.length;
    await loadBatch(job, { runs });
    onLoaded?.(runs.filter(({ set_aside }) => set_aside === undefined));
    progressed(job, "gaps", last.ts_us, `trade ${last.last_trade_id}`);
  }
}

/** The lowest and the highest id whose trades the exchange says were in the stretch. */
async function idsOf(job: BackfillJob, rest: BackfillRest): Promise<IdRange | undefined> {
  const { symbol, from_us, to_us } = job.stretch;
  const [first, after] = await insist(job, async () => {
    const [head] = await rest.aggTrades(symbol, { start_us: micros(from_us), limit: 1 });
    const [tail] = await rest.aggTrades(symbol, { start_us: micros(to_us), limit: 1 });
    return [head, tail];
  });
  if (!first || first.ts_us >= to_us) return undefined;
  if (after) return { from: first.first_trade_id, to: (after.first_trade_id - 1) as TradeId }; // ≥ first's
  const [newest] = await insist(job, () => rest.trades(symbol, 1));
  return { from: first.first_trade_id, to: newest?.trade_id ?? first.last_trade_id };
}

/** Calls `fetch` for each gap, again and again, until none is left or nothing more comes. */
async function closeGaps(
  job: BackfillJob,
  within: IdRange,
  kind: HistoryKind,
  ids_max: number,
  fetch: (gap: MissingIds) => Promise<void>,
): Promise<void> {
  let [failures, without_gain] = [0, 0];
  while (failures < FAILURES_MAX && without_gain < PASSES_WITHOUT_GAIN_MAX) {
    const missing = await missingTrades(job, within, kind);
    const gaps = joined(missing.filter(({ from, to }) => to - from < ids_max));
    if (gaps.length === 0) return;
    const before = job.tally.rows_added;
    let failed = false;
    for (const gap of gaps) {
      job.signal.throwIfAborted();
      const end = await survives(job, () => fetch(gap));
      if (end === "refused") return;
      failed = end === "failed" || failed;
    }
    const gained = job.tally.rows_added > before;
    without_gain = gained || failed ? 0 : without_gain + 1;
    failures = failed && !gained ? failures + 1 : 0;
    if (failed) await sleep(job.clock, backoffMs(job.backoff, failures + 1, job.rng));
  }
}

/** Missing ids but for the exchange's own gaps. */
export async function missingTrades(
  { known, sql, stretch, epoch = 0 }: BackfillJob,
  within: IdRange,
  kind: HistoryKind,
): Promise<MissingIds[]> {
  const absent = await AbsentTrades.read(sql, stretch.symbol, epoch);
  return absent.leaveOut(await known.missing(stretch, within, kind, LIMITS.backfill_gaps_max));
}

/** Gaps a page apart or less become one: a page with known trades among its rows is cheaper than two. */
function joined(gaps: readonly MissingIds[]): MissingIds[] {
  const result: MissingIds[] = [];
  for (const gap of gaps) {
    const last = result.at(-1);
    if (last && gap.from - last.to <= PAGE_ROWS) {
      result[result.length - 1] = { ...last, to: gap.to, after_us: gap.after_us };
    } else result.push(gap);
  }
  return result;
}

async function* runsOf(pages: AsyncIterable<readonly TradeEvent[]>): AsyncGenerator<TradeRun[]> {
  for await (const page of pages) yield page.map(runOfTrade);
}

/** Aggregates from just before the gap to its end. What is known already is left out where it is loaded. */
async function fetchAggregates(job: BackfillJob, rest: BackfillRest, gap: MissingIds): Promise<void> {
  for await (const runs of checkedPages(aggregatesOf(job, rest, gap))) {
    job.tally.rows_read += runs.length;
    await loadBatch(job, { runs });
    progressed(job, "load", runs.at(-1)!.ts_us, `trade ${runs.at(-1)!.last_trade_id}`);
  }
}

async function* aggregatesOf(
  job: BackfillJob,
  rest: BackfillRest,
  gap: MissingIds,
): AsyncGenerator<TradeRun[]> {
  const { symbol, from_us } = job.stretch;
  const start_us: Micros = micros(Math.max(0, (gap.before_us ?? from_us) - SLACK_US));
  let page = await rest.aggTrades(symbol, { start_us, limit: PAGE_ROWS });
  for (let last = page.at(-1); last; last = page.at(-1)) {
    const wanted = page.filter((row) => row.last_trade_id >= gap.from && row.first_trade_id <= gap.to);
    yield wanted.map(runOfAggregate);
    if (last.last_trade_id >= gap.to) return;
    page = await rest.aggTrades(symbol, { from_id: last.agg_trade_id + 1, limit: PAGE_ROWS });
  }
}

/** How a fetch ended. What was answered before it failed has been loaded; what is refused stays refused. */
async function survives(
  job: BackfillJob,
  run: () => Promise<void>,
): Promise<"answered" | "failed" | "refused"> {
  try {
    await run();
    return "answered";
  } catch (error) {
    if (!isExchanges(error) || job.signal.aborted) throw error;
    const refused = isRefusal(error);
    job.log.warn(
      { reason: describeError(error) },
      refused
        ? "the exchange refuses to answer; what is missing stays missing"
        : "the exchange failed; what is missing is asked for again",
    );
    return refused ? "refused" : "failed";
  }
}

/**
 * An answer of the exchange, asked for until it is one.
 * @throws ForetickError REST_… after the last try, or at once where it refuses: a key, a region, a path it does not have.
 */
export async function insist<T>(job: BackfillJob, ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (!isExchanges(error) || isRefusal(error) || tries >= FAILURES_MAX || job.signal.aborted) throw error;
      job.log.warn({ reason: describeError(error) }, "the exchange failed; asking again");
      await sleep(job.clock, backoffMs(job.backoff, tries, job.rng));
    }
  }
}

function isExchanges(error: unknown): error is ForetickError {
  return error instanceof ForetickError && error.code.startsWith("REST_");
}

/** It would say the same again. */
function isRefusal({ code, details }: ForetickError): boolean {
  const { status } = details as { readonly status?: number };
  return code === "REST_STATUS" && status !== undefined && status >= 400 && status < 500;
}
