/**
 * The SQL functions below every feature function: bars wherever they are to be found, the last trade and quote before
 * a time, and the breaks that meet a stretch. Each is a file of `sql/functions/`,
 * in one folder those that give bars, in the other what is known from them.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface SqlText {
  readonly name: string;
  /** Name and argument types. */
  readonly signature: string;
  /** `create or replace function …`, without a semicolon. */
  readonly definition: string;
}

/** Each after what it calls. */
const BARS = [
  "bar_places_of(text, text, text)",
  "raw_trade_bars_of(text, timestamptz, timestamptz, tstzmultirange)",
  "raw_quote_bars_of(text, timestamptz, timestamptz, tstzmultirange)",
  "raw_trade_blocks_of(text, timestamptz, timestamptz, tstzmultirange)",
  "trade_bars_of(text, timestamptz, timestamptz, tstzmultirange, tstzmultirange, tstzmultirange)",
  "quote_bars_of(text, timestamptz, timestamptz, tstzmultirange, tstzmultirange, tstzmultirange)",
  "trade_blocks_of(text, timestamptz, timestamptz, tstzmultirange, tstzmultirange, tstzmultirange)",
] as const;

const KNOWN = [
  "last_trade_before(text, timestamptz, bar_places)",
  "last_quote_before(text, timestamptz, bar_places)",
  "row_ends(text, timestamptz, timestamptz, bar_places, bar_places)",
  "first_row_sec(text, bar_places, bar_places)",
  "last_row_sec(text, bar_places, bar_places)",
  "first_after(text, timestamptz, bar_places, bar_places)",
  "trade_ends(text, timestamptz, timestamptz, bar_places)",
  "trade_holes(text, timestamptz, timestamptz, bar_places)",
  "quote_silences(text, timestamptz, timestamptz, bar_places, int8multirange, bigint, bigint)",
  "breaks_of(text, timestamptz, timestamptz, bar_places, bar_places, bigint[], bigint[], bigint, bigint)",
] as const;

const DIRECTORY = fileURLToPath(new URL("../../../sql/functions/", import.meta.url));

/** Files do not change under a process: they are read when first asked for. */
let known: readonly SqlText[] | undefined;

/** The functions, one file each, in an order in which each finds what it calls. */
export function knownFunctions(): readonly SqlText[] {
  known ??= [
    ...BARS.map((signature) => readFunction("bars", signature)),
    ...KNOWN.map((signature) => readFunction("known", signature)),
  ];
  return known;
}

/** `\ir path` on a line of its own includes that file. */
function readFunction(folder: string, signature: string): SqlText {
  const name = signature.slice(0, signature.indexOf("("));
  const text = readFileSync(join(DIRECTORY, folder, `${name}.sql`), "utf8").trimEnd();
  const definition = text.replace(/^\\ir (\S+)$/gm, (_, path: string) =>
    readFileSync(join(DIRECTORY, folder, path), "utf8").trimEnd(),
  );
  return { name, signature, definition };
}
