/** The model a start would serve: its bundle is loaded, its hashes and its golden vectors held to. Nothing is moved or fetched. */

import type { Clock } from "../../src/base/clock.ts";
import type { Config } from "../../src/base/config.ts";
import { silentLogger } from "../../src/base/log.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import { ZeroModel } from "../../src/model/zero_model.ts";
import { type RoleChoice, RoleRows } from "../../src/record/registry/role_rows.ts";
import { LastChampions } from "../../src/system/model/last_champions.ts";
import { type Chosen, ModelChoice } from "../../src/system/model/model_choice.ts";
import { type Check, failed, type Named, ok, warn } from "./check.ts";
import type { DoctorDatabase } from "./database.ts";

type Of = Pick<Config, "model_dir" | "bundle_key" | "data_dir" | "symbols">;

/** The migration that made the registry's tables. */
const REGISTRY_SCHEMA = 7;
const REMEDY = "train again, copy the bundle here, or promote another: bun run models list";

export const modelCheck = (config: Of, database: DoctorDatabase, clock: Clock): Check => ({
  name: "model",
  settings: ["MODEL_DIR", "BUNDLE_KEY", "DATA_DIR", "SYMBOLS"],
  remedy: REMEDY,
  run: async () => {
    const { model_dir, bundle_key: seal, symbols } = config;
    const choice = new ModelChoice({ model_dir, seal, set: v1, store: undefined, clock, log: silentLogger });
    const champions = await championsOf(config, database, clock);
    // One that serves every symbol is loaded once.
    const seen = new Map<string, Named>();
    for (const symbol of symbols) {
      const champion = champions.get(symbol);
      const key = champion?.version ?? "";
      if (!seen.has(key)) seen.set(key, findingOf(await choice.of(champion ? [champion] : [])));
    }
    return [...seen.values()];
  },
});

/** As a start does: by the registry, or by what was known of it where the database does not answer. */
async function championsOf(
  { data_dir, symbols }: Of,
  database: DoctorDatabase,
  clock: Clock,
): Promise<ReadonlyMap<string, RoleChoice>> {
  if (database.isToBeMade) return new Map();
  try {
    const { sql, schema } = await database.open();
    return schema.found < REGISTRY_SCHEMA ? new Map() : await new RoleRows(sql).champions(symbols);
  } catch {
    // The database's own check says why.
    return new LastChampions(data_dir, clock, silentLogger).read();
  }
}

function findingOf({ model, chosen_as, problem }: Chosen): Named {
  const check = "model";
  // Its session is not asked again; the process ends soon.
  void model.close();
  if (problem) {
    const { state, found, remedy } = failed(problem.error, REMEDY);
    return { check, state, found: `${problem.what} ${problem.refused}: ${found}`, remedy };
  }
  if (model instanceof ZeroModel) {
    return { check, ...warn("none: a service would forecast no move", "train one: bun run train") };
  }
  return { check, ...ok(`${model.version} (${chosen_as}) loads, and its golden vectors hold`) };
}
