/** Seeded randomness: one generator per purpose, so that a run is a function of its seed. */

import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

export interface Rng {
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Uniform integer in [0, n). */
  below(n: number): number;
  /** Standard normal. */
  normal(): number;
  /** Exponential with the given mean. */
  exponential(mean: number): number;
}

export function seededRng(seed: number): Rng {
  const generator = xoroshiro128plus(seed | 0);
  const word = (): number => generator.next() >>> 0;
  let spare: number | undefined;

  const uniform = (): number => ((word() >>> 5) * 0x4000000 + (word() >>> 6)) / 0x20000000000000;

  // Box–Muller: two normals from two uniforms, the second kept for the next call.
  const normal = (): number => {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };

  return {
    uniform,
    below: (n) => Math.floor(uniform() * n),
    normal,
    exponential: (mean) => -mean * Math.log(1 - uniform()),
  };
}

/**
 * The generator of one purpose of a seeded run. Purposes do not share numbers, so that drawing more for one
 * leaves the others as they were.
 */
export function purposeRng(seed: number, purpose: string): Rng {
  // FNV-1a over the name, seeded; a multiplication and shifts then spread neighbouring seeds apart.
  let hash = (seed | 0) ^ 0x811c9dc5;
  for (let index = 0; index < purpose.length; index++) {
    hash = Math.imul(hash ^ purpose.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  const rng = seededRng(hash ^ (hash >>> 12));
  // xoroshiro's first words still show its seed; after a few steps they do not.
  for (let step = 0; step < 32; step++) rng.uniform();
  return rng;
}
