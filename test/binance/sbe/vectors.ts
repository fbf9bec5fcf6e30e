/** The frames of `test/fixtures/sbe_vectors.json`: written by the schema owner's generated code, or by hand. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";

export interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly expect: Readonly<Record<string, unknown>>;
}

interface Vectors {
  readonly official: readonly Vector[];
  readonly evolution: readonly Vector[];
  readonly malformed: readonly { readonly name: string; readonly hex: string; readonly expect: string }[];
  readonly real_captured_prefixes: readonly { readonly name: string; readonly hex: string }[];
}

const path = resolve(import.meta.dirname, "../../fixtures/sbe_vectors.json");

export const vectors = JSON.parse(readFileSync(path, "utf8")) as Vectors;

export const bytesOf = (hex: string): Uint8Array => Uint8Array.fromHex(hex);

export function vectorNamed(name: string): Uint8Array {
  const found = [...vectors.official, ...vectors.evolution].find((vector) => vector.name === name);
  if (!found) throw new TypeError(`no vector is named ${name}`);
  return bytesOf(found.hex);
}
