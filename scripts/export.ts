/**
 * `bun scripts/export.ts --from 2026-10-01 --to 2026-11-01 --to-file october.parquet`: the training rows of the
 * database as one Parquet file, for other tools. Unfiltered: every warm vector, its labels, when it was known, and what it
 * would be to a training on that range. With `--table`, another table of the lake.
 */

import { statSync } from "node:fs";
import { systemClock } from "../src/base/clock.ts";
import { readConfig } from "../src/base/config.ts";
import { ForetickError, fail } from "../src/base/errors.ts";
import { LABELS } from "../src/features/label.ts";
import type { FeatureSet } from "../src/features/sets/feature_set.ts";
import { v1 } from "../src/features/sets/v1.ts";
import type { ReadersBars } from "../src/record/bars/bars_of_reader.ts";
import type { Database } from "../src/record/database.ts";
import { LAYERS, type LakeTable, lakeTables } from "../src/record/lake/tables.ts";
import { writeTable } from "../src/record/lake/write_table.ts";
import { readHistory } from "../src/train/course/data.ts";
import { HORIZON_S, usualOrder } from "../src/train/course/order.ts";
import { TrainingParquet } from "../src/train/rows/parquet.ts";
import { SplitMarks } from "../src/train/rows/split_marks.ts";
import { readTrainingRows, storedSpan } from "../src/train/rows/training_query.ts";
import { withExample } from "./flags/example.ts";
import { RANGE_OPTIONS, type RangeSettings, rangeFlags, setFlag, withHistory } from "./flags/range.ts";
import { readFlags, runScript } from "./flags/source.ts";
import { ProgressBar } from "./lines/progress/progress_bar.ts";
import { progressOn } from "./lines/progress/read_progress.ts";

const { "known-before": _, ...SPAN_OPTIONS } = RANGE_OPTIONS;
const TABLES = lakeTables(LAYERS, []);
const USAGE = `usage: bun run export --from 2026-10-01 --to 2026-11-01 --to-file <file.parquet>

  --from --to     UTC days or times; --to is not included
  --since         instead of them: from that UTC day or time to now
  --symbol        default the first of SYMBOLS
  --set           feature set (default v1)
  --label         which label the column \`split\` goes by: ${LABELS.join(" | ")} (default mid where quotes cover the range, else last)
  --table         instead of vectors: ${TABLES.map(({ name }) => name).join(", ")} (docs/lake.md)
  --to-file       a file there is replaced once the new one is whole
  --database-url  default DATABASE_URL, else the embedded database of DATA_DIR`;
const OPTIONS = {
  help: { type: "boolean", short: "h" },
  ...SPAN_OPTIONS,
  set: { type: "string" },
  label: { type: "string" },
  table: { type: "string" },
  "to-file": { type: "string" },
} as const;

function tableNamed(name: string): LakeTable {
  const known = TABLES.find((table) => table.name === name);
  if (known) return known;
  const names = TABLES.map((table) => table.name).join(", ");
  return fail("CONFIG_INVALID", `--table expected one of ${names}, was ${name}`);
}

/** Undefined, with a sentence for people, where a training on the range would find too few rows. */
async function marksOf(
  database: Database,
  bars: ReadersBars,
  range: RangeSettings,
  set: FeatureSet,
  label: string | undefined,
): Promise<SplitMarks | undefined> {
  const known = LABELS.find((name) => name === label);
  if (label !== undefined && !known)
    fail("CONFIG_INVALID", `--label expected ${LABELS.join(" or ")}, was ${label}`);
  const order = { ...usualOrder(systemClock.now(), readConfig(process.env).model_dir), set, label: known };
  const bar = new ProgressBar(systemClock, process.stderr);
  const listener = {
    said: (about: string, sentence: string): void => {
      if (about === "learn") console.log(`split   ${sentence}`);
    },
    read: progressOn(bar, "split", range.symbol, set),
    readEnded: () => bar.clear(),
  };
  try {
    const { dataset } = await readHistory({ database, bars }, range, order, listener);
    return new SplitMarks(dataset, set, order);
  } catch (error) {
    if (!(error instanceof ForetickError && error.code === "TRAIN_DATA")) throw error;
    console.log(`split   no row is marked: ${error.message}`);
    return undefined;
  }
}

await runScript(async () => {
  const { flags } = readFlags(OPTIONS, USAGE);
  if (flags.help)
    return console.log(
      withExample(USAGE, OPTIONS, "export", {
        from: "2026-10-01",
        to: "2026-11-01",
        "to-file": "october.parquet",
      }),
    );
  const [range, set, path] = [rangeFlags(flags), setFlag(flags) ?? v1, flags["to-file"]];
  if (!range || typeof path !== "string") {
    return fail("CONFIG_INVALID", `expected --from, --to and --to-file, were not all given\n\n${USAGE}`);
  }
  const { symbol, from_us, to_us } = range;
  const said = (rows: number, what: string): void => {
    const mib = (statSync(path).size / 2 ** 20).toFixed(1);
    console.log(`wrote   ${path}: ${rows.toLocaleString("en")} rows of ${what}, ${mib} MiB`);
  };
  const table = flags.table === undefined ? undefined : tableNamed(String(flags.table));
  await withHistory(range.database_url, async (database, bars) => {
    if (table) {
      await bars.through({ from_us, to_us });
      const { rows } = await writeTable(path, table, range, { sql: database.sql, clock: systemClock });
      return said(rows, table.name);
    }
    const span = await storedSpan(database, bars, { symbol, set, from_us, to_us, horizon_s: HORIZON_S });
    const marks = await marksOf(database, bars, range, set, flags.label as string | undefined);
    const bar = new ProgressBar(systemClock, process.stderr);
    const file = new TrainingParquet(path, set, { symbol, horizon_s: String(HORIZON_S) });
    try {
      const onProgress = progressOn(bar, "export", symbol, set);
      await readTrainingRows(database, span, (row) => file.push(row, marks?.of(row[0]!) ?? null), onProgress);
      file.finish();
    } catch (error) {
      file.discard();
      throw error;
    } finally {
      bar.clear();
      marks?.close();
    }
    said(file.rows, set.name);
  });
});
