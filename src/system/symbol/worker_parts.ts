/** The parts of a symbol's worker through which something enters it: the usual ones, and what a capture sees of them. */

import type { DepthSnapshotEvent } from "../../binance/events.ts";
import type { Roster } from "../../model/roster.ts";
import { Calibrations } from "../../predict/calibrations.ts";
import type { TickerReading } from "../../predict/ladder/ticker.ts";
import { Lane } from "../../predict/lane/lane.ts";
import type { LaneOptions } from "../../predict/lane/options.ts";
import type { Outcome, Prediction } from "../../predict/prediction.ts";
import type { DueOptions } from "../../predict/score/due.ts";
import { ClockTimes, type TickTimes } from "../../predict/score/tick_times.ts";
import type { BookSync } from "./book_sync.ts";
import { WarmUp, type WarmUpOptions } from "./warm_up.ts";

export type WorkerWarmUp = Pick<WarmUp, "onEvent" | "want" | "wantAgain" | "pending" | "markStart" | "close">;

/** A worker once it is made. */
export interface MadeWorker {
  readonly symbol: string;
  readonly lane: Lane;
  readonly book: BookSync;
  readonly roster: Roster;
}

/** Makes the parts, and is told what else enters or leaves. */
export interface WorkerParts {
  lane(options: LaneOptions): Lane;
  warmUp(options: WarmUpOptions): WorkerWarmUp;
  calibrations(): Calibrations;
  times(due: DueOptions): TickTimes;
  /** The worker is made. */
  begun(worker: MadeWorker): void;
  /** Before the book takes it. */
  snapshot(snapshot: DepthSnapshotEvent): void;
  /** Before a forecast is made of it. */
  ticker(reading: TickerReading): void;
  /** Before it is learned from. */
  storedOutcome(outcome: Outcome): void;
  /** Before anything else is done with it. */
  prediction(prediction: Prediction): void;
}

export const USUAL_PARTS: WorkerParts = {
  lane: (options) => new Lane(options),
  warmUp: (options) => new WarmUp(options),
  calibrations: () => new Calibrations(),
  times: (due) => new ClockTimes(due),
  begun: () => {},
  snapshot: () => {},
  ticker: () => {},
  storedOutcome: () => {},
  prediction: () => {},
};
