/**
 * History is checked like what the streams send: each row beside the one before and the one after it, by id. What is
 * not believed is stored with the reason, and its ids count as missing.
 */

import { tradeFault } from "../../binance/belief/row_faults.ts";
import type { SetAside } from "../../binance/events.ts";
import type { TradeRun } from "../../binance/trade_run.ts";

export interface CheckedRun extends TradeRun {
  /** Why it is not believed. */
  readonly set_aside?: SetAside;
}

/**
 * Either neighbour is undefined at the ends of what is loaded. A row beside it that is none by its id, in a file that is
 * not in order, says nothing.
 */
export function checkedRun(
  before: TradeRun | undefined,
  run: TradeRun,
  after: TradeRun | undefined,
): CheckedRun {
  const set_aside = tradeFault(
    before && before.last_trade_id < run.first_trade_id ? before : undefined,
    run,
    after && after.first_trade_id > run.last_trade_id ? after : undefined,
  );
  return set_aside ? { ...run, set_aside } : run;
}

/**
 * Pages as they come, one behind: each checked with the rows around it. Where the next page fails, the last one is not
 * lost. @param pages ascending by id.
 */
export async function* checkedPages(pages: AsyncIterable<readonly TradeRun[]>): AsyncGenerator<CheckedRun[]> {
  let before: TradeRun | undefined;
  let held: readonly TradeRun[] = [];
  const checked = (after?: TradeRun): CheckedRun[] =>
    held.map((run, index) => checkedRun(held[index - 1] ?? before, run, held[index + 1] ?? after));
  try {
    for await (const page of pages) {
      if (page.length === 0) continue;
      if (held.length > 0) yield checked(page[0]);
      before = held.at(-1);
      held = page;
    }
  } catch (error) {
    if (held.length > 0) yield checked();
    throw error;
  }
  if (held.length > 0) yield checked();
}
