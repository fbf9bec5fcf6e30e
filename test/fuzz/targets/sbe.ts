/** SBE frames, as a connection hands them over: decoded, rescaled, or dropped with the decoder's reason. */

import { micros } from "../../../src/base/units.ts";
import type { MarketEvent } from "../../../src/binance/events.ts";
import { encodeMessage } from "../../../src/binance/sbe/encode.ts";
import { FrameReader } from "../../../src/binance/stream/reader.ts";
import { diffFrame, quoteFrame, SYMBOL, timeOf, tradeFrame } from "../../binance/sbe/frames.ts";
import { bytesOf, vectors } from "../../binance/sbe/vectors.ts";
import { mutatedBytes } from "../mutate_bytes.ts";
import { type Door, promise, type Target } from "../target.ts";

const snapshot = encodeMessage({
  kind: "depth_snapshot",
  event_time_us: timeOf(7),
  book_update_id: 7,
  price_exponent: -2,
  qty_exponent: -5,
  bids: Float64Array.of(100, 7, 99, 8),
  asks: Float64Array.of(101, 7),
  symbol: SYMBOL,
});

const frames = [
  ...[quoteFrame(7), tradeFrame(7), tradeFrame(7, 12), diffFrame(7, 9), snapshot],
  ...[vectors.official, vectors.evolution, vectors.malformed, vectors.real_captured_prefixes].flatMap(
    (list) => list.map(({ hex }) => bytesOf(hex)),
  ),
];

function open(): Target {
  const reader = new FrameReader({ symbols: [SYMBOL, "ETHUSDT"] });
  const received_us = micros(timeOf(7));
  let events = 0;
  const emit = (event: MarketEvent): void => {
    events++;
    if (event.kind === "trade") promise(Number.isSafeInteger(event.trade_id), "the id of a trade is exact");
    if (event.kind !== "disconnect")
      promise(Number.isSafeInteger(event.ts_us), "the time of an event is exact");
  };
  return {
    codes: [
      ...(["SBE_TRUNCATED", "SBE_SCHEMA", "SBE_BLOCK_LENGTH", "SBE_GROUP_COUNT"] as const),
      ...(["SBE_TRAILING_BYTES", "SBE_VALUE", "SBE_SCALE"] as const),
    ],
    input: (rng) => mutatedBytes(rng, frames),
    attempt: (frame) => {
      events = 0;
      const refused = reader.counters.refused;
      reader.read(frame, received_us, emit);
      if (reader.counters.refused === refused) return;
      promise(events === 0, "nothing comes of a frame that is refused");
      throw reader.last_error;
    },
  };
}

export const sbe: Door = { name: "sbe", what: "SBE frames", runs: 10_000_000, short_runs: 20_000, open };
