/** What a backfill has to say at its end, line by line. */

import { formatE8, US_PER_MS } from "../src/base/units.ts";
import type { BackfillResult } from "../src/record/backfill.ts";
import type { MinuteSums } from "../src/record/kline_check.ts";

const GAPS_SHOWN = 10;
const MINUTES_SHOWN = 5;
const FILES_SHOWN = 10;

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
    is_complete ? "complete" : "NOT COMPLETE: run it again, with --source rest for what the archive lacks",
  ];
}

function loaded({ tally }: BackfillResult): string[] {
  const lines = [`loaded   ${count(tally.rows_added)} rows new of ${count(tally.rows_read)} read`];
  const days = [
    [tally.days_loaded, "loaded"],
    [tally.days_known, "known before"],
    [tally.days_dropped, "left out: retention has deleted their trades, their bars stand"],
    [tally.days_failed, "without a usable file"],
  ] as const;
  const told = days.filter(([n]) => n > 0).map(([n, what]) => `${count(n)} ${what}`);
  if (told.length > 0) lines.push(`days     ${told.join(", ")}`);
  if (tally.aggregates_replaced > 0) {
    lines.push(`replaced ${count(tally.aggregates_replaced)} aggregates by their single trades`);
  }
  if (tally.refused > 0) lines.push(`refused  ${count(tally.refused)} rows that stand for no trade`);
  for (const file of tally.absent.slice(0, FILES_SHOWN)) lines.push(`absent   ${file} is not published`);
  if (tally.absent.length > FILES_SHOWN) lines.push(`         and ${tally.absent.length - FILES_SHOWN} more`);
  for (const { file, reason } of tally.quarantined) lines.push(`bad      ${file} set aside: ${reason}`);
  return lines;
}

function missing({ report }: BackfillResult): string[] {
  if (!report.ids) return ["ids      none: no trade is stored there"];
  const { from, to } = report.ids;
  if (report.missing_count === 0) return [`ids      ${from} … ${to}, none missing`];
  const ranges = report.missing_cut
    ? `more than ${count(report.missing.length)}`
    : count(report.missing.length);
  const shown = report.missing.slice(0, GAPS_SHOWN).map(({ from, to, before_us, after_us }) => {
    const times = [before_us, after_us].map((at) => (at === undefined ? "?" : time(at)));
    return `         ${from} … ${to} (${count(to - from + 1)}), ${times.join(" … ")}`;
  });
  return [`ids      ${from} … ${to}, ${count(report.missing_count)} missing in ${ranges} gaps:`, ...shown];
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

function sizes({ report: { n, n_single } }: BackfillResult): string[] {
  if (n === n_single) return [`trades   ${count(n)}, each with its own size`];
  return [
    `trades   ${count(n)}; the sizes of ${count(n - n_single)} are of aggregates: features of the sizes of`,
    "         single trades (the largest, the 95th percentile) are not exact there",
  ];
}

function checked({ check }: BackfillResult): string[] {
  if (!check) return ["klines   not compared"];
  const { minutes, minutes_differing, ours, exchange, differences } = check;
  if (minutes_differing === 0) {
    return [`klines   ${count(minutes)} minutes agree: ${told(ours)}`];
  }
  return [
    `klines   ${count(minutes_differing)} of ${count(minutes)} minutes differ; in all ${told(ours)},`,
    `         by the exchange's klines ${told(exchange)}:`,
    ...differences
      .slice(0, MINUTES_SHOWN)
      .map(
        (one) => `         ${time(one.minute_us)}  ${told(one.ours)}, by the klines ${told(one.exchange)}`,
      ),
  ];
}

function told({ n, volume_e8 }: MinuteSums): string {
  const digits = volume_e8.toString().padStart(9, "0");
  const volume =
    volume_e8 <= Number.MAX_SAFE_INTEGER
      ? formatE8(Number(volume_e8))
      : `${digits.slice(0, -8)}.${digits.slice(-8)}`;
  return `${count(n)} trades, volume ${volume}`;
}
