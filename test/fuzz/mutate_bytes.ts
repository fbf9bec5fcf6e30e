/** The mutators of bytes: what breaks on a wire or a disk, and what someone would try. One seeded generator decides. */

import type { Rng } from "../../src/base/rng.ts";

type Mutator = (bytes: Uint8Array, rng: Rng, corpus: readonly Uint8Array[]) => Uint8Array;

/** Where integers turn over, as u32. */
const BOUNDARIES = [
  0,
  1,
  0x7f,
  0x80,
  0xff,
  0x100,
  0x7fff,
  0x8000,
  0xffff,
  0x1_0000,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];
const REPEATED_MAX = 64;

export const picked = <T>(rng: Rng, list: readonly T[]): T => list[rng.below(list.length)]!;

const flip: Mutator = (bytes, rng) => {
  if (bytes.length > 0) bytes[rng.below(bytes.length)]! ^= 1 << rng.below(8);
  return bytes;
};

const overwrite: Mutator = (bytes, rng) => {
  if (bytes.length > 0) bytes[rng.below(bytes.length)] = rng.below(256);
  return bytes;
};

const truncate: Mutator = (bytes, rng) => bytes.subarray(0, rng.below(bytes.length + 1));

/** The start of this one, the end of another. */
const splice: Mutator = (bytes, rng, corpus) => {
  const other = picked(rng, corpus);
  return joined(bytes.subarray(0, rng.below(bytes.length + 1)), other.subarray(rng.below(other.length + 1)));
};

/** A piece of it once more, or many times. */
const repeat: Mutator = (bytes, rng) => {
  const [from, to] = range(bytes, rng);
  const times = rng.below(4) === 0 ? 1 + rng.below(REPEATED_MAX) : 1;
  const piece = bytes.subarray(from, Math.min(to, from + 256));
  return joined(bytes.subarray(0, to), ...new Array<Uint8Array>(times).fill(piece), bytes.subarray(to));
};

const remove: Mutator = (bytes, rng) => {
  const [from, to] = range(bytes, rng);
  return joined(bytes.subarray(0, from), bytes.subarray(to));
};

/** At an offset that is a multiple of its size, where most formats have their lengths. */
const boundary: Mutator = (bytes, rng) => {
  const size = picked(rng, [1, 2, 4, 8]);
  if (bytes.length < size) return bytes;
  const at = size * rng.below(Math.floor(bytes.length / size));
  const value = picked(rng, BOUNDARIES);
  for (let i = 0; i < size; i++)
    bytes[at + i] = i < 4 ? (value >>> (8 * i)) & 0xff : value > 2 ** 31 ? 0xff : 0;
  return bytes;
};

/** A number a little more or less, at any offset: lengths and counts that are not those of what follows. */
const off: Mutator = (bytes, rng) => {
  if (bytes.length === 0) return bytes;
  const at = rng.below(bytes.length);
  bytes[at] = bytes[at]! + rng.below(9) - 4;
  return bytes;
};

const MUTATORS = [flip, flip, overwrite, truncate, splice, repeat, remove, boundary, boundary, off, off];

/** One of the corpus, changed one to four times. */
export function mutatedBytes(rng: Rng, corpus: readonly Uint8Array[]): Uint8Array {
  let bytes = new Uint8Array(picked(rng, corpus));
  for (let left = 1 + rng.below(4); left > 0; left--) {
    bytes = new Uint8Array(picked(rng, MUTATORS)(bytes, rng, corpus));
  }
  return bytes;
}

function range(bytes: Uint8Array, rng: Rng): [number, number] {
  const from = rng.below(bytes.length + 1);
  return [from, from + rng.below(Math.min(64, bytes.length - from) + 1)];
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
