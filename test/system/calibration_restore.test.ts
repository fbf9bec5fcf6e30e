/** What came true before a start is learned whole, or not at all. */

import { describe, expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { unixSec } from "../../src/base/units.ts";
import { Calibrations, type PastOutcome } from "../../src/predict/calibrations.ts";
import {
  CalibrationRestore,
  type CalibrationRestoreOptions,
} from "../../src/system/store/calibration_restore.ts";
import { predictionAt } from "../record/market_events.ts";

const ROWS = 400;
const FIRST = predictionAt(0).ts_sec - ROWS;

/** Moves far larger than what a new model expects: whoever has learned them shows it. */
async function* outcomes(onRow: (at: number) => Promise<void> | void): AsyncGenerator<PastOutcome> {
  for (let at = 0; at < ROWS; at++) {
    await onRow(at);
    const move = at % 2 === 0 ? 5e-3 : -5e-3;
    yield {
      ...{ ts_sec: unixSec(FIRST + at), yhat_log_return: 0, volatility: 1e-4, realized_log_return: move },
      ...{ realized_mid_log_return: move, realized_last_log_return: move },
    };
  }
}

function restoring(past: NonNullable<CalibrationRestoreOptions["past"]>) {
  const clock = new ManualClock(1_800_000_000_000_000);
  const calibrations = new Calibrations();
  calibrations.of(predictionAt(0));
  const restore = new CalibrationRestore({
    ...{ clock, log: silentLogger, past },
    sql: undefined as never, // nothing is asked of it
    calibrations: () => [["BTCUSDT", calibrations] as const],
  });
  restore.start();
  return { clock, calibrations, restore };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

describe("what forecasts were worth before a start", () => {
  it("is learned once the stored outcomes are all read", async () => {
    const { clock, calibrations, restore } = restoring(() => outcomes(() => {}));
    expect(calibrations.unrestored).toHaveLength(1);
    clock.advance(1_000);
    await settled();
    expect(calibrations.unrestored).toEqual([]);
    expect(calibrations.of(predictionAt(1)).volatility).toBeGreaterThan(1e-4);
    await restore.close();
  });

  it.each([
    ["in the middle", ROWS / 2],
    ["at the last row", ROWS - 1],
  ])(
    "is not half learned where reading is cut %s: nothing is, and the past is still wanted",
    async (_, cut_at) => {
      const cut = Promise.withResolvers<void>();
      const { clock, calibrations, restore } = restoring(() =>
        outcomes((at) => (at === cut_at ? cut.promise : undefined)),
      );
      clock.advance(1_000);
      await settled();
      const closed = restore.close();
      cut.resolve();
      await closed;
      await settled();
      expect(calibrations.unrestored).toHaveLength(1);
      expect(calibrations.of(predictionAt(1))).toEqual(new Calibrations().of(predictionAt(1)));
      await restore.close();
    },
  );

  it("is read again in the next round where the database failed", async () => {
    let asked = 0;
    const { clock, calibrations, restore } = restoring(() =>
      outcomes((at) => {
        if (at === 100 && asked++ === 0) throw new Error("the connection is gone");
      }),
    );
    clock.advance(1_000);
    await settled();
    expect(calibrations.unrestored).toHaveLength(1);
    clock.advance(1_000);
    await settled();
    expect(calibrations.unrestored).toEqual([]);
    await restore.close();
  });
});
