/**
 * What the rows of one stream are checked against: the last one believed, and the prices of other streams.
 * One class per kind of row; `BelievedStream` calls them, in the stream's order.
 */

import type { DepthDiffEvent, DepthSnapshotEvent, QuoteEvent, SetAside, TradeEvent } from "../events.ts";

export type Row = TradeEvent | QuoteEvent | DepthDiffEvent | DepthSnapshotEvent;

export interface StreamChecks<R extends Row> {
  /** Why a row can never be believed. */
  impossible(row: R): SetAside | undefined;
  /** A row from before, that comes again or late: it does not affect the rows around it. */
  isOld(row: R): boolean;
  /** What makes a row unlikely; it waits for the next of its stream. */
  doubt(row: R): SetAside | undefined;
  /** Whether the next row confirms one that is in doubt. */
  bearsOut(row: R, next: R): boolean;
  /** Whether a row in doubt is believed where no next one comes in time. */
  believedAlone(row: R): boolean;
  /** The row is believed: what follows is checked against it. Returns it with its epoch. `doubted`: `doubt` gave a reason. */
  believe(row: R, doubted: boolean): R;
  /** The row with the epoch that is now. */
  stamp(row: R): R;
}

/** The end of a stream's numbering so far: a restart continues from it. */
export interface Numbering {
  readonly epoch: number;
  /** Highest believed id of the epoch. */
  readonly id: number;
  /** Newest believed exchange time (µs). */
  readonly ts_us: number;
}

/** Of a row only its time is checked. */
export const NO_CHECKS: StreamChecks<DepthSnapshotEvent> = {
  impossible: () => undefined,
  isOld: () => false,
  doubt: () => undefined,
  bearsOut: () => true,
  believedAlone: () => true,
  believe: (row) => row,
  stamp: (row) => row,
};
