/** `bun run signals …` as a function of its arguments: it only reads. */

import { systemClock } from "../../../src/base/clock.ts";
import { readConfig } from "../../../src/base/config.ts";
import { fail } from "../../../src/base/errors.ts";
import { isoOf } from "../../../src/base/units.ts";
import { STRATEGIES, type Strategy } from "../../../src/judge/signal/strategies.ts";
import { storedLedger } from "../../../src/signal/stored_ledger.ts";
import { withExample } from "../../flags/example.ts";
import { databaseUrl, type Flags, readFlags, timeFlag } from "../../flags/source.ts";
import { ledgerLines } from "../../lines/signals.ts";
import { withStore } from "../with_store.ts";

const NAMES = STRATEGIES.map(({ name }) => name).join(", ");

const USAGE = `usage: bun run signals ledger --from <time> [--to <time>] [flags]

  what the stored signals would have earned on paper, in per cent of a usual stake: docs/signals.md

  --from, --to      such as 2026-11-20 or 2026-11-20T12:00, UTC; --to is now where it is left out
  --strategy        one of ${NAMES}; default all
  --symbol          default the first of SYMBOLS
  --fee-bp          of what changes hands, at either end (default SIGNAL_FEE_BP, which is 10)
  --json            as JSON lines
  --database-url    default DATABASE_URL, else the embedded database of DATA_DIR, also while a service runs on it`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  json: { type: "boolean" },
  from: { type: "string" },
  to: { type: "string" },
  strategy: { type: "string" },
  symbol: { type: "string" },
  "fee-bp": { type: "string" },
  "database-url": { type: "string" },
} as const;

/** Number of the migration that made the table. */
const SCHEMA = 26;

/** @throws ForetickError CONFIG_INVALID, STORE_UNREACHABLE, … with a sentence for a person. */
export async function signalsCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  const { flags, rest } = readFlags(OPTIONS, USAGE, args);
  if (flags.help) return [withExample(USAGE, OPTIONS, "signals ledger", { from: "2026-11-20" })];
  if (rest.join() !== "ledger") {
    return fail("CONFIG_INVALID", `signals expected ledger, was ${rest.join(" ") || "nothing"}\n\n${USAGE}`);
  }
  const fee = flags["fee-bp"];
  const config = readConfig({ ...environment, ...(fee === undefined ? {} : { SIGNAL_FEE_BP: String(fee) }) });
  const to_us = timeFlag(flags, "to") ?? systemClock.now();
  const from_us = timeFlag(flags, "from");
  if (from_us === undefined || from_us >= to_us) {
    return fail("CONFIG_INVALID", "--from expected a time before --to such as 2026-11-20, was none");
  }
  const symbol = String(flags.symbol ?? config.symbols[0]);
  const strategies = strategiesOf(flags);
  const fee_bp = config.signal_fee_bp;
  const store = { config, url: databaseUrl(flags, config), schema: SCHEMA, use: "read" } as const;
  const figures = await withStore(store, ({ sql }) =>
    storedLedger(sql, { symbol, from_us, to_us }, strategies, fee_bp),
  );
  if (flags.json) return figures.map((of) => JSON.stringify(of));
  const { ticks } = figures[0]!;
  const range = `${isoOf(from_us)} to ${isoOf(to_us)}`;
  if (ticks === 0) return [`no signal of ${symbol} with a quote is stored from ${range}`];
  return [`${symbol}, ${range}: ${ticks} signals, fee ${fee_bp} bp a side`, "", ...ledgerLines(figures)];
}

function strategiesOf({ strategy }: Flags): readonly Strategy[] {
  if (strategy === undefined) return STRATEGIES;
  const found = STRATEGIES.filter(({ name }) => name === strategy);
  if (found.length > 0) return found;
  return fail("CONFIG_INVALID", `--strategy expected one of ${NAMES}, was ${String(strategy)}`);
}
