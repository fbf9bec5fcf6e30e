/** What is fitted where no kind of model was asked for. */

import { expect, it } from "vitest";
import { defaultKinds } from "../../../src/train/fit/default_kinds.ts";
import { MODEL_KINDS } from "../../../src/train/fit/trainable.ts";

it("fits every kind on a week or less, and on more the quick ones, saying so", () => {
  expect(defaultKinds(7 * 86_400)).toEqual({ kinds: MODEL_KINDS, sentence: undefined });
  expect(defaultKinds(30 * 86_400)).toEqual({
    kinds: ["ridge", "mlp"],
    sentence:
      "ridge and mlp: the other kinds take an hour or more on 2,592,000 rows; --model all fits them too",
  });
});
