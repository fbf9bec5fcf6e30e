/** Ledgers as a table for a person. */

import type { LedgerFigures } from "../../src/judge/signal/ledger.ts";
import { STRATEGIES } from "../../src/judge/signal/strategies.ts";

const percent = (share: number | null): string => (share === null ? "-" : `${(100 * share).toFixed(2)} %`);
const ratio = (value: number | null): string => (value === null ? "-" : value.toFixed(2));

const COLUMNS: readonly (readonly [name: string, cell: (of: LedgerFigures) => string])[] = [
  ["strategy", ({ strategy }) => strategy],
  ["trades", ({ trades, is_open }) => `${trades}${is_open ? " + 1 open" : ""}`],
  ["net", ({ net }) => percent(net)],
  ["moves", ({ moves }) => percent(moves)],
  ["spread", ({ spread }) => percent(-spread)],
  ["fees", ({ fees }) => percent(-fees)],
  ["won", ({ win_rate }) => percent(win_rate)],
  ["profit factor", ({ profit_factor }) => ratio(profit_factor)],
  ["drawdown", ({ max_drawdown }) => percent(max_drawdown)],
  ["Sharpe a year", ({ sharpe }) => ratio(sharpe)],
];

export function ledgerLines(figures: readonly LedgerFigures[]): string[] {
  const rows = [COLUMNS.map(([name]) => name), ...figures.map((of) => COLUMNS.map(([, cell]) => cell(of)))];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join("  ");
  const what = (name: string): string => STRATEGIES.find((strategy) => strategy.name === name)!.what;
  return [...rows.map(line), "", ...figures.map(({ strategy }) => `${strategy}: ${what(strategy)}`)];
}
