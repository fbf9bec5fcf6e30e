/** The mutators of JSON: of its structure, where a reader's trust is, and now and then of its text. */

import type { Rng } from "../../src/base/rng.ts";
import { mutatedBytes, picked } from "./mutate_bytes.ts";

/** What a field may hold that nobody meant. */
const ODD: readonly unknown[] = [
  ...[null, true, false, "", "0", "-1", "NaN", "1e999", "0.000000001", "92233720368547758.08", "__proto__"],
  ...[0, -0, 1, -1, 0.5, 1e21, -1e21, 1e308, 2 ** 31, 2 ** 53 - 1, 2 ** 53, 2 ** 63, 1e-9],
  ...[
    [],
    {},
    [[]],
    [null],
    { "": null },
    { length: 1e9 },
    { toString: 1 },
    "\u0000",
    "\ud800",
    "x".repeat(3_000),
  ],
];
const NAMES = ["", "__proto__", "constructor", "length", "toString", "id", "$int", "$number", "$floats", "0"];
const DEEPEST = 600;

/** `value` with one place of it changed; what is not on the way to it is shared. */
function changed(value: unknown, rng: Rng, corpus: readonly unknown[]): unknown {
  if (typeof value === "object" && value !== null && rng.below(5) > 0) {
    const names = Object.keys(value);
    if (names.length > 0) {
      const name = picked(rng, names);
      const child = changed((value as Record<string, unknown>)[name], rng, corpus);
      if (Array.isArray(value)) return value.with(Number(name), child);
      return with_(value, name, child);
    }
  }
  switch (rng.below(6)) {
    case 0:
      return nested(value, rng);
    case 1:
      return picked(rng, corpus);
    case 2:
    case 3:
      return picked(rng, ODD);
    default:
      return ofItsKind(value, rng);
  }
}

function ofItsKind(value: unknown, rng: Rng): unknown {
  if (Array.isArray(value)) return listChanged(value, rng);
  if (typeof value === "object" && value !== null) return recordChanged(value, rng);
  if (typeof value === "number")
    return picked(rng, [value + 1, value - 1, -value, value + 0.5, value * 1e6, `${value}`]);
  if (typeof value === "string") return textChanged(value, rng);
  return picked(rng, ODD);
}

function listChanged(list: readonly unknown[], rng: Rng): unknown {
  const at = rng.below(list.length + 1);
  const one = list[at] ?? null;
  if (rng.below(8) === 0) return [...list, ...new Array(1 + rng.below(200)).fill(one)];
  return picked(rng, [list.toSpliced(at, 1), list.toSpliced(at, 0, one), list.toReversed(), { ...list }]);
}

function recordChanged(record: object, rng: Rng): unknown {
  const names = Object.keys(record);
  if (names.length === 0 || rng.below(3) === 0) return with_(record, picked(rng, NAMES), picked(rng, ODD));
  const name = picked(rng, names);
  const { [name]: kept, ...rest } = record as Record<string, unknown>;
  return rng.below(2) === 0 ? rest : with_(rest, picked(rng, NAMES), kept);
}

function textChanged(text: string, rng: Rng): string {
  const at = rng.below(text.length + 1);
  const piece = picked(rng, [
    "0",
    "-",
    ".",
    " ",
    "e9",
    "9".repeat(30),
    "\n",
    "é",
    "/..",
    "%00",
    "'",
    ",",
    "\u0000",
  ]);
  const [from, to] = [text.slice(0, at), text.slice(at)];
  return picked(rng, [
    from + piece + to,
    from + to.slice(1),
    from,
    to + from,
    text.toUpperCase(),
    text + text,
  ]);
}

function nested(value: unknown, rng: Rng): unknown {
  let inner = value;
  const depth = rng.below(10) === 0 ? rng.below(DEEPEST) : 1;
  for (let left = depth; left > 0; left--) inner = rng.below(2) === 0 ? [inner] : { data: inner };
  return inner;
}

/** Own, whatever its name: `__proto__` too. */
function with_(record: object, name: string, value: unknown): object {
  const copy = { ...record };
  Object.defineProperty(copy, name, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

/** @param corpus values, as JSON has them. */
export function mutatedJson(rng: Rng, corpus: readonly unknown[]): string {
  let value = picked(rng, corpus);
  for (let left = 1 + rng.below(3); left > 0; left--) value = changed(value, rng, corpus);
  const text = JSON.stringify(value) ?? "null";
  if (rng.below(6) > 0) return text;
  return new TextDecoder().decode(mutatedBytes(rng, [new TextEncoder().encode(text)]));
}
