/**
 * The past a lane is rebuilt from: stored or fetched events, folded into a fresh engine in silence, second by
 * second, up to the lane's open second. What comes out afterwards equals the output of a lane that saw it
 * all.
 */

import { LIMITS } from "../../base/limits.ts";
import { atOnce, type Steps } from "../../base/turns.ts";
import { type Micros, secondOf, type UnixSec } from "../../base/units.ts";
import type { DisconnectEvent, QuoteEvent, SetAside, TradeEvent } from "../../binance/events.ts";
import type { TradeGap } from "../../binance/trade_ledger.ts";
import { FeatureEngine } from "../../features/live/engine.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import type { BookSeconds } from "./book_seconds.ts";
import { type BreakTrades, closeSeconds, LOT_ROWS, Seconds } from "./look_back/seconds.ts";
import type { LaneMemory } from "./memory.ts";
import type { RememberedTrade } from "./recent_trades.ts";
import type { KeptBreak, SinceHold } from "./since_hold.ts";

/** What a lane replays to fill its look-back: stored or fetched events, late ones left out. */
export interface LookBack {
  /** Those of earlier numberings, by numbering and id: all of them are before `trades`, and none is missing between. */
  readonly earlier?: readonly RememberedTrade[];
  /**
   * Ascending by trade id. Those the lane has not seen come out of it, unless they are `stored`. Late ones are
   * known, and in no bar.
   */
  readonly trades: readonly {
    readonly trade: TradeEvent;
    readonly late: boolean;
    readonly stored: boolean;
    /** Why it is not believed: it comes out as such, is in no bar, and its id counts as missing. */
    readonly set_aside?: SetAside;
  }[];
  readonly quotes: readonly QuoteEvent[];
  readonly disconnects: readonly DisconnectEvent[];
  /** Ids the exchange itself has no trade of: no hole. */
  readonly absent?: readonly TradeGap[];
  /** From this second on the trades are complete. */
  readonly complete_from_sec: UnixSec;
}

/** An engine that has closed the seconds of a look-back up to a bound, and what of the look-back is left. */
export interface Prepared {
  readonly engine: FeatureEngine;
  /** The first second that is not in it. */
  readonly until: UnixSec;
  /** What of the look-back belongs to later seconds. */
  readonly rest: LookBack;
  /** The lane's breaks it knows: one noted since, of before `until`, makes it useless. */
  readonly breaks: ReadonlySet<string>;
}

/**
 * Without the fetched trades of another numbering: ids far below the newest one taken, and later times. The exchange has
 * begun to count from the start again, and no event has said so yet. Their ids would join the old ones; the break that
 * the first event of the new numbering makes reaches across them.
 */
export function ofOneNumbering(
  lookBack: LookBack,
  newest: { readonly id: number; readonly ts_us: number } | undefined,
): LookBack {
  if (!newest) return lookBack;
  const { id, ts_us } = newest;
  const isAnother = ({ trade, stored }: LookBack["trades"][number]): boolean =>
    !stored && id - trade.trade_id > LIMITS.belief_ids_ahead_max && trade.ts_us > ts_us;
  if (!lookBack.trades.some(isAnother)) return lookBack;
  return { ...lookBack, trades: lookBack.trades.filter((row) => !isAnother(row)) };
}

export interface RebuildOptions {
  readonly symbol: string;
  readonly sets: readonly FeatureSet[];
  /** What the book held at the ends of seconds: no look-back can be asked for that. */
  readonly book_seconds: BookSeconds;
  /** The lane's own memory. */
  readonly memory: LaneMemory;
  /** A fetched trade with the epoch it belongs to: the exchange's history does not tell. */
  readonly stamp: (trade: TradeEvent) => TradeEvent;
}

export interface FinishOptions extends RebuildOptions {
  /** The first second that is left open. */
  readonly resume: UnixSec;
  /** What the lane has taken since the look-back was asked for; nothing where it held its events back. */
  readonly since?: SinceHold;
  /** Which of `since`'s breaks the look-back has filled. */
  readonly filled?: ReadonlySet<DisconnectEvent>;
  /** Where the first part has been done in slices. */
  readonly prepared?: Prepared | undefined;
}

/** In steps, the part of `engineFrom` that is final: seconds before `until`, none of which can change any more. */
export function* prepare(
  lookBack: LookBack,
  options: RebuildOptions & { readonly until: UnixSec },
): Steps<Prepared> {
  const { until, memory, stamp } = options;
  const breaks = new Set(memory.breaks().map(nameOf));
  const engine = newEngine(lookBack, options);
  const seconds = new Seconds(lookBack.complete_from_sec, until);
  const earlier: RememberedTrade[] = [];
  const trades: LookBack["trades"][number][] = [];
  const quotes: QuoteEvent[] = [];
  let rows = 0;
  for (const row of lookBack.earlier ?? []) {
    if (secondOf(row.trade.ts_us) >= until) earlier.push(row);
    else if (!row.late) seconds.add(row.trade);
    if (++rows % LOT_ROWS === 0) yield LOT_ROWS;
  }
  for (const row of lookBack.trades) {
    if (secondOf(row.trade.ts_us) >= until) trades.push(row);
    else if (isPast(row, memory)) seconds.add(row.stored ? row.trade : stamp(row.trade));
    if (++rows % LOT_ROWS === 0) yield LOT_ROWS;
  }
  for (const quote of [...memory.quotes(), ...lookBack.quotes]) {
    if (secondOf(quote.ts_us) >= until) quotes.push(quote);
    else seconds.add(quote);
    if (++rows % LOT_ROWS === 0) yield LOT_ROWS;
  }
  for (const event of [...lookBack.disconnects, ...memory.breaks()]) {
    if (secondOf(event.ts_us) < until) seconds.add(event);
  }
  const disconnects = lookBack.disconnects.filter(({ ts_us }) => secondOf(ts_us) >= until);
  yield* closeSeconds(engine, seconds, options.book_seconds, until);
  return { engine, until, rest: { ...lookBack, earlier, trades, quotes, disconnects }, breaks };
}

/** Whether nothing has been noted since that `prepared` lacks. */
export function isSound(
  { until, breaks }: Prepared,
  { memory, resume, since }: Pick<FinishOptions, "memory" | "resume" | "since">,
): boolean {
  const noted = [...memory.breaks(), ...(since?.breaks.map(({ event }) => event) ?? [])];
  return (
    until <= resume && noted.every((event) => secondOf(event.ts_us) >= until || breaks.has(nameOf(event)))
  );
}

/** A fresh engine that has closed every second of the look-back before `resume`, and holds what came since. */
export function engineFrom(lookBack: LookBack, options: FinishOptions): FeatureEngine {
  const { book_seconds, resume, prepared, memory, since, filled, stamp } = options;
  const { earlier = [], trades, quotes, disconnects } = prepared?.rest ?? lookBack;
  const from = prepared?.until ?? Number.NEGATIVE_INFINITY;
  const engine = prepared?.engine ?? newEngine(lookBack, options);
  const seconds = new Seconds(prepared?.until ?? lookBack.complete_from_sec, resume);
  const isOpen = ({ ts_us }: { readonly ts_us: number }): boolean => secondOf(ts_us as Micros) >= from;
  for (const { trade, late } of earlier) if (!late) seconds.add(trade);
  const past = trades.filter((row) => isPast(row, memory) && !since?.trades.has(row.trade.trade_id));
  const taken = [...(since?.trades.values() ?? [])].filter(({ late }) => !late);
  const all = [
    ...past.map(({ trade, stored }) => (stored ? trade : stamp(trade))),
    ...taken.map(({ trade }) => trade),
  ];
  for (const trade of since ? all.sort((a, b) => a.trade_id - b.trade_id) : all) seconds.add(trade);
  for (const quote of [...memory.quotes().filter(isOpen), ...quotes, ...(since?.quotes ?? [])])
    seconds.add(quote);
  // The look-back's trades are complete across most breaks before it: that is what it was fetched for.
  const noticed = new Set(since?.breaks.map(({ event }) => event));
  const before = memory.breaks().filter((event) => !noticed.has(event) && isOpen(event));
  for (const event of [...disconnects, ...before]) seconds.add(event);
  for (const kept of since?.breaks ?? []) seconds.add(kept.event, tradesOf(kept, filled));
  atOnce(closeSeconds(engine, seconds, book_seconds, resume));
  for (const [sec, sums] of book_seconds.since(resume)) engine.onBook(sec, sums);
  return engine;
}

const newEngine = ({ complete_from_sec }: LookBack, { symbol, sets }: RebuildOptions): FeatureEngine =>
  new FeatureEngine({ symbol, sets, data_from_sec: complete_from_sec });

/** Late ones are in no bar; one the lane has taken is in its second's bar or late, as the lane decided. */
const isPast = ({ trade, late, set_aside }: LookBack["trades"][number], memory: LaneMemory): boolean =>
  !late && !set_aside && !memory.wasLate(trade.trade_id);

const nameOf = ({ stream, received_us, ts_us }: DisconnectEvent): string =>
  `${stream} ${received_us} ${ts_us}`;

function tradesOf(
  { event, complete }: KeptBreak,
  filled: ReadonlySet<DisconnectEvent> | undefined,
): BreakTrades {
  if (complete || filled?.has(event)) return "filled";
  return event.until_us === undefined ? "open" : "missing";
}
