/**
 * A table as the writer knows it, and the statements that write one: an INSERT of whole columns (`unnest`), which does
 * nothing for a row whose key is there already.
 */

import { float8Literal, plainLiteral, textsLiteral } from "../sql/array_literal.ts";

/** How a column's cells travel: `us` is integer microseconds, `floats` and `numerics` a literal of an array. */
export type ColumnKind = "text" | "us" | "int8" | "int4" | "bool" | "float8" | "floats" | "numerics";

export interface WriteTable {
  readonly name: TableName;
  readonly columns: readonly { readonly name: string; readonly kind: ColumnKind }[];
  /**
   * Takes one array literal per column, in order, then the fences of the leases held as JSON, or null without
   * leases. Fails with SQLSTATE FT001 where one of them is outdated.
   */
  readonly insert: string;
}

/** In the order they are written when all have rows waiting. */
export const TABLE_NAMES = [
  "trades",
  "quotes",
  "disconnects",
  "look_backs",
  "book_1s",
  "features_live",
  "predictions",
  "outcomes",
  "signals",
] as const;
export type TableName = (typeof TABLE_NAMES)[number];

const PARAMETER = {
  text: "text[]",
  us: "int8[]",
  int8: "int8[]",
  int4: "int4[]",
  bool: "bool[]",
  float8: "float8[]",
  floats: "text[]",
  numerics: "text[]",
} as const satisfies Record<ColumnKind, string>;

/** Turns cells of a column into its parameter. */
export const LITERAL = {
  text: textsLiteral,
  us: plainLiteral,
  int8: plainLiteral,
  int4: plainLiteral,
  bool: plainLiteral,
  float8: float8Literal,
  floats: textsLiteral,
  numerics: textsLiteral,
} as const satisfies Record<ColumnKind, typeof plainLiteral>;

/** int8 × interval is exact here: the product is computed in float64, and all our times are below 2^53 µs. */
const SELECTED: Partial<Record<ColumnKind, (name: string) => string>> = {
  us: (name) => `timestamptz 'epoch' + row.${name} * interval '1 microsecond'`,
  floats: (name) => `row.${name}::float8[]`,
  numerics: (name) => `row.${name}::numeric[]`,
};

/**
 * @param defaults by column, what is put where a cell is null: a journal of an older version lacks columns
 *   that came since.
 */
export function table(
  name: TableName,
  columns: Readonly<Record<string, ColumnKind>>,
  defaults: Readonly<Record<string, string>> = {},
): WriteTable {
  const names = Object.keys(columns);
  const kinds = Object.values(columns);
  const selected = names.map((column, i) => {
    const value = SELECTED[kinds[i]!]?.(column) ?? `row.${column}`;
    return defaults[column] === undefined ? value : `coalesce(${value}, ${defaults[column]})`;
  });
  const parameters = kinds.map((kind, i) => `$${i + 1}::${PARAMETER[kind]}`);
  return {
    name,
    columns: names.map((column, i) => ({ name: column, kind: kinds[i]! })),
    insert: `insert into ${name} (${names.join(", ")})
select ${selected.join(", ")}
from unnest(${parameters.join(", ")}) as row(${names.join(", ")})
where ${leased(names)}
on conflict do nothing`,
  };
}

/** Checked once per statement. The leases stay locked until it is committed. */
export const leased = (names: readonly string[]): string =>
  `(select holds_leases($${names.indexOf("symbol") + 1}::text[], $${names.length + 1}::text::jsonb))`;

export const US = "interval '1 microsecond'";

/**
 * A row that was set aside and comes again, believed, is replaced: its key is right, its values need not have been. Of
 * several rows of a key within a statement the believed one counts.
 */
export function believable(base: WriteTable, key: readonly string[]): WriteTable {
  const { name } = base;
  const of_row = key.map((column) => `row.${column}`).join(", ");
  const values = base.columns.map((column) => column.name).filter((column) => !key.includes(column));
  const insert = base.insert.replace("select ", `select distinct on (${of_row}) `).replace(
    "on conflict do nothing",
    `order by ${of_row}, row.set_aside nulls first
on conflict (${key.join(", ")}) do update
set
  ${values.map((column) => `${column} = excluded.${column}`).join(",\n  ")}
where ${name}.set_aside is not null and excluded.set_aside is null`,
  );
  return { ...base, insert };
}
