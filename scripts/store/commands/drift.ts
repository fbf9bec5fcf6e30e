/** `bun run drift …` as a function of its arguments: it opens the database, looks once, and writes down what it saw. */

import { systemClock } from "../../../src/base/clock.ts";
import { type Config, readConfig } from "../../../src/base/config.ts";
import { fail } from "../../../src/base/errors.ts";
import { type ModelVersion, modelVersion } from "../../../src/base/units.ts";
import type { DriftRecommendation } from "../../../src/judge/drift/drift.ts";
import { loadBundle } from "../../../src/model/bundle/bundle.ts";
import { bundleDir } from "../../../src/model/bundle/install.ts";
import type { Database } from "../../../src/record/database.ts";
import { addDriftRun } from "../../../src/record/drift/drift_runs.ts";
import { RoleRows } from "../../../src/record/registry/role_rows.ts";
import { Lived, type LookedAt } from "../../../src/steer/drift/look.ts";
import { withExample } from "../../flags/example.ts";
import { databaseUrl, numberFlag, readFlags, textFlags } from "../../flags/source.ts";
import { type DriftSaid, driftLines } from "../../lines/steer/drift.ts";
import { withStore } from "../with_store.ts";

const USAGE = `usage: bun run drift [flags]

  holds the last hour, quarter of a day and day of a model's features, forecasts and outcomes beside what they were in
  its training, prints them by importance × distance, and adds a row to drift_runs

  --symbol        default the first of SYMBOLS
  --model         a version whose forecasts are stored (default the champion)
  --hours         longest span looked at, 1 to 24 (default MONITORING_WINDOW_HOURS, which is 24)
  --json          the row as JSON
  --database-url  default DATABASE_URL, else the embedded database of DATA_DIR, also while a service runs on it

exit code: 0 none or watch, 2 retrain_soon, 3 retrain_now; 1 where nothing could be said`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  symbol: { type: "string" },
  model: { type: "string" },
  hours: { type: "string" },
  json: { type: "boolean" },
  "database-url": { type: "string" },
} as const;

const EXIT_CODES: Readonly<Record<DriftRecommendation, number>> = {
  ...{ none: 0, watch: 0, retrain_soon: 2, retrain_now: 3 },
};

export interface DriftAnswer {
  readonly lines: readonly string[];
  readonly exit_code: number;
}

/**
 * @param words e.g. ["--symbol", "BTCUSDT", "--hours", "6"].
 * @param environment e.g. `process.env`.
 * @throws ForetickError CONFIG_INVALID with the usage; MODEL_UNKNOWN without a champion; BUNDLE_INVALID without a
 * reference; NOT_FOUND without stored vectors; whatever `loadBundle` throws; STORE_UNREACHABLE, STORE_QUERY.
 */
export async function driftCommand(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<DriftAnswer> {
  const { flags, rest } = readFlags(OPTIONS, USAGE, words);
  if (flags.help) return { lines: [withExample(USAGE, OPTIONS, "drift")], exit_code: 0 };
  if (rest.length > 0)
    fail("CONFIG_INVALID", `bun run drift expected flags alone, was "${rest.join(" ")}"\n\n${USAGE}`);
  const config = readConfig(environment);
  const hours = numberFlag(flags, "hours", config.monitoring_window_hours, 1, 24);
  const { symbol = config.symbols[0]!, model } = textFlags(flags, ["symbol", "model"]);
  const store = { config, url: databaseUrl(flags, config), use: "write" } as const;
  const said = await withStore(store, async (database) => {
    const version = model === undefined ? await championOf(database, symbol) : modelVersion(model);
    return look(database, config, { symbol, version, hours });
  });
  const { report } = said;
  const is_silent = report.features.length === 0;
  return {
    lines: flags.json === true ? [JSON.stringify(said, null, 1)] : driftLines(said),
    exit_code: is_silent ? 1 : EXIT_CODES[report.recommendation],
  };
}

async function championOf({ sql }: Database, symbol: string): Promise<ModelVersion> {
  const champion = (await new RoleRows(sql).champions([symbol])).get(symbol);
  return (
    champion?.version ??
    fail("MODEL_UNKNOWN", `${symbol} has no champion: name a version whose forecasts are stored by --model`)
  );
}

interface Wanted {
  readonly symbol: string;
  readonly version: ModelVersion;
  readonly hours: number;
}

async function look(
  { sql }: Database,
  config: Config,
  { symbol, version, hours }: Wanted,
): Promise<DriftSaid> {
  const model = await loadBundle(bundleDir(config.model_dir, version), config.bundle_key);
  // What it says of its training is held by now; it makes no forecast here.
  await model.close();
  const lived = new Lived(symbol, model, referenceOf(model));
  if (!(await lived.read(sql, async () => {}))) {
    fail(
      "NOT_FOUND",
      `vectors of ${model.feature_set} stored for ${symbol} expected, a quarter of an hour at least, were none: let a service run, or check --symbol and --model`,
    );
  }
  const report = lived.look(hours, { psi_fixed: config.drift_threshold });
  const at_us = systemClock.now();
  const row = { at_us, symbol, model_version: version, source: "command", to_us: lived.end_us } as const;
  const run_id = await addDriftRun(sql, { ...row, report, training: null });
  return { run_id, ...row, report };
}

const referenceOf = ({ version, drift }: LookedAt): NonNullable<LookedAt["drift"]> =>
  drift ??
  fail(
    "BUNDLE_INVALID",
    `${version} expected with drift.json, which says what was normal in its training, has none: train it again`,
  );
