/**
 * The account of one fault, from the database and the truth, id by id: what was lost, what is there twice, and what
 * was shown or stored that is not so.
 */

import postgres from "postgres";
import { US_PER_MS, US_PER_SEC } from "../../src/base/units.ts";
import type { Truth } from "./truth.ts";
import type { Shown } from "./watcher.ts";
import type { World } from "./world.ts";

export interface Account {
  /** Trades between the first and the last stored that are neither stored nor inside a marked break. */
  readonly lost: number;
  /** Forecasts that were shown and are not stored. */
  readonly forgotten: number;
  /** Rows of one trade, or of one forecast, beyond the first. */
  readonly doubled: number;
  /** Statements that were not so, by kind; empty where all were. */
  readonly false_claims: Readonly<Record<string, number>>;
}

/** A forecast may come as late as the close grace, the deadline and a scheduler's hiccup after its instant (ms). */
const LATE_MS = 250 + 100 + 150;

/** A second's length, the wait for its close, a scheduler's hiccup (µs). */
const RECENT_US = 4 * US_PER_SEC;

export interface Silence {
  /** Exchange time from which nothing true came of a stream, to when it did again (µs). */
  readonly from_us: number;
  readonly to_us: number;
  /** From then on a warm forecast inside the silence is false (µs after its beginning). */
  readonly known_after_us: number;
  /** true where the exchange's own times were wrong: what is told by them is not held against the true ones. */
  readonly times_wrong?: boolean;
}

export async function accountOf(
  url: string,
  { truth, lag_us, exchange }: Pick<World, "truth" | "lag_us" | "exchange">,
  shown: readonly Shown[],
  silences: readonly Silence[],
): Promise<Account> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    // By the first numbering: an exchange that counts from the start again sends the same trades under lower ids.
    const stored = await sql<{ trade_id: string; n: number }[]>`
      select (trade_id + case when epoch > 0 then ${exchange.renumbering.trades_by}::bigint else 0 end)::text as trade_id,
        count(*)::int as n
      from trades
      where set_aside is null
      group by epoch, trade_id
      order by epoch, trades.trade_id`;
    const ids = new Set(stored.map(({ trade_id }) => Number(trade_id)));
    const breaks = await sql<{ from_us: string; until_us: string | null }[]>`
      select us_of(ts)::text as from_us, us_of(until)::text as until_us
      from disconnects
      where filled_at is null
        and stream in ('all', 'trade')`;
    const marked = (ts_us: number): boolean =>
      breaks.some(
        ({ from_us, until_us }) => ts_us >= Number(from_us) && ts_us <= Number(until_us ?? Infinity),
      );
    const [first, last] = [stored[0]?.trade_id, stored.at(-1)?.trade_id].map(Number);
    let lost = 0;
    for (const [id, ts_us] of truth.trades) {
      if (id >= first! && id <= last! && !ids.has(id) && !marked(ts_us)) lost += 1;
    }
    const predictions = await sql<
      { ts_sec: number; n: number; realized: number | null; horizon_s: number }[]
    >`
      select
        (us_of(p.ts) / 1000000)::int as ts_sec,
        count(*)::int as n,
        min(o.realized_log_return) as realized,
        min(p.horizon_s)::int as horizon_s
      from predictions p
      left join outcomes o using (venue, symbol, ts, model_version, horizon_s)
      where p.role = 'champion'
      group by p.ts, p.model_version`;
    const kept = new Set(predictions.map(({ ts_sec }) => ts_sec));
    return {
      lost,
      forgotten: new Set(shown.filter(({ ts_sec }) => !kept.has(ts_sec)).map(({ ts_sec }) => ts_sec)).size,
      doubled:
        stored.reduce((sum, { n }) => sum + n - 1, 0) + predictions.reduce((sum, { n }) => sum + n - 1, 0),
      false_claims: falseClaims({ truth, lag_us, shown, silences, predictions }),
    };
  } finally {
    await sql.end({ timeout: 5 });
  }
}

interface Claims {
  readonly truth: Truth;
  readonly lag_us: number;
  readonly shown: readonly Shown[];
  readonly silences: readonly Silence[];
  readonly predictions: readonly {
    readonly ts_sec: number;
    readonly realized: number | null;
    readonly horizon_s: number;
  }[];
}

function falseClaims({ truth, lag_us, shown, silences, predictions }: Claims): Record<string, number> {
  const false_claims: Record<string, number> = {};
  const count = (kind: string): void => {
    false_claims[kind] = (false_claims[kind] ?? 0) + 1;
  };
  for (const { ts_sec, emitted_at_us, warm, yhat_log_return, current_price } of shown) {
    if (emitted_at_us - lag_us - ts_sec * US_PER_SEC > LATE_MS * US_PER_MS) count("late forecast");
    const silent = silences.some(
      ({ from_us, to_us, known_after_us }) =>
        ts_sec * US_PER_SEC > from_us + known_after_us && ts_sec * US_PER_SEC <= to_us,
    );
    if (warm && silent) count("warm in a silence");
    if (!Number.isFinite(yhat_log_return) || Math.abs(yhat_log_return) > 0.05) count("absurd forecast");
    const mid = truth.midSumAt(ts_sec);
    // Whatever the exchange's clock shows: the market had this price a moment ago.
    const emitted_us = emitted_at_us - lag_us;
    if (warm && !truth.hadMid(current_price, emitted_us - RECENT_US, emitted_us + US_PER_SEC))
      count("price of another time");
    const unheard = silences.some(
      ({ from_us, to_us }) => ts_sec * US_PER_SEC > from_us && ts_sec * US_PER_SEC <= to_us + US_PER_SEC,
    );
    if (warm && !unheard && mid !== undefined && Math.abs(current_price / (mid / 2e8) - 1) > 1e-9)
      count("wrong price");
  }
  for (const { ts_sec, realized, horizon_s } of predictions) {
    if (realized === null) continue;
    const untold = silences.some(
      ({ from_us, to_us, times_wrong }) =>
        times_wrong === true && (ts_sec + horizon_s) * US_PER_SEC > from_us && ts_sec * US_PER_SEC <= to_us,
    );
    if (untold) continue;
    const label = truth.label(ts_sec, horizon_s);
    if (label !== undefined && !Object.is(label, realized)) count("wrong outcome");
  }
  return false_claims;
}
