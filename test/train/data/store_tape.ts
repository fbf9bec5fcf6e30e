/** A tape into a database, through a lane, which says what came late, and the product's writer. */

import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { type Micros, micros } from "../../../src/base/units.ts";
import { tapeFrames } from "../../../src/binance/capture/tape_read.ts";
import { FrameReader } from "../../../src/binance/stream/reader.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { Lane } from "../../../src/predict/lane/lane.ts";
import type { LaneOutput } from "../../../src/predict/lane/output.ts";
import type { Database } from "../../../src/record/database.ts";
import { Writer } from "../../../src/record/write/writer.ts";

export async function storeTape(database: Database, tape: string, symbol: string): Promise<void> {
  const connect = database.connect.bind(database);
  const writer = new Writer({
    database: { connect, data_dir: database.data_dir },
    clock: systemClock,
    log: silentLogger,
  });
  const nothing = (): void => {};
  const output: LaneOutput = {
    trade: (event, late) => writer.trade(event, late),
    quote: (event, late) => writer.quote(event, late),
    ...{ disconnect: nothing, breakEnded: nothing, timeDoubted: nothing },
    ...{ bookSums: nothing, fillWanted: nothing, closed: nothing },
  };
  const streams = ["trade", "bestBidAsk"] as const;
  const lane = new Lane({ symbol, sets: [v1], streams, grace_ms: 250, output });
  const reader = new FrameReader({ symbols: [symbol] });
  for (const { at_us, frame } of tapeFrames(tape)) {
    if (at_us >= lane.clockDeadline) lane.onTime(at_us as Micros);
    reader.read(frame, micros(at_us), (event) => lane.onEvent(event));
  }
  await writer.flush();
  await writer.close();
}
