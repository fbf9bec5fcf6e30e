/**
 * A refresh that overtakes a commit. A transaction that ends tells the continuous aggregate's log which rows it
 * changed, if they are below the threshold as it is then; only afterwards do its rows become visible. A refresh between
 * the two moves the threshold past rows it does not see, and no later one looks for them.
 *
 * The moment is held open: a commit empties its session's temporary tables marked so after the log is written
 * (CommitTransaction of PostgreSQL), and waits for whoever reads them.
 */

import type { Sql } from "postgres";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import type { Database } from "../../../src/record/database.ts";
import { met } from "../../met.ts";
import { storeTape, TAPE_START_US } from "../raw_tape.ts";
import { onEveryServer } from "../server/servers.ts";
import type { QuoteRow, RawTape, TradeRow } from "./naive_bars.ts";

const SEC_US = 1_000_000;
const SYMBOL = "BTCUSDT";
const at = (sec: number): number => TAPE_START_US + sec * SEC_US;

function quoteAt(sec: number): RawTape {
  const quote: QuoteRow = {
    ...{ symbol: SYMBOL, ts_us: at(sec + 0.5), update_id: 10 + sec, late: false, received_us: at(sec + 0.5) },
    ...{ bid_price_e8: 100, bid_qty_e8: 1, ask_price_e8: 101, ask_qty_e8: 1 },
  };
  return { trades: [], quotes: [quote] };
}

function tradeAt(sec: number): RawTape {
  const trade: TradeRow = {
    ...{ symbol: SYMBOL, ts_us: at(sec + 0.5), trade_id: 10 + sec, first_trade_id: null, late: false },
    ...{ price_e8: 100, qty_e8: 1, is_buyer_maker: true, received_us: at(sec + 0.5) },
  };
  return { trades: [trade], quotes: [] };
}

/** A transaction that has told the log what it changed, and whose rows nobody sees yet. */
interface HeldCommit {
  /** Lets it end; resolves when it has. */
  release(): Promise<void>;
}

onEveryServer("a refresh that overtakes a commit", (server) => {
  let database: Database;
  const connections: Sql[] = [];
  const refreshers: Refresher[] = [];

  beforeEach(async () => {
    database = await server.openDatabase();
  });

  afterEach(async () => {
    for (const refresher of refreshers.splice(0)) await refresher.close();
    for (const sql of connections.splice(0)) await sql.end({ timeout: 1 });
    await database.close();
  });

  function connect(application_name: string): Sql {
    const sql = database.connect({ connections: 1, application_name });
    connections.push(sql);
    return sql;
  }

  function refresherOn(through?: Record<"trades" | "quotes", number>): Refresher {
    const written = through && { written: { through: (source: "trades" | "quotes") => through[source] } };
    const refresher = new Refresher({ database, clock: new ManualClock(TAPE_START_US), log, ...written });
    refreshers.push(refresher);
    return refresher;
  }

  /** Commits `tape` and stops between the log and the moment its rows can be seen. */
  async function held(tape: RawTape): Promise<HeldCommit> {
    const [writer, reader] = [connect("overtaken writer"), connect("overtaken reader")];
    await writer`create temporary table held (x integer) on commit delete rows`;
    const [schema] =
      await writer`select nspname::text as name from pg_namespace where oid = pg_my_temp_schema()`;
    await reader`begin`;
    await reader.unsafe(`lock table ${schema!.name}.held in access share mode`);
    await writer`begin`;
    await writer`insert into held values (1)`;
    await storeTape(writer, tape);
    const commit = writer`commit`.execute();
    await met("the commit held", async () => {
      const waiting = await database.sql`
        select from pg_stat_activity
        where datname = current_database()
          and application_name = 'overtaken writer'
          and wait_event_type = 'Lock'`;
      return waiting.length === 1;
    });
    return {
      release: async () => {
        await reader`rollback`;
        await commit;
      },
    };
  }

  const quoteSeconds = async (): Promise<number[]> => {
    const rows = await database.sql<{ sec: number }[]>`
      select ((us_of(sec) - ${TAPE_START_US}) / 1000000)::int as sec from quotes_1s order by 1`;
    return rows.map(({ sec }) => sec);
  };

  const hasAggregates = server.name === "TimescaleDB";

  it.skipIf(!hasAggregates)(
    "misses its rows for good where it goes as far as it can see, until it is forced",
    async () => {
      const refresh = (options = ""): Promise<unknown> =>
        database.sql
          .unsafe(
            `call refresh_continuous_aggregate('quote_bars_1s', at_us(${at(0)}), at_us(${at(2)})${options})`,
          )
          .simple();
      await storeTape(database.sql, quoteAt(0));
      const commit = await held(quoteAt(1));
      await refresh();
      await commit.release();
      expect(await database.sql`select from quotes`).toHaveLength(2);
      for (let tries = 0; tries < 3; tries++) await refresh();
      expect(await quoteSeconds()).toEqual([0]);
      await refresh(", force => true");
      expect(await quoteSeconds()).toEqual([0, 1]);
    },
  );

  it("does not happen: bars of a table end where its writer's rows are acknowledged", async () => {
    const through = { trades: at(5), quotes: at(1) };
    const refresher = refresherOn(through);
    await storeTape(database.sql, quoteAt(0));
    const commit = await held(quoteAt(1));
    // Trades are a transaction of their own, and ahead.
    await storeTape(database.sql, tradeAt(4));
    await refresher.pass();
    expect(await quoteSeconds()).toEqual([0]);
    await commit.release();
    through.quotes = at(5);
    await refresher.pass();
    expect(await quoteSeconds()).toEqual([0, 1]);
    for (const sec of [20, 40]) {
      await storeTape(database.sql, tradeAt(sec));
      through.trades = through.quotes = at(sec);
      await refresher.pass();
    }
    expect(refresher.stats).toMatchObject({ bars_healed: 0, failures: 0, last_error: undefined });
  });

  it("does not happen by the way of coarser bars: a block is refreshed once all of its trades are acknowledged", async () => {
    const through = { trades: at(299), quotes: at(301) };
    const refresher = refresherOn(through);
    await storeTape(database.sql, tradeAt(298));
    const commit = await held(tradeAt(299));
    await storeTape(database.sql, quoteAt(301));
    await refresher.pass();
    // As a comparison asks for it, while the trades of the newest second are on their way.
    await refresher.through({ from_us: at(200), to_us: at(299) });
    await commit.release();
    through.trades = through.quotes = at(301);
    await refresher.pass();
    await storeTape(database.sql, quoteAt(330));
    through.trades = through.quotes = at(330);
    await refresher.pass();
    const seconds = await database.sql`select n::int from bars_1s order by sec`;
    expect(seconds.map(({ n }) => n)).toEqual([1, 1]);
    const blocks = await database.sql`select n::int from trade_sizes_5m`;
    expect(blocks).toEqual([{ n: 2 }]);
    expect(refresher.stats).toMatchObject({ bars_healed: 0, failures: 0, last_error: undefined });
  });

  it("is found by count before its seconds are left behind, healed by force and counted", async () => {
    const refresher = refresherOn();
    await storeTape(database.sql, quoteAt(0));
    await storeTape(database.sql, tradeAt(0));
    await refresher.pass();
    const commit = await held(quoteAt(1));
    // Nobody says what has been written, as for rows of another program.
    await storeTape(database.sql, tradeAt(4));
    await refresher.pass();
    await commit.release();
    await refresher.pass();
    expect(await quoteSeconds()).toEqual(hasAggregates ? [0] : [0, 1]);
    await storeTape(database.sql, tradeAt(20));
    await refresher.pass();
    expect(await quoteSeconds()).toEqual([0, 1]);
    expect(refresher.stats).toMatchObject({
      bars_healed: hasAggregates ? 1 : 0,
      failures: 0,
      last_error: undefined,
    });
  });
});
