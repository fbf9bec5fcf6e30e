/** A registry that holds nothing, and bundles to register in it. */

import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import { writeBundle } from "../../../src/model/bundle/bundle.ts";
import type { Manifest } from "../../../src/model/bundle/manifest.ts";
import type { Database } from "../../../src/record/database.ts";
import { Registry } from "../../../src/record/registry/registry.ts";
import { RoleRows } from "../../../src/record/registry/role_rows.ts";
import { RegistryRows } from "../../../src/record/registry/rows.ts";
import { freshFolder, sampleContents } from "../../model/sample.ts";
import type { ServerUnderTest } from "../server/servers.ts";

export const ANNA = { actor: "anna" };
export const GATE = {
  gate: "beats zero",
  metric: "r2_low",
  operator: ">",
  limit: 0,
  observed: -0.001,
  passed: false,
  required: true,
  claims_skill: true,
} as const;

export interface RegistryWorld {
  readonly database: Database;
  readonly model_dir: string;
  readonly registry: Registry;
  readonly rows: RegistryRows;
  readonly roles: RoleRows;
  /** A bundle of its own below MODEL_DIR. */
  written(version: string, changes?: Partial<Manifest>, dir?: string): Promise<string>;
  registered(version: string, changes?: Partial<Manifest>): Promise<string>;
}

export async function emptyRegistry(server: ServerUnderTest): Promise<RegistryWorld> {
  const database = await server.openDatabase();
  const model_dir = await freshFolder();
  const registry = new Registry({ sql: database.sql, model_dir, sets: FEATURE_SETS, store: undefined });
  const written = (version: string, changes: Partial<Manifest> = {}, dir = model_dir) =>
    writeBundle(dir, sampleContents({ version, ...changes }));
  return {
    ...{ database, model_dir, registry, written },
    rows: new RegistryRows(database.sql),
    roles: new RoleRows(database.sql),
    registered: async (version, changes = {}) => {
      const dir = await written(version, changes);
      return (await registry.register(ANNA, { dir })).version;
    },
  };
}
