/**
 * What the live engine makes of stored rows: the test of a cause. A cause says "the vector did not know
 * these rows"; leaving them out and computing again either gives the vector, bit for bit, or refutes it.
 */

import { nextTurn } from "../../../base/turns.ts";
import { secondOf, type UnixSec, unixSec } from "../../../base/units.ts";
import type { DisconnectEvent, QuoteEvent, TradeEvent } from "../../../binance/events.ts";
import { FeatureEngine } from "../../../features/live/engine.ts";
import type { MismatchedRow, ParitySpan } from "../rows.ts";
import type { Evidence, StoredBook } from "./evidence.ts";

/** Which of the rows are fed. */
export interface Selection {
  readonly trade: (event: TradeEvent, late: boolean) => boolean;
  readonly quote: (event: QuoteEvent, late: boolean) => boolean;
  readonly marker: (event: DisconnectEvent) => boolean;
  /** Breaks count from when the live path noticed them, not from where the data ended. */
  readonly as_noticed?: boolean;
  /** The engine began here, where that is later than the first second read. */
  readonly data_from_sec?: UnixSec;
}

/** Everything that bars hold. */
export const ON_TIME: Selection = {
  trade: (_, late) => !late,
  quote: (_, late) => !late,
  marker: () => true,
};

/** Seconds closed between two turns of the event loop: what serves must not wait for this. */
const SECONDS_A_TURN = 100;

/** The vectors at `rows` from the selected evidence; by `ts_sec`. */
export async function replayed(
  { symbol, set }: ParitySpan,
  evidence: Evidence,
  rows: readonly MismatchedRow[],
  selection: Selection,
): Promise<Map<number, Float64Array>> {
  const data_from_sec = Math.max(evidence.from_sec, selection.data_from_sec ?? 0);
  const engine = new FeatureEngine({ symbol, sets: [set], data_from_sec });
  const queues = queuesOf(engine, evidence, selection);
  const wanted = new Set<number>(rows.map(({ ts_sec }) => ts_sec));
  const last = rows.at(-1)!.ts_sec;
  const vectors = new Map<number, Float64Array>();
  for (let sec: number = data_from_sec; sec < last; sec += 1) {
    for (const queue of queues) queue.feedThrough(sec);
    const [vector] = engine.closeSecond(unixSec(sec));
    if (vector && wanted.has(vector.ts_sec)) vectors.set(vector.ts_sec, vector.values);
    if ((sec - data_from_sec) % SECONDS_A_TURN === 0) await nextTurn();
  }
  return vectors;
}

interface Queue {
  /** Gives the engine what belongs to the seconds up to `sec`. */
  feedThrough(sec: number): void;
}

function queuesOf(engine: FeatureEngine, evidence: Evidence, selection: Selection): Queue[] {
  const { trades, quotes, markers, books } = evidence;
  return [
    queue(
      trades,
      ({ event }) => secondOf(event.ts_us),
      ({ event, late }) => {
        if (selection.trade(event, late)) engine.onTrade(event);
      },
    ),
    queue(
      quotes,
      ({ event }) => secondOf(event.ts_us),
      ({ event, late }) => {
        if (selection.quote(event, late)) engine.onQuote(event);
      },
    ),
    queue(
      selection.as_noticed ? markers.map(asNoticed).sort((a, b) => a.event.ts_us - b.event.ts_us) : markers,
      ({ event }) => secondOf(event.ts_us),
      ({ event }) => {
        if (selection.marker(event)) engine.onDisconnect(event);
      },
    ),
    queue<StoredBook>(
      books,
      ({ sec }) => sec,
      ({ sec, sums }) => void engine.onBook(sec, sums),
    ),
  ];
}

const asNoticed = ({ event }: Evidence["markers"][number]): { readonly event: DisconnectEvent } => ({
  event: { ...event, ts_us: event.noticed_us ?? event.ts_us },
});

function queue<T>(items: readonly T[], secOf: (item: T) => UnixSec, feed: (item: T) => void): Queue {
  let next = 0;
  return {
    feedThrough: (sec) => {
      for (; next < items.length && secOf(items[next]!) <= sec; next += 1) feed(items[next]!);
    },
  };
}

/** Whether float8 texts are these values, bit for bit; null is NaN here. */
export function sameBits(texts: readonly (string | null)[], values: Float64Array): boolean {
  return texts.every((text, column) => {
    const value = values[column]!;
    return text === null ? Number.isNaN(value) : Object.is(Number(text), value);
  });
}
