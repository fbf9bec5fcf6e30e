/** Single trades and the exchange's aggregates in one history: every trade counts once, whatever came first. */

import { afterAll, beforeAll, expect, it } from "vitest";
import type { Database } from "../../../src/record/database.ts";
import type { PaperExchange } from "../../../src/sim/exchange/exchange.ts";
import { onEveryServer } from "../server/servers.ts";
import { Backfiller, barSums, exchangeAfter, STREAMED, type StoredRow, SYMBOL, storedRows } from "./world.ts";

/** As the exchange aggregates: consecutive trades of one time, price and side. */
const AGGREGATED = STREAMED.reduce<StoredRow[]>((runs, row) => {
  const [id, , us, price, qty, sold] = row;
  const last = runs.at(-1);
  if (last && last[2] === us && last[3] === price && last[5] === sold) {
    runs[runs.length - 1] = [id, last[1] ?? last[0], us, price, last[4] + qty, sold];
  } else runs.push(row);
  return runs;
}, []);
/** The middle of an aggregate of three trades or more: where it is cut in two, neither part is whole. */
const CUT = AGGREGATED.findIndex(
  ([id, first]) => first !== null && id - first >= 2 && id > STREAMED[3_000]![0],
);

onEveryServer("trades and their aggregates", (server) => {
  let exchange: PaperExchange;
  let backfiller: Backfiller;
  /** Bars of single trades alone. */
  let singles: string;

  beforeAll(async () => {
    const made = await exchangeAfter();
    exchange = made.exchange;
    backfiller = new Backfiller(made.origin);
    const database = await server.openDatabase();
    await backfiller.byArchive(database, "trades", { check: false });
    singles = await barSums(database);
  });
  afterAll(async () => {
    await backfiller.close();
    await exchange.close();
  });

  const ways = {
    archive: (database: Database) => backfiller.byArchive(database, "aggTrades"),
    REST: (database: Database) => backfiller.byRest(database, "aggTrades"),
  };
  for (const [name, load] of Object.entries(ways)) {
    it(`makes the same bars of aggregates from ${name} as of single trades, and says whose sizes are known`, async () => {
      const database = await server.openDatabase();
      const result = await load(database);
      expect(await storedRows(database)).toEqual(AGGREGATED);
      expect(await barSums(database)).toBe(singles);
      const known = AGGREGATED.filter((row) => row[1] === null).length;
      expect(known).toBeLessThan(STREAMED.length);
      expect(result).toMatchObject({
        is_complete: true,
        report: { n: STREAMED.length, n_single: known, missing_count: 0 },
        check: { minutes_differing: 0 },
      });
    });
  }

  it("puts single trades in the place of aggregates, from either source", async () => {
    for (const load of [backfiller.byArchive, backfiller.byRest]) {
      const database = await server.openDatabase();
      await backfiller.byArchive(database, "aggTrades", { check: false });
      const result = await load.call(backfiller, database, "trades");
      expect(await storedRows(database)).toEqual(STREAMED);
      expect(await barSums(database)).toBe(singles);
      expect(result.tally.aggregates_replaced).toBe(AGGREGATED.filter((row) => row[1] !== null).length);
      expect(result).toMatchObject({ is_complete: true, report: { n_single: STREAMED.length } });
    }
  });

  it("puts single trades in the place of aggregates that have become columns", async () => {
    const database = await server.openDatabase();
    if (database.capability !== "timescale") return;
    await backfiller.byArchive(database, "aggTrades", { check: false });
    const chunks = await database.sql`select compress_chunk(chunk) from show_chunks('trades') as chunk`;
    expect(chunks.length).toBeGreaterThan(1);
    const result = await backfiller.byArchive(database, "trades");
    expect(await storedRows(database)).toEqual(STREAMED);
    expect(await barSums(database)).toBe(singles);
    expect(result).toMatchObject({ is_complete: true, report: { n_single: STREAMED.length } });
  });

  it("adds no aggregate where the single trades are known", async () => {
    const database = await server.openDatabase();
    await backfiller.byArchive(database, "trades", { check: false });
    await database.sql`delete from archive_days`;
    for (const result of [
      await backfiller.byArchive(database, "aggTrades"),
      await backfiller.byRest(database, "aggTrades"),
    ]) {
      expect(result).toMatchObject({ is_complete: true, tally: { rows_added: 0 } });
    }
    expect(await storedRows(database)).toEqual(STREAMED);
  });

  it("completes an aggregate of which some trades are known with single trades, before, after or within", async () => {
    const [last, first] = AGGREGATED[CUT]!;
    const cases = [
      `trade_id <= ${first!}`,
      `trade_id >= ${last}`,
      `trade_id = ${first! + 1}`,
      `trade_id <= ${first!} or trade_id >= ${last}`,
    ];
    for (const [index, kept] of cases.entries()) {
      for (const load of index === 0 ? Object.values(ways) : [ways.archive]) {
        const database = await server.openDatabase();
        await backfiller.byArchive(database, "trades", { check: false });
        await database.sql.unsafe(`delete from trades where not (${kept})`);
        await database.sql`delete from archive_days`;
        const result = await load(database);
        expect(result).toMatchObject({ is_complete: true, check: { minutes_differing: 0 } });
        expect(await barSums(database)).toBe(singles);
        const at_cut = (await storedRows(database)).filter(([id]) => id >= first! && id <= last);
        expect(at_cut).toEqual(STREAMED.filter(([id]) => id >= first! && id <= last));
      }
    }
  });

  it("leaves the trades of a broken aggregate as a gap where they cannot be fetched, and counts none twice", async () => {
    const [last, first] = AGGREGATED[CUT]!;
    const database = await server.openDatabase();
    await backfiller.byArchive(database, "trades", { check: false });
    await database.sql`delete from trades where symbol = ${SYMBOL} and trade_id > ${first}`;
    await database.sql`delete from archive_days`;
    const result = await backfiller.byArchive(database, "aggTrades", { rest: undefined, check: false });
    expect(result.is_complete).toBe(false);
    expect(result.report.missing).toMatchObject([{ from: first! + 1, to: last }]);
    expect(result.report.n).toBe(STREAMED.length - (last - first!));
  });
});
