import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRng } from "../../../src/base/rng.ts";
import { openBackend } from "../../../src/train/network/backend.ts";
import { networkOf, SHAPES } from "../../../src/train/network/network.ts";
import { childOf, isGenome, keyOf, optionsOf, randomGenome } from "../../../src/train/search/genome.ts";
import { type SearchProgress, searchedTrainable, searchNetwork } from "../../../src/train/search/search.ts";
import { rejection } from "../../base/rejection.ts";
import { KINDS, toyDataset } from "./networks.ts";

const dataset = toyDataset({ rows: 2_500, seed: 5, truth: (z) => z(0) * z(1), noise: 0.5 });
const split = { train: { from: 0, to: 1_500 }, validation: { from: 1_500, to: 2_500 } };
const options = { population: 4, generations: 3, settings: { batch: 256, epochs_max: 2 } };

let folder = "";
beforeAll(async () => {
  await openBackend(["wasm"]);
  folder = await mkdtemp(join(tmpdir(), "foretick-search-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("genomes", () => {
  it("drawn, crossed and mutated any number of times, are always networks that can be built", () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(...KINDS), (seed, kind) => {
        const rng = seededRng(seed);
        let genome = randomGenome(kind, rng);
        for (let generation = 0; generation < 10; generation++) {
          genome = childOf(kind, genome, randomGenome(kind, rng), rng);
          expect(isGenome(kind, genome)).toBe(true);
          const { shape } = optionsOf(kind, genome);
          expect(networkOf(kind, 22, { ...SHAPES[kind], ...shape }).dims).toEqual([1]);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("of another kind, or with a value that does not exist, are distinguished", () => {
    const genome = randomGenome("mlp", seededRng(1));
    expect(isGenome("lstm", { ...genome })).toBe(false);
    expect(isGenome("mlp", { ...genome, width: 99 })).toBe(false);
    const { width: _, ...rest } = genome;
    expect(isGenome("mlp", rest)).toBe(false);
  });
});

describe("search", () => {
  it("tries a population a generation, never gets worse, and ends with the best of all", async () => {
    const seen: SearchProgress[] = [];
    const watched = { ...options, onTrial: (progress: SearchProgress) => seen.push(progress) };
    const best = await searchNetwork("mlp", dataset, split, { seed: 1 }, watched);
    expect(seen.map(({ generation, trial }) => `${generation}.${trial}`)).toEqual(
      [1, 2, 3].flatMap((generation) => [1, 2, 3, 4].map((trial) => `${generation}.${trial}`)),
    );
    const losses = seen.map(({ latest }) => latest.validation_loss);
    expect(best!.validation_loss).toBe(Math.min(...losses));
    // The best of a generation opens the next.
    expect(losses[4]).toBe(Math.min(...losses.slice(0, 4)));
    expect(losses[8]).toBe(Math.min(...losses.slice(4, 8)));
    expect(new Set(seen.map(({ latest }) => keyOf(latest.genome))).size).toBeGreaterThan(5);
  });

  it("stopped and begun again, goes on where it was and finds the same", async () => {
    const state_path = join(folder, "state.json");
    const whole = await searchNetwork("mlp", dataset, split, { seed: 2 }, options);

    const control = new AbortController();
    let before = 0;
    await searchNetwork(
      "mlp",
      dataset,
      split,
      { seed: 2, signal: control.signal },
      {
        ...options,
        state_path,
        onTrial: () => {
          before++;
          if (before === 5) control.abort();
        },
      },
    );
    expect(before).toBe(5);
    const kept = JSON.parse(await readFile(state_path, "utf8")).trials.length;
    expect(kept).toBeGreaterThanOrEqual(4);

    const again = await searchNetwork("mlp", dataset, split, { seed: 2 }, { ...options, state_path });
    expect(keyOf(again!.genome)).toBe(keyOf(whole!.genome));
    expect(again!.validation_loss).toBe(whole!.validation_loss);

    // A third time nothing is left to try: it is told from the file alone, and what it fits is the same model.
    const told = await searchNetwork("mlp", dataset, split, { seed: 2 }, { ...options, state_path });
    expect(told!.fitted).toBeUndefined();
    const refitted = await searchedTrainable("mlp", { ...options, state_path }).fit(dataset, split, {
      seed: 2,
    });
    expect(refitted.toOnnx({})).toEqual(whole!.fitted!.toOnnx({}));
  });

  it("refuses a state file that is damaged, or of other data, another kind or another seed", async () => {
    const state_path = join(folder, "other.json");
    await searchNetwork("mlp", dataset, split, { seed: 3 }, { ...options, generations: 1, state_path });
    const refused = (message: RegExp) =>
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(message) });
    const search = (kind: "mlp" | "lstm", seed: number, rows: typeof split) =>
      searchNetwork(kind, dataset, rows, { seed }, { ...options, state_path });
    expect(await rejection(search("mlp", 4, split))).toEqual(
      refused(/seed 4.* was of .* seed 3.* remove it/),
    );
    expect(await rejection(search("lstm", 3, split))).toEqual(refused(/search of lstm/));
    const shorter = { ...split, train: { from: 0, to: 1_000 } };
    expect(await rejection(search("mlp", 3, shorter))).toEqual(refused(/expected the search of/));
    await writeFile(state_path, "{");
    expect(await rejection(search("mlp", 3, split))).toEqual(refused(/is no JSON/));
    await writeFile(state_path, '{"format":"foretick-search/2"}');
    expect(await rejection(search("mlp", 3, split))).toEqual(refused(/was something else/));
  });

  it("never looks past the validation rows", async () => {
    const altered = { ...dataset, values: dataset.values.slice(), y: dataset.y.slice() };
    const within = { train: { from: 0, to: 1_000 }, validation: { from: 1_000, to: 2_000 } };
    altered.values.fill(1e6, 2_000 * dataset.names.length);
    altered.y.fill(1, 2_000);
    const one = await searchNetwork("mlp", dataset, within, { seed: 6 }, { ...options, generations: 2 });
    const other = await searchNetwork("mlp", altered, within, { seed: 6 }, { ...options, generations: 2 });
    expect(other!.fitted!.toOnnx({})).toEqual(one!.fitted!.toOnnx({}));
  });
});
