/**
 * `bun scripts/export.ts --from 2026-10-01 --to 2026-11-01 --to-file october.parquet`: the training rows of the
 * database as Parquet, for other tools. Unfiltered: every warm vector, its label, and when it was known.
 */

import { statSync } from "node:fs";
import { systemClock } from "../src/base/clock.ts";
import { fail } from "../src/base/errors.ts";
import { TrainingParquet } from "../src/train/parquet.ts";
import { readTrainingRows, storedSpan } from "../src/train/training_query.ts";
import { ProgressBar } from "./progress_bar.ts";
import { RANGE_OPTIONS, rangeFlags, setFlag, withHistory } from "./range_flags.ts";
import { readFlags, runScript } from "./source_flags.ts";
import { progressOn } from "./train_data.ts";
import { HORIZON_S } from "./train_settings.ts";

const { "known-before": _, ...SPAN_OPTIONS } = RANGE_OPTIONS;
const USAGE = `usage: bun scripts/export.ts --from 2026-10-01 --to 2026-11-01 --to-file <file.parquet>

  --from --to     UTC days or times; --to is not included
  --symbol        default the first of SYMBOLS
  --set           feature set (default v1)
  --to-file       a file there is replaced once the new one is whole
  --database-url  default DATABASE_URL, else the embedded database of DATA_DIR`;
const OPTIONS = {
  help: { type: "boolean", short: "h" },
  ...SPAN_OPTIONS,
  set: { type: "string" },
  "to-file": { type: "string" },
} as const;

await runScript(async () => {
  const { flags } = readFlags(OPTIONS, USAGE);
  if (flags.help) return console.log(USAGE);
  const [range, set, path] = [rangeFlags(flags), setFlag(flags), flags["to-file"]];
  if (!range || typeof path !== "string") {
    return fail("CONFIG_INVALID", `expected --from, --to and --to-file, were not all given\n\n${USAGE}`);
  }
  await withHistory(range.database_url, async (database, bars) => {
    const { symbol, from_us, to_us } = range;
    const span = await storedSpan(database, bars, { symbol, set, from_us, to_us, horizon_s: HORIZON_S });
    const bar = new ProgressBar(systemClock, process.stderr);
    const file = new TrainingParquet(path, set, { symbol, horizon_s: String(HORIZON_S) });
    try {
      const onProgress = progressOn(bar, "export", symbol, set);
      await readTrainingRows(database, span, (row) => file.push(row), onProgress);
      file.finish();
    } catch (error) {
      file.discard();
      throw error;
    } finally {
      bar.clear();
    }
    const mib = (statSync(path).size / 2 ** 20).toFixed(1);
    console.log(`wrote   ${path}: ${file.rows.toLocaleString("en")} rows of ${set.name}, ${mib} MiB`);
  });
});
