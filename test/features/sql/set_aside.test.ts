/** Rows that are not believed beside those that are: SQL computes every set as if they were not there, labels too. */

import { beforeAll, expect, it } from "vitest";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import type { Database } from "../../../src/record/database.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { bitsOf, insert, labels, warmOf } from "./plain_rows.ts";
import { refreshBars, sqlVectors } from "./sql_world.ts";

/** The start of a five-minute block. */
const T0 = 1_700_000_100;
const SECONDS = 900;
const END = T0 + SECONDS;

onEveryServer("rows that are set aside", (server) => {
  let database: Database;

  beforeAll(async () => {
    database = await server.openDatabase();
    for (const symbol of ["TRUE", "POISONED"])
      await insert(database, symbol, { from_sec: T0, seconds: SECONDS, first_id: 1 });
    // Every third second: a trade with an id far too high, a large size and the price of another market.
    await database.sql`
      insert into trades (symbol, ts, trade_id, price_e8, qty_e8, is_buyer_maker, set_aside)
      select 'POISONED', at_us((${T0} + i) * 1000000 + 950000), 9000000000000 + i, 1 + i, 700000000000, i % 2 = 0, 'id_ahead'
      from generate_series(0::bigint, ${SECONDS - 1}, 3) as i`;
    // A message that told a time minutes ahead; its trades came again with the true one.
    await database.sql`
      insert into trades (symbol, ts, trade_id, price_e8, qty_e8, is_buyer_maker, set_aside)
      select symbol, ts + interval '400 seconds', trade_id, price_e8, qty_e8, is_buyer_maker, 'time_ahead'
      from trades
      where symbol = 'POISONED' and trade_id between 101 and 110`;
    // A quote in every second that is later, by time and by id, than the true one.
    await database.sql`
      insert into quotes (symbol, ts, update_id, bid_price_e8, bid_qty_e8, ask_price_e8, ask_qty_e8, set_aside)
      select 'POISONED', at_us((${T0} + i) * 1000000 + 900000), 7 * (${T0} + i) + 3, 0, 1 + i, 12000000000000, 1,
        (array['non_positive', 'crossed', 'id_ahead', 'price_band', 'time_ahead'])[1 + i % 5]
      from generate_series(0::bigint, ${SECONDS - 1}) as i`;
  });

  it("change no bit of any set's vectors and no label, whether their bars are made or not", async () => {
    for (const refreshed of [false, true]) {
      if (refreshed) await refreshBars(database);
      for (const set of FEATURE_SETS) {
        const [without, beside] = [
          await sqlVectors(database.sql, set, "TRUE", T0, END),
          await sqlVectors(database.sql, set, "POISONED", T0, END),
        ];
        expect([set.name, bitsOf(beside)]).toEqual([set.name, bitsOf(without)]);
        if (set.look_back.window_s < 300) expect(warmOf(beside).length).toBeGreaterThan(200);
      }
      const known = await labels(database, "POISONED", T0, END);
      expect(known).toEqual(await labels(database, "TRUE", T0, END));
      expect([...known.values()].some(({ label_mid }) => label_mid !== null)).toBe(true);
    }
  });
});
