/**
 * How much cheaper is a frame than the same message as JSON: decodeFrame against JSON.parse.
 *
 * The peer is the text that Binance's combined JSON stream sends for the same message, parsed and no more:
 * its prices are still strings. "bare" is that text without the `{"stream":…,"data":…}` around it. A frame is
 * decoded to integers, once into a message of its own and once into slots, as the service does it.
 *
 * Each variant runs in fresh processes that have decoded all kinds before, in alternating order, and gives
 * its best batch; the median of the rounds is printed.
 */

import { type Rng, seededRng } from "../../src/base/rng.ts";
import { US_PER_MS } from "../../src/base/units.ts";
import { createDecodeSlots, decodeFrame } from "../../src/binance/sbe/decode.ts";
import { encodeMessage } from "../../src/binance/sbe/encode.ts";
import type {
  BestBidAskMessage,
  DepthDiffMessage,
  SbeMessage,
  TradesMessage,
} from "../../src/binance/sbe/messages.ts";
import { combined, delivered, jsonOf } from "../peers/json_text.ts";
import { byTurns, inFreshProcess, machine, median, printAim, printTable } from "../peers/measure.ts";

const ROUNDS = 5;
const MESSAGES = 2_048;
const BATCHES = 30;
const BATCH_MS = 10;
const LEVELS_A_SIDE = 18;
const AIMS = { trade: 15, quote: 15, "36-level diff": 20 } as const;
const VARIANTS = ["json", "json bare", "own message", "slots"] as const;

type Kind = keyof typeof AIMS;
type Variant = (typeof VARIANTS)[number];

const KINDS = Object.keys(AIMS) as Kind[];
const SHARED = { price_exponent: -8, qty_exponent: -8, symbol: "BTCUSDT" } as const;
/** BTCUSDT's tick and lot (1e-8): 0.01 and 0.00001. */
const TICK_E8 = 1_000_000;
const LOT_E8 = 1_000;

const price = (rng: Rng): number => (6_100_000 + rng.below(100_000)) * TICK_E8;
const qty = (rng: Rng): number => (1 + rng.below(rng.below(10) === 0 ? 500_000 : 5_000)) * LOT_E8;

function tradeMessage(rng: Rng, i: number): TradesMessage {
  const time_us = 1_723_161_255_343_000 + i * 37 * US_PER_MS;
  const trade = {
    id: 3_735_683_259 + i,
    price: price(rng),
    qty: qty(rng),
    is_buyer_maker: rng.below(2) === 0,
  };
  return {
    ...SHARED,
    kind: "trades",
    event_time_us: time_us + US_PER_MS,
    transact_time_us: time_us,
    trades: [trade],
  };
}

function quoteMessage(rng: Rng, i: number): BestBidAskMessage {
  const bid_price = price(rng);
  return {
    ...SHARED,
    kind: "best_bid_ask",
    event_time_us: 1_723_161_255_343_000 + i * 9_100,
    book_update_id: 50_093_239_212 + 7 * i,
    bid_price,
    bid_qty: qty(rng),
    ask_price: bid_price + TICK_E8,
    ask_qty: qty(rng),
  };
}

function diffMessage(rng: Rng, i: number): DepthDiffMessage {
  const side = (sign: 1 | -1): number[] =>
    Array.from({ length: LEVELS_A_SIDE }, () => [
      6_150_000 * TICK_E8 + sign * (1 + rng.below(9_000)) * TICK_E8,
      rng.below(3) === 0 ? 0 : qty(rng),
    ]).flat();
  return {
    ...SHARED,
    kind: "depth_diff",
    event_time_us: 1_723_161_255_208_000 + i * 100 * US_PER_MS,
    first_book_update_id: 50_093_239_189 + 80 * i,
    last_book_update_id: 50_093_239_268 + 80 * i,
    bids: side(-1),
    asks: side(1),
  };
}

const MAKE = { trade: tradeMessage, quote: quoteMessage, "36-level diff": diffMessage };

function messagesOf(kind: Kind): SbeMessage[] {
  const rng = seededRng(1);
  return Array.from({ length: MESSAGES }, (_, i) => MAKE[kind](rng, i));
}

/** What was read last is kept where anybody might look, so that reading cannot be left out. */
export const kept: { last: unknown } = { last: undefined };

/** One pass over all messages of a kind. */
function passOf(kind: Kind, variant: Variant): () => void {
  const messages = messagesOf(kind);
  if (variant === "json" || variant === "json bare") {
    const text = variant === "json" ? combined : ({ data }: { data: string }) => delivered(data);
    const texts = messages.flatMap((message) => jsonOf(message).map(text));
    return () => {
      for (const text of texts) kept.last = JSON.parse(text);
    };
  }
  const frames = messages.map(encodeMessage);
  const slots = variant === "slots" ? createDecodeSlots() : undefined;
  return () => {
    for (const frame of frames) kept.last = decodeFrame(frame, slots);
  };
}

/** ns a message in the batch that the rest of the machine disturbed least, after all kinds have been met. */
function time(kind: Kind, variant: Variant): number {
  const others = KINDS.map((other) => passOf(other, variant));
  for (let i = 0; i < 40; i++) for (const pass of others) pass();
  const pass = passOf(kind, variant);
  const batches: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    const started_ns = Bun.nanoseconds();
    let passes = 0;
    while (Bun.nanoseconds() - started_ns < BATCH_MS * 1e6) {
      pass();
      passes += 1;
    }
    batches.push((Bun.nanoseconds() - started_ns) / (passes * MESSAGES));
  }
  return Math.min(...batches);
}

function report(): void {
  console.log(`decodeFrame against JSON.parse, ns a message; median of ${ROUNDS} rounds\n${machine()}\n`);
  let met = true;
  const rows = KINDS.map((kind) => {
    const timings = byTurns(VARIANTS, ROUNDS, (variant) =>
      inFreshProcess<number>(import.meta.path, [kind, variant]),
    );
    const [json, bare, own, slots] = VARIANTS.map((variant) => median(timings.get(variant)!)) as [
      number,
      number,
      number,
      number,
    ];
    met &&= json / slots >= AIMS[kind];
    const ns = [json, bare, own, slots].map((value) => value.toFixed(0));
    return [kind, ...ns, (json / own).toFixed(1), (json / slots).toFixed(1), `≥ ${AIMS[kind]}`];
  });
  printTable(["", "json", "bare", "own", "slots", "json ÷ own", "json ÷ slots", "aim"], rows);
  printAim("json ÷ slots, against the combined stream's text", met);
}

const [kind, variant] = process.argv.slice(2) as [Kind?, Variant?];
if (kind && variant) console.log(time(kind, variant));
else report();
