/** Simulated days as an archive's files, up to last midnight: what a machine without quotes can learn from. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../src/base/clock.ts";
import { DAY_US } from "../../src/base/units.ts";
import { archiveFiles, dateOf } from "../../src/binance/archive/layout.ts";
import { writeArchive } from "../../src/sim/exchange/archive_writer.ts";
import type { SimulatorOptions } from "../../src/sim/market/settings.ts";
import { simulatedSource } from "../../src/sim/market/simulator.ts";
import { ProgressBar } from "../lines/progress/progress_bar.ts";

/** Few quotes: none is written, and they take most of the time. */
const QUOTES_PER_S = 1;

/** Does nothing where the last of the days is there. @param days half a day begins at noon. */
export async function writeSimulatedDays(
  market: Omit<SimulatorOptions, "start_us">,
  days: number,
  folder: string,
  clock: Clock,
): Promise<void> {
  const now_us = clock.now();
  const to_us = now_us - (now_us % DAY_US);
  const from_us = to_us - Math.ceil(days) * DAY_US;
  const source = simulatedSource({
    ...market,
    depth: false,
    levels: 20,
    quotes_per_s: QUOTES_PER_S,
    start_us: to_us - days * DAY_US,
  });
  const [last] = archiveFiles("trades", source.symbol, to_us - DAY_US, to_us);
  if (existsSync(join(folder, `${last!.path}.CHECKSUM`))) return;
  const bar = new ProgressBar(clock, process.stderr);
  let count = 0;
  await writeArchive({
    ...{ source, from_us, to_us, folder },
    onDay: ({ day_us, trades }) => {
      count += trades;
      const done = (day_us + DAY_US - from_us) / (to_us - from_us);
      bar.show({ title: "archive", done, at: dateOf(day_us), count, unit: "trades" });
    },
  });
  bar.clear();
}
