/**
 * Records as entries of a stream: names and texts, flat. Numbers are the shortest text that reads back to the same bits,
 * null is the empty text.
 */

import { fail } from "../../../base/errors.ts";
import { numberText } from "../../../features/vector_json.ts";

export type FieldKind = "text" | "number" | "number or null" | "boolean";
export type FieldKinds<T> = Readonly<Record<keyof T & string, FieldKind>>;

/** name, text, name, text … as XADD takes them. */
export type Entry = readonly string[];

type Value = string | number | boolean | null;

export function encodeFields<T extends object>(kinds: FieldKinds<T>, record: T): string[] {
  const entry: string[] = [];
  for (const name of Object.keys(kinds) as (keyof T & string)[]) {
    const value = record[name] as Value;
    entry.push(name, value === null ? "" : typeof value === "number" ? numberText(value) : String(value));
  }
  return entry;
}

/** @throws ForetickError REDIS_RECORD naming the field that is missing or is not of its kind. */
export function decodeFields<T extends object>(kinds: FieldKinds<T>, entry: Entry): T {
  const texts = textsOf(entry);
  const record: Record<string, Value> = {};
  for (const [name, kind] of Object.entries<FieldKind>(kinds))
    record[name] = fieldValue(name, kind, texts.get(name));
  return record as T;
}

export function textsOf(entry: Entry): Map<string, string> {
  const texts = new Map<string, string>();
  for (let i = 0; i + 1 < entry.length; i += 2) texts.set(entry[i]!, entry[i + 1]!);
  return texts;
}

/** @throws ForetickError REDIS_RECORD. */
export function numberOf(name: string, text: string | undefined): number {
  const value = text ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : wrong(name, "a number", text);
}

/** @throws ForetickError REDIS_RECORD. */
export function booleanOf(name: string, text: string | undefined): boolean {
  return text === "true" || (text === "false" ? false : wrong(name, "true or false", text));
}

/** @throws ForetickError REDIS_RECORD. */
export const textOf = (name: string, text: string | undefined): string =>
  text ? text : wrong(name, "a text", text);

function fieldValue(name: string, kind: FieldKind, text: string | undefined): Value {
  if (kind === "boolean") return booleanOf(name, text);
  if (kind === "text") return textOf(name, text);
  return kind === "number or null" && text === "" ? null : numberOf(name, text);
}

function wrong(name: string, expected: string, text: string | undefined): never {
  return fail(
    "REDIS_RECORD",
    `field ${name} of an entry in Redis expected ${expected}, was ${text === undefined ? "missing" : JSON.stringify(text.slice(0, 40))}`,
  );
}
