/** A model refuses every set but the one it was trained on: a set that is in use keeps its hash. */

import { expect, it } from "vitest";
import { FEATURE_SETS } from "../../src/features/sets/all.ts";

it("keeps the hash of every set that models have been trained on", () => {
  expect(Object.fromEntries(FEATURE_SETS.map(({ name, hash }) => [name, hash]))).toEqual({
    v1: "b97689160bac6a81b3272b3a4663e10a55b925505cf83836ed5e6f9af50d28d3",
    gold: "4d90733d13976e7d63060b7a719bc4cd40a1f332b1e459c1cec528ded28d01ba",
    minute: "4fc32ee7fa559081474cf117a30611d1651863cf0e16fab703c30797cd8ce5ae",
    indicators: "9b2a1a2b438c378b1c9b49c2581e2c336073b31f082f7efea8ef825bfc9d5b52",
    trades: "ec991dbdada478e416329a84736da6f5a7f57ffb05f814672d8106c2421ce754",
  });
});
