/** The page docs/features.md, written from the definitions: what it says cannot differ from what is computed. */

import { BAR_COLUMNS, type EmptyRule } from "./algebra/columns.ts";
import { formula, type TermNames, termNames } from "./algebra/formula.ts";
import { warmUpMaxSeconds } from "./algebra/look_back.ts";
import type { FeatureSet } from "./sets/feature_set.ts";

const HEAD = `<!-- Written by \`bun scripts/docs.ts\` from src/features/. Change the definitions, not this page. -->

# Features

What the models see. A feature is an expression over one-second bars, written once: the live engine, the SQL functions
and this page are three readings of it, and they agree to the last bit. A set is an ordered list of features with a name
and a hash; a model carries the hash of the set it was trained on and refuses any other.
`;

const READING = `## How to read it

- **t** is the instant a vector is as of, in whole seconds: it includes every event with time < t and no other. A plain name is
  the column's value at t, which comes from the second [t − 1, t); \`x[−5 s]\` is x as it was five seconds earlier.
- **Windows** end at t. \`sum(x, 5 s)\` is over x at t, t − 1, … t − 4; \`sum(x, 14 × 60 s)\` over x at t, t − 60, … t − 780:
  fourteen values a minute apart. \`min\`, \`max\`, \`median\` (the lower one) and \`quantile\` likewise.
- **\`deviation\`** is the sample's standard deviation: m = sum ÷ count, then √(Σ (x − m)² ÷ (count − 1)), from the oldest value to
  the newest.
- **\`ema12(x, 24 × 60 s)\`** is an exponential mean of span 12 over the last 24 values: k = 1 − 2 ÷ (span + 1), weights 1, k, k·k, …
  from the newest to the oldest, each divided by their sum; then Σ weight · x from the oldest to the newest. All are cut at twice
  the span, where what is left out would have weighed 1.8 %.
- **\`lnr(a, b)\`** is ln(a ÷ b) by a fixed polynomial (\`src/features/algebra/lnr.ts\`), the same bits on every machine. **\`hour\`** is the UTC
  hour of t, and \`by_hour[…]\` takes one of 24 constants by it, shown here to three digits.
- Where a formula names another **column** of its set, or a part listed below the set's table, it means its expression.
- **Numbers.** Prices and quantities are integers at 1e-8, and stay exact integers, however large, until a \`÷\`, an \`ema\`, a \`√\` or
  the column's value itself turns them into float64, once. From there on there are only + − × ÷ and √ in the order written.
- **Null** in, null out: a part that is not known makes the whole unknown, except in the branch a choice does not take, and a
  division by zero is null. Where a formula has an answer of its own for zero, it says so: \`0 if n = 0, else …\`.
- **Warm** is a vector whose whole look-back is inside uninterrupted data ([features-warmth.md](features-warmth.md)).
`;

const EMPTY: Record<EmptyRule, string> = {
  zero: "0",
  close: "the last price",
  carry: "the last one known",
  carry_unbroken: "the last one known; null from a break in the data to the next quote",
  null: "null",
};

/** The whole page, ending in a newline. */
export function featureDocs(sets: readonly FeatureSet[]): string {
  return [HEAD, overview(sets), READING, barColumns(), ...sets.map(setSection)].join("\n");
}

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return `${[row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n")}\n`;
}

function overview(sets: readonly FeatureSet[]): string {
  return table(
    ["set", "features", "a vector", "looks back", "warm after at most", "reads", "hash"],
    sets.map((set) => [
      `[${set.name}](#${set.name})`,
      set.columns.length,
      set.cadence_s === 1 ? "every second" : `every ${set.cadence_s} s`,
      duration(set.look_back.window_s),
      duration(warmUpMaxSeconds(set.look_back)),
      set.sources.join(", "),
      `\`${set.hash.slice(0, 12)}\``,
    ]),
  );
}

function duration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)];
  const parts = [
    [hours, "h"],
    [minutes, "min"],
    [seconds % 60, "s"],
  ] as const;
  return parts.flatMap(([count, unit]) => (count > 0 ? [`${count} ${unit}`] : [])).join(" ");
}

function barColumns(): string {
  const rows = Object.entries(BAR_COLUMNS).map(([name, { source, sentence, empty }]) => [
    `\`${name}\``,
    source,
    sentence,
    EMPTY[empty],
  ]);
  return `## What formulas read\n\n${table(["column", "of", "value at t", "where the second held none"], rows)}`;
}

function setSection(set: FeatureSet): string {
  const names = namesOf(set);
  const blocks = set.look_back.blocks.map(({ block_s }) => ` and the previous whole block of ${block_s} s`);
  const facts = [
    set.cadence_s === 1 ? "A vector every second" : `A vector every ${set.cadence_s} s`,
    `bars back to t − ${set.look_back.window_s} s${blocks.join("")}`,
    `reads ${set.sources.join(", ")}`,
  ];
  const columns = set.columns.map(({ name, unit, sentence, expr }, index) => [
    index + 1,
    `**${name}**`,
    unit,
    sentence,
    `\`${formula(expr, names)}\``,
  ]);
  const terms = Object.entries(set.terms).map(([name, expr]) => [name, `\`${formula(expr, names)}\``]);
  return [
    `## ${set.name}\n`,
    ...(set.about === "" ? [] : [`${set.about}\n`]),
    `${facts.join("; ")}. Hash \`${set.hash}\`.\n`,
    table(["#", "name", "unit", "what it says", "formula"], columns),
    ...(terms.length === 0 ? [] : [table(["where", "is"], terms)]),
  ].join("\n");
}

/** What a formula of the set may call by name: its terms and columns, but for columns that only show a bar's. */
function namesOf({ terms, columns }: FeatureSet): TermNames {
  const shown = columns.filter(({ expr }) => expr.kind !== "to_float");
  return termNames({ ...Object.fromEntries(shown.map(({ name, expr }) => [name, expr])), ...terms });
}
