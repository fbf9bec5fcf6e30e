/** Every door that is fuzzed. */

import type { Door } from "./target.ts";
import { archive } from "./targets/archive.ts";
import { bundle } from "./targets/bundle.ts";
import { control } from "./targets/control.ts";
import { http } from "./targets/http.ts";
import { journal } from "./targets/journal.ts";
import { onnx } from "./targets/onnx.ts";
import { rest } from "./targets/rest.ts";
import { sbe } from "./targets/sbe.ts";
import { captures, tape } from "./targets/tape.ts";

export const DOORS: readonly Door[] = [
  sbe,
  control,
  rest,
  tape,
  captures,
  journal,
  onnx,
  bundle,
  archive,
  http,
];
