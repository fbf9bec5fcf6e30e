/** The lines a backfill prints at its end. */

import { formatE8, US_PER_MS } from "../../src/base/units.ts";
import type { BackfillResult } from "../../src/record/backfill/backfill.ts";
import type { MinuteSums } from "../../src/record/backfill/check/kline_check.ts";

const GAPS_SHOWN = 10;
const MINUTES_SHOWN = 5;
const FILES_SHOWN = 10;
const ROWS_SHOWN = 10;

const count = (value: number): string => value.toLocaleString("en");
const time = (time_us: number): string =>
  `${new Date(time_us / US_PER_MS).toISOString().slice(0, 19).replace("T", " ")}Z`;

export function backfillLines(result: BackfillResult): string[] {
  const { stretch, is_complete } = result;
  return [
    `${stretch.symbol}  ${time(stretch.from_us)} … ${time(stretch.to_us)}`,
    ...loaded(result),
    ...missing(result),
    ...silent(result),
    ...sizes(result),
    ...checked(result),
    is_complete ? "complete" : incomplete(result),
  ];
}

const incomplete = ({ check }: BackfillResult): string =>
  check && check.minutes_differing > 0
    ? "NOT COMPLETE: run it again with --refetch, which fetches again the files of days that miss trades or differ"
    : "NOT COMPLETE: run it again; with --refetch where a file has been published again, with --source rest for what the archive lacks";

function loaded({ tally }: BackfillResult): string[] {
  const bars = tally.rows_to_bars > 0 ? `, ${count(tally.rows_to_bars)} as bars alone` : "";
  const lines = [`loaded   ${count(tally.rows_added)} rows new of ${count(tally.rows_read)} read${bars}`];
  const days = [
    [tally.days_loaded, "loaded"],
    [tally.days_known, "known before"],
    [tally.days_dropped, "left out: only their bars are kept, whole; --again loads their trades once more"],
    [tally.days_failed, "without a usable file"],
  ] as const;
  const shown = days.filter(([n]) => n > 0).map(([n, what]) => `${count(n)} ${what}`);
  if (shown.length > 0) lines.push(`days     ${shown.join(", ")}`);
  if (tally.aggregates_replaced > 0) {
    lines.push(`replaced ${count(tally.aggregates_replaced)} aggregates by their single trades`);
  }
  if (tally.rows_replaced > 0) {
    lines.push(`replaced ${count(tally.rows_replaced)} trades by what their file says now`);
  }
  if (tally.refused > 0) lines.push(`refused  ${count(tally.refused)} rows that describe no trade`);
  lines.push(...setAside(tally));
  for (const file of tally.absent.slice(0, FILES_SHOWN)) lines.push(`absent   ${file} is not published`);
  if (tally.absent.length > FILES_SHOWN) lines.push(`         and ${tally.absent.length - FILES_SHOWN} more`);
  for (const { file, reason } of tally.quarantined) lines.push(`bad      ${file} set aside: ${reason}`);
  return lines;
}

function setAside({ rows_set_aside, rows_elsewhere, set_aside }: BackfillResult["tally"]): string[] {
  const lines: string[] = [];
  if (rows_set_aside > 0) {
    lines.push(`aside    ${count(rows_set_aside)} rows are not believed: kept with the reason, used nowhere`);
  }
  if (rows_elsewhere > 0) {
    lines.push(
      `aside    ${count(rows_elsewhere)} rows are of another day than their file: kept in DATA_DIR/archive/quarantine, used nowhere`,
    );
  }
  const shown = set_aside
    .slice(0, ROWS_SHOWN)
    .map(({ trade_id, ts_us, reason }) => `         trade ${trade_id}, ${time(ts_us)}: ${reason}`);
  const left = rows_set_aside + rows_elsewhere - shown.length;
  return [...lines, ...shown, ...(left > 0 ? [`         and ${count(left)} more`] : [])];
}

function missing({ report, tally }: BackfillResult): string[] {
  if (!report.ids) return ["ids      none: no trade is stored there"];
  const { from, to } = report.ids;
  const explained =
    tally.gaps_explained > 0
      ? [`         ${count(tally.gaps_explained)} gaps are the exchange's own: its klines agree around them`]
      : [];
  if (report.missing_count === 0) return [`ids      ${from} … ${to}, none missing`, ...explained];
  const ranges = report.missing_cut
    ? `more than ${count(report.missing.length)}`
    : count(report.missing.length);
  const shown = report.missing.slice(0, GAPS_SHOWN).map(({ from, to, before_us, after_us }) => {
    const times = [before_us, after_us].map((at) => (at === undefined ? "?" : time(at)));
    return `         ${from} … ${to} (${count(to - from + 1)}), ${times.join(" … ")}`;
  });
  return [
    `ids      ${from} … ${to}, ${count(report.missing_count)} missing in ${ranges} gaps:`,
    ...shown,
    ...explained,
  ];
}

function silent({ report }: BackfillResult): string[] {
  const { seconds, seconds_without_trade } = report;
  const share = seconds > 0 ? ((100 * seconds_without_trade) / seconds).toFixed(1) : "0";
  const longest = report.silent.map(
    ({ from_us, to_us }) => `         ${time(from_us)}, ${count((to_us - from_us) / 1e6)} s`,
  );
  const tail = longest.length > 0 ? "; the longest stretches:" : "";
  return [
    `seconds  ${count(seconds_without_trade)} of ${count(seconds)} without a trade (${share} %)${tail}`,
    ...longest,
  ];
}

function sizes({ report: { n, n_single, n_bars_only } }: BackfillResult): string[] {
  const bars = n_bars_only > 0 ? `; of ${count(n_bars_only)} only the bars are kept` : "";
  if (n === n_single) return [`trades   ${count(n)}, each with its own size${bars}`];
  return [
    `trades   ${count(n)}; the sizes of ${count(n - n_single)} are of aggregates: features of the sizes of`,
    "         single trades (the largest, the 95th percentile) are not exact there",
  ];
}

function checked({ check }: BackfillResult): string[] {
  if (!check) return ["klines   not compared"];
  const { minutes, minutes_differing, ours, exchange, differences } = check;
  if (minutes_differing === 0) {
    return [`klines   ${count(minutes)} minutes agree: ${sumsText(ours)}`];
  }
  return [
    `klines   ${count(minutes_differing)} of ${count(minutes)} minutes differ; in all ${sumsText(ours)},`,
    `         by the exchange's klines ${sumsText(exchange)}:`,
    ...differences
      .slice(0, MINUTES_SHOWN)
      .map(
        (one) =>
          `         ${time(one.minute_us)}  ${sumsText(one.ours)}, by the klines ${sumsText(one.exchange)}`,
      ),
  ];
}

function sumsText({ n, volume_e8 }: MinuteSums): string {
  const digits = volume_e8.toString().padStart(9, "0");
  const volume =
    volume_e8 <= Number.MAX_SAFE_INTEGER
      ? formatE8(Number(volume_e8))
      : `${digits.slice(0, -8)}.${digits.slice(-8)}`;
  return `${count(n)} trades, volume ${volume}`;
}
