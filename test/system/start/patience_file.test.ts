/** How patient an earlier run was with a stream is known from the first event of the next one on. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { micros } from "../../../src/base/units.ts";
import { Continuity } from "../../../src/binance/stream/continuity.ts";
import { STREAM_TIMING } from "../../../src/binance/stream/options.ts";
import type { LearntPatience } from "../../../src/binance/stream/patience.ts";
import { PatienceFile } from "../../../src/system/store/patience_file.ts";

const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

function fileIn(data_dir: string, now_us = 1_700_000_000_000_000): PatienceFile {
  return new PatienceFile({ data_dir, clock: new ManualClock(micros(now_us)), log: silentLogger });
}

function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "foretick-test-"));
  dirs.push(dir);
  return dir;
}

/** After how long the quotes count as silent, right after a start (ms). */
function silentAfterMs(learnt: LearntPatience): number {
  const { marks } = new Continuity(["BTCUSDT"], ["bestBidAsk"], STREAM_TIMING.patience, learnt);
  return marks[0]!.stale_after_us / 1_000;
}

it("is stored at the end of a run and counts at the start of the next one, within the bounds", async () => {
  const data_dir = join(tempDir(), "data");
  const file = fileIn(data_dir);
  expect(silentAfterMs(await file.read())).toBe(10_000);
  file.keep(() => new Map([["BTCUSDT@bestBidAsk", 1_400_000]]));
  await file.close();
  await file.close();
  expect(silentAfterMs(await fileIn(data_dir).read())).toBe(1_400);
  expect(silentAfterMs(new Map([["BTCUSDT@bestBidAsk", 1]]))).toBe(1_000);
});

it("says nothing where it is of another day, or no such file", async () => {
  const data_dir = tempDir();
  const file = fileIn(data_dir);
  file.keep(() => new Map([["BTCUSDT@bestBidAsk", 1_400_000]]));
  await file.close();
  expect(silentAfterMs(await fileIn(data_dir, 1_700_000_000_000_000 + 86_400e6).read())).toBe(10_000);
  writeFileSync(join(data_dir, "patience.json"), '{"at_us":1}');
  expect(silentAfterMs(await fileIn(data_dir).read())).toBe(10_000);
});
