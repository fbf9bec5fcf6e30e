/** A tape in memory, and REST and the database as far as a worker asks them while it is played. */

import { type Micros, tradeId, US_PER_SEC } from "../../../src/base/units.ts";
import type { TapeHeader } from "../../../src/binance/capture/tape_format.ts";
import { readTapeHeader, type TapeFrame, tapeFrames } from "../../../src/binance/capture/tape_read.ts";
import type { DepthSnapshotEvent, TradeEvent } from "../../../src/binance/events.ts";
import { FrameReader } from "../../../src/binance/stream/reader.ts";
import type { SymbolWorkerOptions } from "../../../src/system/symbol/symbol_worker.ts";

export interface Tape {
  readonly header: TapeHeader;
  readonly frames: readonly TapeFrame[];
  readonly trades: readonly TradeEvent[];
}

export async function readTape(path: string): Promise<Tape> {
  const header = await readTapeHeader(path);
  const frames = [...tapeFrames(path)];
  const reader = new FrameReader({ symbols: [header.symbol] });
  const trades: TradeEvent[] = [];
  for (const { at_us, frame } of frames) {
    reader.read(frame, at_us as Micros, (event) => {
      if (event.kind === "trade") trades.push(event);
    });
  }
  return { header, frames, trades };
}

/** The tape's trades as if they had happened just before it. */
function tradesBefore({ header, trades }: Tape): TradeEvent[] {
  const length_us = (Math.floor((header.end_us - header.start_us) / US_PER_SEC) + 1) * US_PER_SEC;
  return trades.map((trade) => ({
    ...trade,
    ts_us: (trade.ts_us - length_us) as Micros, // a time of this century
    trade_id: tradeId(trade.trade_id - trades.length),
  }));
}

async function* each<T>(rows: readonly T[]): AsyncGenerator<T> {
  yield* rows;
}

export const nothing = (): void => {};

/** REST and the database, as far as a worker asks them. */
export function backing(tape: Tape): Pick<SymbolWorkerOptions, "rest" | "history" | "writer"> {
  const before = tradesBefore(tape);
  const { symbol, snapshot, start_us } = tape.header;
  const depth: DepthSnapshotEvent = {
    ...snapshot,
    kind: "depth_snapshot",
    symbol,
    ts_us: 0 as Micros, // a REST snapshot has no time
    received_us: start_us as Micros,
    update_id: snapshot.last_update_id as DepthSnapshotEvent["update_id"],
  };
  const rest: ReturnType<SymbolWorkerOptions["rest"]> = {
    depth: async () => depth,
    trades: async () => before.slice(-1_000),
    historicalTrades: async () => [],
    tradesBetween: () => each([]),
    serverTime: async () => start_us as Micros,
  };
  const history: ReturnType<SymbolWorkerOptions["history"]> = {
    tradesSince: (_, from_us) =>
      each(
        before
          .filter(({ ts_us }) => ts_us >= from_us)
          .map((trade) => ({ trade, late: false, set_aside: null })),
      ),
    quotesSince: () => each([]),
    absentTrades: async () => [],
    lastQuote: async () => undefined,
    lastTrade: async () => undefined,
    lastVectorAt: async () => undefined,
    disconnectsSince: async () => [],
  };
  const writer: SymbolWorkerOptions["writer"] = {
    trade: nothing,
    quote: nothing,
    disconnect: nothing,
    lookBack: nothing,
    book: nothing,
    features: nothing,
    prediction: nothing,
    outcome: nothing,
    signal: nothing,
    flush: async () => {},
  };
  return { rest: () => rest, history: () => history, writer };
}
