/** What `bun run parity` prints: a table of the sets, a table of the features that differ, and every cause. */

import type { ParityDifference, ParityReport } from "../../src/record/parity/report.ts";

const STRETCHES_SHOWN = 40;

const grouped = (value: number): string => value.toLocaleString("en");
const timeText = (time_us: number): string => new Date(time_us / 1_000).toISOString().replace(".000Z", "Z");
const instantText = (ts_sec: number): string => new Date(ts_sec * 1_000).toISOString();
const floatText = (value: number | null): string => (value === null ? "–" : value.toPrecision(3));

type Row = readonly string[];

/**
 * Columns wide enough for what they hold; the first `left` and the last to the left, the others to the right.
 */
function table(rows: readonly Row[], left = 1): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const last = widths.length - 1;
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column < left || column === last ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join("  ")
      .trimEnd(),
  );
}

export function parityLines(reports: readonly ParityReport[]): string[] {
  const lines = [...summary(reports)];
  for (const report of reports) {
    if (Object.keys(report.causes).length === 0) continue;
    lines.push("", `${report.feature_set} of ${report.symbol}`, ...features(report), ...causes(report));
  }
  const rows = reports.reduce((sum, report) => sum + report.rows_compared, 0);
  const unexplained = reports.reduce((sum, report) => sum + report.rows_unexplained, 0);
  lines.push(
    "",
    unexplained === 0
      ? `live = SQL: ${grouped(rows)} rows compared, every value equal, or its cause known`
      : `live ≠ SQL: ${grouped(rows)} rows compared, ${grouped(unexplained)} different without a known cause`,
  );
  return lines;
}

function summary(reports: readonly ParityReport[]): string[] {
  const head = ["symbol", "set", "from", "to", "rows", "mismatched", "missing", "extra", "unexplained"];
  const rows = reports.map(
    (report): Row => [
      report.symbol,
      report.feature_set,
      timeText(report.from_us),
      timeText(report.to_us),
      grouped(report.rows_compared),
      grouped(report.rows_mismatched),
      grouped(report.rows_missing),
      grouped(report.rows_extra),
      grouped(report.rows_unexplained),
      floatText(report.largest_difference),
      report.worst_feature ?? "–",
    ],
  );
  return table([[...head, "largest", "worst feature"], ...rows], 4);
}

function features({ features }: ParityReport): string[] {
  const rows = Object.entries(features).map(
    ([name, { rows, largest }]): Row => [`  ${name}`, grouped(rows), floatText(largest), ""],
  );
  return rows.length === 0 ? [] : table([["  feature", "rows", "largest difference", ""], ...rows]);
}

function causes({ causes, differences }: ParityReport): string[] {
  const counts = Object.entries(causes).map(([cause, rows]): Row => [`  ${cause}`, grouped(rows), ""]);
  const stretches = stretchesOf(differences);
  // What needs a person comes first.
  stretches.sort((a, b) => Number(b.cause === "unexplained") - Number(a.cause === "unexplained"));
  const shown = stretches.slice(0, STRETCHES_SHOWN).map(stretchLine);
  const more = stretches.length - shown.length;
  return [
    ...table([["  cause", "rows", ""], ...counts]),
    ...shown,
    ...(more > 0 ? [`  … and ${grouped(more)} stretches more`] : []),
  ];
}

interface Stretch extends ParityDifference {
  readonly last_sec: number;
  readonly rows: number;
}

/** Differences that follow each other for the same reason. */
function stretchesOf(differences: readonly ParityDifference[]): Stretch[] {
  const stretches: Stretch[] = [];
  for (const one of differences) {
    const open = stretches.at(-1);
    const same = open && open.cause === one.cause && open.kind === one.kind && one.cause !== "unexplained";
    if (same) stretches[stretches.length - 1] = { ...open, last_sec: one.ts_sec, rows: open.rows + 1 };
    else stretches.push({ ...one, last_sec: one.ts_sec, rows: 1 });
  }
  return stretches;
}

function stretchLine({ ts_sec, last_sec, rows, kind, cause, features, detail }: Stretch): string {
  const when = rows === 1 ? instantText(ts_sec) : `${instantText(ts_sec)} … ${instantText(last_sec)}`;
  const what = rows === 1 && features.length > 0 && features.length <= 3 ? ` (${features.join(", ")})` : "";
  return `  ${when}  ${rows === 1 ? "" : `${grouped(rows)} rows `}${kind}${what}, ${cause}: ${detail}`;
}
