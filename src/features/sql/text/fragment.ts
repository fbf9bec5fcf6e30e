/**
 * Pieces of SQL that know what they read, so that they can be put into the stage where all of it is there.
 * Text composes like text; columns and windows add up underneath.
 */

/** A value computed in one stage and read, by name, in later ones. */
export interface StageColumn {
  readonly name: string;
  /** 0: a column of the instants; k: computed from columns of stages below k. */
  readonly stage: number;
  readonly fragment: Fragment;
}

export interface Fragment {
  readonly text: string;
  /** Needs no parentheses inside a larger expression. */
  readonly atomic: boolean;
  readonly reads: ReadonlySet<StageColumn>;
  /** The windows it names. */
  readonly windows: ReadonlyMap<string, Rows>;
  /** The series it takes elements of, by name, and how many seconds back. */
  readonly series: ReadonlyMap<string, { readonly series: Series; readonly reach_s: number }>;
}

/**
 * A column's values at all instants of its stage as one array, of which any row takes elements by their place: what
 * the rows of a window are, without sorting or copying rows for it. An array with a null is walked from its start
 * for each element, so a series has none.
 */
export interface Series {
  readonly name: string;
  readonly column: StageColumn;
  /** The element, made of the column: never null. */
  readonly element: string;
}

/** A named window. */
export interface Rows {
  readonly name: string;
  /** Undefined for a slice, which needs no window clause. */
  readonly definition: string | undefined;
  /** How many seconds back it reaches. */
  readonly reach_s: number;
}

type Part = Fragment | string | number;

const NO_COLUMNS: ReadonlySet<StageColumn> = new Set();
const NO_WINDOWS: ReadonlyMap<string, Rows> = new Map();
const NO_SERIES: Fragment["series"] = new Map();

/** Text that reads nothing. */
export const constant = (text: string): Fragment => ({
  text,
  atomic: true,
  reads: NO_COLUMNS,
  windows: NO_WINDOWS,
  series: NO_SERIES,
});

export const columnFragment = (column: StageColumn): Fragment => ({
  text: column.name,
  atomic: true,
  reads: new Set([column]),
  windows: NO_WINDOWS,
  series: NO_SERIES,
});

const isFragment = (part: Part): part is Fragment => typeof part === "object";

/** Several pieces as one, `text` made of theirs. */
function combined(text: string, parts: readonly Part[], atomic: boolean): Fragment {
  const reads = new Set<StageColumn>();
  const windows = new Map<string, Rows>();
  const series = new Map(NO_SERIES);
  for (const part of parts.filter(isFragment)) {
    for (const column of part.reads) reads.add(column);
    for (const [name, rows] of part.windows) windows.set(name, wider(rows, windows.get(name)));
    for (const [name, use] of part.series) {
      const reach_s = Math.max(use.reach_s, series.get(name)?.reach_s ?? 0);
      series.set(name, { series: use.series, reach_s });
    }
  }
  return { text, atomic, reads, windows, series };
}

const inner = (part: Part): string =>
  isFragment(part) ? (part.atomic ? part.text : `(${part.text})`) : String(part);

/** An operator expression; what is not atomic in it gets parentheses. */
export const sql = (strings: TemplateStringsArray, ...parts: readonly Part[]): Fragment =>
  combined(String.raw({ raw: strings }, ...parts.map(inner)), parts, false);

/** As `sql`, for what is atomic as a whole: `case … end`, a cast, a subscript. */
export const atom = (strings: TemplateStringsArray, ...parts: readonly Part[]): Fragment => ({
  ...sql(strings, ...parts),
  atomic: true,
});

/** As it is, without parentheses. */
export const bare = (fragment: Fragment): Fragment => ({ ...fragment, atomic: true });

/** A function call. */
export function call(name: string, ...args: readonly Part[]): Fragment {
  const texts = args.map((arg) => (isFragment(arg) ? arg.text : String(arg)));
  return combined(`${name}(${texts.join(", ")})`, args, true);
}

/** A window function's call; `lag` reaches further than its window says. */
export function over(function_call: Fragment, rows: Rows, reach_s = rows.reach_s): Fragment {
  const windows = new Map([...function_call.windows, [rows.name, { ...rows, reach_s }]]);
  return { ...function_call, text: `${function_call.text} over ${rows.name}`, windows };
}

/**
 * The array of a column's values over `count` instants up to `back_s` seconds ago, cut out of that of all
 * instants, which is made once. A window's `array_agg` reads each of its rows again for each row.
 *
 * @param column of the instants.
 */
export function slice(column: Fragment, count: number, back_s: number): Fragment {
  const reach_s = count - 1 + back_s;
  const at = (before: number): string => `(t - start_t + 1 - ${before})::int`;
  const text = `(select array_agg(${column.text} order by t) from instants)[${at(reach_s)}:${at(back_s)}]`;
  const name = `slice_${count}_${back_s}`;
  return { ...column, text, windows: new Map([[name, { name, definition: undefined, reach_s }]]) };
}

/**
 * The series' element `back_s` seconds ago. Where the series begins is known once all stages are; until then the
 * place is written as `placeOf` reads it.
 */
export const element = (series: Series, back_s: number): Fragment => ({
  ...constant(`${series.name}[‹${series.column.stage}:${back_s}›]`),
  series: new Map([[series.name, { series, reach_s: back_s }]]),
});

/** Puts the places of elements in: `ahead` says how many seconds after the instants a stage's rows begin. */
export const withPlaces = (text: string, ahead: (stage: number) => number): string =>
  text.replaceAll(/‹(\d+):(\d+)›/g, (_, stage: string, back: string) => {
    const before = ahead(Number(stage)) + Number(back);
    return before === 0 ? "i" : `i - ${before}`;
  });

/** Left to right, which is how SQL reads a + b + c. */
export function chain(terms: readonly Fragment[]): Fragment {
  const texts = terms.map(({ text, atomic }) => (atomic ? text : `(${text})`));
  const separator = terms.length > 4 ? "\n  + " : " + ";
  return combined(texts.join(separator), terms, terms.length === 1 && terms[0]!.atomic);
}

/** Of one window's uses, the one that reaches further. */
export const wider = (a: Rows, b: Rows | undefined): Rows => (b && b.reach_s > a.reach_s ? b : a);

/**
 * The first stage in which everything a fragment reads is there to be read. Windows are evaluated in odd
 * stages, all else in even ones: a window copies whole rows, and should find them without what was used up.
 */
export function stageAfter({ reads, windows, series }: Fragment): number {
  const columns = [...reads, ...[...series.values()].map((use) => use.series.column)];
  const next = 1 + Math.max(0, ...columns.map((column) => column.stage));
  const parity = windows.size > 0 ? 1 : 0;
  return next % 2 === parity ? next : next + 1;
}
