/** The flags of the filters in src/train/data/filters.ts. */

import { DEFAULT_FILTERS, type FilterSettings } from "../../src/train/data/filters.ts";
import { type Flags, numberFlag } from "./source.ts";

export const FILTER_OPTIONS = {
  "min-completeness": { type: "string" },
  "max-return": { type: "string" },
  "max-spread-bp": { type: "string" },
  "max-volatility": { type: "string" },
  "drop-volume": { type: "string" },
  "max-price-factor": { type: "string" },
  "filter-test": { type: "boolean" },
} as const;

export const FILTER_USAGE = `\
Filters of training rows, each a number or "off" (see docs/dataset.md):
  --min-completeness  least share of the last minute's vectors that are usable (default 0.8)
  --max-return        largest |label| (default 0.05)
  --max-spread-bp     widest spread, of the mid price (default 50)
  --max-volatility    largest deviation of one-second returns (default 0.01)
  --drop-volume       share of rows with the lowest volume of five seconds (default off; the plan's is 0.05)
  --max-price-factor  mid prices within the median ÷ this and × this (default 2)
  --filter-test       also leaves out test rows, by all but --max-return, which is not known then`;

/** @throws ForetickError CONFIG_INVALID where a value is no number in its range, nor "off". */
export function filterFlags(flags: Flags): FilterSettings {
  const limit = (
    name: string,
    otherwise: number | undefined,
    min: number,
    max: number,
  ): number | undefined =>
    flags[name] === "off" || (flags[name] === undefined && otherwise === undefined)
      ? undefined
      : numberFlag(flags, name, otherwise ?? min, min, max);
  const plan = DEFAULT_FILTERS;
  return {
    completeness_min: limit("min-completeness", plan.completeness_min, 0, 1),
    return_max: limit("max-return", plan.return_max, 0, 10),
    spread_bp_max: limit("max-spread-bp", plan.spread_bp_max, 0, 10_000),
    volatility_max: limit("max-volatility", plan.volatility_max, 0, 10),
    volume_share: limit("drop-volume", plan.volume_share, 0, 0.9),
    price_factor_max: limit("max-price-factor", plan.price_factor_max, 1, 1_000),
    on_test: flags["filter-test"] === true,
  };
}
