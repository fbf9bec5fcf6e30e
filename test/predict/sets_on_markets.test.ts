/**
 * Every set, on a simulated and on a recorded market, the whole way from frames through lane and book: each
 * column equals its referee, and the book's sums equal a book kept in a plain map.
 */

import { describe, expect, it } from "vitest";
import { type Int64, micros, narrowed, startOf, unixSec } from "../../src/base/units.ts";
import type { MarketSource } from "../../src/binance/capture/market_source.ts";
import type {
  DepthDiffEvent,
  Levels,
  MarketEvent,
  QuoteEvent,
  TradeEvent,
} from "../../src/binance/events.ts";
import { encodeMessage } from "../../src/binance/sbe/encode.ts";
import { FrameReader } from "../../src/binance/stream/reader.ts";
import { BookSequencer } from "../../src/book/sequencer.ts";
import type { BookSums } from "../../src/features/algebra/columns.ts";
import { gold } from "../../src/features/sets/gold.ts";
import { indicators, indicatorsOn } from "../../src/features/sets/indicators.ts";
import { minute } from "../../src/features/sets/minute.ts";
import { trades } from "../../src/features/sets/trades.ts";
import type { FeatureVector } from "../../src/features/vector.ts";
import { laneBook } from "../../src/predict/lane/book_seconds.ts";
import { Lane } from "../../src/predict/lane/lane.ts";
import { recordingSource } from "../../src/sim/recording/recording.ts";
import { snapshot } from "../book/events.ts";
import type { World } from "../features/naive/market.ts";
import { naiveGold, naiveIndicators, naiveMinute, type Referee } from "../features/naive/sets.ts";
import { naiveTrades } from "../features/naive/trades_set.ts";
import { RECORDING, recording_is_here, simulatedSeconds } from "../sim/markets.ts";
import { tokenMarket } from "../sim/token_market.ts";

/** On three-second bars indicators are warm in five minutes; on minutes eleven minutes show their short ones. */
const JUDGED = [
  [gold, naiveGold],
  [minute, naiveMinute],
  [indicatorsOn(3), (world: World) => naiveIndicators(world, 3)],
  [indicators, (world: World) => naiveIndicators(world, 60)],
  [trades, naiveTrades],
] as const;

interface Played {
  readonly vectors: readonly FeatureVector[];
  readonly books: ReadonlyMap<number, BookSums>;
  readonly trades: readonly TradeEvent[];
  readonly quotes: readonly QuoteEvent[];
  readonly diffs: readonly DepthDiffEvent[];
}

/** As the service does it; the snapshot comes as soon as it is asked for. */
function play(source: MarketSource): Played {
  let wanted = false;
  const sequencer = new BookSequencer({
    symbol: source.symbol,
    requestSnapshot: () => {
      wanted = true;
    },
  });
  const [vectors, trades, quotes, diffs]: [FeatureVector[], TradeEvent[], QuoteEvent[], DepthDiffEvent[]] = [
    [],
    [],
    [],
    [],
  ];
  const books = new Map<number, BookSums>();
  const lane = new Lane({
    symbol: source.symbol,
    sets: JUDGED.map(([set]) => set),
    streams: ["trade", "bestBidAsk", "depth"],
    grace_ms: 250,
    book: {
      ...laneBook(sequencer),
      onDiff: (diff) => {
        diffs.push(diff);
        sequencer.onDiff(diff);
      },
    },
    output: {
      trade: (event, late) => void (late || trades.push(event)),
      quote: (event, late) => void (late || quotes.push(event)),
      disconnect: () => {},
      breakEnded: () => {},
      timeDoubted: () => {},
      bookSums: (sec, sums) => {
        expect(books.has(sec)).toBe(false);
        books.set(sec, sums);
      },
      closed: (second) => void vectors.push(...second.vectors),
      fillWanted: () => {},
    },
  });
  const reader = new FrameReader({ symbols: [source.symbol] });
  const onEvent = (event: MarketEvent): void => lane.onEvent(event);
  const messages = source.messages();
  for (let step = messages.next(); !step.done; step = messages.next()) {
    reader.read(encodeMessage(step.value.message), micros(step.value.at_us), onEvent);
    if (!wanted) continue;
    wanted = false;
    const { last_update_id, bids, asks } = source.snapshot;
    sequencer.onSnapshot(snapshot(last_update_id, bids, asks));
  }
  return { vectors, books, trades, quotes, diffs };
}

/** The sums as of the end of `sec`, from a map of all levels. */
function naiveSums({ snapshot }: MarketSource, diffs: readonly DepthDiffEvent[]): (sec: number) => BookSums {
  const sides = [new Map<number, bigint>(), new Map<number, bigint>()] as const;
  const apply = (side: Map<number, bigint>, levels: Levels): void => {
    for (let i = 0; i < levels.length; i += 2) side.set(Number(levels[i]), BigInt(levels[i + 1]!));
  };
  apply(sides[0], snapshot.bids);
  apply(sides[1], snapshot.asks);
  let next = 0;
  const top = (side: Map<number, bigint>, sign: 1 | -1, n: number): Int64 =>
    narrowed(
      [...side]
        .filter(([, qty]) => qty > 0n)
        .sort(([a], [b]) => sign * (b - a))
        .slice(0, n)
        .reduce((sum, [, qty]) => sum + qty, 0n),
    );
  return (sec) => {
    for (; next < diffs.length && diffs[next]!.ts_us < startOf(unixSec(sec + 1)); next++) {
      if (diffs[next]!.last_update_id <= snapshot.last_update_id) continue;
      apply(sides[0], diffs[next]!.bids);
      apply(sides[1], diffs[next]!.asks);
    }
    return {
      bid_qty_top5_e8: top(sides[0], 1, 5),
      ask_qty_top5_e8: top(sides[1], -1, 5),
      bid_qty_top20_e8: top(sides[0], 1, 20),
      ask_qty_top20_e8: top(sides[1], -1, 20),
    };
  };
}

function differences({ vectors, books, trades, quotes }: Played): string[] {
  const to_sec = vectors.at(-1)!.ts_sec;
  const world: World = { events: { trades, quotes, markers_us: [], late: new Set() }, books, to_sec };
  const referees = new Map<string, Referee>(JUDGED.map(([set, referee]) => [set.hash, referee(world)]));
  return vectors.flatMap(({ ts_sec, set_hash, feature_set, names, values }) => {
    const expected = referees.get(set_hash)!.at(ts_sec);
    return names.flatMap((name, index) => {
      const [was, wanted] = [values[index]!, expected[name] ?? Number.NaN];
      return Object.is(was, wanted) ? [] : [`${ts_sec} ${feature_set}.${name}: ${was}, not ${wanted}`];
    });
  });
}

function check(source: MarketSource, seconds: number): Played {
  const played = play(source);
  const { books, vectors, diffs } = played;
  const sums = naiveSums(source, diffs);
  for (const [sec, told] of books) expect(told).toEqual(sums(sec));
  expect(books.size).toBeGreaterThan(seconds - 5);

  expect(differences(played).slice(0, 5)).toEqual([]);
  const whole = (index: number): FeatureVector[] =>
    vectors.filter(
      ({ set_hash, values }) => set_hash === JUDGED[index]![0].hash && values.every(Number.isFinite),
    );
  expect(whole(0).length).toBeGreaterThan((seconds - 40) / 2);
  expect(whole(1).length).toBeGreaterThan(seconds - 350);
  expect(whole(2).length).toBeGreaterThan(seconds - 305);
  // The threshold needs a whole block of five minutes before t.
  expect(whole(4).length).toBeGreaterThan(seconds - 605);
  return played;
}

describe("gold, minute, indicators and trades the whole way", () => {
  it("equal their referees on a simulated market, book and all", () => {
    check(simulatedSeconds(400), 400);
  });

  it("equal their referees where quantities exceed 2^53 at 1e-8", () => {
    const source = tokenMarket(simulatedSeconds(400));
    const { trades, quotes, books } = check(source, 400);
    expect(trades.filter(({ qty_e8 }) => typeof qty_e8 === "bigint").length).toBeGreaterThan(20);
    expect(quotes.some(({ bid_qty_e8 }) => typeof bid_qty_e8 === "bigint")).toBe(true);
    expect([...books.values()].some(({ bid_qty_top5_e8 }) => typeof bid_qty_top5_e8 === "bigint")).toBe(true);
  });

  it.skipIf(!recording_is_here)(
    "equal their referees on every second of the recording, book and all",
    async () => {
      check(await recordingSource(RECORDING), 648);
    },
  );
});
