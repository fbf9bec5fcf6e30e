/**
 * Rows from a tape by the product's own way: the recorded frames through the wire's reader and the symbol's
 * lane, exactly as the service does it live. A model is therefore trained on what it will get live.
 */

import { type Micros, micros, US_PER_SEC } from "../../base/units.ts";
import type { TapeHeader } from "../../binance/capture/tape_format.ts";
import { readTapeHeader, tapeFrames } from "../../binance/capture/tape_read.ts";
import type { StreamName } from "../../binance/events.ts";
import { FrameReader } from "../../binance/stream/reader.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import type { LaneBook } from "../../predict/lane/book_seconds.ts";
import { Lane } from "../../predict/lane/lane.ts";
import type { ClosedSecond, LaneOutput } from "../../predict/lane/output.ts";
import type { DatasetRow, RowBreak } from "./dataset_builder.ts";
import { TapeBook } from "./tape_book.ts";

/** How long after a second's end by the clock a silent stream stops holding it open; as the service's default. */
const GRACE_MS = 250;
const nothing = (): void => {};

/**
 * Calls `take` for every closed second of a tape, in order.
 * @returns the tape's header.
 * @throws ForetickError TAPE_INVALID where the tape is damaged or a frame of it cannot be read.
 */
export async function readTapeRows(
  path: string,
  set: FeatureSet,
  take: (row: DatasetRow) => void,
): Promise<TapeHeader> {
  const header = await readTapeHeader(path);
  const reader = new FrameReader({ symbols: [header.symbol] });
  const tape_book = set.sources.includes("book") ? new TapeBook(header) : undefined;
  const lane = rowLane(header.symbol, set, { streams: streamsOf(header), book: tape_book?.book }, take);
  for (const { at_us, frame } of tapeFrames(path)) {
    if (at_us >= lane.clockDeadline) lane.onTime(at_us as Micros);
    reader.read(frame, micros(at_us), (event) => lane.onEvent(event));
    tape_book?.answer();
  }
  return header;
}

/** A lane that gives a row for each closed second and keeps nothing else. */
export function rowLane(
  symbol: string,
  set: FeatureSet,
  { streams, book }: { readonly streams: readonly StreamName[]; readonly book?: LaneBook | undefined },
  take: (row: DatasetRow) => void,
): Lane {
  /** Breaks whose time no closed second has passed yet. */
  let waiting: RowBreak[] = [];
  const output: LaneOutput = {
    ...IGNORED,
    disconnect: ({ ts_us, stream = "all" }) => void waiting.push({ ts_us, stream }),
    closed: (second) => {
      const end_us = second.ts_sec * US_PER_SEC;
      const breaks = waiting.filter(({ ts_us }) => ts_us < end_us);
      if (breaks.length > 0) waiting = waiting.filter(({ ts_us }) => ts_us >= end_us);
      take({ ...rowOf(second, set), breaks });
    },
  };
  return new Lane({ symbol, sets: [set], streams, grace_ms: GRACE_MS, output, ...(book && { book }) });
}

function streamsOf({ counts }: TapeHeader): StreamName[] {
  const streams: [StreamName, number][] = [
    ["trade", counts.trades],
    ["bestBidAsk", counts.quotes],
    ["depth", counts.depth_diffs],
    ["depth20", counts.depth_snapshots],
  ];
  return streams.filter(([, count]) => count > 0).map(([name]) => name);
}

const rowOf = ({ ts_sec, vectors, mid_sum_e8, close_e8 }: ClosedSecond, set: FeatureSet): DatasetRow => ({
  ts_sec,
  vector: vectors.find(({ set_hash }) => set_hash === set.hash),
  mid_sum_e8: mid_sum_e8 ?? null,
  close_e8: close_e8 ?? null,
});

const IGNORED: Omit<LaneOutput, "disconnect" | "closed"> = {
  trade: nothing,
  quote: nothing,
  breakEnded: nothing,
  timeDoubted: nothing,
  bookSums: nothing,
  fillWanted: nothing,
};
