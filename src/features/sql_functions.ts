/** All SQL made from the registered sets: functions, in an order in which each finds what it calls. */

import { createHash } from "node:crypto";
import { compileFeatureFunction, featureFunctionName } from "./compile_sql.ts";
import type { FeatureSet } from "./set.ts";
import { LNR_FUNCTIONS } from "./sql_lnr.ts";
import { compileTrainingFunction, trainingFunctionName } from "./sql_training.ts";

export interface SqlFunction {
  /** Name and argument types, as `comment on function` and `drop function` want them. */
  readonly signature: string;
  /** `create or replace function …`, without a semicolon. */
  readonly definition: string;
  /** What is stored as the function's comment: says which definition the database has. */
  readonly comment: string;
}

/** One file of `sql/generated/`: functions that belong together. */
export interface SqlFile {
  readonly name: string;
  readonly functions: readonly SqlFunction[];
}

/** @throws ForetickError FEATURE_DEFINITION where a set cannot be expressed. */
export function sqlFiles(sets: readonly FeatureSet[]): readonly SqlFile[] {
  const lnr = LNR_FUNCTIONS.map(({ signature, definition }) =>
    sqlFunction(signature, definition, "The logarithm of all features"),
  );
  return [{ name: "lnr", functions: lnr }, ...sets.map(setFile)];
}

function setFile(set: FeatureSet): SqlFile {
  const range = "text, timestamptz, timestamptz";
  const about = `Feature set ${set.name}, hash ${set.hash}`;
  return {
    name: featureFunctionName(set),
    functions: [
      sqlFunction(`${featureFunctionName(set)}(${range})`, compileFeatureFunction(set), about),
      sqlFunction(`${trainingFunctionName(set)}(${range}, integer)`, compileTrainingFunction(set), about),
    ],
  };
}

/** The set's hash does not change with the compiler; the text's does. */
function sqlFunction(signature: string, definition: string, about: string): SqlFunction {
  const text_hash = createHash("sha256").update(definition, "utf8").digest("hex");
  return { signature, definition, comment: `${about}; text ${text_hash}` };
}

/** A file's text, ready to be run by psql. */
export const sqlFileText = (file: SqlFile): string =>
  file.functions
    .map(
      ({ signature, definition, comment }) =>
        `${definition};\n\ncomment on function ${signature} is '${comment}';\n`,
    )
    .join("\n");
