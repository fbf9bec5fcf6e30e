/** Every door on mutated inputs, by fixed seeds; the long run is `bun run fuzz`. Beside it what that run has found. */

import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { fail } from "../../src/base/errors.ts";
import { DOORS } from "./doors.ts";
import { fuzz, inputOf } from "./fuzz.ts";
import type { Target } from "./target.ts";

const CORPUS = resolve(import.meta.dirname, "../fixtures/corpus");

/** What came of one input: "taken", the code it was refused with, or what else was thrown. */
async function outcomeOf(target: Target, input: Uint8Array): Promise<string> {
  const { taken, refused, findings } = await fuzz(
    { ...target, input: () => input },
    { name: "corpus", seed: 0, runs: 1 },
  );
  return taken === 1 ? "taken" : (refused.keys().next().value ?? `finding: ${findings[0]?.error}`);
}

describe("mutated inputs", () => {
  it.each(DOORS)(
    "at $name are taken or refused with a code of its own",
    async ({ name, short_runs, open }) => {
      const target = await open();
      const { runs, taken, refused, findings } = await fuzz(target, { name, seed: 1, runs: short_runs });
      target.close?.();
      expect(findings.map(({ run, error }) => ({ run, error }))).toEqual([]);
      expect(runs).toBe(short_runs);
      // Neither answer alone would say that the door was reached.
      expect(taken).toBeGreaterThan(0);
      expect(refused.size > 0).toBe(target.codes.length > 0);
    },
  );

  it("that break a promise are found, and made again by seed and run alone", async () => {
    const target: Target = {
      codes: ["UNIT_RANGE"],
      input: (rng) => Uint8Array.of(rng.below(100)),
      attempt: ([byte]) => {
        if (byte === 42) throw new TypeError("forty-two");
        if (byte! > 50) fail("UNIT_RANGE", "expected at most 50");
        if (byte === 43) fail("INVARIANT", "not promised");
      },
    };
    const all = { name: "planted", seed: 7, runs: 2_000, findings_max: 1_000 };
    const { findings, taken, refused } = await fuzz(target, all);
    expect(new Set(findings.map(({ input }) => input[0]))).toEqual(new Set([42, 43]));
    expect(taken + refused.get("UNIT_RANGE")! + findings.length).toBe(2_000);
    for (const { run, input } of findings) {
      expect(inputOf(target, "planted", 7, run)).toEqual(input);
      expect((await fuzz(target, { ...all, from: run, runs: 1 })).findings).toHaveLength(1);
    }
  });
});

describe("what fuzzing found", () => {
  /** By file of the corpus: what it did, and what it does now. */
  const found: readonly { file: string; did: string; now: string }[] = [
    { file: "tape/header_no_json", did: "a SyntaxError without the tape's name", now: "TAPE_INVALID" },
    { file: "tape/header_without_counts", did: "a TypeError", now: "TAPE_INVALID" },
    { file: "capture/record_without_its_fields", did: "taken, and a fault in the lane", now: "TAPE_INVALID" },
    {
      file: "capture/floats_of_any_length",
      did: "refused only where eight gigabytes could not be had",
      now: "TAPE_INVALID",
    },
    { file: "capture/header_no_json", did: "a SyntaxError without the tape's name", now: "TAPE_INVALID" },
    { file: "journal/rows_without_end", did: "two billion rows, filled in memory", now: "taken" },
    { file: "journal/table_of_object", did: "a TypeError that stopped the table's writing", now: "taken" },
    { file: "journal/cells_empty_text", did: "a TypeError as the next line was added", now: "taken" },
    { file: "bundle/golden_length_no_number", did: "a TypeError of zod", now: "BUNDLE_INVALID" },
    { file: "onnx/concat_past_last_dimension", did: "a RangeError", now: "ONNX_REFUSED" },
    { file: "journal/cells_no_list", did: "a TypeError that stopped the table's writing", now: "taken" },
  ];

  it.each(found)("$file: was $did, is $now", async ({ file, now }) => {
    const target = await DOORS.find(({ name }) => file.startsWith(`${name}/`))!.open();
    const outcome = await outcomeOf(target, new Uint8Array(readFileSync(join(CORPUS, file))));
    target.close?.();
    expect(outcome).toBe(now);
  });

  it("has a line for every file of the corpus", () => {
    const files = readdirSync(CORPUS).flatMap((door) =>
      readdirSync(join(CORPUS, door)).map((name) => `${door}/${name}`),
    );
    expect(files.sort()).toEqual(found.map(({ file }) => file).sort());
  });
});
