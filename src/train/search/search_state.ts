/**
 * What a search has tried, in a file that is replaced whole after each trial, so that a search that was stopped
 * goes on where it was. It belongs to one kind of network, one stretch of data and one seed, and says so.
 */

import { readFile, rename, writeFile } from "node:fs/promises";
import { z } from "zod";
import { describeError, fail } from "../../base/errors.ts";
import { parsedBy } from "../../base/input/schema.ts";
import type { NetworkKind } from "../fit/trainable.ts";
import { type Genome, isGenome, keyOf } from "./genome.ts";

const FORMAT = "foretick-search/1";

const stateSchema = z.strictObject({
  format: z.literal(FORMAT),
  /** What the trials were of; other data, kind or seed would make them incomparable. */
  of: z.string(),
  trials: z.array(
    z.strictObject({
      genome: z.record(z.string(), z.int().nonnegative()),
      validation_loss: z.number(),
      validation_r2: z.number(),
    }),
  ),
});

export interface Trial {
  readonly genome: Genome;
  /** Smallest over the epochs, mean Huber loss of the scaled labels. */
  readonly validation_loss: number;
  /** Of the same epoch. */
  readonly validation_r2: number;
}

/** Every trial so far, by its genome's key. */
export class SearchState {
  readonly #path: string | undefined;
  readonly #of: string;
  readonly #trials = new Map<string, Trial>();

  private constructor(path: string | undefined, of: string, trials: readonly Trial[]) {
    this.#path = path;
    this.#of = of;
    for (const trial of trials) this.#trials.set(keyOf(trial.genome), trial);
  }

  /**
   * @param path undefined: nothing is kept.
   * @throws ForetickError CONFIG_INVALID where the file is damaged, or of another search.
   */
  static async open(path: string | undefined, kind: NetworkKind, of: string): Promise<SearchState> {
    if (path === undefined) return new SearchState(path, of, []);
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      return fail("CONFIG_INVALID", `${path} expected a readable file: ${describeError(error)}`);
    });
    return new SearchState(path, of, text === undefined ? [] : trialsIn(path, text, kind, of));
  }

  find(genome: Genome): Trial | undefined {
    return this.#trials.get(keyOf(genome));
  }

  async add({ genome, validation_loss, validation_r2 }: Trial): Promise<void> {
    this.#trials.set(keyOf(genome), { genome, validation_loss, validation_r2 });
    if (this.#path === undefined) return;
    const state = { format: FORMAT, of: this.#of, trials: [...this.#trials.values()] };
    const draft = `${this.#path}.${process.pid}`;
    await writeFile(draft, `${JSON.stringify(state, null, 1)}\n`);
    await rename(draft, this.#path);
  }
}

function trialsIn(path: string, text: string, kind: NetworkKind, of: string): Trial[] {
  const remedy = "give another file, or remove it to begin again";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail("CONFIG_INVALID", `${path} expected the state of a search, is no JSON: ${remedy}`);
  }
  const parsed = parsedBy(stateSchema, value);
  if (!parsed.success) {
    return fail("CONFIG_INVALID", `${path} expected the state of a search, was something else: ${remedy}`);
  }
  if (parsed.data.of !== of) {
    return fail(
      "CONFIG_INVALID",
      `${path} expected the search of ${of}, was of ${parsed.data.of}: ${remedy}`,
    );
  }
  return parsed.data.trials.map((trial) => {
    if (isGenome(kind, trial.genome)) return { ...trial, genome: trial.genome };
    return fail("CONFIG_INVALID", `${path} holds a trial this version does not know: ${remedy}`);
  });
}
