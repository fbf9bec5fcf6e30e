/** Rows by key, as the statements of the writer leave them: written twice they are there once. */

import { TABLE_NAMES, type TableName } from "../../../src/record/write/table.ts";
import { WRITE_TABLES } from "../../../src/record/write/tables.ts";
import { cellsOf, type StoredCell } from "./array_text.ts";

export type StoredRow = Record<string, StoredCell>;

const KEYS: Readonly<Record<TableName, readonly string[]>> = {
  trades: ["symbol", "trade_id", "ts"],
  quotes: ["symbol", "update_id", "ts"],
  disconnects: ["symbol", "ts", "received_at", "stream"],
  look_backs: ["symbol", "taken_at"],
  book_1s: ["symbol", "sec"],
  features_live: ["symbol", "ts", "feature_set", "set_hash"],
  predictions: ["venue", "symbol", "ts", "model_version", "horizon_s"],
  outcomes: ["venue", "symbol", "ts", "model_version", "horizon_s"],
  signals: ["symbol", "ts"],
};

const TABLE_OF = new Map(TABLE_NAMES.map((name) => [WRITE_TABLES[name].insert, name] as const));

/** What a row that is there already becomes; undefined: it stays as it is. */
const CHANGED: Partial<Record<TableName, (old: StoredRow, row: StoredRow) => StoredRow | undefined>> = {
  trades: believed,
  quotes: believed,
  disconnects: (old, row) => ({
    ...old,
    filled_at: old.filled_at ?? row.filled_at ?? null,
    until: old.until ?? row.until ?? null,
    noticed: old.noticed ?? row.noticed ?? null,
    fillable: old.fillable !== false && row.fillable !== false,
  }),
  outcomes: (old, row) => {
    const lost = row.realized_log_return === null && old.realized_log_return !== null;
    const other_lost = row.realized_other_log_return === null && old.realized_other_log_return !== null;
    if (!lost && !other_lost) return undefined;
    return {
      ...old,
      ...(lost ? { realized_log_return: null, realized_price: null } : {}),
      ...(other_lost ? { realized_other_log_return: null } : {}),
    };
  },
};

function believed(old: StoredRow, row: StoredRow): StoredRow | undefined {
  return old.set_aside !== null && row.set_aside === null ? row : undefined;
}

export class Tables {
  readonly #rows = new Map(TABLE_NAMES.map((name) => [name, new Map<string, StoredRow>()] as const));

  rows(table: TableName): StoredRow[] {
    return [...this.#rows.get(table)!.values()];
  }

  has(table: TableName, row: StoredRow): boolean {
    return this.#rows.get(table)!.has(keyOf(table, row));
  }

  tableOf(statement: string): TableName | undefined {
    return TABLE_OF.get(statement);
  }

  /** Returns how many rows were not there before. */
  insert(table: TableName, parameters: readonly (string | null)[]): number {
    const { columns } = WRITE_TABLES[table];
    const cells = columns.map(({ kind }, index) => cellsOf(kind, parameters[index]!));
    const stored = this.#rows.get(table)!;
    const before = stored.size;
    const count = cells[0]?.length ?? 0;
    for (let row = 0; row < count; row++) {
      const made: StoredRow = {};
      for (const [index, { name }] of columns.entries()) made[name] = cells[index]![row]!;
      this.#put(table, stored, made);
    }
    return stored.size - before;
  }

  #put(table: TableName, stored: Map<string, StoredRow>, row: StoredRow): void {
    if (table === "disconnects") row.stream ??= "all";
    const key = keyOf(table, row);
    const old = stored.get(key);
    const next = old ? CHANGED[table]?.(old, row) : row;
    if (next) stored.set(key, next);
  }
}

export const keyOf = (table: TableName, row: StoredRow): string =>
  KEYS[table].map((name) => row[name]).join(" ");
