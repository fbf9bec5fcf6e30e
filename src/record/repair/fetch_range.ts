/**
 * Fetches one range of missing ids by REST and loads it, oldest first, page by page. The trades on either side are
 * asked for too: an answer that has both of them and not what is between says that the exchange has nothing between.
 */

import { ForetickError } from "../../base/errors.ts";
import type { TradeId } from "../../base/units.ts";
import type { TradeEvent } from "../../binance/events.ts";
import { runOfTrade, type TradeRun } from "../../binance/trade_run.ts";
import type { BackfillJob } from "../backfill/job.ts";
import type { IdRange } from "../backfill/known_history.ts";
import { type BackfillRest, loadPages } from "../backfill/rest_source.ts";
import type { Span } from "../bars/bars.ts";
import type { RestShare } from "./rest_share.ts";

/**
 * `answered`: REST has told all it has between the trades on either side. `cut`: the share of REST's weight is spent.
 * `out_of_reach`: REST's history begins later. `unsure`: REST has not told the trade after the range.
 */
export type FetchEnd = "answered" | "cut" | "out_of_reach" | "unsure";

/** @throws ForetickError REST_… where the exchange fails; STORE_…; what was loaded before stays. */
export async function fetchRange(
  job: BackfillJob,
  rest: Pick<BackfillRest, "tradesBetween">,
  range: IdRange,
  share: RestShare,
  onLoaded: (span: Span) => void,
): Promise<FetchEnd> {
  const { symbol } = job.stretch;
  // Ids next to a range of ids.
  const before = Math.max(0, range.from - 1) as TradeId;
  const after = (range.to + 1) as TradeId;
  const ask = async (from: TradeId): Promise<FetchEnd> => {
    const told: Told = { last: undefined, cut: false };
    const pages = shared(rest.tradesBetween(symbol, from, after), after, share, told);
    await loadPages(job, pages, range, (rows) => {
      if (rows.length > 0) onLoaded(spanOf(rows));
    });
    if (told.cut) return "cut";
    return told.last === after ? "answered" : "unsure";
  };
  try {
    return await ask(before);
  } catch (error) {
    const begins = historyBegins(error);
    if (begins === undefined) throw error;
    if (begins > range.to || (await ask(begins as TradeId)) !== "cut") return "out_of_reach";
    return "cut";
  }
}

interface Told {
  last: number | undefined;
  /** The share was spent before the end. */
  cut: boolean;
}

/** Pages as long as the share lasts. */
async function* shared(
  pages: AsyncGenerator<readonly TradeEvent[], void, void>,
  after: number,
  share: RestShare,
  told: Told,
): AsyncGenerator<readonly TradeRun[], void, void> {
  for (;;) {
    if (share.delay_ms > 0) {
      told.cut = true;
      return;
    }
    share.spendPage();
    const page = await pages.next();
    if (page.done) return;
    told.last = page.value.at(-1)!.trade_id;
    yield page.value.map(runOfTrade);
    if (told.last >= after) return;
  }
}

/** The id REST's history begins with, where that is what it refused for. */
function historyBegins(error: unknown): number | undefined {
  if (!(error instanceof ForetickError) || error.code !== "REST_BODY") return undefined;
  const { first_id } = error.details;
  return typeof first_id === "number" ? first_id : undefined;
}

function spanOf(rows: readonly TradeRun[]): Span {
  let [from_us, to_us] = [Number.POSITIVE_INFINITY, 0];
  for (const { ts_us } of rows) {
    from_us = Math.min(from_us, ts_us);
    to_us = Math.max(to_us, ts_us + 1);
  }
  return { from_us, to_us };
}
