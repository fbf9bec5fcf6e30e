/** When each second of the market is over, judged beside the service. */

import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { seededRng } from "../../../src/base/rng.ts";
import { unixSec } from "../../../src/base/units.ts";
import { ClockOffset } from "../../../src/binance/belief/clock_offset.ts";
import type { MarketEvent, StreamName } from "../../../src/binance/events.ts";
import { StreamClient } from "../../../src/binance/stream/client.ts";
import { SecondCloser } from "../../../src/predict/lane/second_closer.ts";
import type { RunningExchange } from "../../peers/processes.ts";

export const SYMBOL = "BTCUSDT";
const STREAMS: readonly StreamName[] = ["trade", "bestBidAsk", "depth"];
const GRACE_MS = 250;
const STREAM_OF = { trade: "trade", quote: "bestBidAsk", depth_diff: "depth" } as const;

/** Judges when seconds are over, as the service does, on a connection of its own. */
export class Referee {
  readonly #clock = new ClockOffset(STREAMS.length);
  readonly #closer = new SecondCloser({ streams: STREAMS, grace_ms: GRACE_MS, clock: this.#clock });
  readonly #closed_us = new Map<number, number>();
  readonly #client: StreamClient;
  #closed_sec = Number.NEGATIVE_INFINITY;

  constructor({ ws_origin }: RunningExchange, onOver: (sec: number) => void) {
    this.#client = new StreamClient({
      url: ws_origin,
      api_key: "bench",
      symbols: [SYMBOL],
      streams: STREAMS,
      clock: systemClock,
      rng: seededRng(1),
      log: silentLogger,
      onEvent: (event) => this.#onEvent(event, onOver),
    });
  }

  start(): void {
    this.#client.start();
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  /** When `sec` was over, and whether the deadline came before the event. */
  over(sec: number): { readonly over_us: number; readonly by_deadline: boolean } {
    const event_us = this.#closed_us.get(sec) ?? Number.POSITIVE_INFINITY;
    const deadline_us = this.#closer.clockDeadline(unixSec(sec));
    return { over_us: Math.min(event_us, deadline_us), by_deadline: deadline_us < event_us };
  }

  #onEvent(event: MarketEvent, onOver: (sec: number) => void): void {
    if (event.kind === "disconnect" || event.kind === "depth_snapshot") return;
    const stream = STREAM_OF[event.kind];
    const { ts_us, received_us } = event;
    this.#clock.observe(STREAMS.indexOf(stream), received_us - ts_us, received_us);
    this.#closer.observe(stream, ts_us, received_us);
    const sec = this.#closer.closedByEvents();
    if (sec <= this.#closed_sec || !Number.isFinite(sec)) return;
    this.#closed_sec = sec;
    this.#closed_us.set(sec, event.received_us);
    onOver(sec);
  }
}
