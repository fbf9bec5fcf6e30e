/** The lease's few statements. Time is the database's: two services never compare their own clocks. */

import type { Sql } from "postgres";
import { LIMITS } from "../../base/limits.ts";
import { inTransaction } from "../sql/transaction.ts";
import type { Holder } from "./holder.ts";

/** Fences by symbol, as they are held. */
export type Fences = Readonly<Record<string, number>>;

export interface HeldLease {
  readonly symbol: string;
  readonly told: string;
  readonly taken_at: string;
}

const TTL = `interval '${LIMITS.lease_ms} milliseconds'`;

export interface Taken {
  /** Of the symbols whose leases are this holder's now. */
  readonly fences: Fences;
  /** Leases that another service holds. */
  readonly held: readonly HeldLease[];
}

/** All of `symbols`, or none: then `fences` is empty. */
export async function takeAll(sql: Sql, symbols: readonly string[], holder: Holder): Promise<Taken> {
  let taken: Taken = { fences: {}, held: [] };
  try {
    await inTransaction(sql, async (transaction) => {
      taken = await takeIn(transaction, symbols, holder);
      if (taken.held.length > 0) throw NOT_ALL;
    });
  } catch (error) {
    if (error !== NOT_ALL) throw error;
    return { fences: {}, held: taken.held };
  }
  return taken;
}

const NOT_ALL = new Error("not all leases are free");

/** Those of `symbols` that are free. */
export async function takeFree(sql: Sql, symbols: readonly string[], holder: Holder): Promise<Taken> {
  return await inTransaction(sql, (transaction) => takeIn(transaction, symbols, holder));
}

async function takeIn(sql: Sql, symbols: readonly string[], { id, told }: Holder): Promise<Taken> {
  const fences: Record<string, number> = {};
  const held: HeldLease[] = [];
  // In one order everywhere: two services that take at once wait, they do not block each other.
  for (const symbol of [...symbols].sort()) {
    const [row] = await sql.unsafe<{ fence: string }[]>(
      `insert into leases (symbol, fence, holder, told, taken_at, expires_at)
      values ($1, 1, $2, $3, clock_timestamp(), clock_timestamp() + ${TTL})
      on conflict (symbol) do update
      set
        fence = leases.fence + 1,
        holder = excluded.holder,
        told = excluded.told,
        taken_at = excluded.taken_at,
        expires_at = clock_timestamp() + ${TTL}
      where leases.expires_at < clock_timestamp() or leases.holder = excluded.holder
      returning fence`,
      [symbol, id, told],
    );
    if (row) fences[symbol] = Number(row.fence);
    else held.push((await leaseOf(sql, symbol))!);
  }
  return { fences, held };
}

/** @returns the symbols whose lease is held no more. */
export async function renew(sql: Sql, fences: Fences): Promise<string[]> {
  const rows = await sql.unsafe<{ symbol: string }[]>(
    `update leases
    set expires_at = clock_timestamp() + ${TTL}
    from jsonb_each_text($1::text::jsonb) as mine(symbol, fence)
    where leases.symbol = mine.symbol and leases.fence = mine.fence::bigint
    returning leases.symbol`,
    [JSON.stringify(fences)],
  );
  const kept = new Set(rows.map(({ symbol }) => symbol));
  return Object.keys(fences).filter((symbol) => !kept.has(symbol));
}

/** Free at once, for a service that waits. */
export async function release(sql: Sql, fences: Fences): Promise<void> {
  await sql.unsafe(
    `update leases
    set expires_at = '-infinity'
    from jsonb_each_text($1::text::jsonb) as mine(symbol, fence)
    where leases.symbol = mine.symbol and leases.fence = mine.fence::bigint`,
    [JSON.stringify(fences)],
  );
}

export async function leaseOf(sql: Sql, symbol: string): Promise<HeldLease | undefined> {
  const rows = await sql.unsafe<HeldLease[]>(
    "select symbol, told, to_char(taken_at, 'YYYY-MM-DD HH24:MI:SS') as taken_at from leases where symbol = $1",
    [symbol],
  );
  return rows[0] && { ...rows[0] };
}
