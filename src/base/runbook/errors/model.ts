/** Of features, bundles and models. */

import type { ErrorCode } from "../../errors.ts";
import type { Advice } from "./advice.ts";

export const MODEL_ERRORS = {
  FEATURE_DEFINITION: {
    means: "A feature is defined in a way that cannot be computed.",
    to_do: "Only while a set is being written: correct its definition.",
  },
  FEATURE_SET_UNKNOWN: {
    means: "There is no feature set of that name.",
    to_do: "The message lists those there are.",
  },
  FEATURE_SET_MISMATCH: {
    means: "A model, a function or a row was made with another definition of its feature set.",
    to_do:
      "Train again with this version, or serve it with the version that made it. For SQL: bun run migrate installs the functions.",
  },
  BUNDLE_INVALID: {
    means: "A model's folder lacks a file, or a file is not what it must be.",
    to_do: "The message names it. The service goes on with a sound model; fetch or train the version again.",
  },
  BUNDLE_HASH: {
    means: "A file of a model is not the one that was registered.",
    to_do: "It was changed or damaged. Restore it from the bundle store, or train again.",
  },
  BUNDLE_GOLDEN: {
    means: "A model computes something else here than where it was trained.",
    to_do: "The machine's arithmetic differs beyond the bound, or the file was exchanged. It is not served.",
  },
  BUNDLE_KEY: {
    means: "A model is sealed by a key that this process does not have.",
    to_do:
      "Set BUNDLE_KEY to the key it was sealed by; after a rotation, name the old key behind the new one.",
  },
  BUNDLE_EXISTS: {
    means: "A version of that name is there already.",
    to_do: "Choose another name: versions never change.",
  },
  GATES_INVALID: {
    means: "models/gates.json does not say what a gate must say.",
    to_do: "The message names the field. Correct the file.",
  },
  ONNX_MALFORMED: {
    means: "A file is no ONNX model, or is cut off.",
    to_do: "Export it again.",
  },
  ONNX_REFUSED: {
    means: "A model uses what is not allowed here: an operator, a size, a shape, data outside its file.",
    to_do: "The message names it. docs/python.md says what can be served.",
  },
  MODEL_INPUT: {
    means: "A model was given a vector it does not take.",
    to_do: "The tick is skipped. Where it goes on, the model and its set do not belong together: roll back.",
  },
  MODEL_OUTPUT: {
    means: "A model gave no number, or one no price can move by.",
    to_do: "The tick is skipped and counted. Where it goes on: bun run models rollback.",
  },
  MODEL_CLOSED: {
    means: "A model was asked while it was being replaced.",
    to_do: "Nothing: the next tick has the new one.",
  },
  NO_PREDICTION_YET: {
    means: "There is no forecast that is young enough.",
    to_do: "The answer says why and since when. /health says which part is behind it.",
  },
} satisfies Partial<Record<ErrorCode, Advice>>;
