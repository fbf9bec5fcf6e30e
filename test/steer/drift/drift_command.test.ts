/** `bun run drift` on what is stored: the model's own reference, what can hurt first, a row, an exit code. */

import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { driftCommand } from "../../../scripts/store/commands/drift.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { seededRng } from "../../../src/base/rng.ts";
import { modelVersion } from "../../../src/base/units.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { driftReference } from "../../../src/judge/drift/drift_reference.ts";
import { binsOf, DriftSlots } from "../../../src/judge/drift/drift_slots.ts";
import { writeBundle } from "../../../src/model/bundle/bundle.ts";
import { DRIFT_FILE } from "../../../src/model/bundle/drift.ts";
import type { Database } from "../../../src/record/database.ts";
import { Registry } from "../../../src/record/registry/registry.ts";
import { Writer } from "../../../src/record/write/writer.ts";
import { codeOf } from "../../base/rejection.ts";
import { freshFolder, removeFolders, sampleContents } from "../../model/sample.ts";
import { outcomeAt, predictionAt, START_SEC, SYMBOL, vectorAt } from "../../record/market_events.ts";
import { onEveryServer } from "../../record/server/servers.ts";

/** A vector a minute: what takes a day at one a second. */
const CADENCE_S = 60;
const DAY_S = 86_400;
const FIRST_SEC = Math.ceil(START_SEC / 900) * 900;
const version = modelVersion("ridge-v1/drift");
/** Of v1's columns, the one that freezes. */
const FROZEN = 3;

/** Features, forecast and label of a minute. */
function minute(sec: number): number[] {
  const rng = seededRng(sec);
  return [...v1.names, "forecast", "label"].map(() => rng.normal());
}

function reference(): Uint8Array {
  const names = [...v1.names, "forecast", "label"];
  const rows = Array.from({ length: (25 * DAY_S) / CADENCE_S }, (_, at) => minute(at * CADENCE_S));
  const slots = new DriftSlots(
    binsOf(
      names,
      rows.filter((_, at) => at % 10 === 0),
    ),
  );
  for (const [at, row] of rows.entries()) slots.add(at * CADENCE_S, row);
  return new TextEncoder().encode(JSON.stringify(driftReference(slots, { cadence_s: CADENCE_S })));
}

afterAll(removeFolders);

onEveryServer("the drift command", (server) => {
  let database: Database;
  let model_dir: string;
  beforeAll(async () => {
    database = await server.openDatabase();
    model_dir = await freshFolder();
    const sample = sampleContents({ version: "drift" });
    const dir = await writeBundle(model_dir, { ...sample, extra: { [DRIFT_FILE]: reference() } });
    const registry = new Registry({ sql: database.sql, model_dir, sets: FEATURE_SETS, store: undefined });
    await registry.register({ actor: "anna" }, { dir });
    await registry.promote({ actor: "anna" }, { version });
  });

  const command = (...words: string[]) =>
    driftCommand(words, { DATABASE_URL: database.url, MODEL_DIR: model_dir, SYMBOLS: SYMBOL });

  it("says what is missing before there is anything to look at", async () => {
    expect(await codeOf(command())).toBe("NOT_FOUND");
    expect(await codeOf(command("--symbol", "NONEUSDT", "--hours", "25"))).toBe("CONFIG_INVALID");
    const plain = await writeBundle(model_dir, sampleContents({ version: "plain" }));
    expect(await codeOf(command("--model", "ridge-v1/plain"))).toBe("BUNDLE_INVALID");
    expect(plain).toBe(join(model_dir, "ridge-v1", "plain"));
  });

  it("names what has frozen first, writes the row, and says by its exit code what it leads to", async () => {
    const writer = new Writer({ database, log, clock: systemClock });
    for (let sec = 0; sec <= DAY_S + 120; sec += CADENCE_S) {
      const at = FIRST_SEC + sec - START_SEC;
      const values = minute(sec);
      values[FROZEN] = 0.5;
      const [forecast, label] = values.splice(v1.names.length);
      const vector = { ...vectorAt(at, values), set_hash: v1.hash, warm: true };
      writer.features(vector, predictionAt(at).emitted_at_us);
      const prediction = { ...predictionAt(at, forecast!), model_version: version, set_hash: v1.hash };
      writer.prediction(prediction);
      writer.outcome({ ...outcomeAt(at, label!), model_version: version, yhat_log_return: forecast! });
    }
    await writer.close();
    const { lines, exit_code } = await command();
    expect(lines[0]).toMatch(/^BTCUSDT, ridge-v1\/drift: the day until .*, 100 % of its rows$/);
    expect(lines[2]).toMatch(new RegExp(`^${v1.names[FROZEN]} .*DRIFT$`));
    expect(lines.filter((line) => line.endsWith("DRIFT"))).toHaveLength(1);
    expect(lines.at(-1)).toMatch(/^result: watch; farthest \d/);
    expect(exit_code).toBe(0);
    const [row, ...others] = await database.sql`select * from drift_runs`;
    expect(others).toEqual([]);
    expect(row).toMatchObject({ source: "command", span: "day", recommendation: "watch" });
    expect(row!.features).toHaveLength(v1.names.length);

    const short = await command("--hours", "1", "--json");
    const said = JSON.parse(short.lines.join("\n"));
    expect(said).toMatchObject({ symbol: SYMBOL, model_version: version, source: "command" });
    expect(said.report).toMatchObject({ span: "hour", recommendation: "watch", completeness: 1 });
    expect(said.report.features[0]).toMatchObject({ name: v1.names[FROZEN], drifted: true });
    expect(await database.sql`select from drift_runs`).toHaveLength(2);
  });
});
