/**
 * A source that ends, played again and again as one market that does not: a recording of ten minutes for a soak of
 * days. In each pass times, trade ids and update ids go on from the pass before; prices are those of the recording, so
 * that the market leaps from its last to its first. One diff of the book carries it from where a pass ended to where
 * the next begins: a client's book stays in step across the seam.
 */

import { type Int64, US_PER_SEC } from "../../base/units.ts";
import type { MarketSource, SourceMessage, SourceSnapshot } from "../../binance/capture/market_source.ts";
import { type Levels, levelsOf } from "../../binance/events.ts";
import type { DepthDiffMessage } from "../../binance/sbe/messages.ts";
import { PaperMarket } from "../exchange/market.ts";
import { moved, renumbered } from "./moved.ts";

/** What one pass adds to the next one's times and ids. */
interface Span {
  readonly time_us: number;
  readonly trades: number;
  readonly updates: number;
}

/** What the first pass has shown, as the source has it. */
interface Pass {
  first_us: number | undefined;
  last_us: number;
  trade_id_min: number;
  trade_id_max: number;
  update_id_min: number;
  update_id_max: number;
  /** The first and the last diff that change the book; undefined where the source has none. */
  first_diff: DepthDiffMessage | undefined;
  last_diff: DepthDiffMessage | undefined;
  /** The book at its end. */
  readonly market: PaperMarket;
}

export function loopedSource(source: MarketSource): MarketSource {
  return {
    ...source,
    description: `${source.description}, again and again`,
    messages: () => messagesOf(source),
  };
}

function* messagesOf(source: MarketSource): Generator<SourceMessage, void> {
  const pass = emptyPass(source);
  for (const entry of each(source)) {
    survey(pass, entry);
    yield entry;
  }
  if (pass.first_us === undefined) return;
  const span = spanOf(pass);
  for (let n = 1; ; n++) {
    const by: Span = {
      time_us: n * span.time_us,
      trades: n * span.trades,
      updates: n * span.updates,
    };
    const seam = seamOf(source.snapshot, pass, span, by);
    if (seam) yield { at_us: pass.first_us + by.time_us, message: seam };
    for (const { at_us, message } of each(source)) {
      // Older than the snapshot, which the seam has brought.
      if (message.kind === "depth_diff" && !changes(message, source.snapshot)) continue;
      yield { at_us: at_us + by.time_us, message: renumbered(moved(message, by.time_us), by) };
    }
  }
}

/** The messages of one pass; what they come from is closed with the loop over them. */
function each(source: MarketSource): Iterable<SourceMessage> {
  return { [Symbol.iterator]: () => source.messages() };
}

const changes = ({ last_book_update_id }: DepthDiffMessage, { last_update_id }: SourceSnapshot): boolean =>
  Number(last_book_update_id) > last_update_id;

function emptyPass({ symbol, snapshot }: MarketSource): Pass {
  return {
    first_us: undefined,
    last_us: 0,
    trade_id_min: Number.POSITIVE_INFINITY,
    trade_id_max: Number.NEGATIVE_INFINITY,
    update_id_min: Number.POSITIVE_INFINITY,
    update_id_max: Number.NEGATIVE_INFINITY,
    first_diff: undefined,
    last_diff: undefined,
    market: new PaperMarket(symbol, snapshot),
  };
}

function survey(pass: Pass, { at_us, message }: SourceMessage): void {
  pass.first_us ??= at_us;
  pass.last_us = at_us;
  const update = (first: number, last: number): void => {
    pass.update_id_min = Math.min(pass.update_id_min, first);
    pass.update_id_max = Math.max(pass.update_id_max, last);
  };
  if (message.kind === "trades") {
    for (const { id } of message.trades) {
      pass.trade_id_min = Math.min(pass.trade_id_min, Number(id));
      pass.trade_id_max = Math.max(pass.trade_id_max, Number(id));
    }
  } else if (message.kind === "depth_diff") {
    update(Number(message.first_book_update_id), Number(message.last_book_update_id));
    if (Number(message.last_book_update_id) > pass.market.last_update_id) {
      pass.first_diff ??= message;
      pass.last_diff = message;
      pass.market.apply(message, at_us);
    }
  } else update(Number(message.book_update_id), Number(message.book_update_id));
}

/** Whole seconds, so that each event keeps its place within its second; ids of two passes do not meet. */
function spanOf(pass: Pass): Span {
  const length = (min: number, max: number): number => (max < min ? 0 : max - min + 1);
  return {
    time_us: (Math.floor((pass.last_us - pass.first_us!) / US_PER_SEC) + 1) * US_PER_SEC,
    trades: length(pass.trade_id_min, pass.trade_id_max),
    // One id more than the pass has: the seam's own.
    updates: length(pass.update_id_min, pass.update_id_max) + 1,
  };
}

/** The diff before pass `by`: from the book a pass ends with to the one it begins with. */
function seamOf(
  snapshot: SourceSnapshot,
  { first_us, first_diff, last_diff, market }: Pass,
  span: Span,
  by: Span,
): DepthDiffMessage | undefined {
  if (!first_diff || !last_diff) return undefined;
  const book = market.depth(Number.MAX_SAFE_INTEGER);
  return {
    ...first_diff,
    event_time_us: first_us! + by.time_us,
    first_book_update_id: Number(last_diff.last_book_update_id) + by.updates - span.updates + 1,
    last_book_update_id: Number(first_diff.first_book_update_id) + by.updates - 1,
    bids: changeOf(book.bids, snapshot.bids),
    asks: changeOf(book.asks, snapshot.asks),
  };
}

/** The levels in which two sides differ, as the second has them; quantity 0 where it has none. */
function changeOf(from: Levels, to: Levels): Levels {
  const change = new Map<Int64, Int64>();
  for (let i = 0; i < from.length; i += 2) change.set(from[i]!, 0);
  for (let i = 0; i < to.length; i += 2) change.set(to[i]!, to[i + 1]!);
  return levelsOf([...change].flat());
}
