/**
 * Where the exchange's archive keeps what: one zip per symbol and UTC day, and one per month.
 * Source: https://github.com/binance/binance-public-data
 */

import { DAY_US, US_PER_MS } from "../../base/units.ts";
import type { HistoryKind } from "../trade_run.ts";

export type ArchiveKind = HistoryKind | "klines";

export interface ArchiveFile {
  readonly symbol: string;
  readonly kind: ArchiveKind;
  readonly period: "daily" | "monthly";
  /** e.g. "BTCUSDT-trades-2026-10-01.zip". */
  readonly name: string;
  /** Below the archive's origin, with a leading slash. */
  readonly path: string;
  /** What it holds, by time: from ≤ ts < to (µs). */
  readonly from_us: number;
  readonly to_us: number;
}

/** Klines are asked for a minute at a time. */
const KLINE_INTERVAL = "1m";

/** Whole months as one file, the days around them one by one. Both bounds are starts of UTC days. */
export function archiveFiles(
  kind: ArchiveKind,
  symbol: string,
  from_us: number,
  to_us: number,
): ArchiveFile[] {
  const files: ArchiveFile[] = [];
  for (let day_us = from_us; day_us < to_us; ) {
    const month_end_us = nextMonth(day_us);
    const whole_month = monthStart(day_us) === day_us && month_end_us <= to_us;
    const file = fileOf(kind, symbol, day_us, whole_month ? month_end_us : day_us + DAY_US);
    files.push(file);
    day_us = file.to_us;
  }
  return files;
}

/** The daily files that hold what `file` does. */
export function daysOf({ kind, symbol, from_us, to_us }: ArchiveFile): ArchiveFile[] {
  const days: ArchiveFile[] = [];
  for (let day_us = from_us; day_us < to_us; day_us += DAY_US) {
    days.push(fileOf(kind, symbol, day_us, day_us + DAY_US));
  }
  return days;
}

function fileOf(kind: ArchiveKind, symbol: string, from_us: number, to_us: number): ArchiveFile {
  const period = to_us - from_us === DAY_US ? "daily" : "monthly";
  const date = dateOf(from_us).slice(0, period === "daily" ? 10 : 7);
  const name = `${symbol}-${kind === "klines" ? KLINE_INTERVAL : kind}-${date}.zip`;
  const folder = kind === "klines" ? `klines/${symbol}/${KLINE_INTERVAL}` : `${kind}/${symbol}`;
  return { symbol, kind, period, name, path: `/data/spot/${period}/${folder}/${name}`, from_us, to_us };
}

/** "2026-10-01" of any time on that day, UTC. */
export const dateOf = (time_us: number): string =>
  new Date(Math.floor(time_us / US_PER_MS)).toISOString().slice(0, 10);

function monthStart(time_us: number): number {
  const date = new Date(time_us / US_PER_MS);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) * US_PER_MS;
}

function nextMonth(time_us: number): number {
  const date = new Date(time_us / US_PER_MS);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) * US_PER_MS;
}
