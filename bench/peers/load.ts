/**
 * Fills a database with simulated history, for benches that need a day of it: COPY into a staging table,
 * from there into trades and quotes, a batch a transaction. Through pg, whose COPY reports its errors.
 */

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { simulatedSource } from "../../src/sim/market/simulator.ts";

export interface LoadOptions {
  readonly url: string;
  /** Whole second (µs). */
  readonly start_us: number;
  readonly seconds: number;
  readonly seed: number;
  /** Default BTCUSDT. */
  readonly symbol?: string;
  /** Events a second, each kind; the simulator's defaults where left out. */
  readonly trades_per_s?: number;
  readonly quotes_per_s?: number;
}

export interface Loaded {
  readonly trades: number;
  readonly quotes: number;
  readonly seconds_taken: number;
}

const BATCH_ROWS = 200_000;
const LINES_A_CHUNK = 2_000;

const TABLES = {
  trades: {
    staging:
      "symbol text, ts_us bigint, trade_id bigint, price_e8 bigint, qty_e8 bigint, is_buyer_maker boolean",
    insert: `insert into trades (symbol, ts, trade_id, price_e8, qty_e8, is_buyer_maker, received_at)
      select symbol, at_us(ts_us), trade_id, price_e8, qty_e8, is_buyer_maker, at_us(ts_us)
      from staged_trades
      order by trade_id
      on conflict do nothing`,
  },
  quotes: {
    staging:
      "symbol text, ts_us bigint, update_id bigint, bid_price_e8 bigint, bid_qty_e8 bigint, ask_price_e8 bigint, ask_qty_e8 bigint",
    insert: `insert into quotes (symbol, ts, update_id, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8, received_at)
      select symbol, at_us(ts_us), update_id, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8, at_us(ts_us)
      from staged_quotes
      order by update_id
      on conflict do nothing`,
  },
} as const;

type Table = keyof typeof TABLES;

/** Trades and quotes of `seconds` of a simulated market. */
export async function loadSimulated(options: LoadOptions): Promise<Loaded> {
  const client = new Client({ connectionString: options.url, application_name: "foretick bench" });
  await client.connect();
  try {
    for (const table of ["trades", "quotes"] as const) {
      await client.query(
        `create temp table staged_${table} (${TABLES[table].staging}) on commit delete rows`,
      );
    }
    const started = performance.now();
    const counts = { trades: 0, quotes: 0 };
    for (const { table, lines } of batches(options)) {
      counts[table] += await store(client, table, lines);
    }
    return { ...counts, seconds_taken: (performance.now() - started) / 1_000 };
  } finally {
    await client.end();
  }
}

async function store(client: Client, table: Table, lines: readonly string[]): Promise<number> {
  function* chunks(): Iterable<Buffer> {
    for (let i = 0; i < lines.length; i += LINES_A_CHUNK) {
      yield Buffer.from(lines.slice(i, i + LINES_A_CHUNK).join(""));
    }
  }
  await client.query("begin");
  await pipeline(Readable.from(chunks()), client.query(copyFrom(`copy staged_${table} from stdin`)));
  const { rowCount } = await client.query(TABLES[table].insert);
  await client.query("commit");
  return rowCount ?? 0;
}

function* batches({ start_us, seconds, seed, symbol, trades_per_s, quotes_per_s }: LoadOptions) {
  const source = simulatedSource({
    ...{ seed, start_us, depth: false },
    ...(symbol === undefined ? {} : { symbol }),
    ...(trades_per_s === undefined ? {} : { trades_per_s }),
    ...(quotes_per_s === undefined ? {} : { quotes_per_s }),
  });
  const end_us = start_us + seconds * 1e6;
  const lines: Record<Table, string[]> = { trades: [], quotes: [] };
  const messages = source.messages();
  for (let next = messages.next(); !next.done && next.value.at_us < end_us; next = messages.next()) {
    const { message } = next.value;
    if (message.kind === "trades") {
      const { symbol: of, transact_time_us: ts_us } = message;
      for (const { id, price, qty, is_buyer_maker } of message.trades) {
        lines.trades.push(`${of}\t${ts_us}\t${id}\t${price}\t${qty}\t${is_buyer_maker ? "t" : "f"}\n`);
      }
    } else if (message.kind === "best_bid_ask") {
      const { symbol: of, event_time_us, book_update_id, bid_price, bid_qty, ask_price, ask_qty } = message;
      lines.quotes.push(
        `${of}\t${event_time_us}\t${book_update_id}\t${bid_price}\t${bid_qty}\t${ask_price}\t${ask_qty}\n`,
      );
    }
    for (const table of ["trades", "quotes"] as const) {
      if (lines[table].length < BATCH_ROWS) continue;
      yield { table, lines: lines[table] };
      lines[table] = [];
    }
  }
  for (const table of ["trades", "quotes"] as const) {
    if (lines[table].length > 0) yield { table, lines: lines[table] };
  }
}
