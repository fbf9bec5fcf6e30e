/** All SQL made from the registered sets: functions, in an order in which each finds what it calls. */

import { createHash } from "node:crypto";
import type { FeatureSet } from "../sets/feature_set.ts";
import { compileFeatureFunction, featureFunctionName } from "./compile.ts";
import { knownFunctions } from "./known.ts";
import { LNR_FUNCTIONS } from "./text/lnr.ts";
import { compileTrainingFunction, trainingFunctionName } from "./training.ts";

export interface SqlFunction {
  /** Name and argument types, as `comment on function` and `drop function` want them. */
  readonly signature: string;
  /** `create or replace function …`, without a semicolon. */
  readonly definition: string;
  /** What is stored as the function's comment: says which definition the database has. */
  readonly comment: string;
}

/** Functions that belong together. */
export interface SqlFile {
  readonly name: string;
  readonly functions: readonly SqlFunction[];
}

const KNOWN = "known";

/** Compiling a set and reading a file are done once a process: each connection asks for all of it. */
const set_files = new WeakMap<FeatureSet, SqlFile>();
let shared_files: readonly SqlFile[] | undefined;

/** @throws ForetickError FEATURE_DEFINITION where a set cannot be expressed. */
export function sqlFiles(sets: readonly FeatureSet[]): readonly SqlFile[] {
  shared_files ??= sharedFiles();
  return [...shared_files, ...sets.map(setFile)];
}

/** What the functions of all sets call. */
function sharedFiles(): SqlFile[] {
  const lnr = LNR_FUNCTIONS.map(({ signature, definition }) =>
    sqlFunction(signature, definition, "The logarithm of all features"),
  );
  const known = knownFunctions().map(({ signature, definition }) =>
    sqlFunction(signature, definition, "Bars, and what is known of them"),
  );
  return [
    { name: "lnr", functions: lnr },
    { name: KNOWN, functions: known },
  ];
}

/** The files of `sql/generated/`: what is made here, not what is read from `sql/functions/` as it is. */
export const generatedFiles = (sets: readonly FeatureSet[]): readonly SqlFile[] =>
  sqlFiles(sets).filter(({ name }) => name !== KNOWN);

function setFile(set: FeatureSet): SqlFile {
  const known = set_files.get(set);
  if (known) return known;
  const file = compiledFile(set);
  set_files.set(set, file);
  return file;
}

function compiledFile(set: FeatureSet): SqlFile {
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
