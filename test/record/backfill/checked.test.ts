/** Rows of history that cannot be right, from the archive and through REST: kept with the reason, used nowhere, replaced by the right ones. */

import { readFileSync, writeFileSync } from "node:fs";
import { strFromU8, strToU8, unzipSync, zipSync } from "fflate";
import { afterAll, beforeAll, expect, it } from "vitest";
import { backfillLines } from "../../../scripts/lines/backfill.ts";
import type { ArchiveClient } from "../../../src/binance/archive/archive.ts";
import type { TradeEvent } from "../../../src/binance/events.ts";
import type { Database } from "../../../src/record/database.ts";
import type { PaperExchange } from "../../../src/sim/exchange/exchange.ts";
import { onEveryServer } from "../server/servers.ts";
import { Backfiller, barSums, exchangeAfter, STREAMED, SYMBOL, storedRows } from "./world.ts";

const MINUTE_US = 60_000_000;
/** Index in STREAMED, by what is wrong with it: all on the first day, none beside another. */
const WRONG = { price: 100, time: 200, zero: 300 } as const;

/** A line of the archive made wrong, by trade id. */
type Wrong = ReadonlyMap<number, (cells: readonly string[]) => string[]>;

onEveryServer("history that is wrong", (server) => {
  let exchange: PaperExchange;
  let backfiller: Backfiller;
  let reference: Database;

  beforeAll(async () => {
    const made = await exchangeAfter();
    exchange = made.exchange;
    backfiller = new Backfiller(made.origin);
    reference = await server.openDatabase();
    await backfiller.byArchive(reference, "trades", { check: false });
  });
  afterAll(async () => {
    await backfiller.close();
    await exchange.close();
  });

  const setAside = async ({ sql }: Database) =>
    (
      await sql<{ id: string; reason: string }[]>`
        select trade_id as id, set_aside as reason
        from trades
        where symbol = ${SYMBOL} and set_aside is not null
        order by trade_id`
    ).map(({ id, reason }) => [Number(id), reason]);
  const believed = async (database: Database) => {
    const aside = await database.sql<{ us: string; id: string }[]>`
      select us_of(ts) as us, trade_id as id from trades where set_aside is not null`;
    const keys = new Set(aside.map(({ us, id }) => `${id} ${us}`));
    return (await storedRows(database)).filter(([id, , us]) => !keys.has(`${id} ${us}`));
  };
  const idOf = (index: number): number => STREAMED[index]![0];

  /** The archive, with the wrong rows in its files. */
  function tampered(): ArchiveClient {
    const wrong: Wrong = new Map([
      [idOf(WRONG.price), (cells) => cells.with(1, (3 * Number(cells[1])).toFixed(2))],
      [idOf(WRONG.time), (cells) => cells.with(4, String(Number(cells[4]) + MINUTE_US))],
      [idOf(WRONG.zero), (cells) => cells.with(1, "0")],
    ]);
    const { archive } = backfiller;
    return Object.assign(Object.create(archive) as ArchiveClient, {
      fetch: async (...args: Parameters<ArchiveClient["fetch"]>) => {
        const copy = await archive.fetch(...args);
        if (copy.kind === "ready") rewrite(copy.path, wrong);
        return copy;
      },
      keepRows: archive.keepRows.bind(archive),
      discard: archive.discard.bind(archive),
      quarantine: archive.quarantine.bind(archive),
    });
  }

  function rewrite(path: string, wrong: Wrong): void {
    const files = Object.entries(unzipSync(readFileSync(path))).map(([name, bytes]) => {
      const lines = strFromU8(bytes)
        .split("\n")
        .map((line) => {
          const cells = line.split(",");
          return (wrong.get(Number(cells[0]))?.(cells) ?? cells).join(",");
        });
      return [name, strToU8(lines.join("\n"))] as const;
    });
    writeFileSync(path, zipSync(Object.fromEntries(files)));
  }

  it("is set aside where the archive holds it, named, and replaced by what REST says", async () => {
    const database = await server.openDatabase();
    const archive = { archive: tampered(), keep_files: false };
    const options = { archive, check: false, batch_rows: 101 };
    const bad = await backfiller.byArchive(database, "trades", { ...options, rest: undefined });
    const named = [
      [idOf(WRONG.price), "price_band"],
      [idOf(WRONG.time), "time_ahead"],
      [idOf(WRONG.zero), "non_positive"],
    ];
    expect(await setAside(database)).toEqual(named);
    const wrong = Object.values(WRONG) as number[];
    expect(await believed(database)).toEqual(STREAMED.filter((_, index) => !wrong.includes(index)));
    expect(bad).toMatchObject({
      is_complete: false,
      tally: { rows_set_aside: 3, days_loaded: 2, rows_added: STREAMED.length - 3 },
      report: { missing_count: 3 },
    });
    expect(bad.tally.set_aside.map(({ trade_id, reason }) => [trade_id, reason])).toEqual(named);
    const lines = backfillLines(bad).filter((line) => line.startsWith("aside"));
    expect(lines).toEqual(["aside    3 rows are not believed: kept with the reason, used nowhere"]);

    const mended = await backfiller.byArchive(database, "trades", { check: false });
    expect(mended).toMatchObject({
      is_complete: true,
      tally: { days_known: 2, rows_set_aside: 0, rows_added: 3 },
    });
    expect(await believed(database)).toEqual(STREAMED);
    // Its wrong time is another key, so it stays beside the right one.
    expect(await setAside(database)).toEqual([[idOf(WRONG.time), "time_ahead"]]);
    expect(await barSums(database)).toBe(await barSums(reference));
  });

  it("is set aside where a page of REST holds it, and replaced when it is asked for again", async () => {
    const database = await server.openDatabase();
    let told = false;
    async function* tradesBetween(...args: Parameters<typeof backfiller.rest.tradesBetween>) {
      for await (const page of backfiller.rest.tradesBetween(...args)) {
        const once = !told;
        told = true;
        yield page.map((trade) =>
          once && trade.trade_id === idOf(WRONG.price)
            ? ({ ...trade, price_e8: 3 * trade.price_e8 } as TradeEvent)
            : trade,
        );
      }
    }
    const rest = Object.assign(Object.create(backfiller.rest) as typeof backfiller.rest, {
      ...{ tradesBetween },
      aggTrades: backfiller.rest.aggTrades.bind(backfiller.rest),
      trades: backfiller.rest.trades.bind(backfiller.rest),
    });
    const result = await backfiller.byRest(database, "trades", { rest, check: false });
    expect(result).toMatchObject({ is_complete: true, tally: { rows_set_aside: 1 } });
    expect(result.tally.set_aside).toMatchObject([{ trade_id: idOf(WRONG.price), reason: "price_band" }]);
    expect(await setAside(database)).toEqual([]);
    expect(await storedRows(database)).toEqual(STREAMED);
    expect(await barSums(database)).toBe(await barSums(reference));
  });
});
