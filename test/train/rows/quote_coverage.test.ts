/** How far quotes cover a history whose bars came without raw rows: each minute is a look into the index, however long it is. */

import type { Sql } from "postgres";
import { expect, it } from "vitest";
import { quoteCoverage } from "../../../src/train/rows/quote_coverage.ts";
import { onEveryServer } from "../../record/server/servers.ts";

const DAYS = 2;
const DAY_S = 86_400;
const FIRST_SEC = Date.UTC(2026, 2, 1) / 1_000;
const RANGE = { symbol: "BTCUSDT", from_us: FIRST_SEC * 1e6, to_us: (FIRST_SEC + DAYS * DAY_S) * 1e6 };

interface Statement {
  readonly text: string;
  readonly parameters: readonly string[];
}

/** `sql`, and each statement that is sent through it. */
function heard(sql: Sql): { readonly sql: Sql; readonly statements: Statement[] } {
  const statements: Statement[] = [];
  const listening = new Proxy(sql, {
    apply(target, self, words) {
      const query = Reflect.apply(target as unknown as (...words: unknown[]) => unknown, self, words);
      const sent = query as Promise<{ statement: { string: string } }> & { parameters: readonly string[] };
      // A part of another statement is never sent by itself.
      if (!Array.isArray(words[0]) || !/^\s*select/.test(String(words[0][0]))) return query;
      return sent.then((rows) => {
        statements.push({ text: rows.statement.string, parameters: sent.parameters });
        return rows;
      });
    },
  });
  return { sql: listening, statements };
}

onEveryServer("quotes of a long history", (server) => {
  it("are looked up minute by minute, never by joining the minutes with all bars there are", async () => {
    const { sql } = await server.openDatabase();
    await sql`
      insert into trade_bars_1s_kept (symbol, sec, n, n_buy, n_single, buy_qty_e8, sell_qty_e8, notional_e16, n_rows, n_ids)
      select 'BTCUSDT', at_sec(s), 1, 1, 1, 1, 0, 1, 1, 1
      from generate_series(${FIRST_SEC}::bigint, ${FIRST_SEC + DAYS * DAY_S - 1}::bigint) as s`;
    await sql`
      insert into quote_bars_1s_kept (symbol, sec, n_quotes, n_rows)
      select 'BTCUSDT', at_sec(s), 1, 1
      from generate_series(${FIRST_SEC}::bigint, ${FIRST_SEC + 599}::bigint) as s`;
    await sql`analyze trade_bars_1s_kept`;
    const listening = heard(sql);
    const bars = { through: async () => {} } as unknown as Parameters<typeof quoteCoverage>[1];
    expect(await quoteCoverage({ sql: listening.sql }, bars, RANGE)).toEqual({
      ...{ traded: DAYS * 1_440, quoted: 10, unit: "minutes" },
    });
    expect(listening.statements.length).toBe(1);
    const [{ text, parameters }] = listening.statements as [Statement];
    const plan = await sql.unsafe<{ "QUERY PLAN": string }[]>(`explain ${text}`, [...parameters]);
    const lines = plan.map((line) => line["QUERY PLAN"]);
    expect(lines.filter((line) => line.includes("minute"))).toEqual(
      expect.arrayContaining([expect.stringContaining("Index Cond")]),
    );
    expect(lines.filter((line) => /Join Filter.*minute/.test(line))).toEqual([]);
  });
});
