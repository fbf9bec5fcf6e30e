/** A quantile of the sizes of a block of trades: kept beside the bars, or taken from the trades. */

import { LIMITS } from "../../../base/limits.ts";
import type { Expr } from "../../algebra/expr.ts";
import { barsOf } from "./bars_of.ts";

export type BlockQuantile = Extract<Expr, { kind: "block_quantile" }>;

export const blockColumn = ({ block_s, num, den }: BlockQuantile): string =>
  `qty_q${num}_${den}_${block_s}s_e8`;

/** The one block quantile that is kept beside the bars. */
export const isKept = ({ block_s, num, den }: BlockQuantile): boolean =>
  block_s === 300 && num * 100 === den * 95;

/** Any other is taken from the trades: value number ⌈n·num ÷ den⌉ of the sorted sizes. */
export function ownBlocks(block: BlockQuantile): string[][] {
  if (isKept(block)) return [];
  const { block_s, num, den } = block;
  return [
    [
      `${blockColumn(block)}_blocks as materialized (`,
      "  select",
      `    us_of(ts) / ${block_s}000000 as block,`,
      "    count(*) as n,",
      `    (array_agg(qty_e8 order by qty_e8))[(count(*) * ${num} + ${den - 1}) / ${den}] as qty_e8`,
      "  from trades",
      "  where symbol = p_symbol",
      "    and not late",
      "    and set_aside is null",
      `    and ts >= to_timestamp((start_t / ${block_s} - 1) * ${block_s})`,
      "    and ts < to_sec",
      "  group by 1",
      ")",
    ],
  ];
}

export function joinBlock(block: BlockQuantile): string[] {
  const { block_s } = block;
  const alias = `${blockColumn(block)}_block`;
  const start = `to_timestamp((t / ${block_s} - 1) * ${block_s})`;
  if (!isKept(block)) {
    return [
      `  left join ${blockColumn(block)}_blocks ${alias}`,
      `    on ${alias}.block = t / ${block_s} - 1`,
    ];
  }
  return [
    `  left join ${barsOf("block", "blocks", `to_timestamp((start_t / ${block_s} - 1) * ${block_s})`, `to_timestamp(end_t / ${block_s} * ${block_s})`)} ${alias}`,
    `    on ${alias}.block = ${start}`,
    `    and ${alias}.n > 0`,
  ];
}

/** Refused, as live, where the block holds more trades than its bound. */
export function blockValue(block: BlockQuantile): string {
  const name = blockColumn(block);
  const value = isKept(block) ? "qty_p95_e8" : "qty_e8";
  return `case when ${name}_block.n <= ${LIMITS.block_trades_max} then ${name}_block.${value} end as ${name}`;
}
