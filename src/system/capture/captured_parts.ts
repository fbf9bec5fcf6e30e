/** A worker's parts where all that enters and leaves is written down. */

import { LIMITS } from "../../base/limits.ts";
import type { Micros } from "../../base/units.ts";
import type { DepthSnapshotEvent } from "../../binance/events.ts";
import { CapturedCalibrations } from "../../predict/capture/captured_calibrations.ts";
import { CapturedLane, type FrameTap } from "../../predict/capture/captured_lane.ts";
import { CapturedTimes, rosterEntries } from "../../predict/capture/captured_times.ts";
import {
  type CaptureSink,
  InputLog,
  type PartRecord,
  type RosterEntry,
} from "../../predict/capture/input_log.ts";
import { ClockTimes } from "../../predict/score/tick_times.ts";
import { type MadeWorker, USUAL_PARTS, type WorkerParts } from "../symbol/worker_parts.ts";

export interface CapturedPartsOptions {
  readonly sink: CaptureSink;
  /** The frames of all symbols. */
  readonly tap: FrameTap;
  /** Is told the models by which ticks are scored, whenever they have changed. */
  readonly onRoster: (entries: readonly RosterEntry[]) => void;
}

export function capturedParts({ sink, tap, onRoster }: CapturedPartsOptions): WorkerParts {
  let worker: MadeWorker | undefined;
  const log = new InputLog(sink, () => partRecord(worker!));
  return {
    ...USUAL_PARTS,
    lane: (options) => new CapturedLane(options, log, tap),
    calibrations: () => new CapturedCalibrations(log),
    times: (due) => new CapturedTimes(new ClockTimes(due), log, onRoster),
    begun: (made) => {
      worker = made;
    },
    snapshot: (snapshot) => {
      log.input();
      log.snapshot(snapshot);
    },
    ticker: (reading) => {
      log.input();
      log.ticker(reading);
    },
    storedOutcome: (outcome) => {
      log.input();
      log.outcome(outcome);
    },
    prediction: (prediction) => log.prediction(prediction),
  };
}

/** What a lane that begins in the middle is given. */
function partRecord({ symbol, lane, book, roster }: MadeWorker): PartRecord {
  return { numbering: lane.numbering, book: bookOf(symbol, book), roster: rosterEntries(roster) };
}

function bookOf(symbol: string, { sequencer }: MadeWorker["book"]): DepthSnapshotEvent | undefined {
  const { state, book } = sequencer;
  if (state.name !== "synced" || book.update_id === undefined) return undefined;
  const { bids, asks } = book.depth(LIMITS.book_levels_max);
  const none = 0 as Micros; // as a snapshot of REST, which has no time
  const { update_id } = book;
  return { kind: "depth_snapshot", symbol, ts_us: none, received_us: none, update_id, bids, asks };
}
