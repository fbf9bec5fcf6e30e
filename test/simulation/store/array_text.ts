/** PostgreSQL's text of an array, read back: what the writer sends a column as. */

import type { ColumnKind } from "../../../src/record/write/table.ts";

export type StoredCell = string | number | boolean | null;

/** Elements of `{1,NULL,"a \"b\""}`, as text; null is null. */
function elementsOf(literal: string): (string | null)[] {
  const found: (string | null)[] = [];
  if (literal === "{}") return found;
  for (let at = 1; at < literal.length; at++) {
    if (literal[at] !== '"') {
      let end = at;
      while (literal[end] !== "," && literal[end] !== "}") end++;
      const text = literal.slice(at, end);
      found.push(text === "NULL" ? null : text);
      at = end;
      continue;
    }
    let text = "";
    for (at++; literal[at] !== '"'; at++) {
      if (literal[at] === "\\") at++;
      text += literal[at];
    }
    found.push(text);
    at++;
  }
  return found;
}

/** A column's cells; int8 beyond 2^53 − 1 and arrays stay text. */
export function cellsOf(kind: ColumnKind, literal: string): StoredCell[] {
  return elementsOf(literal).map((text) => {
    if (text === null) return null;
    if (kind === "text" || kind === "floats" || kind === "numerics") return text;
    if (kind === "bool") return text === "true";
    const value = Number(text);
    return kind === "float8" || Number.isSafeInteger(value) ? value : text;
  });
}
