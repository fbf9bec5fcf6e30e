/** Laying a database out and installing the SQL side of the feature sets: what only the role that owns it may do. */

import type { Sql } from "postgres";
import { FEATURE_SETS } from "../features/sets/all.ts";
import type { FeatureSet } from "../features/sets/feature_set.ts";
import type { DatabaseLink } from "./link.ts";
import { type Capability, createExtension, detectServer } from "./server/capability.ts";
import { makeOwnSchema } from "./server/own_schema.ts";
import { requireMayCreate } from "./sql/install/creation_checks.ts";
import { installFeatureFunctions } from "./sql/install/feature_functions.ts";
import { fixPaths } from "./sql/install/function_paths.ts";
import { migrate } from "./sql/install/migrations.ts";
import { readSchemaVersion } from "./sql/install/schema_version.ts";
import { storeError } from "./sql/store_errors.ts";

/**
 * Brings the tables up to date, as a role that may create and owns them.
 * @param until number of the last migration that is run; default all.
 * @returns what they are laid out for.
 * @throws ForetickError STORE_UNREACHABLE, STORE_VERSION, STORE_MIGRATION, each with what a person can do.
 */
export async function migrateDatabase(link: DatabaseLink, until?: number): Promise<Capability> {
  const { log, clock } = link;
  const connect = (): Sql => link.connect({ application_name: "foretick migrations" });
  await link.preflight();
  const look = (sql: Sql) => link.inTime(sql, () => detectServer(sql));
  // Before anything is made: what would refuse a table must not leave an extension behind.
  await withClient(connect, async (sql) => {
    await makeOwnSchema(sql, link.address.schema);
    const { capability } = await look(sql);
    await requireMayCreate(sql, await readSchemaVersion(sql, capability));
  });
  await createExtension(connect, log, link.address.schema);
  return withClient(connect, async (sql) => {
    const { capability } = await look(sql);
    return migrate({ sql, capability, log, clock, ...(until === undefined ? {} : { until }) });
  });
}

/**
 * Puts the SQL functions of `sets` in, as the role that owns the tables. Nothing is dropped.
 * @returns the functions made or replaced.
 * @throws ForetickError STORE_UNREACHABLE, STORE_MIGRATION.
 */
export async function installFunctions(
  link: DatabaseLink,
  sets: readonly FeatureSet[] = FEATURE_SETS,
): Promise<string[]> {
  await link.preflight();
  return withClient(
    () => link.connect({ application_name: "foretick migrations" }),
    async (sql) => {
      const made = await installFeatureFunctions(sql, sets, link.log);
      if (link.address.schema !== undefined) await fixPaths(sql, sets);
      return made;
    },
  );
}

async function withClient<T>(connect: () => Sql, run: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = connect();
  try {
    return await run(sql);
  } catch (error) {
    throw storeError(error, "STORE_SERVER");
  } finally {
    await sql.end({ timeout: 5 });
  }
}
