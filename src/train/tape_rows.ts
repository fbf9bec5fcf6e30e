/**
 * Rows from a tape by the product's own way: the recorded frames through the wire's reader and the symbol's
 * lane, exactly as the service does it live. What a model is trained on is therefore what it will be asked.
 */

import { fail } from "../base/errors.ts";
import { type Micros, micros } from "../base/units.ts";
import type { StreamName } from "../binance/events.ts";
import { FrameReader } from "../binance/reader.ts";
import type { FeatureSet } from "../features/set.ts";
import { type ClosedSecond, Lane, type LaneOutput } from "../predict/lane.ts";
import { readTapeHeader, tapeFrames } from "../sim/tape.ts";
import type { TapeHeader } from "../sim/tape_format.ts";
import type { DatasetRow } from "./dataset.ts";

/** How long after a second's end by the clock a silent stream stops holding it open; as the service's default. */
const GRACE_MS = 250;
const nothing = (): void => {};

/**
 * Calls `take` for every closed second of a tape, in order.
 * @returns what the tape says of itself.
 * @throws ForetickError TAPE_INVALID where the tape is damaged or a frame of it cannot be read.
 */
export async function readTapeRows(
  path: string,
  set: FeatureSet,
  take: (row: DatasetRow) => void,
): Promise<TapeHeader> {
  const header = await readTapeHeader(path);
  const reader = new FrameReader({ symbols: [header.symbol] });
  const lane = rowLane(header.symbol, set, streamsOf(header), take);
  for (const { at_us, frame } of tapeFrames(path)) {
    if (at_us >= lane.clockDeadline) lane.onTime(at_us as Micros);
    reader.read(frame, micros(at_us), (event) => lane.onEvent(event));
  }
  return header;
}

/** A lane that gives rows and keeps nothing else. */
export function rowLane(
  symbol: string,
  set: FeatureSet,
  streams: readonly StreamName[],
  take: (row: DatasetRow) => void,
): Lane {
  const output = closedOnly((second) => take(rowOf(second, set)));
  return new Lane({ symbol, sets: [set], streams, grace_ms: GRACE_MS, output });
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

function rowOf(second: ClosedSecond, set: FeatureSet): DatasetRow {
  const vector = second.vectors.find((candidate) => candidate.set_hash === set.hash);
  if (!vector) {
    return fail("TRAIN_DATA", `second ${second.ts_sec} expected a vector of ${set.name}, had none`);
  }
  return { vector, mid_sum_e8: second.mid_sum_e8 ?? null };
}

const closedOnly = (closed: LaneOutput["closed"]): LaneOutput => ({
  trade: nothing,
  quote: nothing,
  disconnect: nothing,
  depth: nothing,
  bookSums: nothing,
  fillWanted: nothing,
  closed,
});
