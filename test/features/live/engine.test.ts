/** The engine's contract with its caller: seconds, late events, breaks and the start. */

import { describe, expect, it } from "vitest";
import type { ForetickError } from "../../../src/base/errors.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { micros, unixSec } from "../../../src/base/units.ts";
import { lnr } from "../../../src/features/algebra/lnr.ts";
import { FeatureEngine } from "../../../src/features/live/engine.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import type { FeatureVector } from "../../../src/features/vector.ts";
import { at, close, engineFrom, marker, plain, quote, SYMBOL, T, trade, value } from "./by_hand.ts";

describe("seconds", () => {
  it("jumped over are closed empty, with the same vectors as one by one", () => {
    const feed = (engine: FeatureEngine): void => {
      engine.onTrade(trade(1, 0.5, 100, 1, "buy"));
      engine.onTrade(trade(2, 6.5, 101, 1, "buy"));
    };
    const [jumping, stepping, emitting] = [engineFrom(), engineFrom(), engineFrom()];
    for (const engine of [jumping, stepping, emitting]) feed(engine);
    const stepped = Array.from({ length: 8 }, (_, s) => close(stepping, s));
    const emitted: FeatureVector[] = [];
    emitting.closeThrough(unixSec(T + 7), (vectors) => emitted.push(...vectors));
    expect(plain(close(jumping, 7))).toEqual(plain(stepped.at(-1)!));
    expect(emitted.map(plain)).toEqual(stepped.map(plain));
    expect(jumping.counters.seconds_closed).toBe(8);
  });

  it("never close twice, nor further ahead than one call may", () => {
    const engine = engineFrom();
    close(engine, 0);
    const codes = [0, -1, LIMITS.close_jump_s_max + 1, 1.5].map((s) => {
      try {
        engine.closeSecond((T + s) as never);
        return "accepted";
      } catch (error) {
        return (error as ForetickError).code;
      }
    });
    expect(codes).toEqual(new Array(4).fill("INVARIANT"));
    expect(close(engine, 1).ts_sec).toBe(T + 2);
  });

  it("ahead of the one that closes hold their events until their turn", () => {
    const engine = engineFrom();
    engine.onTrade(trade(2, 3.1, 105, 1, "buy"));
    engine.onQuote(quote(2, 3.2, 104, 106));
    engine.onTrade(trade(1, 0.1, 100, 1, "buy"));
    const early = close(engine, 0);
    expect([value(early, "n_trades_5s"), value(early, "spread")]).toEqual([1, Number.NaN]);
    expect(engine.open_seconds).toBe(1);
    const later = close(engine, 3);
    expect([value(later, "n_trades_5s"), value(later, "spread")]).toEqual([2, 2]);
    expect(engine.open_seconds).toBe(0);
  });

  it("left open by the thousand refuse further ones, and forget no break", () => {
    const engine = engineFrom();
    for (let s = 0; s < LIMITS.open_seconds_max; s++) {
      expect(engine.onTrade(trade(s, s + 0.5, 100, 1, "buy"))).toBe(true);
    }
    expect(engine.onTrade(trade(9_999, LIMITS.open_seconds_max + 0.5, 100, 1, "buy"))).toBe(false);
    expect(engine.onTrade(trade(9_998, 5.5, 100, 1, "buy"))).toBe(true);
    expect(engine.counters.events_refused).toBe(1);
    engine.onDisconnect(marker(LIMITS.open_seconds_max + 1));
    expect(close(engine, LIMITS.open_seconds_max + 1).warm).toBe(false);
  });
});

describe("a late event", () => {
  it("is refused and moves nothing", () => {
    const [undisturbed, disturbed] = [engineFrom(), engineFrom()];
    for (const engine of [undisturbed, disturbed]) {
      engine.onTrade(trade(1, 0.5, 100, 1, "buy"));
      close(engine, 0);
    }
    expect(disturbed.onTrade(trade(2, 0.9, 200, 50, "sell"))).toBe(false);
    expect(disturbed.onQuote(quote(1, 0.9, 1, 2))).toBe(false);
    expect(disturbed.counters).toMatchObject({ trades_late: 1, quotes_late: 1, events_refused: 0 });
    expect(plain(close(disturbed, 400))).toEqual(plain(close(undisturbed, 400)));
  });
});

describe("a break in the data", () => {
  it("takes the quote away until the next one", () => {
    const engine = engineFrom();
    engine.onTrade(trade(1, 0.1, 100, 1, "buy"));
    engine.onQuote(quote(1, 0.5, 99, 101));
    expect(value(close(engine, 0), "spread")).toBe(2);
    engine.onDisconnect(marker(1.2));
    expect(value(close(engine, 1), "spread")).toBe(Number.NaN);
    engine.onQuote(quote(2, 2.4, 99, 102));
    expect(value(close(engine, 2), "spread")).toBe(3);
    expect([1, 2, 3].map((s) => engine.midSumAsOf(unixSec(T + s)))).toEqual([200e8, undefined, 201e8]);
    expect(engine.quoteAsOf(unixSec(T + 3))).toMatchObject({
      bid_price_e8: 99e8,
      update_id: 2,
      ts_us: at(2.4),
    });
  });

  it("counts from the first open second where its own has closed, and says so", () => {
    const engine = engineFrom();
    engine.onQuote(quote(1, 0.5, 99, 101));
    close(engine, 0);
    close(engine, 1);
    expect(engine.onDisconnect(marker(0.5))).toBe(at(2));
    expect(engine.midSumAsOf(unixSec(T + 2))).toBe(200e8);
    expect(value(close(engine, 2), "spread")).toBe(Number.NaN);
    expect(engine.onDisconnect(marker(4.5))).toBe(at(4.5));
  });

  it("makes vectors cold until a whole block is after it", () => {
    const engine = engineFrom();
    engine.onDisconnect(marker(310));
    const warm: number[] = [];
    engine.closeThrough(unixSec(T + 1_500), ([vector]) => {
      if (vector!.warm) warm.push(vector!.ts_sec - T);
    });
    // Warm from 300 (data begins with the block), until the break is seen at 311; again from 900.
    expect(warm[0]).toBe(300);
    expect(warm.slice(9, 13)).toEqual([309, 310, 900, 901]);
    expect(warm.at(-1)).toBe(1_501);
  });

  it("at a block's first microsecond belongs to that block, one before it to the last", () => {
    const warmAt600 = (s: number): boolean => {
      const engine = engineFrom();
      engine.onDisconnect(marker(s));
      return close(engine, 600).warm;
    };
    expect([300, 299.999999].map(warmAt600)).toEqual([false, true]);
  });

  it("whose trades were fetched takes the quote away, and leaves nothing cold", () => {
    const engine = engineFrom();
    engine.onTrade(trade(1, 0.5, 100, 1, "buy"));
    engine.onQuote(quote(1, 640.5, 99, 101));
    engine.onDisconnect(marker(650), "filled");
    const before = close(engine, 645);
    const after = close(engine, 700);
    expect([before.warm, after.warm]).toEqual([true, true]);
    expect([value(before, "spread"), value(after, "spread")]).toEqual([2, Number.NaN]);
  });

  it("leaves no label across it", () => {
    const engine = engineFrom();
    for (let s = 0; s < 40; s++) {
      if (s === 15) engine.onDisconnect(marker(15));
      engine.onQuote(quote(s + 1, s + 0.5, 100 + s, 102 + s));
    }
    close(engine, 39);
    const label = (s: number): number | undefined => engine.labelAsOf(unixSec(T + s), 10);
    expect(label(5)).toBe(lnr(2 * 115e8, 2 * 105e8));
    expect([6, 15].map(label)).toEqual([undefined, undefined]);
    expect(label(16)).toBe(lnr(2 * 126e8, 2 * 116e8));
    expect(label(31)).toBeUndefined(); // not closed yet
  });
});

describe("the start", () => {
  it("counts data as complete from the second after the first event's, unless the start is given", () => {
    const warmFrom = (prepare: (engine: FeatureEngine) => void, from?: number): number => {
      const engine = new FeatureEngine({
        symbol: SYMBOL,
        sets: [v1],
        ...(from === undefined ? {} : { data_from_sec: T + from }),
      });
      prepare(engine);
      engine.onTrade(trade(1, 0.7, 100, 1, "buy"));
      for (let s = 0; s < 1_300; s++) if (close(engine, s).warm) return s + 1;
      return Number.NaN;
    };
    expect(warmFrom(() => {})).toBe(600);
    expect(warmFrom((engine) => engine.startAt(unixSec(T)))).toBe(600);
    expect(warmFrom((engine) => engine.startAt(unixSec(T - 1)))).toBe(300);
    expect(warmFrom((engine) => engine.startAt(unixSec(T)), 0)).toBe(300);
    expect(warmFrom(() => {}, 1)).toBe(600);
  });

  it("takes from events far older than the look-back only what carries, without walking there", () => {
    const engine = engineFrom();
    engine.onTrade(trade(1, -40 * 86_400, 90, 1, "buy"));
    engine.onQuote(quote(1, -40 * 86_400, 89, 91));
    engine.onTrade(trade(2, 0.5, 100, 1, "buy"));
    const vector = close(engine, 0);
    expect(value(vector, "ret_1s")).toBe(lnr(100e8, 90e8));
    expect(value(vector, "spread")).toBe(2);
    expect(value(vector, "n_trades_5s")).toBe(1);
    expect(engine.counters.seconds_closed).toBeLessThanOrEqual(601);
  });

  it("does not take a break that came before all data for the beginning of data", () => {
    const engine = new FeatureEngine({ symbol: SYMBOL, sets: [v1] });
    engine.onDisconnect({ ...marker(0), ts_us: micros(0) });
    engine.onTrade(trade(1, 10.5, 100, 1, "buy"));
    expect(close(engine, 299 + 5).warm).toBe(false);
    expect(close(engine, 605).warm).toBe(true);
  });
});
