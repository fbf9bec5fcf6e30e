/**
 * What of a look-back is older than the exchange's newest numbering. REST has none of it, and ids connect nothing across
 * numberings. The stream's order does: where it went on without a break while the numbering began again, the last trade
 * stored of the old one and the first of the new one are neighbours.
 */

import type { Steps } from "../base/turns.ts";
import { secondOf, type UnixSec, unixSec } from "../base/units.ts";
import type { DisconnectEvent, TradeEvent } from "../binance/events.ts";
import { FIRST_TRADE_ID, type TradeGap } from "../binance/trade_ledger.ts";
import type { LookBack } from "../predict/lane/look_back.ts";
import type { RememberedTrade } from "../predict/lane/recent_trades.ts";
import { RENUMBERED } from "../predict/lane/trades.ts";

/** Trades by id. */
export type Known = Map<number, LookBack["trades"][number]>;

/** What is known of one numbering, and the ids the exchange has no trade of. */
export interface EarlierNumbering {
  readonly known: Known;
  readonly absent: readonly TradeGap[];
}

export interface EarlierOptions {
  /** The oldest trade of the newest numbering's unbroken run. */
  readonly first: TradeEvent | undefined;
  /** The newest first. */
  readonly earlier: readonly EarlierNumbering[];
  /** A later one of the same break counts: it may have ended since. */
  readonly breaks: readonly DisconnectEvent[];
}

export interface EarlierTrades {
  /** By numbering and id. */
  readonly trades: readonly RememberedTrade[];
  /** The second from which trades are complete; undefined where this goes back no further than `first` itself. */
  readonly complete_from_sec: UnixSec | undefined;
}

const LOT_ROWS = 64;

/** In steps: there may be hundreds of thousands. */
export function* earlierTrades({ first, earlier, breaks }: EarlierOptions): Steps<EarlierTrades> {
  const runs: RememberedTrade[][] = [];
  let complete_from_sec: UnixSec | undefined;
  let oldest = first;
  for (const { known, absent } of earlier) {
    // Trades of the newer numbering may be missing before it.
    if (!oldest || oldest.trade_id > FIRST_TRADE_ID) break;
    const run: RememberedTrade[] = [];
    let last: TradeEvent | undefined;
    for (const { trade } of known.values()) {
      if (!last || trade.trade_id > last.trade_id) last = trade;
    }
    if (!last) continue;
    const meeting = meetingSeam(breaks, last, oldest);
    if (meeting.length > 0) {
      // None of the new numbering came before its first: it is complete from the break's end on.
      const ends = meeting.map(({ until_us }) => until_us ?? oldest!.ts_us);
      complete_from_sec = unixSec(secondOf(ends.reduce((a, b) => (a > b ? a : b))) + 1);
      break;
    }
    for (let id: number = last.trade_id; ; ) {
      const row = known.get(id);
      if (row) {
        run.push({ trade: row.trade, late: row.late });
        id -= 1;
      } else {
        const gap = absent.find(({ from, to }) => from <= id && id <= to);
        if (!gap) break;
        id = gap.from - 1;
      }
      if (run.length % LOT_ROWS === 0) yield LOT_ROWS;
    }
    oldest = run.at(-1)!.trade;
    complete_from_sec = unixSec(secondOf(oldest.ts_us) + 1);
    runs.push(run.reverse());
  }
  return { trades: runs.reverse().flat(), complete_from_sec };
}

/** Breaks of the trades between the last one of a numbering and the first one of the next. */
function meetingSeam(
  breaks: readonly DisconnectEvent[],
  last: TradeEvent,
  first: TradeEvent,
): DisconnectEvent[] {
  const meeting = new Map<string, DisconnectEvent>();
  for (const event of breaks) {
    const { stream = "all", received_us, ts_us, until_us = ts_us, reason } = event;
    // Where nothing else broke, REST has what did not come of the new numbering.
    if (stream === "quote" || stream === "depth" || reason === RENUMBERED) continue;
    if (ts_us <= first.ts_us && until_us >= last.ts_us) meeting.set(`${stream} ${received_us}`, event);
  }
  return [...meeting.values()];
}
