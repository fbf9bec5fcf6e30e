/**
 * Symbols by their bytes: a stream repeats a handful of them a million times, so each is turned into a string
 * once. The last one is looked at first, then a small direct-mapped table; a symbol that falls on another's
 * place takes it over, which costs time and nothing else. Bytes are compared by words: the first four, the
 * last four, and what is between.
 */

import { readInt32 } from "./wire.ts";

const PLACES = 256;
const WORD_BYTES = 4;

interface Interned {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly head: number;
  readonly tail: number;
  readonly symbol: string;
}

/** No symbol has this length. */
const NOTHING: Interned = { bytes: new Uint8Array(0), length: -1, head: 0, tail: 0, symbol: "" };
const table: Interned[] = new Array<Interned>(PLACES).fill(NOTHING);
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
let last = NOTHING;

/** The string of `length` bytes at `start`; undefined where they are not UTF-8. */
export function internSymbol(bytes: Uint8Array, start: number, length: number): string | undefined {
  const known = last;
  if (length === known.length && isAt(known, bytes, start)) return known.symbol;
  return lookUp(bytes, start, length);
}

function isAt(known: Interned, bytes: Uint8Array, start: number): boolean {
  if (readInt32(bytes, start) !== known.head) return false;
  if (readInt32(bytes, start + known.length - WORD_BYTES) !== known.tail) return false;
  return known.length <= 2 * WORD_BYTES || hasMiddle(known.bytes, bytes, start);
}

function hasMiddle(symbol: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = WORD_BYTES; i < symbol.length - WORD_BYTES; i++) {
    if (symbol[i] !== bytes[start + i]) return false;
  }
  return true;
}

function lookUp(bytes: Uint8Array, start: number, length: number): string | undefined {
  if (length < WORD_BYTES) return decodeText(bytes.subarray(start, start + length));
  const head = readInt32(bytes, start);
  const tail = readInt32(bytes, start + length - WORD_BYTES);
  const place = (head ^ (tail >>> 3) ^ length) & (PLACES - 1);
  let known = table[place]!;
  if (length !== known.length || !isAt(known, bytes, start)) {
    // Copied for certain: `slice` of a Buffer would go on looking at the frame.
    const own = new Uint8Array(bytes.subarray(start, start + length));
    const symbol = decodeText(own);
    if (symbol === undefined) return undefined;
    known = { bytes: own, length, head, tail, symbol };
    table[place] = known;
  }
  last = known;
  return known.symbol;
}

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
