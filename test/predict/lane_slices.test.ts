/** A lane's change over to a look-back in slices: what a stretch on the event loop costs is counted, not timed. */

import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/base/limits.ts";
import { atOnce, inTurns } from "../../src/base/turns.ts";
import { micros, priceE8, qtyE8, tradeId, unixSec, updateId } from "../../src/base/units.ts";
import type { DisconnectEvent, QuoteEvent, TradeEvent } from "../../src/binance/events.ts";
import { FEATURE_SETS } from "../../src/features/sets/all.ts";
import { BookSeconds } from "../../src/predict/lane/book_seconds.ts";
import { Lane } from "../../src/predict/lane/lane.ts";
import { isSound, type LookBack, prepare } from "../../src/predict/lane/look_back.ts";
import { LaneMemory } from "../../src/predict/lane/memory.ts";
import type { ClosedSecond } from "../../src/predict/lane/output.ts";

const SEC = 1_700_000_100;
/** Longer than the longest window of any set (s). */
const HISTORY_S = 11_400;
const TRADES_A_SECOND = 2;
/** A step beyond the bound: the slice ends after it. */
const STEP_MAX = 64;

const timed = (offset_ms: number) => ({
  ...{ symbol: "BTCUSDT", epoch: 0, ts_us: micros(SEC * 1e6 + offset_ms * 1e3) },
  received_us: micros(SEC * 1e6 + offset_ms * 1e3 + 5_000),
});

const trade = (id: number): TradeEvent => ({
  ...{ kind: "trade", ...timed((id * 1_000) / TRADES_A_SECOND), trade_id: tradeId(id) },
  ...{ price_e8: priceE8((100 + (id % 7)) * 1e8), qty_e8: qtyE8((1 + (id % 5)) * 1e8) },
  is_buyer_maker: id % 2 === 0,
});

const quote = (id: number): QuoteEvent => ({
  ...{ kind: "quote", ...timed((id * 1_000) / TRADES_A_SECOND + 100), update_id: updateId(id + 1) },
  ...{ bid_price_e8: priceE8((100 + (id % 6)) * 1e8), bid_qty_e8: qtyE8(2e8) },
  ...{ ask_price_e8: priceE8((101 + (id % 6)) * 1e8), ask_qty_e8: qtyE8(1e8) },
});

function lane(): { lane: Lane; seconds: ClosedSecond[] } {
  const seconds: ClosedSecond[] = [];
  const nothing = (): void => {};
  const made = new Lane({
    ...{ symbol: "BTCUSDT", sets: FEATURE_SETS, streams: ["trade", "bestBidAsk"], grace_ms: 250 },
    output: {
      ...{ trade: nothing, quote: nothing, disconnect: nothing, breakEnded: nothing, timeDoubted: nothing },
      ...{ bookSums: nothing, fillWanted: nothing },
      closed: (second) => void seconds.push(second),
    },
  });
  return { lane: made, seconds };
}

const feed = (to: Lane, from_id: number, to_id: number): void => {
  for (let id = from_id; id < to_id; id++) {
    to.onEvent(trade(id));
    to.onEvent(quote(id));
  }
};

const bitsOf = (seconds: readonly ClosedSecond[]): string[] =>
  seconds.flatMap(({ ts_sec, mid_sum_e8, vectors }) =>
    vectors.map((vector) =>
      [ts_sec, mid_sum_e8, vector.feature_set, vector.warm, ...vector.values].join(" "),
    ),
  );

/** Up to, and not with, trade `to_id`. */
function lookBack(to_id: number): LookBack {
  return {
    trades: Array.from({ length: to_id }, (_, id) => ({ trade: trade(id), late: false, stored: true })),
    quotes: Array.from({ length: 1_400 }, (_, i) => quote(to_id - 1_400 + i)),
    disconnects: [],
    complete_from_sec: unixSec(SEC),
  };
}

/** Runs the change over with a few events in each turn; @returns the rows each slice cost, and the next id. */
async function changeOver(target: Lane, from_id: number): Promise<{ slices: number[]; next_id: number }> {
  const slices: number[] = [];
  let rows = 0;
  let next_id = from_id;
  const counted = function* () {
    const steps = target.prepare(lookBack(from_id));
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      rows += step.value;
      yield step.value;
    }
  };
  const prepared = await inTurns(counted(), async () => {
    slices.push(rows);
    rows = 0;
    if (slices.length % 10 === 0) feed(target, next_id, ++next_id);
  });
  const released = target.release(lookBack(from_id), prepared);
  expect(released.taken).toBe(true);
  return { slices, next_id };
}

describe("a lane that changes over to three hours of look-back", () => {
  const end = HISTORY_S * TRADES_A_SECOND;

  it("does it in slices of bounded work, ticks go on between them, and equals a lane that saw it all", async () => {
    const whole = lane();
    const late = lane();
    feed(late.lane, end - 20, end - 10);
    late.lane.hold();
    feed(late.lane, end - 10, end);
    late.lane.goOn();
    const before = late.seconds.length;
    const { slices, next_id } = await changeOver(late.lane, end);
    expect(slices.length).toBeGreaterThan(100);
    expect(Math.max(...slices)).toBeLessThanOrEqual(LIMITS.turn_rows_max + STEP_MAX);
    const during = late.seconds.length - before;
    expect(during).toBeGreaterThan(5);
    feed(late.lane, next_id, next_id + 40);
    feed(whole.lane, 0, next_id + 40);
    const after = late.seconds.slice(before + during);
    expect(after.length).toBeGreaterThan(15);
    expect(bitsOf(after)).toEqual(bitsOf(whole.seconds.slice(-after.length)));
    expect(after.every(({ vectors }) => vectors.every(({ warm }) => warm))).toBe(true);
  });

  it("which holds its events meanwhile does the same", async () => {
    const whole = lane();
    const held = lane();
    held.lane.hold();
    feed(held.lane, end - 10, end);
    const { slices, next_id } = await changeOver(held.lane, end);
    expect(Math.max(...slices)).toBeLessThanOrEqual(LIMITS.turn_rows_max + STEP_MAX);
    feed(held.lane, next_id, next_id + 40);
    feed(whole.lane, 0, next_id + 40);
    expect(bitsOf(held.seconds)).toEqual(bitsOf(whole.seconds.slice(-held.seconds.length)));
    expect(held.seconds.length).toBeGreaterThan(15);
  });

  it("does not use what it prepared where a break was noted since, of a second before its end", () => {
    const memory = new LaneMemory("BTCUSDT", 600);
    const cut = (offset_ms: number): DisconnectEvent => ({
      ...{ kind: "disconnect", ...timed(offset_ms), stream: "quote", reason: "silent" },
    });
    memory.disconnect(cut(1_000));
    const until = unixSec(SEC + 20);
    const options = {
      symbol: "BTCUSDT",
      sets: FEATURE_SETS,
      book_seconds: new BookSeconds(undefined),
      memory,
      stamp: (one: TradeEvent) => one,
    };
    const prepared = atOnce(prepare({ ...lookBack(1_500), quotes: [] }, { ...options, until }));
    const isSoundNow = (resume: number): boolean => isSound(prepared, { memory, resume: unixSec(resume) });
    expect(isSoundNow(until)).toBe(true);
    expect(isSoundNow(until - 1)).toBe(false);
    memory.disconnect(cut(20_000));
    expect(isSoundNow(until)).toBe(true);
    memory.disconnect(cut(12_000));
    expect(isSoundNow(until)).toBe(false);
  });
});
