import { type Clock, ManualClock, type Timer } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { seededRng } from "../../../src/base/rng.ts";
import type { MarketEvent } from "../../../src/binance/events.ts";
import { StreamClient } from "../../../src/binance/stream/client.ts";
import type { StreamOptions } from "../../../src/binance/stream/options.ts";
import { eventually } from "../eventually.ts";
import { SYMBOL } from "../sbe/frames.ts";
import { TestExchange } from "./test_exchange.ts";

/** Silence is not the question. */
export const NEVER = { floor_ms: 1e9, ceiling_ms: 1e9 };

export const NOW_US = 1_759_737_700_000_000;

/** A ManualClock that knows how many timers wait. */
class CountingClock implements Clock {
  readonly inner = new ManualClock(NOW_US);
  readonly waiting = new Set<object>();
  now = () => this.inner.now();
  monotonicUs = () => this.inner.monotonicUs();
  after(delay_ms: number, run: () => void): Timer {
    const entry = {};
    this.waiting.add(entry);
    const timer = this.inner.after(delay_ms, () => {
      this.waiting.delete(entry);
      run();
    });
    const cancel = (): void => {
      this.waiting.delete(entry);
      timer.cancel();
    };
    return { cancel };
  }
}

const open: { close(): Promise<void> }[] = [];

/** For `afterEach`. */
export async function closeAll(): Promise<void> {
  for (const thing of open.splice(0).reverse()) await thing.close();
}

export function start(options: Partial<StreamOptions> = {}) {
  const exchange = new TestExchange();
  const clock = new CountingClock();
  const events: MarketEvent[] = [];
  const frames: Uint8Array[] = [];
  const client = new StreamClient({
    url: exchange.origin,
    api_key: "key",
    symbols: [SYMBOL],
    streams: ["trade", "bestBidAsk"],
    clock,
    rng: seededRng(1),
    log: silentLogger,
    onEvent: (event) => events.push(event),
    onFrame: (frame) => frames.push(frame),
    ...options,
  });
  open.push(exchange, client);
  return { exchange, clock: clock.inner, timers: clock.waiting, events, frames, client };
}

export type Running = ReturnType<typeof start>;

/** Started, subscribed, live. */
export async function live(options: Partial<StreamOptions> = {}): Promise<Running> {
  const running = start(options);
  running.client.start();
  await isLive(running);
  return running;
}

export function isLive({ client }: Running): Promise<void> {
  return eventually("a live connection", () => client.status.state === "live");
}

/** Advances to the next try and waits until it is subscribed. */
export async function reconnects(running: Running): Promise<void> {
  const { status } = running.client;
  if (status.state !== "backing_off") throw new TypeError(`expected backing_off, was ${status.state}`);
  running.clock.advanceTo(status.until_us);
  await isLive(running);
}

export const kinds = (events: readonly MarketEvent[]) => events.map((event) => event.kind);

export const tradeIds = (events: readonly MarketEvent[]) =>
  events.flatMap((event): number[] => (event.kind === "trade" ? [event.trade_id] : []));

export const quoteIds = (events: readonly MarketEvent[]) =>
  events.flatMap((event): number[] => (event.kind === "quote" ? [event.update_id] : []));

export const disconnects = (events: readonly MarketEvent[]) =>
  events.flatMap((event) => (event.kind === "disconnect" ? [event] : []));
