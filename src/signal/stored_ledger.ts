/** Paper trading over any stored stretch, every strategy in one reading. */

import type { Sql } from "postgres";
import { Ledger, type LedgerFigures } from "../judge/signal/ledger.ts";
import type { Strategy } from "../judge/signal/strategies.ts";
import { type StoredSignalQuery, storedSignals } from "../record/signals/stored_signals.ts";

/** Rejects with STORE_UNREACHABLE or STORE_QUERY. */
export async function storedLedger(
  sql: Sql,
  query: StoredSignalQuery,
  strategies: readonly Strategy[],
  fee_bp: number,
): Promise<LedgerFigures[]> {
  const ledgers = strategies.map((strategy) => new Ledger(strategy, fee_bp));
  for await (const signal of storedSignals(sql, query)) for (const ledger of ledgers) ledger.add(signal);
  return ledgers.map((ledger) => ledger.figures());
}
