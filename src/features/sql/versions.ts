/**
 * The functions of a set under a name of their own for each definition, e.g. `features_v1_3f9a61c0`: a service calls
 * the definition it was built with, whatever an older or a newer service beside it has installed. The plain names,
 * `features_v1` and `training_v1`, are for people and follow the newest.
 */

import { createHash } from "node:crypto";
import type { FeatureSet } from "../sets/feature_set.ts";
import { featureFunctionName } from "./compile.ts";
import { type SqlFunction, sqlFiles } from "./functions.ts";
import { trainingFunctionName } from "./training.ts";

export interface VersionedNames {
  readonly features: string;
  readonly training: string;
}

interface Versioned extends VersionedNames {
  readonly functions: readonly SqlFunction[];
}

/** Long enough that no two definitions of a set meet, short enough for a name. */
const DIGITS = 8;

const made = new WeakMap<FeatureSet, Versioned>();

/** What the functions of `set`, as this process defines them, are called in the database. */
export function versionedNames(set: FeatureSet): VersionedNames {
  return versioned(set);
}

/** All functions of `sets` to be installed, in an order in which each finds what it calls. */
export function installedFunctions(sets: readonly FeatureSet[]): readonly SqlFunction[] {
  const files = sqlFiles(sets);
  const [lnr, known, ...plain] = files.map(({ functions }) => functions);
  return [...lnr!, ...known!, ...sets.flatMap((set) => versioned(set).functions), ...plain.flat()];
}

function versioned(set: FeatureSet): Versioned {
  const known = made.get(set);
  if (known) return known;
  const functions = sqlFiles([set]).at(-1)!.functions;
  const text = functions.map(({ definition }) => definition).join("\n");
  const digits = createHash("sha256").update(text, "utf8").digest("hex").slice(0, DIGITS);
  const names = [featureFunctionName(set), trainingFunctionName(set)];
  // A name and the bracket of its arguments: a longer name that begins alike, or a comment, is left alone.
  const calls = new RegExp(`\\b(${names.join("|")})\\(`, "g");
  const renamed = (sql: string): string => sql.replace(calls, `$1_${digits}(`);
  const entry: Versioned = {
    features: `${names[0]}_${digits}`,
    training: `${names[1]}_${digits}`,
    functions: functions.map(({ signature, definition, comment }) => ({
      signature: renamed(signature),
      definition: renamed(definition),
      comment: `${comment}; for services of that version`,
    })),
  };
  made.set(set, entry);
  return entry;
}
