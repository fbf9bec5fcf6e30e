/** Frames the exchange never meant: well-formed, and false in one respect. Sent beside the true ones. */

import { US_PER_SEC } from "../../src/base/units.ts";
import { encodeMessage } from "../../src/binance/sbe/encode.ts";
import type { BestBidAskMessage, TradesMessage } from "../../src/binance/sbe/messages.ts";
import { type Course, course, type Fault } from "./course.ts";
import type { World } from "./world.ts";

/** Forecasts go on; what is not believed is counted and named. No word of it is owed within seconds (ms). */
const POISON = { detected_ms: null, recovered_ms: 3_000 } as const;
/** How long the service is watched after the frame (ms): three closed seconds at least. */
const WATCHED_MS = 4_000;
const MINUTE_US = 60 * US_PER_SEC;
const YEAR_US = 365 * 24 * 60 * MINUTE_US;

function send(world: World, stream: "trade" | "bestBidAsk", frame: Uint8Array): void {
  const { streams } = world.exchange;
  streams.publish(`btcusdt@${stream}`, frame);
  streams.flush();
}

/** The newest true quote, changed by `change`. */
function quote(world: World, change: (truth: BestBidAskMessage) => Partial<BestBidAskMessage>): void {
  const truth = world.truth.newest_quote!;
  const next = { ...truth, book_update_id: Number(truth.book_update_id) + 1 };
  send(world, "bestBidAsk", encodeMessage({ ...next, ...change(truth) }));
}

function trade(world: World, change: (truth: TradesMessage) => Partial<TradesMessage>): void {
  const truth = world.truth.newest_trades!;
  send(world, "trade", encodeMessage({ ...truth, ...change(truth) }));
}

const poisoned = (name: string, injected: string, begin: (world: World) => unknown): Fault => ({
  ...{ name, injected, ...POISON },
  run: (world): Promise<Course> => course(world, { begin: () => begin(world), lasts_ms: WATCHED_MS }),
});

export const POISON_FAULTS: readonly Fault[] = [
  poisoned("a quote 50 minutes ahead", "one frame, all else true", (world) =>
    quote(world, ({ event_time_us }) => ({ event_time_us: Number(event_time_us) + 50 * MINUTE_US })),
  ),
  poisoned("a first quote one year ahead", "every socket reset, then one frame", async (world) => {
    world.exchange.cutConnections();
    await world.until("the streams to be subscribed to again", () => world.exchange.streams.has_subscribers);
    quote(world, ({ event_time_us }) => ({ event_time_us: Number(event_time_us) + YEAR_US }));
  }),
  poisoned("an update id 10⁷ too high", "one quote, all else true", (world) =>
    quote(world, ({ book_update_id }) => ({ book_update_id: Number(book_update_id) + 10_000_000 })),
  ),
  poisoned("a bid of 0", "one quote, all else true", (world) => quote(world, () => ({ bid_price: 0 }))),
  poisoned("a price ten times too high", "one quote, all else true", (world) =>
    quote(world, ({ bid_price, ask_price }) => ({
      bid_price: Number(bid_price) * 10,
      ask_price: Number(ask_price) * 10,
    })),
  ),
  poisoned("a trade id of 2⁵³ − 1", "one trade, all else true", (world) =>
    trade(world, ({ trades }) => ({ trades: [{ ...trades[0]!, id: Number.MAX_SAFE_INTEGER }] })),
  ),
  poisoned("frames of another schema", "twenty trades frames with schema id 2", (world) => {
    for (let left = 20; left > 0; left -= 1) {
      const frame = encodeMessage(world.truth.newest_trades!);
      new DataView(frame.buffer, frame.byteOffset).setUint16(4, 2, true);
      send(world, "trade", frame);
    }
  }),
  poisoned("garbage", "twenty frames of 64 bytes that are no message", (world) => {
    for (let left = 20; left > 0; left -= 1) send(world, "trade", new Uint8Array(64).fill(left));
  }),
];
