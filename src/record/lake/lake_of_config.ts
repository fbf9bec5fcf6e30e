/** The lake a configuration names: which store, which tables. */

import { join } from "node:path";
import { type Clock, systemClock } from "../../base/clock.ts";
import type { Config } from "../../base/config.ts";
import { fail } from "../../base/errors.ts";
import { FEATURE_SETS } from "../../features/sets/all.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import { LakeBucket, LakeFolder, type LakeStore } from "./lake_store.ts";
import { LAYERS, type LakeTable, type Layer, lakeTables } from "./tables.ts";

/** Undefined: the service archives nothing. @throws ForetickError CONFIG_INVALID. */
export function lakeStoreOf(config: Config, clock: Clock): LakeStore | undefined {
  if (config.lake === "off") return undefined;
  if (config.lake === "s3") return new LakeBucket(config, clock);
  return new LakeFolder(config.lake_dir ?? join(config.data_dir, "lake"));
}

/** Refuses at the start what could not be archived later. @throws ForetickError CONFIG_INVALID. */
export function requireLake(config: Config): void {
  if (lakeStoreOf(config, systemClock)) lakeTablesOf(config);
}

/** @throws ForetickError CONFIG_INVALID for a layer or a set there is not. */
export const lakeTablesOf = ({
  lake_layers,
  lake_sets,
}: Pick<Config, "lake_layers" | "lake_sets">): LakeTable[] =>
  lakeTables(
    lake_layers.map((name) => named("layer", LAYERS, name, (layer: Layer) => layer)),
    lake_sets.map((name) => named("feature set", FEATURE_SETS, name, (set: FeatureSet) => set.name)),
  );

function named<T>(what: string, all: readonly T[], name: string, nameOf: (one: T) => string): T {
  const found = all.find((one) => nameOf(one) === name);
  if (found !== undefined) return found;
  return fail("CONFIG_INVALID", `a ${what} of the lake expected ${all.map(nameOf).join(", ")}, was ${name}`);
}
